package routing_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/culvertnet/culvert/adapters/memory"
	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
	"github.com/culvertnet/culvert/workers/routing"
	"github.com/culvertnet/culvert/workers/routing/routingtest"
)

// stage runs single verbs over one world, each with the next epoch.
type stage struct {
	t        *testing.T
	w        *routingtest.World
	d        routing.Drivers
	now      time.Time
	epoch    uint64
	expedite bool
}

func newStage(t *testing.T) *stage {
	w := newWorld()
	return &stage{t: t, w: w, d: drivers(w, memory.NewClaims()), now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
}

// run runs one verb and fails the test when its outcome has another class or reason.
func (s *stage) run(
	c events.Command, verb events.Verb, purpose events.Purpose, class events.Class, reason events.Reason,
) events.Outcome {
	s.t.Helper()
	registry, err := workers.NewRegistry(routing.Steps(s.d)...)
	if err != nil {
		s.t.Fatal(err)
	}
	h, ok := registry.Lookup(c.Kind)
	if !ok {
		s.t.Fatalf("no step %s", c.Kind)
	}
	s.epoch++
	c.Verb, c.Purpose, c.Epoch, c.Expedite = verb, purpose, s.epoch, s.expedite
	c.Due, c.Since, c.Deadline = s.now, s.now, s.now.Add(30*time.Second)
	o := h.Run(s.t.Context(), c, s.now)
	if o.Class != class || o.Reason != reason {
		s.t.Fatalf("%s of %s: %s %q (%s), want %s %q", verb, c.Connection.Name+"/"+c.Step, o.Class, o.Reason, o.Message,
			class, reason)
	}
	return o
}

func (s *stage) do(c events.Command) events.Outcome {
	s.t.Helper()
	return s.run(c, events.Do, "", events.Done, "")
}

func (s *stage) withdraw(c events.Command) events.Outcome {
	s.t.Helper()
	return s.run(c, events.Undo, events.ToWithdraw, events.Done, "")
}

// look fails the test when a Look sees something else, and gives the output.
func (s *stage) look(c events.Command, want events.Presence) routing.AnnounceOut {
	s.t.Helper()
	o := s.run(c, events.Look, "", events.Done, "")
	if o.Seen != want {
		s.t.Fatalf("look at %s sees %s (%s), want %s", c.Step, o.Seen, o.Message, want)
	}
	var out routing.AnnounceOut
	if err := json.Unmarshal(o.Output, &out); err != nil {
		s.t.Fatal(err)
	}
	return out
}

func (s *stage) list(t routing.Target) routing.Announced {
	s.t.Helper()
	got, err := s.w.Announcements().Read(context.Background(), t)
	if err != nil {
		s.t.Fatal(err)
	}
	slices.Sort(got.Entries)
	return got
}

func (s *stage) announce(connection string, t routing.Target, prefix string) events.Command {
	return do(s.t, connection, "announce", routing.KindAnnounce, routing.AnnounceIn{Target: t, Prefix: prefix})
}

func (s *stage) shared(connection string, t routing.Target) events.Command {
	return do(s.t, connection, "announce", routing.KindAnnounce, routing.AnnounceIn{
		Target: t, Prefix: prefix, Shared: shared,
	})
}

func TestAnnounceSwitchesTheRouterAndBack(t *testing.T) {
	s := newStage(t)
	c := s.announce("orders", router, prefix)
	s.look(c, events.Absent)
	s.do(c)
	got := s.list(router)
	if !got.Custom || !slices.Equal(got.Entries, []string{prefix}) ||
		!slices.Equal(got.Defaults, []string{"ALL_SUBNETS"}) {
		t.Fatalf("the router announces %+v", got)
	}
	if got.Owners[prefix] != "culvert:default_orders/announce/1" {
		t.Errorf("the entry belongs to %q", got.Owners[prefix])
	}
	if out := s.look(c, events.Present); !slices.Equal(out.Sight.Peers, out.Sight.Seen) || out.Entry != prefix {
		t.Errorf("look: %+v", out)
	}
	s.withdraw(c)
	if got := s.list(router); got.Custom {
		t.Errorf("the router stays %+v", got)
	}
	s.look(c, events.Absent)
}

// Somebody adds a range while the router is in the mode that we switched it to: the mode stays.
func TestAnnounceLeavesTheModeThatOthersUse(t *testing.T) {
	s := newStage(t)
	c := s.announce("orders", router, prefix)
	s.do(c)
	s.w.Change(router, func(a *routing.Announced) { a.Entries = append(a.Entries, "10.77.0.0/16") })
	s.withdraw(c)
	if got := s.list(router); !got.Custom || !slices.Equal(got.Entries, []string{"10.77.0.0/16"}) {
		t.Errorf("the router announces %+v", got)
	}

	s = newStage(t)
	c = s.announce("orders", router, prefix)
	s.do(c)
	s.w.Change(router, func(a *routing.Announced) { a.Defaults = nil })
	s.withdraw(c)
	if got := s.list(router); !got.Custom {
		t.Errorf("the router without its group went back to the default: %+v", got)
	}

	s = newStage(t)
	c = s.announce("orders", custom, prefix)
	s.do(c)
	s.w.Change(custom, func(a *routing.Announced) {
		a.Entries = slices.DeleteFunc(a.Entries, func(e string) bool { return e != prefix })
	})
	s.withdraw(c)
	if got := s.list(custom); !got.Custom || len(got.Entries) > 0 {
		t.Errorf("a router that was custom before us became %+v", got)
	}
}

func TestAnnounceKeepsTheSpokesOwnRanges(t *testing.T) {
	s := newStage(t)
	c := s.announce("orders", spoke, prefix)
	s.do(c)
	if got := s.list(spoke); !got.Custom ||
		!slices.Equal(got.Entries, []string{"10.11.0.0/24", "10.12.0.0/24", prefix}) {
		t.Fatalf("the spoke announces %+v", got)
	}
	// A new subnet is not announced by a custom list: that is a difference, and Do repairs it.
	s.w.Change(spoke, func(a *routing.Announced) { a.Defaults = append(a.Defaults, "10.13.0.0/24") })
	s.look(c, events.Different)
	s.do(c)
	if got := s.list(spoke); !slices.Contains(got.Entries, "10.13.0.0/24") {
		t.Fatalf("the spoke announces %+v", got)
	}
	s.look(c, events.Present)
	s.withdraw(c)
	if got := s.list(spoke); got.Custom {
		t.Errorf("the spoke stays %+v", got)
	}
}

func TestAnnounceRepairsWhatSomebodyRemoved(t *testing.T) {
	s := newStage(t)
	c := s.announce("orders", speaker, prefix)
	s.do(c)
	s.w.Change(speaker, func(a *routing.Announced) { a.Entries = []string{"10.98.0.0/24@10.9.0.9"} })
	s.look(c, events.Different)
	s.do(c)
	if out := s.look(c, events.Present); out.Entry != prefix+"@10.9.0.1" {
		t.Errorf("look: %+v", out)
	}
}

// A wait for a peer without a session says since when and why.
func TestAnnounceSaysWhatItWaitsFor(t *testing.T) {
	s := newStage(t)
	since := time.Date(2026, 3, 1, 11, 0, 0, 0, time.UTC)
	s.w.Down(router, routing.Absence{Peer: "peer-b", Since: since, Reason: "the peer sent notification 6/1"})
	c := s.announce("orders", router, prefix)
	o := s.run(c, events.Do, "", events.Wait, "not-learned")
	const want = "peer-b has no session since 2026-03-01T11:00:00Z: the peer sent notification 6/1"
	if !strings.Contains(o.Message, want) || strings.Contains(o.Message, "peer-a") {
		t.Errorf("the wait says %q, want %q and nothing of peer-a", o.Message, want)
	}
}

func TestAnnounceWaitsUntilEveryPeerHasLearned(t *testing.T) {
	s := newStage(t)
	s.w.Deafen(router, "peer-b", true)
	c := s.announce("orders", router, prefix)
	s.run(c, events.Do, "", events.Wait, "not-learned")
	if out := s.look(c, events.Present); !slices.Equal(out.Sight.Seen, []string{"peer-a"}) {
		t.Errorf("look: %+v", out)
	}
	s.w.Deafen(router, "peer-b", false)
	s.do(c)
}

// Who can ask must get an answer: the network needs a route back to every prefix that the peers tell.
func TestAnnounceWaitsForAWayBack(t *testing.T) {
	s := newStage(t)
	s.w.Strand(router, "192.168.10.0/24")
	c := s.announce("orders", router, prefix)
	s.run(c, events.Do, "", events.Wait, "no-way-back")
	s.look(c, events.Different)
	s.w.Strand(router)
	s.do(c)
	s.look(c, events.Present)
}

// A speaker has one path a prefix, and a new next hop takes the old one's place: also in a list of which we own the
// entry. Nobody else's entry is ever moved.
func TestAnnounceMovesItsNextHop(t *testing.T) {
	moved := speaker
	moved.NextHop = "10.9.0.2"
	for name, announce := range map[string]func(*stage, string, routing.Target) events.Command{
		"of its own": func(s *stage, c string, at routing.Target) events.Command { return s.announce(c, at, prefix) },
		"shared":     func(s *stage, c string, at routing.Target) events.Command { return s.shared(c, at) },
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			others := s.list(speaker).Entries
			before, after := announce(s, "orders", speaker), announce(s, "orders", moved)
			s.do(before)
			s.do(after)
			if got := s.list(speaker).Entries; !slices.Equal(got, append([]string{prefix + "@10.9.0.2"}, others...)) {
				t.Fatalf("the speaker announces %v", got)
			}
			s.look(after, events.Present)
			s.do(before) // a compensated change
			s.look(before, events.Present)
			s.do(after)
			s.run(after, events.Undo, events.ToCompensate, events.Done, "")
			if got := s.list(speaker).Entries; !slices.Equal(got, others) {
				t.Errorf("the speaker announces %v, and %v before us", got, others)
			}
		})
	}
	t.Run("shared by two", func(t *testing.T) {
		s := newStage(t)
		s.do(s.shared("orders", speaker))
		s.do(s.shared("bills", speaker))
		o := s.run(s.shared("orders", moved), events.Do, "", events.Refuse, "in-use")
		if !strings.Contains(o.Message, "bills") {
			t.Errorf("the refusal does not name who else is cut off: %s", o.Message)
		}
		s.look(s.shared("bills", speaker), events.Present)
	})
	t.Run("put there by somebody else", func(t *testing.T) {
		s := newStage(t)
		s.w.Change(speaker, func(a *routing.Announced) { a.Entries = []string{prefix + "@10.9.0.9"} })
		s.run(s.announce("orders", moved, prefix), events.Do, "", events.Refuse, "foreign")
		s.run(s.shared("orders", moved), events.Do, "", events.Refuse, "foreign")
	})
}

func TestAnnounceRefusesWhatCannotBe(t *testing.T) {
	s := newStage(t)
	other := speaker
	other.NextHop = "10.9.0.2"
	s.do(s.announce("orders", speaker, prefix))
	s.run(s.announce("bills", other, prefix), events.Do, "", events.Refuse, "foreign")
	missing := router
	missing.Router = "nobody"
	s.run(s.announce("orders", missing, prefix), events.Do, "", events.Refuse, "no-target")
	missing.Via = "pigeon"
	s.run(s.announce("orders", missing, prefix), events.Do, "", events.Refuse, "via")

	s.w.Change(custom, func(a *routing.Announced) {
		for i := range 199 {
			a.Entries = append(a.Entries, fmt.Sprintf("10.100.%d.0/24", i))
		}
	})
	o := s.run(s.announce("orders", custom, prefix), events.Do, "", events.Refuse, "full")
	if !strings.Contains(o.Message, "200") {
		t.Errorf("the refusal does not name the limit: %s", o.Message)
	}
	s.run(s.announce("orders", custom, prefix), events.Undo, events.ToCompensate, events.Done, "")
}

func TestAnnounceInsideASubnetThatIsAnnounced(t *testing.T) {
	s := newStage(t)
	in := routing.AnnounceIn{Target: router, Prefix: "10.11.0.7/32", SubnetCIDR: "10.11.0.0/24"}
	c := do(t, "orders", "announce", routing.KindAnnounce, in)
	s.do(c)
	if out := s.look(c, events.Present); !out.Covered || out.Entry != "" || s.w.Writes() != 0 {
		t.Errorf("look: %+v after %d writes", out, s.w.Writes())
	}
	// The router stops announcing its subnets: now the address needs an entry of its own.
	s.w.Change(router, func(a *routing.Announced) { a.Custom, a.Defaults = true, nil })
	s.look(c, events.Different)
	s.do(c)
	if out := s.look(c, events.Present); out.Covered || out.Entry != in.Prefix {
		t.Errorf("look: %+v", out)
	}
	s.withdraw(c)
	s.look(c, events.Absent)
}

func TestAnnounceSharedByMany(t *testing.T) {
	s := newStage(t)
	a, b := s.shared("orders", router), s.shared("bills", router)
	s.do(a)
	s.do(b)
	if writes := s.w.Writes(); writes != 1 {
		t.Errorf("%d writes for one shared entry", writes)
	}
	s.withdraw(a)
	s.look(a, events.Absent)
	s.look(b, events.Present)

	s.run(b, events.Undo, events.ToWithdraw, events.Wait, "linger")
	s.look(b, events.Present)
	s.now = s.now.Add(times.Linger - time.Second)
	s.run(b, events.Undo, events.ToWithdraw, events.Wait, "linger")
	s.now = s.now.Add(time.Second)
	s.withdraw(b)
	s.look(b, events.Absent)
	if got := s.list(router); got.Custom {
		t.Errorf("the router stays %+v", got)
	}
	s.withdraw(b)
}

func TestAnnounceSharedJoinEndsTheLinger(t *testing.T) {
	s := newStage(t)
	a, b := s.shared("orders", router), s.shared("bills", router)
	s.do(a)
	s.run(a, events.Undo, events.ToWithdraw, events.Wait, "linger")
	s.now = s.now.Add(time.Minute)
	s.do(b)
	s.withdraw(a)
	s.look(b, events.Present)
	s.run(b, events.Undo, events.ToCompensate, events.Done, "") // compensation never lingers
	s.look(b, events.Absent)
}

func TestAnnounceSharedStaysWhenExpedited(t *testing.T) {
	s := newStage(t)
	a, b := s.shared("orders", router), s.shared("bills", router)
	s.do(a)
	s.expedite = true
	if o := s.withdraw(a); !strings.Contains(o.Retained, prefix) {
		t.Errorf("what stays is told as %q", o.Retained)
	}
	s.expedite = false
	s.look(a, events.Absent)
	if got := s.list(router); !slices.Contains(got.Entries, prefix) {
		t.Fatalf("the entry is gone: %+v", got)
	}
	s.do(b)
	s.run(b, events.Undo, events.ToCompensate, events.Done, "")
	if got := s.list(router); got.Custom {
		t.Errorf("the last one left %+v", got)
	}
}

func TestAnnounceUndoneAfterItsTargetIsGone(t *testing.T) {
	s := newStage(t)
	c := s.announce("orders", speaker, prefix)
	s.do(c)
	s.w.DropTarget(speaker)
	s.look(c, events.Different)
	s.withdraw(c)
	s.look(c, events.Absent)
}

func TestCheckRouting(t *testing.T) {
	s := newStage(t)
	bad := routing.Target{Via: routing.ViaAviatrix, Controller: "gcp", Gateway: "transit-1"}
	s.w.RefuseTarget(bad, "it is a transit")
	check := func(in routing.CheckIn) events.Command { return do(t, "orders", "check", routing.KindCheck, in) }
	s.run(check(routing.CheckIn{Targets: []routing.Target{router, bad}}), events.Do, "", events.Refuse, "target")
	s.run(check(routing.CheckIn{Targets: []routing.Target{bad}, Withdrawing: true}), events.Do, "", events.Done, "")
	missing := speaker
	missing.Speaker = "nobody"
	s.run(check(routing.CheckIn{Targets: []routing.Target{missing}}), events.Do, "", events.Refuse, "no-target")
	o := s.do(check(routing.CheckIn{Targets: []routing.Target{spoke, custom, spoke}}))
	if want := `{"known":["10.11.0.0/24","10.12.0.0/24","10.99.0.0/16"]}`; string(o.Output) != want {
		t.Errorf("check tells %s, want %s", o.Output, want)
	}
	s.w.Fault("check", false, context.DeadlineExceeded)
	s.run(check(routing.CheckIn{Targets: []routing.Target{spoke}}), events.Do, "", events.Unsure, "deadline")
	if s.w.Faults() != 0 {
		t.Error("the fault was not met")
	}
}
