package observe

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/culvertnet/culvert/adapters/memory"
	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/events/reach"
	"github.com/culvertnet/culvert/workers"
)

// standing is a proof in a scene whose filter is there already.
func standing(t *testing.T) (*shown, prove, workers.Run, ReachIn) {
	t.Helper()
	s, in := scene(t), question()
	n, err := reach.World{Networks: []reach.Network{s.networks[home]}}.After(in.Effects...)
	if err != nil {
		t.Fatal(err)
	}
	s.networks[home], in.Effects = n.Networks[0], nil
	run := workers.Run{Connection: events.Key{Tenant: "t", Name: "c"}, Saga: "t_c.1", Step: "prove-reach",
		Generation: 1, Epoch: 1, Now: time.Unix(1, 0)}
	return s, prove{Drivers{Networks: s, Gateways: s, Claims: memory.NewClaims(),
		Times: workers.ClaimTimes{Lease: time.Minute}}}, run, in
}

// TestProveLooksAnew: each look asks the world again. It names what broke since, and what it cannot read is neither
// broken nor whole.
func TestProveLooksAnew(t *testing.T) {
	for _, c := range []struct {
		name   string
		broken func(*shown, *reach.Network)
		want   events.Presence
		says   string
		fails  bool
	}{
		{name: "as it was", want: events.Present},
		{name: "the way out is gone", broken: func(_ *shown, n *reach.Network) {
			n.NATs = reach.WholeList[reach.NAT]()
		}, want: events.Different, says: "198.51.100.7 does not arrive"},
		{name: "the closing rule is gone", broken: func(_ *shown, n *reach.Network) {
			n.Firewall.Global = reach.WholeList(reach.Policy{Object: "policy"})
		}, want: events.Different, says: "is open"},
		{name: "a list that does not answer", broken: func(_ *shown, n *reach.Network) {
			n.Routes.Whole = false
		}, fails: true},
		{name: "a network that does not answer", broken: func(s *shown, _ *reach.Network) {
			s.errors[home] = workers.Retry("unavailable", 0, errors.New("503"))
		}, fails: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, p, run, in := standing(t)
			if _, err := p.Do(t.Context(), run, in, nil); err != nil {
				t.Fatal(err)
			}
			if c.broken != nil {
				n := s.networks[home]
				c.broken(s, &n)
				s.networks[home] = n
			}
			seen, err := p.Look(t.Context(), run, in, nil)
			if (err != nil) != c.fails || seen.Presence != c.want && !c.fails ||
				!strings.Contains(seen.Detail, c.says) {
				t.Errorf("%s %q %v, want %s with %q", seen.Presence, seen.Detail, err, c.want, c.says)
			}
		})
	}
}

// TestProveIsGoneOnceUndone: it stands from a Do to an Undo, and never before.
func TestProveIsGoneOnceUndone(t *testing.T) {
	_, p, run, in := standing(t)
	sees := func(want events.Presence) {
		t.Helper()
		if seen, err := p.Look(t.Context(), run, in, nil); err != nil || seen.Presence != want {
			t.Errorf("sees %s %v, want %s", seen.Presence, err, want)
		}
	}
	sees(events.Absent)
	if _, err := p.Do(t.Context(), run, in, nil); err != nil {
		t.Fatal(err)
	}
	sees(events.Present)
	for range 2 {
		if _, err := p.Undo(t.Context(), run, in, nil); err != nil {
			t.Fatal(err)
		}
		sees(events.Absent)
	}
}

// TestEnforcement: what closes a direct interface's subnetwork is documented, what closes a connector's is not.
func TestEnforcement(t *testing.T) {
	for kind, want := range map[reach.Kind]Enforcement{
		reach.DirectEgress: Documented, reach.SubnetConnector: Unverified, reach.RangeConnector: Unverified,
	} {
		_, p, run, in := standing(t)
		for i := range in.Asks {
			in.Asks[i].From.Kind = kind
		}
		out, err := p.Do(t.Context(), run, in, nil)
		if err != nil || out.Enforcement != want {
			t.Errorf("%s: %q %v, want %q", kind, out.Enforcement, err, want)
		}
	}
}

// TestProveAsksForWhoCameMeanwhile: a filter that stands hurts whoever has come to its range since the check, whatever
// it is that sends from there. Consents count as in the check, the connection's own sender is no newcomer, and neither
// is somebody whose packets the filter does not decide about.
func TestProveAsksForWhoCameMeanwhile(t *testing.T) {
	at := func(name, address string, kind reach.Kind) reach.Interface {
		return reach.Interface{Addresses: ranges(t, address), Who: reach.Identity{Kind: kind, Name: name, Region: "r"}}
	}
	for _, c := range []struct {
		name     string
		machine  []reach.Interface
		tenant   []reach.Interface
		accept   []Consent
		refuses  bool
		filtered bool // false: the filter was taken out of the policy meanwhile
	}{
		{name: "a machine", machine: []reach.Interface{at("newcomer", "10.0.1.9", reach.Instance)}, refuses: true,
			filtered: true},
		{name: "a service", tenant: []reach.Interface{at("newcomer", "10.0.1.0/26", reach.DirectEgress)}, refuses: true,
			filtered: true},
		{name: "a machine that is consented to", machine: []reach.Interface{at("newcomer", "10.0.1.9",
			reach.Instance)}, accept: []Consent{{Cause: "lost", Object: "newcomer"}}, filtered: true},
		{name: "the service itself", tenant: []reach.Interface{at("svc", "10.0.1.0/26", reach.DirectEgress)},
			filtered: true},
		{name: "a machine elsewhere", machine: []reach.Interface{at("newcomer", "10.0.0.77", reach.Instance)},
			filtered: true},
		{name: "nobody", filtered: true},
		{name: "a machine without the filter", machine: []reach.Interface{at("newcomer", "10.0.1.9", reach.Instance)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, p, run, in := standing(t)
			in.Effects, in.Accept = question().Effects, c.accept
			n := s.networks[home]
			n.Interfaces.Items = append(n.Interfaces.Items, c.machine...)
			n.Tenants.Items = append(n.Tenants.Items, c.tenant...)
			if !c.filtered {
				n.Firewall.Global = reach.WholeList[reach.Policy]()
				in.Asks = in.Asks[:1]
			}
			s.networks[home] = n
			_, err := p.Do(t.Context(), run, in, nil)
			if (err != nil) != c.refuses || err != nil && !strings.Contains(err.Error(), "newcomer would lose") {
				t.Errorf("do: %v", err)
			}
			seen, err := p.Look(t.Context(), run, in, nil)
			if want := map[bool]events.Presence{true: events.Different, false: events.Present}[c.refuses]; err != nil ||
				seen.Presence != want || c.refuses && !strings.Contains(seen.Detail, "newcomer") {
				t.Errorf("look: %s %q %v, want %s", seen.Presence, seen.Detail, err, want)
			}
		})
	}
}

// TestProveAsksWhereNamesLead: names come after the proof, so that a Do judges them as what will be. Whoever uses them
// later chose to.
func TestProveAsksWhereNamesLead(t *testing.T) {
	s, p, run, in := standing(t)
	n := s.networks[home]
	n.Endpoints = reach.WholeList(reach.Endpoint{Object: "psc", Address: ranges(t, "10.200.0.5"), Bundle: true,
		Restricted: true, Accepted: reach.Up})
	n.Interfaces = reach.WholeList(reach.Interface{Addresses: ranges(t, "10.0.1.70"),
		Who: reach.Identity{Kind: reach.Instance, Name: "neighbour", Region: "r", External4: true}})
	s.networks[home] = n
	in.Asks, in.Effects = nil, []reach.Effect{{Step: "map-names", Network: home,
		Names: &reach.NamesEffect{Hostnames: []string{"fn.r.run.app"}, IP: "10.200.0.5"}}}
	if _, err := p.Do(t.Context(), run, in, nil); err == nil ||
		!strings.Contains(err.Error(), "neighbour may lose") || !strings.Contains(err.Error(), "fn.r.run.app") {
		t.Errorf("do: %v", err)
	}
	for _, accept := range []Consent{{Cause: Lost, Object: "neighbour"},
		{Cause: string(reach.NoDocument), Object: string(reach.RestrictedServesRun)}} {
		in.Accept = []Consent{accept}
		if _, err := p.Do(t.Context(), run, in, nil); err != nil {
			t.Errorf("%+v is consented to: %v", accept, err)
		}
	}
	in.Accept = nil
	if seen, err := p.Look(t.Context(), run, in, nil); err != nil || seen.Presence != events.Present {
		t.Errorf("look: %+v, %v", seen, err)
	}
}

// TestWhatWasProvedAndCannotBeToldIsADifference: a way that nobody can follow any more was known before.
func TestWhatWasProvedAndCannotBeToldIsADifference(t *testing.T) {
	for _, proved := range []bool{true, false} {
		s, p, run, in := standing(t)
		unread := func() {
			n := s.networks[home]
			n.Policies = reach.WholeList(reach.PolicyRoute{Object: "somebody's", Priority: 1, Src: reach.EveryAddress(),
				Dst: ranges(t, "198.51.100.0/24"), Layer4: []reach.Layer4{reach.EveryProtocol()},
				Next: reach.NextHop{Kind: reach.ToUnread, Name: "appliance", State: reach.Up}})
			s.networks[home] = n
		}
		if !proved {
			unread()
		}
		out, err := p.Do(t.Context(), run, in, nil)
		if err != nil {
			t.Fatal(err)
		}
		unread()
		seen, err := p.Look(t.Context(), run, in, &out)
		if err != nil || (seen.Presence == events.Different) != proved ||
			proved && !strings.Contains(seen.Detail, "appliance") {
			t.Errorf("proved %v: %s %q %v", proved, seen.Presence, seen.Detail, err)
		}
	}
}
