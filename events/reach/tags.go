package reach

// web are the protocols and ports in whose packets a gateway looks for a name.
func web() []Layer4 { return []Layer4{Protocol(TCP, Port(80), Port(443))} }

// tags is what the filters by name of a gateway let through.
//
// Manual of the vendor (github.com/AviatrixSystems/Docs): "FQDN whitelists reference design" and "Egress control
// filter": the tags of a gateway have one colour and are looked at together, denials first. A white tag lets pass the
// names that it has. With a list of sources a tag is for them only, and packets that no tag is for are dropped; TLS
// without a name passes with the exception rule only; destinations in RFC 1918 are not looked at unless that is
// switched on.
func (r *run) tags(p piece, g Gateway, c Controller) Flows {
	if doubts := g.Tags.doubts(r.question.Since); len(doubts) > 0 {
		r.open(p.flows, doubts...)
		return Flows{}
	}
	var tags []Tag
	for _, tag := range g.Tags.Items {
		if tag.Enabled {
			tags = append(tags, tag)
		}
	}
	if len(tags) == 0 {
		return p.flows
	}
	looked := p.flows
	if !c.Private {
		looked = looked.Subtract(looked.within(EveryAddress(), rfc1918(), []Layer4{EveryProtocol()}))
	}
	f := r.filter("FQDN tag", r.tagClauses(tags, g.PassThrough, c.Exception), p.with(looked), g.Tags.source())
	r.lose(f.deny)
	return p.flows.Subtract(looked).Union(f.allow).Union(f.rest)
}

// rfc1918 are the destinations at which tags do not look.
func rfc1918() Ranges {
	return rangesIn("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
}

// sources are those that a tag is for.
func (t Tag) sources() Ranges {
	if t.Sources.Empty() {
		return EveryAddress()
	}
	return t.Sources
}

// tagClauses puts the tags of one gateway down in the order in which they decide.
func (r *run) tagClauses(tags []Tag, through Ranges, exception bool) []clause {
	with := func(act Act, object string, src Ranges, layer4 []Layer4, sent ...Name) clause {
		return clause{object: object, act: act, src: src, sure: EveryAddress(), fits: yes, layer4: layer4, sent: sent}
	}
	every := []Layer4{EveryProtocol()}
	clauses := []clause{with(Allow, "pass-through", through, every)}
	var covered Ranges
	for _, tag := range tags {
		covered = covered.Union(tag.sources())
	}
	if outside := EveryAddress().Subtract(covered); !outside.Empty() {
		clauses = append(clauses, with(Deny, "source list", outside, every))
	}
	for _, act := range []Act{Deny, Allow} {
		for _, tag := range tags {
			for _, rule := range tag.Rules {
				if rule.Act == act {
					clauses = append(clauses, with(act, tag.Object+" "+string(rule.Name), tag.sources(),
						[]Layer4{rule.Layer4}, rule.Name))
				}
			}
		}
	}
	for _, tag := range tags {
		if !tag.White {
			continue
		}
		if exception {
			tls := []Layer4{Protocol(TCP, Port(443))}
			clauses = append(clauses, with(Allow, tag.Object, tag.sources(), tls, NoName))
		}
		clauses = append(clauses, with(Deny, tag.Object, tag.sources(), web()))
		if r.ask(WhiteTagClosesOtherPorts) {
			clauses = append(clauses, with(Deny, tag.Object, tag.sources(), every))
		}
	}
	return clauses
}
