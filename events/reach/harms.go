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
	// Lost and Widened are flows in words.
	Lost    string   `json:"lost,omitempty"`
	Widened string   `json:"widened,omitempty"`
	By      []string `json:"by,omitempty"`
	Open    []Gap    `json:"open,omitempty"`
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
func Harms(w World, effects []Effect, own ...string) ([]Harm, error) {
	out := []Harm{}
	before := w
	for len(effects) > 0 {
		n := 1
		for n < len(effects) && effects[n].Step == effects[0].Step {
			n++
		}
		after, harms, err := harmed(before, effects[:n], own)
		if err != nil {
			return out, err
		}
		out = append(out, harms...)
		before, effects = after, effects[n:]
	}
	return out, nil
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
func harmed(before World, effects []Effect, own []string) (after World, out []Harm, err error) {
	s, extents, err := stepOf(before, effects)
	if err != nil {
		return before, nil, err
	}
	for _, x := range extents {
		for _, r := range before.residents(x) {
			r.names = slices.DeleteFunc(r.names, func(n string) bool { return slices.Contains(own, n) })
			ours := len(r.names) == 0 && r.place.Who.Kind != Unknown
			if ours || r.src.Empty() {
				continue
			}
			if h := s.changes(x, r); h != nil {
				h.Step, h.Who = effects[0].Step, listed(r.names)
				if h.Vacant() {
					h.Open = before.unseen(x.at)
				}
				out = append(out, *h)
			}
		}
	}
	return s.after, out, nil
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
// What a step offers is no widening: everybody who reaches the connection's own address was meant to.
func (s step) changes(x extent, r resident) *Harm {
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
	if s.all(Effect.offers) {
		widened = Flows{}
	}
	if (Change{Lost: lost, Widened: widened}).None() {
		return nil
	}
	return &Harm{Lost: lost.words(nobody), Widened: widened.words(nobody), OneWay: s.oneWay(q),
		By: now.deciders(lost.Union(widened)), Open: sure.Open}
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
