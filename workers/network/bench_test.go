package network_test

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/culvertnet/culvert/adapters/memory"
	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
	"github.com/culvertnet/culvert/workers/network"
	"github.com/culvertnet/culvert/workers/network/networktest"
)

const (
	project    = "acme-net"
	vpc        = "projects/acme-net/global/networks/spoke-vpc"
	subnet     = "projects/acme-net/regions/europe-west3/subnetworks/direct-egress"
	other      = "projects/acme-net/regions/europe-west3/subnetworks/workloads"
	region     = "europe-west3"
	shared     = "counted/psc/acme-net/spoke-vpc/all-apis"
	attachment = "projects/acme-producers/regions/europe-west3/serviceAttachments/orders-sa"
	host       = "orders-abc-ey.a.run.app"
)

var pool = []string{"10.200.0.0/24"}

// A tester is what a bench needs of a test: *testing.T and *rapid.T have it.
type tester interface {
	Helper()
	Context() context.Context
	Error(args ...any)
	Errorf(format string, args ...any)
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// A bench runs deeds against a fake world with claims in memory and a clock of its own. It delivers commands to the real
// handlers, as the runtime does.
type bench struct {
	t        tester
	world    *networktest.World
	claims   *memory.Claims
	handlers map[string]workers.Handler
	now      time.Time
	epoch    uint64
}

func newBench(t tester) *bench {
	t.Helper()
	w := networktest.NewWorld()
	w.PutNetwork(network.Network{
		Name: vpc, BundleQuota: 10, AddressesLeft: -1, InboundDNS: true,
		Routes:    []network.Range{{CIDR: "0.0.0.0/0", From: "default"}, {CIDR: "10.200.0.7/32", From: "static-7"}},
		Allocated: []network.Range{{CIDR: "10.60.0.0/16", From: "services"}},
	})
	w.PutSubnet(network.Subnet{Name: subnet, Network: vpc, Region: region, CIDR: "10.11.0.0/24"})
	w.PutSubnet(network.Subnet{Name: other, Network: vpc, Region: region, CIDR: "10.10.0.0/24", GoogleAccess: true})
	w.Attachment(attachment, "ACCEPTED")
	b := &bench{
		t: t, world: w, claims: memory.NewClaims(), handlers: map[string]workers.Handler{},
		now: time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC),
	}
	for _, h := range network.Steps(network.Drivers{
		Networks: w.Networks(), Addresses: w.Addresses(), Endpoints: w.Endpoints(), Names: w.Names(), Claims: b.claims,
		Times: workers.ClaimTimes{Quiet: time.Second, Skew: time.Second, Lease: 10 * time.Second, Linger: 15 * time.Minute},
	}) {
		b.handlers[h.Kind()] = h
	}
	return b
}

// A step is one generation of a step of one connection with its input.
type step struct {
	kind, connection string
	generation       uint64
	in               any
}

func (s step) as(connection string) step { s.connection = connection; return s }

func (s step) again() step { s.generation++; return s }

// An ask is how a deed is asked for.
type ask struct {
	deed    events.Deed
	purpose events.Purpose
	hurry   bool
	prior   json.RawMessage
}

func (b *bench) command(s step, a ask) events.Command {
	b.t.Helper()
	if s.connection == "" {
		s.connection = "orders"
	}
	in, err := json.Marshal(s.in)
	if err != nil {
		b.t.Fatal(err)
	}
	b.epoch++
	key := events.Key{Tenant: "default", Name: s.connection}
	_, name, _ := strings.Cut(s.kind, ".")
	generation := s.generation + 1
	return events.Command{
		Connection: key, Saga: key.Saga(1), Step: name, Kind: s.kind, Capability: "network", Generation: generation,
		Epoch: b.epoch, Deed: a.deed, Purpose: a.purpose, Hurry: a.hurry,
		Name:      events.Name("n", key.String(), name, string(rune('0'+generation))),
		RequestID: events.StepRequestID(key.Saga(1), name, generation),
		Since:     b.now, Due: b.now, Deadline: b.now.Add(30 * time.Second), Input: in, Output: a.prior,
	}
}

// once delivers one command.
func (b *bench) once(c events.Command) events.Outcome {
	b.t.Helper()
	return b.handlers[c.Kind].Run(b.t.Context(), c, b.now)
}

// settle delivers a command until its outcome is no Wait, polling operations and moving the clock as the engine would.
func (b *bench) settle(s step, a ask) events.Outcome {
	b.t.Helper()
	c := b.command(s, a)
	for range 200 {
		o := b.once(c)
		if o.Class != events.Wait {
			return o
		}
		if o.Operation != "" {
			for b.world.Poll(b.t.Context(), o.Operation) != nil {
				b.now = b.now.Add(time.Second)
			}
		} else { // what goes on without our knowing its handle ends by itself
			b.world.Finish()
		}
		b.now = b.now.Add(max(o.After, time.Second))
		b.epoch++
		c.Epoch, c.Deadline, c.Operation = b.epoch, b.now.Add(30*time.Second), o.Operation
	}
	b.t.Fatalf("%s of %s waits for ever", a.deed, s.kind)
	return events.Outcome{}
}

func (b *bench) do(s step) events.Outcome { b.t.Helper(); return b.settle(s, ask{deed: events.Do}) }

func (b *bench) compensate(s step) events.Outcome {
	b.t.Helper()
	return b.settle(s, ask{deed: events.Undo, purpose: events.ToCompensate})
}

func (b *bench) withdraw(s step) events.Outcome {
	b.t.Helper()
	return b.settle(s, ask{deed: events.Undo, purpose: events.ToWithdraw})
}

func (b *bench) look(s step) events.Outcome {
	b.t.Helper()
	o := b.settle(s, ask{deed: events.Look})
	if o.Class != events.Done {
		b.t.Fatalf("look of %s: %+v", s.kind, o)
	}
	return o
}

// must fails the test unless the outcome has the class.
func (b *bench) must(what string, o events.Outcome, want events.Class) events.Outcome {
	b.t.Helper()
	if o.Class != want {
		b.t.Fatalf("%s: %s (%s: %s), want %s", what, o.Class, o.Reason, o.Message, want)
	}
	return o
}

// sees fails the test unless a Look sees this.
func (b *bench) sees(s step, want events.Presence) events.Outcome {
	b.t.Helper()
	o := b.look(s)
	if o.Seen != want {
		b.t.Fatalf("look of %s sees %s (%s), want %s", s.kind, o.Seen, o.Message, want)
	}
	return o
}

// refused fails the test unless the outcome is a refusal for this reason.
func (b *bench) refused(what string, o events.Outcome, reason string) {
	b.t.Helper()
	b.must(what, o, events.Refuse)
	if o.Reason != reason {
		b.t.Fatalf("%s: refused for %q (%s), want %q", what, o.Reason, o.Message, reason)
	}
}

// unchanged fails the test unless the world is as it was.
func (b *bench) unchanged(before map[string]string) {
	b.t.Helper()
	if diff := cmp.Diff(before, b.world.Snapshot()); diff != "" {
		b.t.Fatalf("the world is not as before (-before +now):\n%s", diff)
	}
}

// live counts live holds of a connection in all claims.
func (b *bench) live(connection string) int {
	b.t.Helper()
	page, err := b.claims.Find(b.t.Context(), workers.ClaimQuery{Limit: 1000})
	if err != nil {
		b.t.Fatal(err)
	}
	n := 0
	for _, c := range page.Items {
		for _, h := range c.Record.Holds {
			if !h.Dropped && (connection == "" || strings.HasPrefix(h.Holder, "default_"+connection+"/")) {
				n++
			}
		}
	}
	return n
}

func output[Out any](t tester, o events.Outcome) Out {
	t.Helper()
	var out Out
	if err := json.Unmarshal(o.Output, &out); err != nil {
		t.Fatalf("output %s: %v", o.Output, err)
	}
	return out
}
