package reach

import (
	"slices"
	"strings"
	"testing"
)

// TestNamesOfGoogle: a public name of Google's is at one of Google's addresses, to which a Cloud NAT, an external
// address and Private Google Access lead. A public name of anybody else may be anywhere.
func TestNamesOfGoogle(t *testing.T) {
	deny := Rule{Object: "nothing to Google", Priority: 1, Act: Deny, Src: Peer{Ranges: EveryAddress()},
		Dst: Peer{Ranges: googleFrontEnd()}, Layer4: []Layer4{EveryProtocol()}, Target: Target{All: true}}
	for _, c := range []struct {
		name, host string
		world      func(*Network)
		sure, may  bool
	}{
		{"by a NAT", "fn.europe-west3.run.app", func(*Network) {}, true, true},
		{"by Private Google Access", "storage.googleapis.com", func(n *Network) {
			n.NATs = WholeList[NAT]()
			n.Subnets.Items[0].PrivateGoogle = true
		}, true, true},
		{"without either", "fn.europe-west3.run.app", func(n *Network) { n.NATs = WholeList[NAT]() }, false, false},
		{"closed to Google's addresses", "fn.cloudfunctions.net", func(n *Network) {
			n.Firewall.Rules.Items = append(n.Firewall.Rules.Items, deny)
		}, false, false},
		{"the private name", "private.googleapis.com", func(n *Network) {
			n.Firewall.Rules.Items = append(n.Firewall.Rules.Items, deny)
		}, true, true},
		{"closed to Google's addresses, somebody else's name", "www.example.com", func(n *Network) {
			n.Firewall.Rules.Items = append(n.Firewall.Rules.Items, deny)
		}, false, true},
	} {
		w := neighbours(t)
		c.world(&w.Networks[0])
		q := Question{From: Place{"net", Identity{Kind: Instance, Name: "db", Region: "r"}},
			Flows: FlowsOf(Box{ranges(t, "10.0.0.3"), EveryAddress().Family(true), Protocol(TCP, Port(443)),
				NameOf(c.host)})}
		v := RoundTrip(w, q)
		if v.Sure.Equal(q.Flows) != c.sure || v.May.Empty() == c.may {
			t.Errorf("%s: surely %v, perhaps %v, open %v", c.name, v.Sure, v.May, v.Open)
		}
	}
}

// TestNamesLeadElsewhere: who uses a name loses it where the endpoint does not surely serve it, and where the sender's
// own firewall lets nothing out to the endpoint. The name's other address is no loss by itself.
func TestNamesLeadElsewhere(t *testing.T) {
	const host = "fn.europe-west3.run.app"
	effects := func(restricted bool) []Effect {
		return []Effect{
			{Step: "create-endpoint", Network: "net", Consented: true, Endpoint: &EndpointEffect{Object: "psc",
				IP: "10.200.0.0/30", Bundle: true, Restricted: restricted}},
			{Step: "map-names", Network: "net", Names: &NamesEffect{Hostnames: []string{host}, Endpoint: "psc"}},
		}
	}
	only := Rule{Object: "out to Google only", Priority: 1, Act: Deny, Src: Peer{Ranges: EveryAddress()},
		Dst:    Peer{Ranges: ranges(t, "10.200.0.0/16")},
		Layer4: []Layer4{EveryProtocol()}, Target: Target{All: true}}
	for _, c := range []struct {
		name    string
		effects []Effect
		world   func(*World)
		lost    []string
	}{
		{"all APIs", effects(false), func(*World) {}, nil},
		{"those of perimeters", effects(true), func(*World) {}, []string{"billing", "db", "web"}},
		{"a closed way to the endpoint", effects(false), func(w *World) {
			w.Networks[0].Firewall.Rules.Items = append(w.Networks[0].Firewall.Rules.Items, only)
		}, []string{"billing", "db", "web"}},
		{"a name that is anywhere in public", []Effect{{Step: "map-names", Network: "net", Names: &NamesEffect{
			Hostnames: []string{"www.example.com"}, IP: "10.200.0.1"}}}, func(*World) {}, nil},
		{"who has no way today", effects(true), func(w *World) { w.Networks[0].NATs = WholeList[NAT]() }, nil},
		{"who has a way today that nobody can tell", effects(true), func(w *World) {
			routes := w.Networks[0].Routes.Items
			routes[len(routes)-1].Next = toSite("abroad")
		}, []string{"billing", "db", "web"}},
		{"a way that nobody can tell, to where all is served", effects(false), func(w *World) {
			routes := w.Networks[0].Routes.Items
			routes[len(routes)-1].Next = toSite("abroad")
		}, nil},
		{"a network that asks here", effects(true), func(w *World) {
			other := w.Networks[0]
			other.Realm, other.Tenants = "other", WholeList[Interface]()
			other.Interfaces = WholeList(Interface{Addresses: ranges(t, "10.0.0.4"),
				Who: Identity{Kind: Instance, Name: "abroad", Region: "r"}})
			other.Names.Zones = WholeList(Zone{Object: "there", Domain: "run.app", Kind: PeeringZone, Target: "net"})
			w.Networks = append(w.Networks, other)
		}, []string{"abroad", "billing", "db", "web"}},
	} {
		w := neighbours(t)
		c.world(&w)
		harms, _, err := Harms(w, c.effects)
		if err != nil {
			t.Fatal(err)
		}
		var lost []string
		for _, h := range harms {
			if !strings.Contains(h.Lost, host) || h.Step != "map-names" {
				t.Errorf("%s: %+v", c.name, h)
			}
			lost = append(lost, h.Who...)
		}
		slices.Sort(lost)
		if got := slices.Compact(lost); !slices.Equal(got, c.lost) {
			t.Errorf("%s: lost by %q, want %q", c.name, got, c.lost)
		}
	}
}

// TestNamesTakeAFreeAddress: names lead to the endpoint that will be, at an address that no other endpoint has.
func TestNamesTakeAFreeAddress(t *testing.T) {
	w := neighbours(t)
	w.Networks[0].Endpoints = WholeList(Endpoint{Object: "other", Address: ranges(t, "10.200.0.0"), Bundle: true})
	at := Effect{Network: "net", Endpoint: &EndpointEffect{Object: "psc", IP: "10.200.0.0/31"}}
	to := Effect{Network: "net", Names: &NamesEffect{Hostnames: []string{"dns.corp"}, Endpoint: "psc"}}
	after, err := w.After(at, to, to)
	if err != nil {
		t.Fatal(err)
	}
	n := after.Networks[0]
	zones := slices.DeleteFunc(n.Names.Zones.Items, func(z Zone) bool { return z.Domain != "dns.corp" })
	if len(zones) != 1 || !zones[0].Records[0].Addresses.Equal(ranges(t, "10.200.0.1")) {
		t.Errorf("zones %+v, want one at the free address", zones)
	}
	if _, err := w.After(to); err == nil {
		t.Error("names at an endpoint that nobody has made")
	}
}

// TestAClosedPortOfANameIsNoLoss: what a rule denies to every address was closed before the name led to an endpoint:
// nobody's name is at the metadata server, to which alone no rule applies.
func TestAClosedPortOfANameIsNoLoss(t *testing.T) {
	w := neighbours(t)
	w.Networks[0].Firewall.Rules.Items = append(w.Networks[0].Firewall.Rules.Items, Rule{Object: "no telnet",
		Priority: 1, Act: Deny, Src: Peer{Ranges: EveryAddress()}, Dst: Peer{Ranges: EveryAddress()},
		Layer4: []Layer4{Protocol(TCP, Port(23))}, Target: Target{All: true}})
	harms, _, err := Harms(w, []Effect{
		{Step: "create-endpoint", Network: "net", Consented: true, Endpoint: &EndpointEffect{Object: "psc",
			IP: "10.0.0.77", Region: "r"}},
		{Step: "map-names", Network: "net", Names: &NamesEffect{Hostnames: []string{"orders.api.example"},
			Endpoint: "psc"}}})
	if err != nil || len(harms) > 0 {
		t.Errorf("%+v, %v", harms, err)
	}
}
