package reach

import (
	"strings"
	"testing"
)

// TestEnds: what ends a way is told with what led there, whichever answer to a switch was walked last.
func TestEnds(t *testing.T) {
	every := FlowsOf(Box{EveryAddress().Family(true), EveryAddress().Family(true), EveryProtocol(), NoName})
	hop := func(layer, object string, act Act) Hop {
		return Hop{Realm: "net", Layer: layer, Object: object, Act: act, Flows: every}
	}
	way := []Hop{hop("names", "zone", Forward), hop("global policy p", "ours", Allow), hop("routes", "a/one", Forward),
		hop("gateway", "spoke 0.0.0.0/0", Forward), hop("gateway", "spoke without source NAT", Deny),
		hop("global policy p", "later", Allow)}
	for _, c := range []struct {
		name       string
		v          Verdict
		want       Want
		unanswered bool
		ends       string
	}{
		{name: "a denial in the middle", v: Verdict{Hops: way}, want: Passes, ends: "gateway: spoke without " +
			"source NAT (deny), after names: zone (forward), routes: a/one (forward), " +
			"gateway: spoke 0.0.0.0/0 (forward)"},
		{name: "what opens", v: Verdict{Hops: way}, want: Closed, ends: "global policy p: later (allow), after " +
			"names: zone (forward), routes: a/one (forward), gateway: spoke 0.0.0.0/0 (forward), " +
			"gateway: spoke without " +
			"source NAT (deny)"},
		{name: "the way back", v: Verdict{Hops: way, Back: []Hop{hop("routes", "no route", Deny)}}, want: Passes,
			unanswered: true, ends: "way back, routes: no route in net (deny)"},
		{name: "a route that leaves it to others", v: Verdict{Hops: []Hop{hop("routes", "a/two", Forward),
			hop("routes", "a/dead", Next)}}, want: Passes,
			ends: "routes: a/two (forward), after routes: a/dead (next)"},
		{name: "nothing", want: Passes},
	} {
		if got := c.v.ends(c.want, every, c.unanswered); got != c.ends {
			t.Errorf("%s: %q, want %q", c.name, got, c.ends)
		}
	}
	long := Verdict{Hops: []Hop{hop("names", "zone", Forward)}}
	for _, name := range strings.Fields("a b c d e f") {
		long.Hops = append(long.Hops, hop("gateway", name, Forward))
	}
	const want = "gateway: f (forward), after names: zone (forward), gateway: c (forward), gateway: d (forward), " +
		"gateway: e (forward)"
	if got := long.ends(Passes, every, false); got != want {
		t.Errorf("a long way: %q, want %q", got, want)
	}
}
