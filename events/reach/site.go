package reach

// site finds what is known of a site.
func (w World) site(realm Realm) (FarSideFacts, bool) {
	for _, s := range w.Sites {
		if s.Realm == realm {
			return s, true
		}
	}
	return FarSideFacts{}, false
}

// atSite ends the way at a site. Whether packets go on there is in its own table, which somebody has to read: where
// another place is asked about, a site without one may send them there.
func (r *run) atSite(p piece) {
	s, ok := r.world.site(p.realm)
	if doubts := s.Table.doubts(r.question.Since); !ok || len(doubts) > 0 {
		unread := Gap{FarSide, string(p.realm), "nobody reads the table of the site"}
		if r.question.To != "" && r.question.To != p.realm {
			r.open(p.flows, unread)
			return
		}
		r.gap(unread)
		r.lose(p.flows)
		r.arrive(p, string(p.realm))
		return
	}
	owned := p.flows.within(EveryAddress(), s.Owns, []Layer4{EveryProtocol()})
	r.arrive(p.with(owned), string(p.realm))
	r.lose(p.flows.Subtract(owned))
}

// fromSite begins the way at a site, by its table where it is read.
func (r *run) fromSite(p piece) {
	s, ok := r.world.site(p.realm)
	if doubts := s.Table.doubts(r.question.Since); !ok || len(doubts) > 0 {
		r.open(p.flows, Gap{FarSide, string(p.realm), "nobody reads the table of the site"})
		return
	}
	p.who.Kind, p.domain = Site, s.Domain
	left := r.byPrefix(p, s.Table.source(), s.Table.Items)
	if !left.Empty() {
		r.hop(Hop{Realm: p.realm, Layer: "routes", Object: "no route at the site", Act: Deny, Flows: left})
		r.lose(left)
	}
}
