package reach

import (
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// bare is the lab before the main example: neither the connector nor its filter is there.
func bare(t *testing.T) World {
	t.Helper()
	w, err := lab(t).After(Effect{Step: "filter", Undone: true, Network: "spoke-vpc", Filter: labFilter()},
		Effect{Step: "connector", Undone: true, Network: "spoke-vpc", Range: labRange()},
		Effect{Step: "endpoint", Undone: true, Network: "spoke-vpc", Endpoint: labEndpoint()})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func labRange() *RangeEffect {
	return &RangeEffect{Object: "conn", Region: "europe-west3", CIDR: "10.8.0.0/28"}
}

func labEndpoint() *EndpointEffect {
	return &EndpointEffect{Object: "psc", IP: "10.200.0.5", Bundle: true}
}

func labFilter() *FilterEffect {
	f := &FilterEffect{Policy: "spoke-policy", Source: "10.8.0.0/28", Closed: true, Allow: []Allowed{
		{FQDN: "qa1.backend.example", Protocol: "tcp", Ports: []string{"443"}},
		{CIDR: "10.20.0.4/32", Protocol: "tcp", Ports: []string{"80"}},
	}}
	for p := 1000; p < 1016; p++ {
		f.Priorities = append(f.Priorities, p)
	}
	return f
}

func labEffects() []Effect {
	return []Effect{
		{Step: "create-endpoint", Network: "spoke-vpc", Endpoint: labEndpoint()},
		{Step: "attach-connector", Network: "spoke-vpc", Range: labRange()},
		{Step: "filter-egress", Network: "spoke-vpc", Filter: labFilter()},
	}
}

func labSender() Sender {
	return Sender{Realm: "spoke-vpc", Kind: RangeConnector, Name: "conn", Region: "europe-west3",
		Tags: []string{"vpc-connector"}, Source: "10.8.0.0/28"}
}

// direct is a service with an interface in a subnetwork of its own, for which it is documented that policies bind.
func direct() Sender {
	return Sender{Realm: "spoke-vpc", Kind: DirectEgress, Name: "svc", Region: "europe-west3", Source: "10.8.0.0/28"}
}

func TestClaimsOfTheLab(t *testing.T) {
	w, err := bare(t).After(labEffects()...)
	if err != nil {
		t.Fatal(err)
	}
	own := []Allowed{{FQDN: "qa1.backend.example", Protocol: "tcp", Ports: []string{"443"}},
		{CIDR: "10.20.0.4/32", Protocol: "tcp", Ports: []string{"80"}}}
	corp := Allowed{CIDR: "10.30.0.53", Protocol: "udp", Ports: []string{"53"}}
	for _, c := range []struct {
		name   string
		ask    Ask
		is     Outcome
		flows  string
		causes []Cause
	}{
		{name: "the allowed address has no way", is: Otherwise, flows: "tcp 80 from 10.8.0.0/28 to 10.20.0.4",
			ask: Ask{From: direct(), Want: Passes, Dest: &own[1]}},
		{name: "the allowed name is undecided by its addresses alone", is: Undecided, causes: []Cause{NameUnresolved},
			ask: Ask{From: direct(), Want: Passes, Dest: &own[0], To: Internet}},
		{name: "a rule of others opens the filter", is: Otherwise, flows: "udp 53 from 10.8.0.0/28 to 10.30.0.53",
			ask: Ask{From: direct(), Want: Closed, Except: own, Firewall: true}},
		{name: "which the intent may declare", is: AsWanted,
			ask: Ask{From: direct(), Want: Closed, Except: append(slices.Clone(own), corp), Firewall: true}},
		{name: "nothing is proved closed for a bare range", is: Undecided, causes: []Cause{NoDocument},
			ask: Ask{From: labSender(), Want: Closed, Except: append(slices.Clone(own), corp), Firewall: true,
				Within: "1.0.0.0/8"}},
		{name: "a declared destination is not asked about", is: AsWanted,
			ask: Ask{From: direct(), Want: Closed, Within: "10.20.0.4/32", Except: append(slices.Clone(own),
				Allowed{CIDR: "10.20.0.4/32", Protocol: "udp"}), Firewall: true}},
	} {
		c.ask.About = c.name
		f, err := w.Ask(c.ask)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		var causes []Cause
		for _, g := range f.Open {
			causes = append(causes, g.Cause)
		}
		if f.Is != c.is || !strings.Contains(f.Flows, c.flows) || !slices.Equal(causes, c.causes) {
			t.Errorf("%s: %s %q %v, want %s %q %v", c.name, f.Is, f.Flows, f.Open, c.is, c.flows, c.causes)
		}
	}
}

// TestTheLabHarmsNobody: the main example takes a free range, a free address and rules for its own range.
func TestTheLabHarmsNobody(t *testing.T) {
	harms, _, err := Harms(bare(t), labEffects(), "conn")
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range harms {
		if !h.Vacant() {
			t.Errorf("%s: lost %q, widened %q", h.Step, h.Lost, h.Widened)
		}
	}
}

// neighbours is a network with machines that reach the internet, a site and a name, and with room for a connection.
func neighbours(t *testing.T) World {
	t.Helper()
	n := emptyNetwork("net")
	n.Firewall.Global = WholeList(Policy{Object: "policy"})
	n.Firewall.Rules = WholeList(Rule{Object: "inside", Priority: 1000, In: true, Act: Allow,
		Src: Peer{Ranges: ranges(t, "10.0.0.0/8", "172.16.0.0/16")}, Dst: Peer{Ranges: EveryAddress()},
		Layer4: []Layer4{EveryProtocol()}, Target: Target{All: true}})
	n.Subnets = WholeList(Subnet{Object: "machines", Region: "r", Ranges: ranges(t, "10.0.0.0/24")},
		Subnet{Object: "services", Region: "r", Ranges: ranges(t, "10.0.1.0/26")})
	n.Routes = WholeList(
		route("10.0.0.0/24", SubnetRoute, NextHop{Kind: ToLocal, State: Up}),
		route("10.0.1.0/26", SubnetRoute, NextHop{Kind: ToLocal, State: Up}),
		labRoute("out", "0.0.0.0/0", 1000, NextHop{Kind: ToInternet, State: Up}))
	n.Dynamic = WholeList(route("172.16.0.0/16", DynamicRoute, toSite("site")))
	n.NATs = WholeList(NAT{Object: "nat", Region: "r", Covers: ranges(t, "10.0.0.0/23"),
		Addresses: ranges(t, "203.0.113.9")})
	n.Interfaces = WholeList(
		Interface{Addresses: ranges(t, "10.0.0.2"),
			Who: Identity{Kind: Instance, Name: "web", Tags: []string{"web"}, Region: "r"}},
		Interface{Addresses: ranges(t, "10.0.0.3"), Who: Identity{Kind: Instance, Name: "db", Region: "r"}})
	n.Tenants = WholeList(Interface{Addresses: ranges(t, "10.0.1.0/26"),
		Who: Identity{Kind: DirectEgress, Name: "billing", Region: "r"}})
	n.Names.Zones = WholeList(Zone{Object: "corp", Domain: "corp", Kind: PrivateZone,
		Records: []Record{{Name: "dns.corp", Addresses: ranges(t, "172.16.0.5")}}})
	back := Route{Object: "back", Dst: netip.MustParsePrefix("10.0.0.0/8"),
		Next: NextHop{Kind: ToNetwork, Realm: "net", State: Up}}
	return World{Networks: []Network{n}, Sites: []FarSideFacts{
		{Realm: "site", Owns: ranges(t, "172.16.0.0/16"), Table: WholeList(back)}}}
}

// TestHarm takes each kind of step to where somebody else is, and to where nobody is.
func TestHarm(t *testing.T) {
	filter := func(source string) Effect {
		return Effect{Filter: &FilterEffect{Policy: "policy", Source: source, Closed: true, Priorities: []int{1000}}}
	}
	route := func(dest string, tags ...string) Effect {
		return Effect{Route: &RouteEffect{Object: "ours", Dest: dest, NextHopIP: "10.0.0.3", Priority: 10, Tags: tags}}
	}
	unowned := route("0.0.0.0/0")
	unowned.Route.NextHopIP = "10.0.0.99"
	connector := func(cidr string) Effect {
		return Effect{Range: &RangeEffect{Object: "conn", Region: "r", CIDR: cidr}}
	}
	endpoint := func(ip string) Effect {
		return Effect{Endpoint: &EndpointEffect{Object: "psc", IP: ip, Bundle: true}}
	}
	undone := filter("10.0.0.2/32")
	undone.Undone = true
	for _, c := range []struct {
		name      string
		effect    Effect
		who, lost string
	}{
		{"a filter on a subnetwork of machines", filter("10.0.0.0/24"), "web", "172.16.0.0/16"},
		{"of which each is harmed", filter("10.0.0.0/24"), "db", "172.16.0.0/16"},
		{"a filter on a subnetwork that another service has", filter("10.0.1.0/26"), "billing", "172.16.0.0/16"},
		{"a filter where nobody is", filter("10.0.0.128/25"), "", ""},
		{"a route by a tag that others have", route("0.0.0.0/0", "web"), "web", "to 1.0.0.0-9.255.255.255"},
		{"a route to an address that nobody has is left out", unowned, "", ""},
		{"who has another tag keeps the way", route("0.0.0.0/0", "web"), "db", ""},
		{"a route to a part of a site", route("172.16.4.0/24"), "db", "172.16.4.0/24"},
		{"a route by a tag that nobody has", route("0.0.0.0/0", "ours"), "db", ""},
		{"a range that a site has", connector("172.16.9.0/28"), "db", "172.16.9.0/28"},
		{"a range that nobody has", connector("10.8.0.0/28"), "", ""},
		{"an endpoint at an address that a site has", endpoint("172.16.9.9"), "db",
			"everything but tcp 80,443 to 172.16.9.9"},
		{"an endpoint at an address that nobody has", endpoint("10.200.0.5"), "", ""},
		{"a name that others use", Effect{Names: &NamesEffect{Hostnames: []string{"dns.corp"}, IP: "10.99.0.1"}}, "db",
			"dns.corp"},
		{"a name that nobody answers", Effect{Names: &NamesEffect{Hostnames: []string{"new.example"},
			IP: "10.0.0.3"}}, "", ""},
	} {
		c.effect.Step, c.effect.Network = c.name, "net"
		harms, _, err := Harms(neighbours(t), []Effect{c.effect})
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		var lost []string
		for _, h := range harms {
			if !h.Vacant() && (c.who == "" || slices.Contains(h.Who, c.who)) {
				lost = append(lost, h.Lost)
			}
		}
		if c.lost == "" && len(lost) > 0 || c.lost != "" && !strings.Contains(strings.Join(lost, " "), c.lost) {
			t.Errorf("%s: %q loses %q, want %q", c.name, c.who, lost, c.lost)
		}
	}
}

// TestOwnIsNoHarm: what a service loses by its own filter is what it asked for.
func TestOwnIsNoHarm(t *testing.T) {
	e := Effect{Step: "filter-egress", Network: "net", Filter: &FilterEffect{Policy: "policy", Source: "10.0.1.0/26",
		Closed: true, Priorities: []int{1000}}}
	harms, _, err := Harms(neighbours(t), []Effect{e}, "billing")
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range harms {
		if !h.Vacant() {
			t.Errorf("harm to %v: %s", h.Who, h.Lost)
		}
	}
}

// TestUndoneIsAsBefore: each effect that is undone leaves the world as it was.
func TestUndoneIsAsBefore(t *testing.T) {
	for name, e := range effectsOfEachKind() {
		w := gatewayed(t)
		e.Step, e.Network = name, "net"
		after, err := w.After(e)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if reflect.DeepEqual(after, w) {
			t.Errorf("%s changes nothing", name)
		}
		e.Undone = true
		again, err := after.After(e)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if fmt.Sprint(again) != fmt.Sprint(gatewayed(t)) {
			t.Errorf("%s undone is not as before:\n%v\n%v", name, again, gatewayed(t))
		}
		if fmt.Sprint(w) != fmt.Sprint(gatewayed(t)) {
			t.Errorf("%s changes the world that it was given", name)
		}
	}
}

// gatewayed are the neighbours with a gateway in the network.
func gatewayed(t *testing.T) World {
	w := neighbours(t)
	w.Controllers = []Controller{{Name: "c", Enabled: true, Default: Allow, Sets: WholeList(RuleSet{Object: "set"})}}
	w.Gateways = []Gateway{{Name: "gw", Controller: "c", Realm: "net", Address: ranges(t, "10.0.0.2"),
		Tags: WholeList[Tag]()}}
	return w
}

func effectsOfEachKind() map[string]Effect {
	tcp := []Allowed{{CIDR: "10.9.0.0/16", Protocol: "tcp", Ports: []string{"443", "8000-8010"}}}
	return map[string]Effect{
		"range":        {Range: &RangeEffect{Object: "conn", Region: "r", CIDR: "10.8.0.0/28"}},
		"endpoint":     {Endpoint: &EndpointEffect{Object: "psc", IP: "10.200.0.5", Bundle: true}},
		"announcement": {Announcement: &AnnouncementEffect{Sites: []Realm{"site"}, Prefix: "10.200.0.5/32"}},
		"filter": {Filter: &FilterEffect{Policy: "policy", Source: "10.8.0.0/28", Closed: true, Allow: tcp,
			Priorities: []int{1000, 1001, 1002}}},
		"tag": {GatewayFilter: &GatewayFilterEffect{Object: "ours", Gateway: "gw", Source: "10.8.0.0/28"}},
		"set": {GatewayFilter: &GatewayFilterEffect{Object: "ours", Gateway: "gw", Set: "set", Allow: tcp, Closed: true,
			Source: "10.8.0.0/28"}},
		"route":         {Route: &RouteEffect{Object: "ours", Dest: "0.0.0.0/0", NextHopIP: "10.0.0.2"}},
		"google access": {GoogleAccess: &GoogleAccessEffect{Subnets: []string{"machines"}}},
		"names":         {Names: &NamesEffect{Hostnames: []string{"a.example", "b.example"}, IP: "10.200.0.5"}},
	}
}

// TestEffectsThatAreNone are refused with the step and the reason.
func TestEffectsThatAreNone(t *testing.T) {
	two := Effect{Range: &RangeEffect{CIDR: "10.8.0.0/28"}, Names: &NamesEffect{}}
	for name, c := range map[string]struct {
		effect Effect
		says   string
	}{
		"no kind":              {Effect{}, "exactly one kind, have 0"},
		"two kinds":            {two, "exactly one kind, have 2"},
		"an unknown network":   {Effect{Network: "other", Range: &RangeEffect{CIDR: "10.8.0.0/28"}}, `network "other"`},
		"a range that is none": {Effect{Range: &RangeEffect{CIDR: "10.8.0.300/28"}}, "10.8.0.300/28"},
		"an unknown policy":    {Effect{Filter: &FilterEffect{Policy: "other", Source: "10.8.0.0/28"}}, `"other"`},
		"no room for rules": {Effect{Filter: &FilterEffect{Policy: "policy", Source: "10.8.0.0/28", Closed: true}},
			"0 priorities are free and 1 rules are needed"},
		"an unknown gateway": {Effect{GatewayFilter: &GatewayFilterEffect{Gateway: "other", Source: "10.8.0.0/28"}},
			`gateway "other"`},
		"an unknown subnetwork": {Effect{GoogleAccess: &GoogleAccessEffect{Subnets: []string{"other"}}}, `"other"`},
		"a protocol that is none": {Effect{Filter: &FilterEffect{Policy: "policy", Source: "10.8.0.0/28",
			Priorities: []int{1}, Allow: []Allowed{{CIDR: "10.0.0.0/8", Protocol: "tpc"}}}}, `protocol "tpc"`},
		"ports that are none": {Effect{Filter: &FilterEffect{Policy: "policy", Source: "10.8.0.0/28",
			Priorities: []int{1}, Allow: []Allowed{{CIDR: "10.0.0.0/8", Protocol: "tcp", Ports: []string{"9-8"}}}}},
			`port "9-8"`},
	} {
		c.effect.Step = "step-1"
		if c.effect.Network == "" {
			c.effect.Network = "net"
		}
		_, err := gatewayed(t).After(c.effect)
		if !errors.Is(err, ErrEffect) || !strings.Contains(err.Error(), c.says) ||
			!strings.Contains(err.Error(), "step-1") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestVacantOrUnread: where a list of those who are there is not whole, nobody is unknown.
func TestVacantOrUnread(t *testing.T) {
	e := Effect{Step: "filter-egress", Network: "net", Filter: &FilterEffect{Policy: "policy", Source: "10.0.0.128/25",
		Closed: true, Priorities: []int{1000}}}
	for _, c := range []struct {
		name  string
		what  func(*Network)
		cause Cause
	}{
		{"whole", func(*Network) {}, ""},
		{"machines not whole", func(n *Network) { n.Interfaces.Whole = false }, ListNotWhole},
		{"services not allowed to read", func(n *Network) {
			n.Tenants.Whole, n.Tenants.Gaps = false, []Gap{{NotAllowedToRead, "run.services.list", "run.services.list"}}
		}, NotAllowedToRead},
	} {
		w := neighbours(t)
		c.what(&w.Networks[0])
		harms, _, err := Harms(w, []Effect{e})
		if err != nil || len(harms) != 1 || !harms[0].Vacant() {
			t.Fatalf("%s: %+v, %v", c.name, harms, err)
		}
		var cause Cause
		if open := harms[0].Open; len(open) > 0 {
			cause = open[0].Cause
		}
		if cause != c.cause {
			t.Errorf("%s: %v, want %q", c.name, harms[0].Open, c.cause)
		}
	}
}

// TestARangeIsAskedOfEverybodyWhoHasARouteToIt: peers get the route to a new range with the network, and it beats their
// own, of whichever kind. A peering that is not there changes nothing for the other side.
func TestARangeIsAskedOfEverybodyWhoHasARouteToIt(t *testing.T) {
	for _, c := range []struct {
		name  string
		kind  RouteKind
		dst   string
		state State
		hurt  bool
	}{
		{"their static route", StaticRoute, "172.16.0.0/12", Up, true},
		{"a route that they have learned", DynamicRoute, "172.16.5.0/24", Up, true},
		{"their default route", StaticRoute, "0.0.0.0/0", Up, true},
		{"a route elsewhere", StaticRoute, "192.168.0.0/16", Up, false},
		{"a peering that is down", StaticRoute, "172.16.0.0/12", Down, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			home, peer := emptyNetwork("home"), emptyNetwork("peer")
			home.Peers, peer.Peers = []Peering{{"peer", c.state}}, []Peering{{"home", c.state}}
			out := toSite("site")
			out.State = Up
			list := WholeList(route(c.dst, c.kind, out))
			peer.Routes = list
			if c.kind == DynamicRoute {
				peer.Routes, peer.Dynamic = WholeList[Route](), list
			}
			peer.Interfaces = WholeList(Interface{Addresses: ranges(t, "10.30.0.9"),
				Who: Identity{Kind: Instance, Name: "vm"}})
			w := World{Networks: []Network{home, peer}}
			all, _, err := Harms(w, []Effect{{Step: "attach-connector", Network: "home",
				Range: &RangeEffect{Object: "conn", CIDR: "172.16.5.0/28"}}})
			if err != nil {
				t.Fatal(err)
			}
			hurt := slices.ContainsFunc(all, func(h Harm) bool {
				return slices.Contains(h.Who, "vm") && strings.Contains(h.Lost, "172.16.5.0/28")
			})
			if hurt != c.hurt {
				t.Errorf("others: %+v", all)
			}
		})
	}
}

// TestANameThatTheNetworkAnswersIsItsAddresses: what passes to a name is asked of the addresses that it has, and of
// nothing else; each of them has to be reached.
func TestANameThatTheNetworkAnswersIsItsAddresses(t *testing.T) {
	record := func(addresses ...string) Record {
		return Record{Name: "git.corp.example", Addresses: ranges(t, addresses...)}
	}
	zone := func(r Record) func(*Network) {
		return func(n *Network) {
			n.Names.Zones = WholeList(Zone{Object: "corp", Domain: "corp.example", Kind: PrivateZone,
				Records: []Record{r}})
		}
	}
	for _, c := range []struct {
		name  string
		names func(*Network)
		is    Outcome
	}{
		{"a zone, and it is reached", zone(record("8.0.0.9")), AsWanted},
		{"a zone with two addresses, both reached", zone(record("8.0.0.9", "8.1.0.9")), AsWanted},
		{"a zone with two addresses, one reached", zone(record("8.0.0.9", "10.99.0.9")), Otherwise},
		{"a zone, and nothing leads there", zone(record("10.99.0.9")), Otherwise},
		{"a zone without the name", zone(Record{Name: "x.corp.example", Addresses: ranges(t, "8.0.0.9")}), Otherwise},
		{"a response policy", func(n *Network) {
			n.Names.Responses = WholeList(Response{Name: "*.example", Addresses: ranges(t, "8.0.0.9")})
		}, AsWanted},
		{"nobody here", func(*Network) {}, Undecided},
	} {
		n := emptyNetwork("net")
		out := toSite("site")
		out.State = Up
		n.Routes = WholeList(route("8.0.0.0/8", StaticRoute, out),
			route("10.8.0.0/24", SubnetRoute, NextHop{Kind: ToLocal, State: Up}))
		n.Subnets = WholeList(Subnet{Object: "sub", Region: "r", Ranges: ranges(t, "10.8.0.0/24")})
		c.names(&n)
		site := FarSideFacts{Realm: "site", Owns: ranges(t, "8.0.0.0/8"), Table: WholeList(route("10.8.0.0/16",
			DynamicRoute, NextHop{Kind: ToNetwork, Name: "net", Realm: "net", State: Up}))}
		f, err := World{Networks: []Network{n}, Sites: []FarSideFacts{site}}.Ask(Ask{About: "git", Want: Passes,
			From: Sender{Realm: "net", Kind: DirectEgress, Region: "r", Subnet: "sub"},
			Dest: &Allowed{FQDN: "git.corp.example", Protocol: "tcp", Ports: []string{"443"}}})
		if err != nil || f.Is != c.is {
			t.Errorf("%s: %s, want %s: %+v %v", c.name, f.Is, c.is, f, err)
		}
	}
}

func TestExternalAddressesOfMachines(t *testing.T) {
	w := neighbours(t)
	to := Allowed{CIDR: "198.51.100.7/32", Protocol: "tcp", Ports: []string{"443"}}
	ask := Ask{About: "out", Want: Passes, Dest: &to,
		From: Sender{Realm: "net", Kind: Instance, Name: "web", Region: "r", Source: "10.0.0.2"}}
	if f, err := w.Ask(ask); err != nil || f.Is != AsWanted {
		t.Errorf("an address of the Internet: %+v %v", f, err)
	}
	other := emptyNetwork("elsewhere")
	other.Interfaces = WholeList(Interface{Addresses: ranges(t, "10.7.0.2"), Public: ranges(t, "198.51.100.7"),
		Who: Identity{Kind: Instance, Name: "gate"}})
	w.Networks = append(w.Networks, other)
	f, err := w.Ask(ask)
	if err != nil || f.Is != Undecided || len(f.Open) != 1 || f.Open[0].Cause != FarSide || f.Open[0].Object != "gate" {
		t.Errorf("an external address of a machine: %+v %v", f, err)
	}
}

// TestAFilterOfAPolicyThatIsElsewhere: nobody on the network feels that its rules go, and none can be added.
func TestAFilterOfAPolicyThatIsElsewhere(t *testing.T) {
	e := Effect{Step: "filter", Network: "net", Filter: &FilterEffect{Policy: "replaced", Source: "10.0.0.0/24",
		Closed: true, Priorities: []int{1000}}}
	if _, _, err := Harms(neighbours(t), []Effect{e}); !errors.Is(err, ErrEffect) {
		t.Errorf("a rule in a policy that is not on the network: %v", err)
	}
	e.Undone = true
	if harms, _, err := Harms(neighbours(t), []Effect{e}); err != nil || len(harms) > 0 {
		t.Errorf("its rules go: %+v %v", harms, err)
	}
}

// TestWhatAStepReplacesIsNoHarm: effects of one step that follow each other are one change.
func TestWhatAStepReplacesIsNoHarm(t *testing.T) {
	of := func(step string, undone bool) Effect {
		return Effect{Step: step, Network: "net", Undone: undone, Filter: &FilterEffect{Policy: "policy",
			Source: "10.0.0.0/24", Closed: true, Priorities: []int{1000}}}
	}
	w, err := neighbours(t).After(of("filter", false))
	if err != nil {
		t.Fatal(err)
	}
	for second, harms := range map[string]bool{"filter": false, "another": true} {
		got, _, err := Harms(w, []Effect{of("filter", true), of(second, false)})
		if err != nil || len(got) > 0 != harms {
			t.Errorf("replaced by %s: %+v %v", second, got, err)
		}
	}
}
