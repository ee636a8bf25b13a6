package reach

import (
	"fmt"
	"slices"
	"time"
)

// A Harm is a change of other senders' flows that a step brings.
type Harm struct {
	Step string `json:"step"`
	// Who are the senders; empty are addresses at which nobody is seen.
	Who []string `json:"who,omitempty"`
	// Lost and Widened are flows in words. Undecided tells that nobody can say whether they are, for the causes in
	// Open: none of them surely passed and is surely blocked now, or the other way round.
	Lost      string   `json:"lost,omitempty"`
	Widened   string   `json:"widened,omitempty"`
	Undecided bool     `json:"undecided,omitempty"`
	By        []string `json:"by,omitempty"`
	Open      []Gap    `json:"open,omitempty"`
	// OneWay tells that the step can only take paths away, or only open some, whatever is not known.
	OneWay bool `json:"oneWay,omitempty"`
}

// Vacant tells that nobody is seen at the addresses whose flows change. Open then says why somebody may be there all
// the same: a list of those who are there was not read whole.
func (h Harm) Vacant() bool { return len(h.Who) == 0 }

// Harms are what effects do to the flows of everybody else, step by step, in the order of the effects. Own are the
// names of senders whose flows are the connection's own.
//
// The domain of a step is the whole space that its objects decide. Each of its senders that is seen is asked for by
// itself, because rules ask who it is; the rest of the space is asked for as somebody unknown. Effects of one step that
// follow each other are one change: what a step replaces is nobody's loss where the new is like the old.
//
// Open are the causes of what is undecided where no change was found: of a filter none, because it decides at the
// sender, whatever is on the way.
func Harms(w World, effects []Effect, own ...string) (all []Harm, open []Gap, err error) {
	all = []Harm{}
	before := w
	for len(effects) > 0 {
		n := 1
		for n < len(effects) && effects[n].Step == effects[0].Step {
			n++
		}
		after, harms, doubts, err := harmed(before, effects[:n], own)
		if err != nil {
			return all, open, err
		}
		all = append(all, harms...)
		for _, g := range doubts {
			open = withGap(open, g)
		}
		before, effects = after, effects[n:]
	}
	return all, open, nil
}

// A step is the effects of one step, in their order, and the worlds before and after them.
type step struct {
	effects       []Effect
	before, after World
}

// stepOf is a step with the space that its effects decide.
func stepOf(before World, effects []Effect) (s step, extents []extent, err error) {
	s = step{effects: effects, before: before, after: before}
	for _, e := range effects {
		d, err := e.operation()
		if err != nil {
			return s, nil, err
		}
		more, err := d.domain(s.after, e.Network)
		if err != nil {
			return s, nil, fmt.Errorf("%w of %s: %w", ErrEffect, e.Step, err)
		}
		if !e.Consented {
			extents = append(extents, more...)
		}
		if s.after, err = s.after.After(e); err != nil {
			return s, nil, err
		}
	}
	return s, extents, nil
}

// harmed asks what one step changes for others, and gives the world after it.
func harmed(before World, effects []Effect, own []string) (after World, out []Harm, open []Gap, err error) {
	s, extents, err := stepOf(before, effects)
	if err != nil {
		return before, nil, nil, err
	}
	for _, x := range extents {
		for _, r := range before.residents(x) {
			r.names = slices.DeleteFunc(r.names, func(n string) bool { return slices.Contains(own, n) })
			ours := len(r.names) == 0 && r.place.Who.Kind != Unknown
			if ours || r.src.Empty() {
				continue
			}
			h, doubts := s.changes(x, r)
			switch {
			case h != nil:
				h.Step, h.Who = effects[0].Step, listed(r.names)
				if h.Vacant() {
					h.Open = before.unseen(x.at)
				}
				out = append(out, *h)
			case !s.all(isFilter):
				open = append(open, doubts...)
			}
		}
	}
	return s.after, out, open, nil
}

// unseen are the reasons why somebody may be in a network whom no list shows.
func (w World) unseen(at Realm) []Gap {
	n, _ := w.network(at)
	return slices.Concat(n.Interfaces.doubts(time.Time{}), n.Tenants.doubts(time.Time{}))
}

// all tells whether something is so of all effects.
func (s step) all(is func(Effect) bool) bool {
	return !slices.ContainsFunc(s.effects, func(e Effect) bool { return !is(e) })
}

func isFilter(e Effect) bool { return e.Filter != nil }

// changes compares the flows of one resident before and after. Doubts count both ways: flows that may pass in some case
// before and in none after are lost, and the other way round.
//
// What a step offers is no widening: everybody who reaches the connection's own address was meant to. What nobody can
// tell of the way to it may be lost by a new cause, also where nobody could tell of the way before, by another one.
func (s step) changes(x extent, r resident) (*Harm, []Gap) {
	q := Question{From: r.place, Flows: x.flows(r)}
	nobody, ask := len(r.names) == 0, RoundTrip
	if nobody && s.all(isFilter) { // whoever comes meets the filter, wherever the routes lead by then
		q.FilterOnly, ask = true, Evaluate
	}
	then, now := ask(s.before, q), ask(s.after, q)
	for _, v := range []*Verdict{&then, &now} { // a name that leads elsewhere is no loss
		v.Sure, v.May = lifted(v.Sure, q.Flows, x.names), lifted(v.May, q.Flows, x.names)
	}
	sure, may := Compare(then, now, Flows{}), Compare(Verdict{Sure: then.May, May: then.Sure},
		Verdict{Sure: now.May, May: now.Sure}, Flows{})
	lost, widened := sure.Lost.Union(may.Lost), sure.Widened.Union(may.Widened)
	if s.all(Effect.Offers) {
		widened = Flows{}
		switch {
		case onlyOthersNames(then.Open, x.names):
			lost = sure.Lost
		case slices.ContainsFunc(now.Open, func(g Gap) bool { return !slices.Contains(then.Open, g) }):
			lost = lost.Union(then.Undecided().Intersect(now.Undecided()))
		}
	}
	if (Change{Lost: lost, Widened: widened}).None() {
		return nil, sure.Open
	}
	open := then.Undecided().Union(now.Undecided())
	return &Harm{Lost: lost.words(nobody), Widened: widened.words(nobody), OneWay: s.oneWay(q),
		Undecided: lost.Union(widened).Subtract(open).Empty(),
		By:        now.deciders(lost.Union(widened)), Open: sure.Open}, nil
}

// onlyOthersNames tells whether nothing but the addresses of other names is in doubt. A filter by name lets pass what
// has the address of its name; nobody sends to a name by such a coincidence.
func onlyOthersNames(open []Gap, names []Name) bool {
	return !slices.ContainsFunc(open, func(g Gap) bool {
		return g.Cause != NameUnresolved && g.Cause != ForwardedName || slices.Contains(names, Name(g.Object))
	})
}

// oneWay tells whether the step can only take paths away, or only open some. Of filters the senders' own firewall
// tells: all other layers are as they were.
func (s step) oneWay(q Question) bool {
	if !s.all(isFilter) {
		return len(s.effects) == 1 && s.effects[0].GoogleAccess != nil
	}
	q.FilterOnly = true
	then, now := Evaluate(s.before, q), Evaluate(s.after, q)
	return now.May.Subtract(then.Sure).Empty() || then.May.Subtract(now.Sure).Empty()
}
