package reach

import (
	"cmp"
	"slices"
)

// A layer is one step of the firewall's order: its clauses, or the reasons why they are not all known.
type layer struct {
	name    string
	clauses []clause
	doubts  []Gap
	from    source
}

// A gate is one interface as a piece meets it: on its way out of who, or in to who.
type gate struct {
	network Network
	piece   piece
	who     Identity
	in      bool
}

// firewall gives what of a piece one interface lets through, and what it may drop.
//
// Page "Evaluation order for firewall policies and rules" (docs.cloud.google.com/firewall/docs/
// firewall-policies-rule-eval-order): hierarchical policies, regional system policies, then VPC rules, global and
// regional network policies, or the policies before the rules, then the implied rules. The first rule that fits ends
// the evaluation, goto_next ends that of its policy only.
func (r *run) firewall(g gate) (pass, drop Flows) {
	p := g.piece
	left := p.flows
	for _, l := range r.layers(g) {
		if left.Empty() {
			break
		}
		if len(l.doubts) > 0 {
			// A rule that nobody has read may decide every flow that comes this far, either way.
			for _, doubt := range l.doubts {
				r.gap(doubt)
			}
			return pass.Union(left), drop.Union(left)
		}
		f := r.filter(l.name, l.clauses, p.with(left), l.from)
		pass, drop, left = pass.Union(f.allow), drop.Union(f.deny), f.rest
	}
	if left.Empty() {
		return pass, drop
	}
	// Page "VPC firewall rules", Implied rules: out is allowed, in is denied, in both families.
	if g.in {
		r.hop(Hop{Realm: p.realm, Layer: "implied", Object: "implied deny ingress", Act: Deny, Flows: left})
		return pass, drop.Union(left)
	}
	r.hop(Hop{Realm: p.realm, Layer: "implied", Object: "implied allow egress", Act: Allow, Flows: left})
	return pass.Union(left), drop
}

// layers are the steps of the firewall in their order, for one interface.
func (r *run) layers(g gate) []layer {
	f := g.network.Firewall
	policies := r.policiesBind(g.who)
	rules := []layer{r.vpcRules(g, policies)}
	if !policies {
		return rules
	}
	network := slices.Concat(r.policies(g, "global policy", f.Global),
		r.policies(g, "regional policy", f.Regional))
	first := slices.Concat(r.policies(g, "hierarchical policy", f.Hierarchical),
		r.policies(g, "system policy", f.System))
	if f.PoliciesFirst {
		return slices.Concat(first, network, rules)
	}
	return slices.Concat(first, rules, network)
}

// policiesBind tells whether firewall policies are enforced for a source.
//
// Page "Direct VPC egress" (cloud.google.com/run/docs/configuring/vpc-direct-vpc): rules by address use the range of
// the whole subnetwork. Page "VPC with connectors" (cloud.google.com/run/docs/configuring/vpc-connectors): the hidden
// subnetwork of a connector with a custom range cannot be used in firewall rules; of one on a subnetwork of its own no
// page says that policies bind it.
func (r *run) policiesBind(who Identity) bool {
	switch who.Kind {
	case RangeConnector:
		return r.ask(PoliciesBindRangeConnector)
	case SubnetConnector:
		return r.ask(PoliciesBindSubnetConnector)
	}
	return true
}

// policies are the layers of a list of policies, one each, so that goto_next leaves only its own.
func (r *run) policies(g gate, name string, list Listing[Policy]) []layer {
	if doubts := list.doubts(r.question.Since); len(doubts) > 0 {
		return []layer{{name: name, doubts: doubts}}
	}
	var out []layer
	for _, policy := range list.Items {
		regional := inRegion(policy.Region, g.who)
		if regional == no {
			continue
		}
		l := layer{name: name + " " + policy.Object, from: list.source()}
		for _, rule := range g.relevant(policy.Rules) {
			if c := r.clause(g, rule); c.fits != no {
				c.fits = c.fits.and(regional)
				l.clauses = append(l.clauses, c)
			}
		}
		out = append(out, l)
	}
	return out
}

// vpcRules is the layer of the network's own rules.
//
// Page "VPC firewall rules", Priority: the lowest number wins, and at one number a deny before an allow. A rule that
// names a source range is left out where the vendor says that the source's range cannot be used in rules; one that
// fits by tag, or everybody, stays.
func (r *run) vpcRules(g gate, byRange bool) layer {
	list := g.network.Firewall.Rules
	l := layer{name: "VPC rules", from: list.source(), doubts: list.doubts(r.question.Since)}
	hidden := g.who.Kind == RangeConnector && !byRange && !g.in
	for _, rule := range g.relevant(list.Items) {
		if hidden && !rule.Src.Ranges.Covers(EveryAddress().Family(true)) {
			continue
		}
		if c := r.clause(g, rule); c.fits != no {
			l.clauses = append(l.clauses, c)
		}
	}
	return l
}

// relevant are the rules that may fit a piece at a gate, in their order: by priority, and at one number a deny first.
// Rules about others are left out before anything is computed for them.
func (g gate) relevant(rules []Rule) (out []Rule) {
	src, dst := g.piece.sources(), g.piece.flows.destinations()
	for _, rule := range rules {
		if rule.In == g.in && !rule.Disabled && rule.Src.meets(src) && rule.Dst.meets(dst) {
			out = append(out, rule)
		}
	}
	slices.SortStableFunc(out, func(a, b Rule) int {
		return cmp.Or(cmp.Compare(a.Priority, b.Priority), cmp.Compare(rank(a), rank(b)))
	})
	return out
}

// meets tells whether an end of a rule may fit some addresses.
func (e Peer) meets(addresses Ranges) bool {
	byRange := len(e.Names)+len(e.Tags)+len(e.SecureTags)+len(e.Accounts)+len(e.Unread) == 0
	return !byRange || e.Ranges.Overlaps(addresses)
}

func rank(r Rule) int {
	if r.Act == Deny {
		return 0
	}
	return 1
}
