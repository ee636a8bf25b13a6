package reach

import (
	"fmt"
	"net/netip"
	"testing"
)

// large is a network with many rules, routes and gateways, most of them about others.
func large(rules, routes, gateways int) World {
	n := emptyNetwork("net")
	var list []Rule
	for i := range rules {
		r := decides(Allow)
		r.Object, r.Priority = fmt.Sprintf("rule-%d", i), int64(i)
		if i%3 == 0 {
			r.Act = Deny
		}
		r.Src.Ranges = RangesOf(netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i % 16), 0, 0}), 16))
		r.Dst.Ranges = RangesOf(netip.PrefixFrom(netip.AddrFrom4([4]byte{byte(20 + i/256%20), byte(i), 0, 0}), 16+i%9))
		r.Layer4 = []Layer4{Protocol(TCP, Port(uint16(i%7))), Protocol(UDP, Port(53))}
		list = append(list, r)
	}
	n.Firewall.Global = WholeList(Policy{Object: "policy", Rules: list})
	w := World{Sites: []FarSideFacts{wholeSite}, Controllers: []Controller{{Sets: WholeList[RuleSet]()}}}
	for i := range gateways {
		w.Gateways = append(w.Gateways, Gateway{Name: fmt.Sprintf("gw-%d", i), Realm: "net", State: Up,
			Tags: WholeList[Tag](), Table: WholeList(line("all", "0.0.0.0/0", toSite("site")))})
	}
	var table []Route
	for i := range routes {
		dst := netip.PrefixFrom(netip.AddrFrom4([4]byte{byte(20 + i/256), byte(i), byte(i), 0}), 20+i%5)
		table = append(table, Route{Object: dst.String(), Dst: dst, Kind: StaticRoute, Next: NextHop{
			Kind: ToGateway, Name: fmt.Sprintf("gw-%d", i%max(1, gateways)), State: Up}})
	}
	n.Routes = WholeList(table...)
	w.Networks = []Network{n}
	return w
}

func space() Flows {
	return FlowsOf(Box{Src: RangesOf(netip.MustParsePrefix("10.8.0.0/28")), Dst: EveryAddress(),
		Layer4: EveryProtocol()})
}

// TestALargeNetworkStaysWithinItsBound counts what a question about one range allocates.
func TestALargeNetworkStaysWithinItsBound(t *testing.T) {
	w := large(5000, 2000, 100)
	q := Question{From: Place{"net", sender}, Flows: space()}
	if v := Evaluate(w, q); v.May.Empty() && len(v.Open) > 0 && v.Open[0].Cause == TooLarge {
		t.Fatalf("too large: %v", v.Open)
	}
	allocations := testing.AllocsPerRun(1, func() { Evaluate(w, q) })
	const bound = 150_000
	if allocations > bound {
		t.Errorf("%v allocations, the bound is %d", allocations, bound)
	}
}

func BenchmarkLargeNetwork(b *testing.B) {
	w := large(5000, 2000, 100)
	b.ReportAllocs()
	for b.Loop() {
		Evaluate(w, Question{From: Place{"net", sender}, Flows: space()})
	}
}
