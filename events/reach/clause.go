package reach

import "slices"

// clause puts a rule of Google's firewall down for one interface.
//
// Page "Firewall policy rule components" (docs.cloud.google.com/firewall/docs/firewall-policies-rule-details): a
// packet fits when it fits any of the source parameters and any of the destination parameters; a network context is a
// further condition of both (page "Network contexts").
func (r *run) clause(g gate, rule Rule) clause {
	c := clause{object: rule.Object, act: rule.Act, src: rule.Src.Ranges, sure: rule.Dst.Ranges, layer4: rule.Layer4,
		fits: rule.Target.holds(g.network.Realm, g.who)}
	if c.fits == perhaps {
		c.gaps = append(c.gaps, Gap{ListNotWhole, rule.Object, "it is not known who is at the address"})
	}
	r.destinationNames(g.network.Realm, rule, &c)
	if len(rule.Dst.Unread) > 0 {
		c.open, c.gaps = true, slices.Concat(c.gaps, rule.Dst.Unread)
	}
	c.source(rule, g.piece)
	if rule.Dst.Context != "" || rule.Src.Context != "" {
		c.fits = c.fits.and(perhaps)
		c.gaps = append(c.gaps, Gap{NoDocument, rule.Object, "the rule asks for a network context"})
	}
	return c
}

// destinationNames adds the names of a rule.
//
// Page "FQDN objects": Cloud NGFW asks the name service of the target's own network, a name that does not exist is
// left out, and a name that only the far side can answer may be any address.
func (r *run) destinationNames(realm Realm, rule Rule, c *clause) {
	for _, name := range rule.Dst.Names {
		if slices.Contains(r.question.Apart, name) {
			continue
		}
		a := r.resolve(realm, name)
		c.sure = c.sure.Union(a.addresses)
		if a.known {
			continue
		}
		c.open, c.names = true, append(c.names, name)
		c.gaps = append(c.gaps, a.gap)
	}
}

// source settles whether the sender fits, where the rule asks for more than a range. The tags of a direct interface are
// none that a rule about what arrives asks for (Connectivity Tests, "Reasons for dropped packets").
func (c *clause) source(rule Rule, p piece) {
	src := rule.Src
	by := no
	switch {
	case len(src.Tags) == 0 && len(src.SecureTags) == 0 && len(src.Accounts) == 0:
	case p.who.Kind == Unknown:
		by = perhaps
	case p.who.Kind != Site && p.seen.Empty():
		tagged := p.who.Kind != DirectEgress && shares(src.Tags, p.who.Tags)
		robot := slices.Contains(src.Accounts, p.who.Account) && p.who.Account != ""
		by = truth(tagged || robot).or(secured(src.SecureTags, p.who))
	}
	if len(src.Unread) > 0 {
		by = by.or(perhaps)
		c.gaps = slices.Concat(c.gaps, src.Unread)
	}
	if by == no {
		return
	}
	// The sender fits by who it is, wherever it sends from; in doubt its range alone would not be enough either.
	if by == yes || !src.Ranges.Covers(p.sources()) {
		c.src, c.fits = EveryAddress(), c.fits.and(by)
	}
}

// sources are all addresses that a piece is seen to come from.
func (p piece) sources() Ranges {
	if !p.seen.Empty() {
		return p.seen
	}
	var all Ranges
	for _, b := range p.flows.boxes {
		all = all.Union(b.Src)
	}
	return all
}

// holds tells whether a rule is about an identity. Tags, secure tags and accounts are alternatives.
//
// Page "Firewall policy rule components", Targets; page "VPC firewall rules", Target parameter.
func (t Target) holds(realm Realm, who Identity) maybe {
	if len(t.Networks) > 0 && !slices.Contains(t.Networks, realm) {
		return no
	}
	switch {
	case t.All:
		return yes
	case who.Kind == Unknown:
		return perhaps
	}
	return truth(shares(t.Tags, who.Tags) || who.Account != "" && slices.Contains(t.Accounts, who.Account)).
		or(secured(t.SecureTags, who))
}

// secured tells whether somebody has one of some secure tags.
func secured(tags []string, who Identity) maybe {
	if len(tags) > 0 && who.SecureTagsUnread {
		return perhaps
	}
	return truth(shares(tags, who.SecureTags))
}

func shares(a, b []string) bool {
	return slices.ContainsFunc(a, func(one string) bool { return slices.Contains(b, one) })
}
