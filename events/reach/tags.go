package reach

// web are the protocols and ports in whose packets a gateway looks for a name.
func web() []Layer4 { return []Layer4{Protocol(TCP, Port(80), Port(443))} }

// tags is what the filters by name of a gateway let through.
//
// Manual of the vendor (github.com/AviatrixSystems/Docs): "FQDN whitelists reference design" and "Egress control
// filter": a white tag lets pass the names that it has; with a list of sources, packets of every other source are
// dropped; packets without a name pass with the exception rule only; destinations with private addresses are not looked
// at unless that is switched on.
func (r *run) tags(p piece, g Gateway, c Controller) Flows {
	if doubts := g.Tags.doubts(r.question.Since); len(doubts) > 0 {
		r.open(p.flows, doubts...)
		return Flows{}
	}
	for _, tag := range g.Tags.Items {
		if tag.Enabled {
			p = p.with(r.tag(p, g, c, tag))
		}
	}
	return p.flows
}

func (r *run) tag(p piece, g Gateway, control Controller, tag Tag) Flows {
	looked := p.flows
	if !control.Private {
		looked = looked.Subtract(looked.within(EveryAddress(), unrouted(), []Layer4{EveryProtocol()}))
	}
	unseen := p.flows.Subtract(looked)
	every := clause{object: tag.Object, src: EveryAddress(), sure: EveryAddress(), fits: yes,
		layer4: []Layer4{EveryProtocol()}}
	with := func(act Act, change func(*clause)) clause {
		c := every
		c.act = act
		change(&c)
		return c
	}
	clauses := []clause{with(Allow, func(c *clause) { c.src = g.PassThrough })}
	if !tag.Sources.Empty() {
		clauses = append(clauses, with(Deny, func(c *clause) { c.src = EveryAddress().Subtract(tag.Sources) }))
	}
	for _, act := range []Act{Deny, Allow} {
		for _, rule := range tag.Rules {
			if rule.Act == act {
				clauses = append(clauses, with(act, func(c *clause) {
					c.object = tag.Object + " " + string(rule.Name)
					c.layer4, c.sent = []Layer4{rule.Layer4}, []Name{rule.Name}
				}))
			}
		}
	}
	if tag.White {
		if control.Exception {
			clauses = append(clauses, with(Allow, func(c *clause) { c.layer4, c.sent = web(), []Name{NoName} }))
		}
		clauses = append(clauses, with(Deny, func(c *clause) { c.layer4 = web() }))
		if r.ask(WhiteTagClosesOtherPorts) {
			clauses = append(clauses, with(Deny, func(*clause) {}))
		}
	}
	f := r.filter("FQDN tag", clauses, p.with(looked), g.Tags.source())
	r.lose(f.deny)
	return unseen.Union(f.allow).Union(f.rest)
}
