package reach

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// block are consecutive priorities.
func block(first, n int) (out []int) {
	for p := first; p < first+n; p++ {
		out = append(out, p)
	}
	return out
}

func allowing(port string, to ...string) (out []Allowed) {
	for _, one := range to {
		a := Allowed{Protocol: "tcp", Ports: []string{port}}
		if strings.Contains(one, "/") {
			a.CIDR = one
		} else {
			a.FQDN = one
		}
		out = append(out, a)
	}
	return out
}

func filtered(t *testing.T, w World, f FilterEffect) World {
	t.Helper()
	f.Policy, f.Closed = "policy", true
	w, err := w.After(Effect{Step: "filter", Network: "net", Filter: &f})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// rulesText are the rules of the network's policy: number, action, destinations, ports.
func rulesText(w World) (out []string) {
	for _, r := range w.Networks[0].Firewall.Global.Items[0].Rules {
		names := make([]string, 0, len(r.Dst.Names))
		for _, n := range r.Dst.Names {
			names = append(names, string(n))
		}
		dst := strings.Join(names, ",")
		if dst == "" {
			dst = r.Dst.Ranges.String()
		}
		out = append(out, fmt.Sprintf("%d %s %s %s", r.Priority, r.Act, dst, r.Layer4[0]))
	}
	return out
}

// TestDestinationsShareARule: names, and ranges, of one protocol with the same ports are one rule, as the step makes
// them. A filter with more destinations than numbers has room.
func TestDestinationsShareARule(t *testing.T) {
	var names []string
	for i := range 20 {
		names = append(names, fmt.Sprintf("n%d.example", i))
	}
	allow := slices.Concat(allowing("443", "10.9.0.0/16"), allowing("443", names...), allowing("80", "10.9.0.0/16"),
		allowing("443", "10.7.0.0/16"))
	got := rulesText(filtered(t, neighbours(t), FilterEffect{Source: "10.8.0.0/28", Allow: allow,
		Priorities: block(1000, 16)}))
	want := []string{"1000 allow 10.7.0.0/16,10.9.0.0/16 6:443", "1001 allow " + strings.Join(names, ",") + " 6:443",
		"1002 allow 10.9.0.0/16 6:80", "1015 deny 0.0.0.0/0 " + EveryProtocol().String()}
	if !slices.Equal(got, want) {
		t.Errorf("rules\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestAFilterIsChangedInPlace: a rule for the same source keeps its number, and a destination that is taken out is
// closed. For another source the rules come beside those that are there.
func TestAFilterIsChangedInPlace(t *testing.T) {
	every := EveryProtocol().String()
	first := FilterEffect{Source: "10.8.0.0/28", Priorities: block(1000, 16),
		Allow: slices.Concat(allowing("443", "10.9.0.0/16", "a.example"), allowing("80", "10.7.0.0/16"))}
	stands := filtered(t, neighbours(t), first)
	change := FilterEffect{Source: "10.8.0.0/28", Priorities: block(1016, 16), Held: block(1000, 16),
		Allow: slices.Concat(allowing("443", "10.9.0.0/16"), allowing("8443", "a.example"))}
	changed := filtered(t, stands, change)
	want := []string{"1000 allow 10.9.0.0/16 6:443", "1003 allow a.example 6:8443", "1015 deny 0.0.0.0/0 " + every}
	if got := rulesText(changed); !slices.Equal(got, want) {
		t.Errorf("changed in place:\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	ask := Ask{About: "closed", From: Sender{Realm: "net", Kind: DirectEgress, Name: "svc", Region: "r",
		Source: "10.8.0.0/28"}, Want: Closed, Except: change.Allow, Firewall: true}
	for name, c := range map[string]struct {
		w  World
		is Outcome
	}{"before the change": {stands, Otherwise}, "after it": {changed, AsWanted}} {
		if f, err := c.w.Ask(ask); err != nil || f.Is != c.is {
			t.Errorf("%s: %s (%s), %v; want %s", name, f.Is, f.Flows, err, c.is)
		}
	}
	change.Source = "10.8.0.16/28"
	beside := rulesText(filtered(t, stands, change))
	want = slices.Concat(rulesText(stands), []string{"1016 allow 10.9.0.0/16 6:443", "1017 allow a.example 6:8443",
		"1031 deny 0.0.0.0/0 " + every})
	if !slices.Equal(beside, want) {
		t.Errorf("of another source:\n%s\nwant\n%s", strings.Join(beside, "\n"), strings.Join(want, "\n"))
	}
}

// TestGooglesZoneComesWithTheFirstEndpoint for its APIs, and goes with the last one.
func TestGooglesZoneComesWithTheFirstEndpoint(t *testing.T) {
	w := neighbours(t)
	zones := func() (n int) {
		for _, z := range w.Networks[0].Names.Zones.Items {
			if z.Domain == "p.googleapis.com" && z.Kind == ForwardingZone {
				n++
			}
		}
		return n
	}
	for i, c := range []struct {
		ip     string
		bundle bool
		undone bool
		zones  int
	}{
		{"10.200.0.4", false, false, 0}, {"10.200.0.5", true, false, 1}, {"10.200.0.6", true, false, 1},
		{"10.200.0.5", true, true, 1}, {"10.200.0.6", true, true, 0},
	} {
		var err error
		w, err = w.After(Effect{Step: "endpoint", Network: "net", Undone: c.undone,
			Endpoint: &EndpointEffect{IP: c.ip, Bundle: c.bundle}})
		if err != nil || zones() != c.zones {
			t.Errorf("step %d: %d zones, want %d: %v", i, zones(), c.zones, err)
		}
	}
}
