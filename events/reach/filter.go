package reach

// A clause is one rule as it stands for one piece: what it fits for sure, and what it may fit.
type clause struct {
	object string
	act    Act
	src    Ranges
	// sure are destinations that fit for sure, and names are those of flows that fit for sure though their addresses
	// are not known.
	sure  Ranges
	names []Name
	// open tells that every destination may fit, fits whether the rule counts at all.
	open   bool
	fits   maybe
	layer4 []Layer4
	// sent are patterns of names, one of which the client has to send; empty when the rule does not look.
	sent []Name
	// gaps are why the clause may fit only.
	gaps []Gap
}

// A piece is a set of flows on its way, in the coordinates of the question. The source that is seen now may be another
// one, and so may be who sends.
type piece struct {
	flows Flows
	// seen are the addresses behind which the source is translated; empty when it is not.
	seen  Ranges
	who   Identity
	realm Realm
	// peered tells that it came in from a peered network.
	peered bool
	// domain is the network domain of the gateway or connection by which it came to the gateways.
	domain string
	// hops bounds the way, so that a loop ends.
	hops int
}

// with is the piece with other flows.
func (p piece) with(f Flows) piece {
	p.flows = f
	return p
}

// destinations are all addresses that the flows go to.
func (f Flows) destinations() (all Ranges) {
	for _, b := range f.boxes {
		all = all.Union(b.Dst)
	}
	return all
}

// within are the flows of a set with a source, destination and protocol of the given ones.
func (f Flows) within(src, dst Ranges, layer4 []Layer4) Flows {
	var out Flows
	for _, l := range layer4 {
		var part []Box
		for _, b := range f.boxes {
			filter := Box{src, dst, l.sound(), b.Name}
			if both := b.intersect(filter); !both.empty() {
				part = append(part, both)
			}
		}
		if out.Empty() {
			out = Flows{part}
			continue
		}
		out = out.Union(Flows{part})
	}
	return out
}

// named are the flows of a set with one of the names.
func (f Flows) named(names []Name) Flows {
	var out []Box
	for _, b := range f.boxes {
		for _, n := range names {
			if b.Name == n {
				out = append(out, b)
				break
			}
		}
	}
	return Flows{out}
}

// match gives what of a set the clause may fit, and what it fits for sure.
func (c clause) match(f Flows, p piece) (may, sure Flows) {
	src, fits := c.src, c.fits
	if !p.seen.Empty() {
		fits = fits.and(inside(p.seen, c.src))
		src = EveryAddress()
	}
	if fits == no {
		return Flows{}, Flows{}
	}
	sure = f.within(src, c.sure, c.layer4)
	if len(c.names) > 0 {
		sure = sure.Union(f.named(c.names).within(src, EveryAddress(), c.layer4))
	}
	may = sure
	if c.open {
		may = f.within(src, EveryAddress(), c.layer4)
	}
	if fits == perhaps {
		sure = Flows{}
	}
	if len(c.sent) > 0 {
		return may.sending(c.sent, true), sure.sending(c.sent, false)
	}
	return may, sure
}

// doubts are why the clause may fit and does not for sure.
func (c clause) doubts(p piece) []Gap {
	switch {
	case len(c.gaps) > 0:
		return c.gaps
	case inside(p.seen, c.src) == perhaps:
		return []Gap{{NoDocument, c.object, "which of its addresses a translation uses is not documented"}}
	case len(c.sent) > 0 && c.fits == yes:
		return []Gap{{NameUnresolved, c.object, "the client may send any name"}}
	}
	return []Gap{{ListNotWhole, c.object, "it is not known whether the rule counts for the sender"}}
}

// blind is what the clause would fit if it looked for no name: what a client reaches, or escapes, by a name that is not
// its destination's.
func (c clause) blind(f Flows, p piece) Flows {
	c.sent = nil
	may, _ := c.match(f, p)
	return may
}

// sending are the flows of clients that send a name of some patterns. A client that sends what it likes does so only if
// it may: nobody knows what it chooses.
func (f Flows) sending(patterns []Name, anything bool) Flows {
	var out []Box
	for _, b := range f.boxes {
		for _, pattern := range patterns {
			if b.Name == pattern || b.Name != AnyName && b.Name.fits(pattern) || b.Name == AnyName && anything {
				out = append(out, b)
				break
			}
		}
	}
	return Flows{out}
}

// from are the flows of a set whose source, as it is seen now, may be or surely is in some ranges.
func (p piece) from(f Flows, ranges Ranges) (may, sure Flows) {
	return clause{src: ranges, sure: EveryAddress(), fits: yes, layer4: []Layer4{EveryProtocol()}}.match(f, p)
}

// inside tells whether addresses are in a set: all, some or none.
func inside(addresses, set Ranges) maybe {
	switch {
	case set.Covers(addresses):
		return yes
	case set.Overlaps(addresses):
		return perhaps
	}
	return no
}

// A fate is what may become of flows in one layer: each flow is in at least one of the sets, and in more than one when
// the layer does not decide it for sure.
type fate struct{ allow, deny, rest Flows }

// filter asks clauses in their order: the first that fits decides. A flow that a clause fits for sure reaches none
// behind it; one that it may fit goes on as well.
func (r *run) filter(layer string, clauses []clause, p piece, from source) fate {
	var out fate
	left := p.flows
	var onward Flows
	for _, c := range clauses {
		if left.Empty() {
			break
		}
		may, sure := c.match(left, p)
		if len(c.sent) > 0 && !c.blind(left, p).Empty() {
			r.honest = true
		}
		if may.Empty() {
			continue
		}
		switch c.act {
		case Allow:
			out.allow = out.allow.Union(may)
		case Deny:
			out.deny = out.deny.Union(may)
		case Inspect:
			out.allow, out.deny = out.allow.Union(may), out.deny.Union(may)
			r.gap(Gap{Inspected, c.object, "an inspection decides by what the packets hold"})
		default:
			onward = onward.Union(may)
		}
		if !sure.Equal(may) {
			for _, g := range c.doubts(p) {
				r.gap(g)
			}
		}
		r.hop(Hop{p.realm, layer, c.object, c.act, may, from.call, from.at})
		left = left.Subtract(sure)
		r.spend(left, out.allow, out.deny)
	}
	out.rest = left.Union(onward)
	return out
}
