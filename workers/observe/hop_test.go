package observe

import (
	"strings"
	"testing"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/events/reach"
)

// TestALookNamesTheHop: what broke since is named by its own name, wherever on the way it is.
func TestALookNamesTheHop(t *testing.T) {
	answers := func(addresses reach.Ranges) reach.Listing[reach.Zone] {
		return reach.WholeList(reach.Zone{Object: "shadow", Domain: "own.example", Kind: reach.PrivateZone,
			Records: []reach.Record{{Name: "own.example", Addresses: addresses}}})
	}
	from := question().Asks[0].From
	to := func(to reach.Allowed) []reach.Ask {
		to.Protocol, to.Ports = "tcp", []string{"443"}
		return []reach.Ask{{About: "out", From: from, Want: reach.Passes, Dest: &to}}
	}
	named, numbered := to(reach.Allowed{FQDN: "own.example"}), to(reach.Allowed{CIDR: "198.51.100.7/32"})
	closed := []reach.Ask{{About: "closed", From: from, Want: reach.Closed, Within: "2000::/3", Firewall: true}}
	closed[0].From.Source, closed[0].From.Subnet = "", "all"
	for _, c := range []struct {
		name   string
		asks   []reach.Ask
		broken func(*reach.Network)
		says   []string
	}{
		{"a zone without an address", named, func(n *reach.Network) { n.Names.Zones = answers(reach.Ranges{}) },
			[]string{"names: shadow (deny)"}},
		{"a zone that leads to nobody", named,
			func(n *reach.Network) { n.Names.Zones = answers(ranges(t, "10.0.0.200")) },
			[]string{"names: shadow (forward)"}},
		{"a route past everything", numbered, func(n *reach.Network) {
			n.Routes.Items = append(n.Routes.Items, route("198.51.100.0/24", reach.StaticRoute,
				reach.NextHop{Kind: reach.ToNobody, Name: "x"}))
			n.Routes.Items[len(n.Routes.Items)-1].Object = "blackhole"
		}, []string{"blackhole"}},
		{"a machine that is gone", numbered, func(n *reach.Network) {
			dead := route("198.51.100.0/24", reach.StaticRoute, reach.NextHop{Kind: reach.ToGateway, Name: "stopped"})
			dead.Next.State = reach.Down
			n.Routes.Items, n.NATs = append(n.Routes.Items, dead), reach.WholeList[reach.NAT]()
		}, []string{"198.51.100.0/24, whose next hop stopped is not there"}},
		{"an address of the other family", closed, func(n *reach.Network) {
			n.Subnets.Items[0].Ranges = n.Subnets.Items[0].Ranges.Union(ranges(t, "2600:1900::/64"))
		}, []string{"is open to all", "implied allow egress in " + home}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, p, run, in := standing(t)
			in.Asks = c.asks
			_, _ = p.Do(t.Context(), run, in, nil) // that it stands is asked for, not what is so before
			n := s.networks[home]
			c.broken(&n)
			s.networks[home] = n
			seen, err := p.Look(t.Context(), run, in, nil)
			if err != nil || seen.Presence != events.Different {
				t.Fatalf("look: %s %q %v", seen.Presence, seen.Detail, err)
			}
			for _, says := range c.says {
				if !strings.Contains(seen.Detail, says) {
					t.Errorf("%q is not in %q", says, seen.Detail)
				}
			}
		})
	}
}
