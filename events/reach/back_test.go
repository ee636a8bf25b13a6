package reach

import (
	"strings"
	"testing"
)

// ends is a network with a sender and a way to a site, whose table is read.
func ends(back ...Route) World {
	n := emptyNetwork("net")
	n.Routes = WholeList(route("10.8.0.0/28", SubnetRoute, NextHop{Kind: ToLocal, State: Up}),
		route("172.16.0.0/16", StaticRoute, toSite("site")))
	return World{Networks: []Network{n}, Sites: []FarSideFacts{{Realm: "site", Owns: EveryAddress(),
		Table: WholeList(back...)}}}
}

func TestAnAnswerNeedsAWayAndNoRule(t *testing.T) {
	flows := tcp(t, "10.8.0.4", "172.16.0.9", 443)
	q := Question{From: Place{"net", sender}, Flows: flows}
	home := NextHop{Kind: ToNetwork, Realm: "net", State: Up}
	expect(t, "no way back", RoundTrip(ends(), q), flows, "blocked")
	back := labRoute("back", "10.8.0.0/28", 0, home)
	expect(t, "a way back, though no rule lets connections in", RoundTrip(ends(back), q), flows, "passes")
	other := ends(back, labRoute("other", "10.8.0.4/32", 0, toSite("other")))
	expect(t, "the answer leaves by another site, which may send it on", RoundTrip(other, q), flows, "undecided",
		FarSide)
	other.Sites = append(other.Sites, FarSideFacts{Realm: "other", Table: WholeList[Route]()})
	expect(t, "the answer leaves by another site, which has no route", RoundTrip(other, q), flows, "blocked")
	w := ends()
	w.Sites[0].Table = Listing[Route]{Call: "table"}
	expect(t, "nobody reads the table", RoundTrip(w, q), flows, "undecided", FarSide)
}

// TestAnsweredTellsWhatFindsNoWayBack: nothing names a destination, so each that packets arrive at is asked for its
// answer.
func TestAnsweredTellsWhatFindsNoWayBack(t *testing.T) {
	ask := Ask{Want: Answered, From: Sender{Realm: "net", Kind: Instance, Source: "10.8.0.0/28"}}
	told := func(w World) Finding {
		t.Helper()
		f, err := w.Ask(ask)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	f := told(ends())
	if f.Is != Otherwise || f.Flows != "everything from 10.8.0.0/28 to 172.16.0.0/16" || !f.Unanswered ||
		len(f.By) == 0 || !strings.HasPrefix(f.By[len(f.By)-1], "way back, ") {
		t.Errorf("a site without a route back: %+v", f)
	}
	home := NextHop{Kind: ToNetwork, Realm: "net", State: Up}
	half := told(ends(labRoute("back", "10.8.0.0/29", 0, home)))
	if half.Is != Otherwise || half.Flows != "everything from 10.8.0.8/29 to 172.16.0.0/16" {
		t.Errorf("a site with a route to half of the source: %+v", half)
	}
	if f := told(ends(labRoute("back", "10.8.0.0/28", 0, home))); f.Is == Otherwise {
		t.Errorf("a site with a route back: %+v", f)
	}
	unread := ends()
	unread.Sites[0].Table = Listing[Route]{Call: "table"}
	if f := told(unread); f.Is != Undecided || len(f.Open) == 0 {
		t.Errorf("a site that nobody reads: %+v", f)
	}
}

func TestAnAnswerComesBackByTheSameGateway(t *testing.T) {
	flows := tcp(t, "10.8.0.4", "172.16.0.9", 443)
	q := Question{From: Place{"net", sender}, Flows: flows}
	w := behind(Gateway{Spoke: true, Cloud: true, Tags: WholeList[Tag]()}, Controller{Enabled: true, Default: Allow,
		Sets: WholeList[RuleSet]()})
	subnet := route("10.8.0.0/28", SubnetRoute, NextHop{Kind: ToLocal, State: Up})
	w.Networks[0].Routes.Items = append(w.Networks[0].Routes.Items, subnet)
	w.Gateways[0].Table.Items = append(w.Gateways[0].Table.Items,
		line("net", "10.8.0.0/28", NextHop{Kind: ToLocal, State: Up}))
	other := w.Gateways[0]
	other.Name = "gw-2"
	w.Gateways = append(w.Gateways, other)
	by := func(name string) World {
		w.Sites = []FarSideFacts{{Realm: "site", Owns: EveryAddress(), Table: WholeList(
			labRoute("back", "10.8.0.0/28", 0, NextHop{Kind: ToGateway, Name: name, State: Up}))}}
		return w
	}
	expect(t, "the same", RoundTrip(by("gw"), q), flows, "passes")
	expect(t, "the other one of a pair", RoundTrip(by("gw-2"), q), flows, "undecided", NoDocument)
}

func TestTheLabsAnswerToSite1LeavesBySiteA(t *testing.T) {
	w := lab(t)
	w.Sites = append(w.Sites, FarSideFacts{Realm: "site-1", Owns: ranges(t, "192.168.10.0/24"), Table: WholeList(
		labRoute("told", "10.200.0.0/20", 0, NextHop{Kind: ToNetwork, Realm: "spoke-vpc", State: Up}))})
	flows := tcp(t, "192.168.10.7", "10.200.0.5", 443)
	q := Question{From: Place{Realm: "site-1"}, Flows: flows}
	expect(t, "there", Evaluate(w, q), flows, "passes")
	expect(t, "and back", RoundTrip(w, q), flows, "blocked")
	flows = tcp(t, "172.16.0.9", "10.200.0.5", 443)
	q = Question{From: Place{Realm: "site-a"}, Flows: flows}
	expect(t, "site-a, there and back", RoundTrip(w, q), flows, "passes")
}

func TestAnAnswerByAGatewayThatSawNoConnectionIsAsymmetric(t *testing.T) {
	flows := tcp(t, "10.8.0.4", "172.16.0.9", 443)
	w := behind(Gateway{Spoke: true, Cloud: true, Tags: WholeList[Tag]()}, Controller{Enabled: true, Default: Allow,
		Sets: WholeList[RuleSet]()})
	w.Networks[0].Routes = WholeList(route("172.16.0.0/16", StaticRoute, toSite("site")),
		route("10.8.0.0/28", SubnetRoute, NextHop{Kind: ToLocal, State: Up}))
	w.Gateways[0].Table = WholeList(line("net", "10.8.0.0/28", NextHop{Kind: ToLocal, State: Up}))
	w.Sites = []FarSideFacts{{Realm: "site", Owns: EveryAddress(), Table: WholeList(
		labRoute("back", "10.8.0.0/28", 0, NextHop{Kind: ToGateway, Name: "gw", State: Up}))}}
	q := Question{From: Place{"net", sender}, Flows: flows}
	expect(t, "out past the gateway, back by it", RoundTrip(w, q), flows, "undecided", NoDocument)
}
