package wiring

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/culvertnet/culvert/adapters/memory"
	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/events/intake"
	"github.com/culvertnet/culvert/saga"
	"github.com/culvertnet/culvert/saga/orchestrator"
	"github.com/culvertnet/culvert/saga/plans"
	"github.com/culvertnet/culvert/workers"
	"github.com/culvertnet/culvert/workers/steptest"
)

// The intents whose whole runs give the steps their inputs. What a later one has in common with an earlier one is not
// tried again: its own steps are named.
var recorded = []struct {
	name, data string
	steps      []string // nil is all
}{
	{"connector", `{` + runService + `,"ingress":{"target":{"googleApisBundle":"all-apis"},"address":{"pool":"psc-frankfurt"},"names":{"hostnames":"auto"},
		"announce":[{"via":"cloud-router","project":"acme-net","region":"europe-west3","router":"edge-1"}],
		"invokers":["serviceAccount:partner@acme-prod.iam.gserviceaccount.com"],"publicAccess":"forbid"},
		"egress":{"connector":{"ipCidrRange":"100.64.0.0/28"},"vpcEgress":"all-traffic",
		"googleAccess":{"subnetworks":["projects/acme-net/regions/europe-west3/subnetworks/workloads"]},
		"filter":{"via":"gcp-firewall","allow":[{"fqdn":"qa1.backend.example","protocol":"tcp","ports":["443"]}]}}}`, nil},
	{"fqdn", `{` + runService + `,"ingress":{"target":{"googleApisBundle":"all-apis"},"address":{"pool":"psc-frankfurt"},"endpoint":"own",
		"announce":[{"via":"aviatrix","spokeGateway":"gcp-spoke-1","connections":["site-1"]}]},
		"egress":{"connector":{"ipCidrRange":"100.64.0.0/28"},"vpcEgress":"all-traffic",
		"filter":{"via":"aviatrix-fqdn","gateway":"gcp-spoke-1","acceptGatewayWide":true,"allow":[{"fqdn":"qa1.backend.example","protocol":"tcp","ports":["443"]}]}}}`,
		[]string{"check-policy", "check-routing", "announce-0", "filter-egress", "steer-egress"}},
	{"webgroup", `{` + functionService + `,"egress":{"direct":{"subnetwork":"projects/acme-net/regions/europe-west3/subnetworks/direct-egress"},"vpcEgress":"all-traffic",
		"filter":{"via":"aviatrix-webgroup","gateway":"gcp-spoke-10","allow":[{"fqdn":"qa1.backend.example","protocol":"tcp","ports":["443"]}]}}}`,
		[]string{"check-policy", "filter-egress", "steer-egress", "bind-service"}},
	{"attachment", `{` + runService + `,"ingress":{"target":{"serviceAttachment":"projects/acme-producers/regions/europe-west3/serviceAttachments/orders-sa"},
		"address":{"subnet":"projects/acme-net/regions/europe-west3/subnetworks/endpoints"},
		"announce":[{"via":"cloud-router","project":"acme-net","region":"europe-west3","router":"edge-1"}]}}`,
		[]string{"check-network", "reserve-address", "create-endpoint", "announce-0"}},
}

const (
	runService      = `"service":{"platform":"cloud-run","project":"acme-prod","region":"europe-west3","name":"fn-0001"},"network":"projects/acme-net/global/networks/spoke-vpc"`
	functionService = `"service":{"platform":"cloud-functions","generation":2,"project":"acme-prod","region":"europe-west3","name":"python-http-function"},"network":"projects/acme-net/global/networks/spoke-vpc"`
)

// Every step that this daemon registers keeps to what the engine relies on, with the inputs of whole runs, over the real
// adapters, against the simulated world: done twice, cut off anywhere, undone after doing and without.
func TestEveryStepOfTheCatalogueKeepsItsObligations(t *testing.T) {
	tried := map[string]bool{}
	for _, r := range recorded {
		samples := record(t, r.data)
		if r.steps != nil {
			samples = slices.DeleteFunc(samples, func(c events.Command) bool { return !slices.Contains(r.steps, c.Step) })
			if len(samples) != len(r.steps) {
				t.Errorf("%s: the run had %d of the steps %v", r.name, len(samples), r.steps)
			}
		}
		var kinds []string
		for _, c := range samples {
			kinds, tried[c.Kind] = append(kinds, c.Kind), true
		}
		t.Run(r.name, func(t *testing.T) {
			steptest.Run(t, func(t *testing.T) steptest.Bed { return newLab(t).bed(kinds) }, samples)
		})
	}
	for _, h := range newLab(t).handlers(Capabilities()) {
		if !tried[h.Kind()] {
			t.Errorf("step %s is registered, and no recorded run has it", h.Kind())
		}
	}
}

// tape is a bus that remembers the commands that were delivered.
type tape struct {
	*memory.Bus
	mu       sync.Mutex
	commands map[string]events.Command // the last Do of each step
}

// Consume remembers what passes.
func (p *tape) Consume(ctx context.Context, s events.Subscription, handle func(context.Context, events.Delivery) events.Verdict) error {
	return p.Bus.Consume(ctx, s, func(ctx context.Context, d events.Delivery) events.Verdict {
		if c, err := events.DecodeCommand(d.Body); err == nil && c.Deed == events.Do {
			p.mu.Lock()
			p.commands[c.Step] = c
			p.mu.Unlock()
		}
		return handle(ctx, d)
	})
}

// memoryCursor is a orchestrator.Cursor for one run.
type memoryCursor struct{}

// Load begins at the beginning.
func (memoryCursor) Load(context.Context) (saga.Position, error) { return 0, nil }

// Save forgets.
func (memoryCursor) Save(context.Context, saga.Position) error { return nil }

// record runs an intent with engine, workers, adapters and world, and gives the Do commands in the order of the plan.
func record(t *testing.T, data string) []events.Command {
	t.Helper()
	l := newLab(t)
	file, err := ReadFile("")
	if err != nil {
		t.Fatal(err)
	}
	catalogue := plans.All(file.PlansOperator())
	bus, journal := &tape{Bus: memory.NewBus(nil), commands: map[string]events.Command{}}, memory.NewJournal(nil)
	limits := saga.DefaultLimits(1)
	o := orchestrator.New(orchestrator.Options{
		Engine: saga.Engine{Kinds: catalogue.Kinds(), Limits: limits}, Journal: journal, Bus: bus, Cursor: memoryCursor{},
		Now: l.clock.Now, ID: uuid.NewString, Name: "test", SweepEvery: 10 * time.Millisecond,
	})
	registry, err := workers.NewRegistry(l.handlers(Capabilities())...)
	if err != nil {
		t.Fatal(err)
	}
	w, err := workers.New(workers.Options{
		Bus: bus, Marks: memory.NewMarks(), Registry: registry, Operations: l.operations(), Clock: l.clock.Now, Name: "test", Pace: 1000,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	running.Go(func() { told(t, ctx, o.Run(ctx)) })
	running.Go(func() { told(t, ctx, w.Run(ctx)) })
	in := intake.Intake{Kinds: catalogue, Engine: o, Now: l.clock.Now}
	if _, err := in.Accept(ctx, events.DefaultTenant, nil, event(data)); err != nil {
		t.Fatal(err)
	}
	key := events.Key{Tenant: events.DefaultTenant, Name: "orders"}
	for {
		s, err := o.State(ctx, key)
		if err != nil {
			t.Fatalf("the run did not end: %v", err)
		}
		v := s.View(true)
		if v.Status == events.SagaCompleted {
			return bus.inOrder(s.Saga.Plan)
		}
		if v.Status.Ended() {
			t.Fatalf("the run ended %s: %s", v.Status, v.Reason)
		}
		l.clock.Pause(ctx, time.Second) // this loop is what lets time pass
		pause(ctx)
	}
}

// told fails the test for an error of a part that nobody has asked to end.
func told(t *testing.T, ctx context.Context, err error) {
	if err != nil && ctx.Err() == nil {
		t.Error(err)
	}
}

func event(data string) []byte {
	return fmt.Appendf(nil, `{"specversion":"1.0","id":"1","source":"/test","type":"culvert.private-service.apply.v1","subject":"orders","datacontenttype":"application/json","data":%s}`, data)
}

// inOrder gives the recorded commands in the order of a plan.
func (p *tape) inOrder(plan saga.Plan) []events.Command {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []events.Command
	for _, n := range plan.Nodes {
		if c, has := p.commands[n.Name]; has {
			all = append(all, c)
		}
	}
	return all
}
