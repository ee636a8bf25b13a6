package reach

import "testing"

func TestWhatNoCallShowsMayFit(t *testing.T) {
	flows := tcp(t, "10.8.0.4", "203.0.113.7", 443)
	for name, c := range map[string]struct {
		rule   func(*Rule)
		causes []Cause
	}{
		"an address group as destination": {func(r *Rule) {
			r.Dst = Peer{Unread: []Gap{{NotAllowedToRead, "group", "address groups are another API"}}}
		}, []Cause{NotAllowedToRead}},
		"an address group as source": {func(r *Rule) {
			r.Src = Peer{Unread: []Gap{{NotAllowedToRead, "group", "address groups are another API"}}}
		}, []Cause{NotAllowedToRead}},
		"a network context": {func(r *Rule) { r.Dst.Context = "INTERNET" }, []Cause{NoDocument}},
	} {
		n := routedNetwork()
		rule := decides(Deny)
		c.rule(&rule)
		n.Firewall.Global = WholeList(Policy{Rules: []Rule{rule}})
		expect(t, name, ask(n, sender, flows), flows, "undecided", c.causes...)
	}
}

func TestMembersByLabelMayChange(t *testing.T) {
	flows := tcp(t, "10.8.0.4", "203.0.113.7", 443)
	deny := WebRule{Object: "vms", Act: Deny, Src: Group{Maybe: ranges(t, "10.8.0.0/28")},
		Dst: Group{Ranges: EveryAddress()}, Layer4: []Layer4{EveryProtocol()}}
	of := func(r WebRule) Verdict {
		w := behind(Gateway{Spoke: true, Cloud: true, Tags: WholeList[Tag]()},
			Controller{Enabled: true, Default: Allow, Sets: WholeList(RuleSet{Rules: []WebRule{r}})})
		return Evaluate(w, Question{From: Place{"net", sender}, Flows: flows})
	}
	expect(t, "a member by label", of(deny), flows, "undecided", MayChange)
	deny.Src = Group{Maybe: ranges(t, "10.9.0.0/28")}
	expect(t, "somebody who is no member", of(deny), flows, "passes")
	deny.Src = Group{Unread: []Gap{{ListNotWhole, "group", "its members were not read"}}}
	expect(t, "a group that was not read", of(deny), flows, "undecided", ListNotWhole)
	deny.Src, deny.Dst = Group{Ranges: EveryAddress()}, Group{Unread: deny.Src.Unread}
	expect(t, "a destination that was not read", of(deny), flows, "undecided", ListNotWhole)
	deny.Dst = Group{Ranges: EveryAddress()}
	expect(t, "all", of(deny), flows, "blocked")
}

// TestTheGatewaysMachineIsUnderTheFirewallToo sends translated packets past a rule for the gateway's own address.
func TestTheGatewaysMachineIsUnderTheFirewallToo(t *testing.T) {
	flows := tcp(t, "10.8.0.4", "203.0.113.7", 23)
	g := Gateway{SourceNAT: true, Tags: WholeList[Tag](), Address: ranges(t, "10.10.0.10"),
		Table: WholeList(line("out", "0.0.0.0/0", NextHop{Kind: ToInternet, State: Up}))}
	telnet := decides(Deny)
	telnet.Src.Ranges, telnet.Layer4 = ranges(t, "10.10.0.0/24"), []Layer4{Protocol(TCP, Port(23))}
	w := behind(g, Controller{})
	q := Question{From: Place{"net", sender}, Flows: flows}
	expect(t, "no rule", Evaluate(w, q), flows, "passes")
	w.Networks[0].Firewall.Global = WholeList(Policy{Rules: []Rule{telnet}})
	expect(t, "a rule for its address", Evaluate(w, q), flows, "blocked")
	telnet.Src.Ranges = ranges(t, "10.8.0.0/29")
	w.Networks[0].Firewall.Global = WholeList(Policy{Rules: []Rule{telnet}})
	expect(t, "a rule for the sender", Evaluate(w, q), flows, "blocked")
	w.Gateways[0].Address = ranges(t, "10.10.0.10", "10.11.0.10")
	telnet.Src.Ranges = ranges(t, "10.10.0.0/24")
	w.Networks[0].Firewall.Global = WholeList(Policy{Rules: []Rule{telnet}})
	expect(t, "a rule for one of two addresses", Evaluate(w, q), flows, "undecided", NoDocument)
}
