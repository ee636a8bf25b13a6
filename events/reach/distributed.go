package reach

import (
	"cmp"
	"slices"
)

// distributed is what the distributed firewall lets through at a gateway.
//
// Manual of the vendor, "Distributed Cloud Firewall" (docs.aviatrix.com): it is enforced on spokes, where the feature
// is on and the deployment policy has the cloud; rule sets go by their attachment points and rules by priority, 0
// first; a rule that monitors decides nothing; groups see the source as it is after translation; then the default
// action. Inside one network it filters only where that is switched on.
func (r *run) distributed(p piece, g Gateway, c Controller) Flows {
	if !g.Spoke || !g.Cloud || !c.Enabled {
		return p.flows
	}
	if doubts := c.Sets.doubts(r.question.Since); len(doubts) > 0 {
		r.open(p.flows, doubts...)
		return Flows{}
	}
	looked := p.flows
	var unseen Flows
	if !slices.Contains(c.IntraVPC, g.Realm) {
		unseen = r.inside(looked, p, g.Realm)
		if r.subnetsKnown(g.Realm) {
			looked = looked.Subtract(unseen)
		} else {
			unseen = looked // any of them may be within the network, and pass unseen
		}
	}
	for _, set := range c.Sets.Items {
		rules := slices.Clone(set.Rules)
		slices.SortStableFunc(rules, func(a, b WebRule) int { return cmp.Compare(a.Priority, b.Priority) })
		var clauses []clause
		for _, rule := range rules {
			if !rule.Watches {
				clauses = append(clauses, r.webClauses(rule, p)...)
			}
		}
		f := r.filter("distributed firewall "+set.Object, clauses, p.with(looked), c.Sets.source())
		r.lose(f.deny)
		unseen, looked = unseen.Union(f.allow), f.rest
	}
	r.hop(Hop{Realm: g.Realm, Layer: "distributed firewall", Object: "default action", Act: c.Default, Flows: looked})
	if c.Default == Deny {
		r.lose(looked)
		return unseen
	}
	return unseen.Union(looked)
}

// subnetsKnown tells whether every range of a network is known, and notes why not.
func (r *run) subnetsKnown(realm Realm) bool {
	n, ok := r.world.network(realm)
	if !ok {
		r.gap(Gap{NotAllowedToRead, string(realm), "nothing was read of this network"})
		return false
	}
	doubts := slices.Concat(n.Subnets.doubts(r.question.Since), n.Hidden.doubts(r.question.Since))
	for _, g := range doubts {
		r.gap(g)
	}
	return len(doubts) == 0
}

// inside are flows whose two ends are in subnetworks of one network.
func (r *run) inside(f Flows, p piece, realm Realm) (out Flows) {
	n, ok := r.world.network(realm)
	if !ok || !p.seen.Empty() {
		return Flows{}
	}
	var all Ranges
	for _, s := range slices.Concat(n.Subnets.Items, n.Hidden.Items) {
		all = all.Union(s.Ranges)
	}
	return f.within(all, all, []Layer4{EveryProtocol()})
}

// webClauses puts a rule down: for the members that its groups have for sure, then for those that they may have.
func (r *run) webClauses(rule WebRule, p piece) []clause {
	one := clause{object: rule.Object, act: rule.Act, src: rule.Src.Ranges, sure: rule.Dst.Ranges, fits: yes,
		layer4: rule.Layer4, sent: rule.Web}
	if len(rule.Web) > 0 {
		one.layer4 = narrowed(rule.Layer4)
	}
	out := []clause{one}
	unread := slices.Concat(rule.Src.Unread, rule.Dst.Unread)
	if rule.Src.Maybe.Empty() && rule.Dst.Maybe.Empty() && len(unread) == 0 {
		return out
	}
	open := one
	open.fits = perhaps
	open.src, open.sure = rule.Src.Ranges.Union(rule.Src.Maybe), rule.Dst.Ranges.Union(rule.Dst.Maybe)
	if len(rule.Src.Unread) > 0 {
		open.src = EveryAddress()
	}
	if len(rule.Dst.Unread) > 0 {
		open.sure = EveryAddress()
	}
	open.gaps = unread
	if len(unread) == 0 {
		open.gaps = []Gap{{MayChange, rule.Object, "a group has members by label, which are polled"}}
	}
	return append(out, open)
}

// narrowed is what of a rule's protocols has a name to look for.
func narrowed(layer4 []Layer4) (out []Layer4) {
	for _, l := range layer4 {
		one := Layer4{l.Protocols.Intersect(One(TCP)), l.Ports}
		if !one.Protocols.Empty() {
			out = append(out, one)
		}
	}
	return out
}
