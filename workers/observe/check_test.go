package observe

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/events/reach"
	"github.com/culvertnet/culvert/workers"
)

// shown is a port that shows what it was given. A network that is not in it does not exist; one with an error cannot be
// read.
type shown struct {
	networks map[string]reach.Network
	errors   map[string]error
	fabric   Fabric
	mu       sync.Mutex
	asked    []string
}

// ask notes what was read.
func (s *shown) ask(what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, what)
}

func (s *shown) Network(_ context.Context, scope Scope) (reach.Network, error) {
	s.ask(scope.Network)
	if err := s.errors[scope.Network]; err != nil {
		return reach.Network{}, err
	}
	n, ok := s.networks[scope.Network]
	if !ok {
		return reach.Network{}, fmt.Errorf("%s: %w", scope.Network, workers.ErrNotFound)
	}
	return n, nil
}

// Senders shows what it must, and no other list.
func (s *shown) Senders(_ context.Context, scope Scope) (reach.Network, error) {
	s.ask("senders " + scope.Network)
	n, ok := s.networks[scope.Network]
	if err := s.errors[scope.Network]; err != nil || !ok {
		return reach.Network{}, cmp.Or(err, fmt.Errorf("%s: %w", scope.Network, workers.ErrNotFound))
	}
	return reach.Network{Realm: n.Realm, Project: n.Project, Peers: n.Peers, Firewall: n.Firewall, Subnets: n.Subnets,
		Hidden: n.Hidden, Interfaces: n.Interfaces, Tenants: n.Tenants}, nil
}

func (s *shown) Hidden(_ context.Context, scope Scope) (reach.Listing[reach.Subnet], error) {
	s.ask("hidden " + scope.Network)
	return s.networks[scope.Network].Hidden, nil
}

func (s *shown) Through(_ context.Context, _ string, m Machines) (Fabric, error) {
	s.ask("through " + m.Addresses.String())
	for _, g := range s.fabric.Gateways {
		if g.Address.Overlaps(m.Addresses) {
			return s.fabric, nil
		}
	}
	return Fabric{}, nil
}

func (s *shown) Fabric(context.Context, string, []reach.Realm) (Fabric, error) {
	s.ask("fabric")
	return s.fabric, nil
}

const (
	home = "projects/p/global/networks/home"
	peer = "projects/p/global/networks/peer"
)

func ranges(t *testing.T, text string) reach.Ranges {
	t.Helper()
	r, err := reach.ParseRanges(text)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func empty(realm string) reach.Network {
	return reach.Network{
		Realm: reach.Realm(realm), Subnets: reach.WholeList[reach.Subnet](), Hidden: reach.WholeList[reach.Subnet](),
		Routes: reach.WholeList[reach.Route](), Dynamic: reach.WholeList[reach.Route](),
		Policies: reach.WholeList[reach.PolicyRoute](), Endpoints: reach.WholeList[reach.Endpoint](),
		NATs: reach.WholeList[reach.NAT](), Interfaces: reach.WholeList[reach.Interface](),
		Tenants: reach.WholeList[reach.Interface](),
		Names: reach.NameService{Servers: reach.WholeList[string](), Responses: reach.WholeList[reach.Response](),
			Zones: reach.WholeList[reach.Zone]()},
		Firewall: reach.Firewall{Hierarchical: reach.WholeList[reach.Policy](),
			System: reach.WholeList[reach.Policy](), Global: reach.WholeList(reach.Policy{Object: "policy"}),
			Regional: reach.WholeList[reach.Policy](), Rules: reach.WholeList[reach.Rule]()},
	}
}

func route(dst string, kind reach.RouteKind, next reach.NextHop) reach.Route {
	next.State = reach.Up
	return reach.Route{Object: dst, Kind: kind, Dst: netip.MustParsePrefix(dst), Next: next}
}

// scene is a network with a machine, a machine of a gateway, a way out through NAT and a peer.
func scene(t *testing.T) *shown {
	t.Helper()
	n := empty(home)
	n.Peers = []reach.Peering{{Realm: peer, State: reach.Up}}
	n.Subnets = reach.WholeList(reach.Subnet{Object: "all", Region: "r", Ranges: ranges(t, "10.0.0.0/23")})
	n.Subnets.Call = "subnetworks.list"
	n.Routes = reach.WholeList(
		route("10.0.0.0/23", reach.SubnetRoute, reach.NextHop{Kind: reach.ToLocal}),
		route("10.5.0.0/16", reach.SubnetRoute, reach.NextHop{Kind: reach.ToPeer, Realm: peer}),
		route("192.168.0.0/16", reach.StaticRoute, reach.NextHop{Kind: reach.ToGateway, Name: "av-gw-spoke"}),
		route("0.0.0.0/0", reach.StaticRoute, reach.NextHop{Kind: reach.ToInternet}))
	n.NATs = reach.WholeList(reach.NAT{Object: "nat", Region: "r", Covers: ranges(t, "10.0.0.0/23"),
		Addresses: ranges(t, "203.0.113.9")})
	n.Interfaces = reach.WholeList(
		reach.Interface{Addresses: ranges(t, "10.0.0.2"), Who: reach.Identity{Kind: reach.Instance, Name: "web",
			Region: "r"}},
		reach.Interface{Addresses: ranges(t, "10.0.0.9"), Who: reach.Identity{Kind: reach.Instance,
			Name: "av-gw-spoke", Region: "r", Tags: []string{"gw"}}})
	return &shown{networks: map[string]reach.Network{home: n, peer: empty(peer)}, errors: map[string]error{},
		fabric: Fabric{Controller: reach.Controller{Name: "c", Sets: reach.WholeList[reach.RuleSet]()},
			Gateways: []reach.Gateway{{Name: "spoke", Controller: "c", Realm: home, State: reach.Up,
				Address: ranges(t, "10.0.0.9"), Tags: reach.WholeList[reach.Tag](),
				Table: reach.WholeList[reach.GatewayRoute]()}}}}
}

// question is a service in 10.0.1.0/26 that reaches one address of the internet and nothing else.
func question() ReachIn {
	from := reach.Sender{Realm: home, Kind: reach.DirectEgress, Name: "svc", Region: "r", Source: "10.0.1.0/26"}
	to := reach.Allowed{CIDR: "198.51.100.7/32", Protocol: "tcp", Ports: []string{"443"}}
	filter := &reach.FilterEffect{Policy: "policy", Source: from.Source, Closed: true, Allow: []reach.Allowed{to},
		Priorities: []int{1000, 1001}}
	return ReachIn{
		Networks: []Scope{{Network: home, Regions: []string{"r"}}}, Controllers: []string{"c"}, Own: []string{"svc"},
		Effects: []reach.Effect{{Step: "filter-egress", Network: home, Filter: filter}},
		Asks: []reach.Ask{{About: "out", From: from, Want: reach.Passes, Dest: &to},
			{About: "closed", From: from, Want: reach.Closed, Except: []reach.Allowed{to}, Firewall: true}},
	}
}

func TestCheckReach(t *testing.T) {
	opens := reach.Rule{Object: "others", Priority: 1, Act: reach.Allow, Src: reach.Peer{Ranges: reach.EveryAddress()},
		Dst: reach.Peer{Ranges: ranges(t, "198.51.100.8")}, Layer4: []reach.Layer4{reach.EveryProtocol()},
		Target: reach.Target{All: true}}
	gap := reach.Gap{Cause: reach.NotAllowedToRead, Object: "routes.list", Why: "compute.routes.list is missing"}
	billing := reach.Interface{Addresses: ranges(t, "10.0.1.0/26"), Who: reach.Identity{Kind: reach.DirectEgress,
		Name: "billing", Region: "r"}}
	for _, c := range []struct {
		name   string
		world  func(*shown, *reach.Network)
		in     func(*ReachIn)
		reason events.Reason
		says   string
		silent bool // nothing was read
	}{
		{name: "passes and is closed"},
		{name: "no way out", world: func(_ *shown, n *reach.Network) { n.NATs = reach.WholeList[reach.NAT]() },
			reason: "no-path", says: "to 198.51.100.7 does not arrive"},
		{name: "opened by a rule of others", world: func(_ *shown, n *reach.Network) {
			n.Firewall.Rules = reach.WholeList(opens)
		}, reason: "opened-elsewhere", says: "others (allow)"},
		{name: "routes that may not be read", world: func(_ *shown, n *reach.Network) {
			n.Routes.Whole, n.Routes.Gaps = false, []reach.Gap{gap}
		}, reason: "not-known", says: "compute.routes.list is missing"},
		{name: "another service in the range", world: func(_ *shown, n *reach.Network) {
			n.Tenants = reach.WholeList(billing)
		}, reason: "harms-others", says: "billing would lose"},
		{name: "with consent by name", world: func(_ *shown, n *reach.Network) {
			n.Tenants = reach.WholeList(billing)
		}, in: func(in *ReachIn) { in.Accept = []Consent{{Lost, "billing"}} }},
		{name: "with consent for somebody else", world: func(_ *shown, n *reach.Network) {
			n.Tenants = reach.WholeList(billing)
		}, in: func(in *ReachIn) { in.Accept = []Consent{{Lost, "web"}} }, reason: "harms-others", says: "billing"},
		{name: "nobody seen in a list that is not whole", world: func(_ *shown, n *reach.Network) {
			n.Tenants.Whole = false
		}, reason: "not-known", says: "list-not-whole"},
		{name: "no such network", world: func(s *shown, _ *reach.Network) { delete(s.networks, home) },
			reason: "not-found", says: home},
		{name: "a withdrawal from a network that is gone", world: func(s *shown, _ *reach.Network) {
			delete(s.networks, home)
		}, in: func(in *ReachIn) { in.Asks, in.In, in.Effects[0].Undone = nil, nil, true }, silent: true},
		{name: "a network that cannot be read now", world: func(s *shown, _ *reach.Network) {
			s.errors[home] = workers.Retry("unavailable", 0, errors.New("503"))
		}, reason: "unavailable"},
		{name: "a peer that cannot be read and is not on the way", world: func(s *shown, _ *reach.Network) {
			s.errors[peer] = workers.Refuse("permission", "compute.networks.get is missing")
		}},
		{name: "an effect that is none", in: func(in *ReachIn) { in.Effects[0].Filter.Source = "nowhere" },
			reason: "invalid", says: "nowhere"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, in := scene(t), question()
			if c.world != nil {
				n := s.networks[home]
				s.networks[home] = n
				c.world(s, &n)
				if _, there := s.networks[home]; there {
					s.networks[home] = n
				}
			}
			if c.in != nil {
				c.in(&in)
			}
			out, err := check{Drivers{Networks: s, Gateways: s}}.Do(t.Context(), workers.Run{}, in, nil)
			var f *workers.Failure
			if errors.As(err, &f); (f == nil) != (c.reason == "") {
				t.Fatalf("%v, want reason %q; %+v", err, c.reason, out)
			}
			if f != nil && (f.Reason != c.reason || !strings.Contains(err.Error(), c.says)) {
				t.Errorf("%s: %v, want %s with %q", f.Reason, err, c.reason, c.says)
			}
			told := slices.ContainsFunc(out.Sources, func(s reach.Source) bool {
				return s.Call == "subnetworks.list" && s.Whole
			})
			if err == nil && told == c.silent {
				t.Errorf("the sources are not told: %+v", out.Sources)
			}
		})
	}
}

// TestUnverified: what no control plane can decide goes on, and is said; for others it needs a consent by name.
// TestOnlyGoogleIsNoPath: a name may have an address of Google's, and nobody can tell. Where nothing else is reached,
// that is no path to what was named.
func TestOnlyGoogleIsNoPath(t *testing.T) {
	doubt := reach.Gap{Cause: reach.MayChange, Object: reach.GoogleFrontEnd, Why: "only addresses of Google's"}
	name := reach.Gap{Cause: reach.NameUnresolved, Object: "qa1.example", Why: "unresolved"}
	for _, c := range []struct {
		want reach.Want
		open []reach.Gap
		is   events.Reason
	}{
		{reach.Passes, []reach.Gap{name, doubt}, "no-path"}, {reach.Passes, []reach.Gap{name}, ""},
		{reach.Closed, []reach.Gap{doubt}, ""},
	} {
		_, err := decide(ReachIn{Asks: []reach.Ask{{Want: c.want}}},
			[]reach.Finding{{Is: reach.Undecided, Open: c.open}}, nil)
		var f *workers.Failure
		if errors.As(err, &f); f == nil && c.is != "" || f != nil && f.Reason != c.is {
			t.Errorf("%s %v: %v, want %q", c.want, c.open, err, c.is)
		}
	}
}

// TestEachOfManyCanBeAccepted: what an answer names is bounded, and consents are held against all that are harmed.
func TestEachOfManyCanBeAccepted(t *testing.T) {
	h := reach.Harm{Step: "filter-egress", Lost: "x", Widened: "y"}
	var in ReachIn
	for i := range 3 * maxNamed {
		who := fmt.Sprintf("vm-%d", i)
		h.Who = append(h.Who, who)
		in.Accept = append(in.Accept, Consent{Lost, who}, Consent{Widened, who})
	}
	out, err := decide(in, nil, []reach.Harm{h})
	if err != nil || len(out.Accepted) != 1 || len(out.Accepted[0].Who) != maxNamed+1 {
		t.Errorf("all of them are accepted: %+v %v", out, err)
	}
	last := in.Accept[len(in.Accept)-1]
	in.Accept = in.Accept[:len(in.Accept)-1]
	if _, err := decide(in, nil, []reach.Harm{h}); err == nil ||
		!strings.Contains(err.Error(), last.Object+" would reach y") {
		t.Errorf("one is not: %v", err)
	}
}

// TestConsentToLossCoversDoubt: who may lose a path agrees to what nobody can tell of it; where nobody is named, the
// doubt is one about whoever comes.
func TestConsentToLossCoversDoubt(t *testing.T) {
	doubt := reach.Gap{Cause: reach.NoDocument, Object: "switch", Why: "no document"}
	unread := reach.Gap{Cause: reach.ListNotWhole, Object: "list", Why: "not whole"}
	accept := []Consent{{Lost, "web"}}
	for name, c := range map[string]struct {
		harm reach.Harm
		want int
	}{
		"with the consent":       {reach.Harm{Who: []string{"web"}, Lost: "x", Open: []reach.Gap{doubt}}, 0},
		"of another one":         {reach.Harm{Who: []string{"db"}, Lost: "x", Open: []reach.Gap{doubt}}, 1},
		"of one of two":          {reach.Harm{Who: []string{"db", "web"}, Lost: "x", Open: []reach.Gap{doubt}}, 1},
		"nobody is named":        {reach.Harm{Lost: "x", Open: []reach.Gap{doubt}}, 1},
		"what somebody can lift": {reach.Harm{Who: []string{"web"}, Lost: "x", Open: []reach.Gap{unread}}, 1},
	} {
		if got := others(c.harm, accept); len(got) != c.want {
			t.Errorf("%s: %+v, want %d", name, got, c.want)
		}
	}
}

// TestNoWayBackIsTold: a way out without a named destination is made, and says which destinations find no way back.
func TestNoWayBackIsTold(t *testing.T) {
	for name, c := range map[string]struct {
		finding reach.Finding
		told    int
	}{
		"no answer from some": {reach.Finding{Is: reach.Otherwise, Flows: "10.0.1.0/26 to 192.168.0.0/16"}, 1},
		"nobody can tell": {reach.Finding{Is: reach.Undecided, Open: []reach.Gap{
			{Cause: reach.FarSide, Object: "site", Why: "unread"},
			{Cause: reach.NotAllowedToRead, Object: "peer", Why: "unread"}}}, 0},
		"all are answered": {reach.Finding{Is: reach.AsWanted}, 0},
	} {
		in := ReachIn{Asks: []reach.Ask{{Want: reach.Answered}}}
		out, err := decide(in, []reach.Finding{c.finding}, nil)
		if err != nil || len(out.Unverified) != c.told || out.Enforcement != "" {
			t.Errorf("%s: %v, %+v", name, err, out)
		}
		if c.told > 0 && (out.Unverified[0].Cause != NoWayBack || out.Unverified[0].Object != c.finding.Flows) {
			t.Errorf("%s: told %+v", name, out.Unverified[0])
		}
	}
}

func TestUnverified(t *testing.T) {
	s, in := scene(t), question()
	in.Asks[0].Dest = &reach.Allowed{FQDN: "api.example", Protocol: "tcp", Ports: []string{"443"}}
	in.Effects[0].Filter.Allow = []reach.Allowed{*in.Asks[0].Dest}
	in.Asks[1].Except = in.Effects[0].Filter.Allow
	out, err := check{Drivers{Networks: s, Gateways: s}}.Do(t.Context(), workers.Run{}, in, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(out.Unverified) == 0 || out.Unverified[0].Cause != string(reach.NameUnresolved) ||
		out.Unverified[0].Object != "api.example" {
		t.Errorf("unverified %+v", out.Unverified)
	}
	if out.Own[1].Is != reach.AsWanted {
		t.Errorf("what the name leaves closed is not proved: %+v", out.Own[1])
	}
}

// TestOneGatewayOfTwoNames: a machine whose address a controller's gateway has is that gateway, in routes too.
func TestOneGatewayOfTwoNames(t *testing.T) {
	s := scene(t)
	w, err := Drivers{Networks: s, Gateways: s}.World(t.Context(), question())
	if err != nil {
		t.Fatal(err)
	}
	if next := w.Networks[0].Routes.Items[2].Next; next.Name != "spoke" {
		t.Errorf("the route leads to %q", next.Name)
	}
	if who := w.Gateways[0].Who; who.Kind != reach.GatewayKind || !slices.Contains(who.Tags, "gw") {
		t.Errorf("the gateway is %+v", who)
	}
	if got := s.networks[home].Routes.Items[2].Next.Name; got != "av-gw-spoke" {
		t.Errorf("what the port gave was changed: %q", got)
	}
}

// maxOut is a bound that a journal can bear: a verdict is no copy of the network.
const maxOut = 64 << 10

func TestTheAnswerIsBounded(t *testing.T) {
	s, in := scene(t), question()
	n := s.networks[home]
	for i := range 3000 {
		a := netip.AddrFrom4([4]byte{10, 20, byte(i >> 8), byte(i)})
		n.Interfaces.Items = append(n.Interfaces.Items, reach.Interface{Addresses: reach.RangesOf(
			netip.PrefixFrom(a, 32)), Who: reach.Identity{Kind: reach.Instance, Name: fmt.Sprintf("vm-%d", i),
			Account: fmt.Sprintf("robot-%d", i%40), Region: "r"}})
	}
	n.Subnets.Items = append(n.Subnets.Items, reach.Subnet{Object: "more", Region: "r",
		Ranges: ranges(t, "10.20.0.0/16")})
	s.networks[home] = n
	in.Effects[0].Filter.Source = "10.0.0.0/8"
	out, err := check{Drivers{Networks: s, Gateways: s}}.Do(t.Context(), workers.Run{}, in, nil)
	if err == nil {
		t.Fatal("a filter on everybody is not refused")
	}
	raw, _ := json.Marshal(out)
	if len(raw) > maxOut || len(err.Error()) > maxOut {
		t.Errorf("an answer of %d bytes and a reason of %d", len(raw), len(err.Error()))
	}
}
