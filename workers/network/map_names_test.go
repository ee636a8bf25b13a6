package network_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers/network"
	"github.com/culvertnet/culvert/workers/steptest"
)

const second = "bills-abc-ey.a.run.app"

func TestNamesChangeAddressInOneWrite(t *testing.T) {
	b := newBench(t)
	first := b.Must("do", b.Do(names("10.200.0.9", host)), events.Done)
	did := len(b.world.Effects())
	moved := b.Must("do", b.Settle(names("10.200.0.10", host), ask{Verb: events.Do, Prior: first.Output}), events.Done)
	if calls := b.world.Effects()[did:]; len(calls) != 1 || !strings.HasPrefix(calls[0], "zones.put ") {
		t.Errorf("the change made %q, want one put: a name that stops answering cuts clients", calls)
	}
	zones := steptest.Output[network.MapNamesOut](t, moved).Zones
	if len(zones) != 1 || zones[0].IP != "10.200.0.10" || zones[0].Answers != zones[0].Zone {
		t.Errorf("zones %+v, want the new address, answered by our zone", zones)
	}
}

func TestNamesThatAreDroppedByAChange(t *testing.T) {
	for name, keepsOutput := range map[string]bool{"with the earlier output": true, "without any output": false} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			both := names("10.200.0.9", host, second)
			first := b.Must("do", b.Do(both), events.Done)
			a := ask{Verb: events.Do}
			if keepsOutput {
				a.Prior = first.Output
			}
			b.Sees(names("10.200.0.9", host), events.Different)
			b.Must("change", b.Settle(names("10.200.0.9", host), a), events.Done)
			if zones := b.world.AllZones(); len(zones) != 1 || zones[0].Host != host {
				t.Errorf("zones %+v, want only that of %s", zones, host)
			}
			b.Sees(names("10.200.0.9", host), events.Present)
			b.Must("back", b.Do(both), events.Done)
			b.Sees(both, events.Present)
		})
	}
}

func TestNamesGoRecordsFirstThenAfterOneTTLTheZones(t *testing.T) {
	b := newBench(t)
	s := names("10.200.0.9", host, second)
	b.Must("do", b.Do(s), events.Done)
	did := len(b.world.Effects())

	c := b.Command(s, ask{Verb: events.Undo, Purpose: events.ToWithdraw})
	o := b.Once(c)
	if o.Class != events.Wait || o.Reason != "ttl" || o.After != time.Minute {
		t.Fatalf("first undo: %s (%s) after %s, want to wait one TTL", o.Class, o.Reason, o.After)
	}
	cleared := b.Now
	b.Now = b.Now.Add(59 * time.Second)
	c.Deadline = b.Now.Add(time.Minute)
	if o := b.Once(c); o.Class != events.Wait || o.After != time.Second {
		t.Fatalf("a second before: %s after %s, want to wait one second", o.Class, o.After)
	}
	b.Now = cleared.Add(time.Minute)
	b.Must("after one TTL", b.Once(c), events.Done)
	calls := steptest.Calls(b.world.Effects()[did:])
	if want := []string{"zones.clear", "zones.delete"}; !slices.Equal(calls, want) {
		t.Errorf("calls %q, want %q", calls, want)
	}
}

// TestZoneWithRecordsOfOthersStays: nothing of a zone is taken away while others have records in it, because the name
// would be dead in the network; once they are gone, the same withdrawal ends.
func TestZoneWithRecordsOfOthersStays(t *testing.T) {
	for _, c := range []struct {
		name    string
		of      int  // the zone that others use
		cleared bool // they came after our record had gone
		say     string
	}{
		{"the only record beside ours", 0, false, host + " resolves on"},
		{"in the second of two zones", 1, false, second + " resolves on"},
		{"while the time to live went by", 0, true, "does not see it any more"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			s := names("10.200.0.9", host, second)
			b.Must("do", b.Do(s), events.Done)
			if c.cleared {
				b.Once(b.Command(s, steptest.Ask{Verb: events.Undo, Purpose: events.ToWithdraw}))
			}
			zones := b.world.AllZones()
			i := slices.IndexFunc(zones, func(z network.Zone) bool { return z.Host == []string{host, second}[c.of] })
			z := zones[i]
			z.Others = 2
			b.world.PutZone(z)
			did := len(b.world.Effects())
			o := b.Withdraw(s)
			b.Refused("undo", o, "in-use")
			for _, part := range []string{z.Name, c.say, "continue the stuck saga"} {
				if !strings.Contains(o.Message, part) {
					t.Errorf("refused with %q, want %q in it", o.Message, part)
				}
			}
			if calls := steptest.Calls(b.world.Effects()[did:]); len(calls) != 0 {
				t.Errorf("calls %q, want none", calls)
			}
			z.Others = 0
			b.world.PutZone(z)
			b.Must("undo again", b.Withdraw(s), events.Done)
			b.Sees(s, events.Absent)
		})
	}
}

// late shows a zone that others write into once its record of ours is gone, between two looks of one undo.
type late struct {
	network.Names
	looks int
}

func (l *late) Get(ctx context.Context, project, name string) (network.Zone, error) {
	z, err := l.Names.Get(ctx, project, name)
	if err == nil && z.IP == "" {
		if l.looks++; l.looks > 1 {
			z.Others = 1
		}
	}
	return z, err
}

// TestZoneIsReadRightBeforeItIsDeleted: the look at the beginning of an undo says nothing of what came meanwhile.
func TestZoneIsReadRightBeforeItIsDeleted(t *testing.T) {
	b := newBench(t, func(d *network.Drivers) { d.Names = &late{Names: d.Names} })
	s := names("10.200.0.9", host)
	b.Must("do", b.Do(s), events.Done)
	b.Refused("undo", b.Withdraw(s), "in-use")
	if n := len(b.world.AllZones()); n != 1 {
		t.Errorf("%d zones, want the one that others use", n)
	}
}

func TestChangeThatDropsAZoneWithRecordsOfOthers(t *testing.T) {
	b := newBench(t)
	b.Must("do", b.Do(names("10.200.0.9", host, second)), events.Done)
	zones := b.world.AllZones()
	z := zones[slices.IndexFunc(zones, func(z network.Zone) bool { return z.Host == second })]
	z.Others = 1
	b.world.PutZone(z)
	before := b.world.Snapshot()
	b.Refused("change", b.Do(names("10.200.0.9", host)), "in-use")
	b.Unchanged(before)
}

func TestNamesThatCannotBeMapped(t *testing.T) {
	for _, c := range []struct {
		name, host string
		reason     events.Reason
		put        network.Zone
	}{
		{"everybody's zone", "run.app", "hides-others", network.Zone{}},
		{"everybody's zone of the old names", "a.run.app", "hides-others", network.Zone{}},
		{"a region's zone", "europe-west3.run.app", "hides-others", network.Zone{}},
		{"somebody's zone of the same name", host, "foreign", network.Zone{Host: host}},
		{"another connection's zone", host, "foreign", network.Zone{
			Host: host, Owner: "culvert:default_bills/map-names/1",
		}},
		{"a response policy", host, "foreign", network.Zone{Host: "run.app", Policy: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			if c.put.Host != "" {
				c.put.Project, c.put.Name, c.put.Networks = project, "theirs", []string{vpc}
				b.world.PutZone(c.put)
			}
			before := b.world.Snapshot()
			s := names("10.200.0.9", c.host, second)
			b.Refused("do", b.Do(s), c.reason)
			b.Unchanged(before)
			b.Must("undo", b.Compensate(s), events.Done)
			b.Unchanged(before)
			b.Refused("check", b.Do(
				step{Kind: network.KindCheck, In: network.CheckIn{Network: vpc, Hostnames: []string{c.host}}},
			), c.reason)
		})
	}
}

func TestWiderZoneOfOthersIsNotInTheWay(t *testing.T) {
	b := newBench(t)
	b.world.PutZone(
		network.Zone{Project: project, Name: "theirs", Host: "run.app", Networks: []string{vpc}, Owner: "theirs"},
	)
	b.Must("do", b.Do(names("10.200.0.9", host)), events.Done)
	b.Must("undo", b.Compensate(names("10.200.0.9", host)), events.Done)
	if left := b.world.AllZones(); len(left) != 1 || left[0].Owner != "theirs" {
		t.Errorf("left %+v, want their zone", left)
	}
}

func TestNameThatSomebodyElseAnswersByNowIsDifferent(t *testing.T) {
	b := newBench(t)
	s := names("10.200.0.9", host)
	b.Must("do", b.Do(s), events.Done)
	b.world.PutZone(network.Zone{Project: project, Name: "policy", Host: host, Networks: []string{vpc}, Policy: true})
	seen := b.Sees(s, events.Different)
	if got := steptest.Output[network.MapNamesOut](t, seen).Zones[0].Answers; got != "policy" {
		t.Errorf("%s is answered by %q, want the policy", host, got)
	}
}
