package reach

import "slices"

// RoundTrip is the verdict of a question when answers have to come back: flows are sure when they arrive for sure and
// the answer to each arrival finds its way for sure, to the source as it is seen there.
//
// A firewall of a network lets an answer pass without a rule. A gateway that keeps connections has to be the same one
// in both directions.
func RoundTrip(w World, q Question) Verdict {
	_, both := roundTrip(w, q)
	return both
}

// roundTrip gives the verdict of the way there, and that of both ways.
func roundTrip(w World, q Question) (there, v Verdict) {
	there, out := evaluate(w, q)
	if out.tooLarge {
		return there, there
	}
	v = there
	// What was not followed to an end may be answered from wherever it went.
	sureBack, mayBack := out.opened, out.opened
	var lost Flows
	stateful := map[string]Flows{}
	for _, end := range out.arrivals {
		back, ok := end.answer(q)
		if !ok {
			sureBack, mayBack = sureBack.Union(end.flows), mayBack.Union(end.flows)
			continue
		}
		answer, run := evaluate(w, back)
		sure, may := answer.Sure.turned(end.flows), answer.May.turned(end.flows)
		sureBack, mayBack = sureBack.Union(sure), mayBack.Union(may)
		lost = lost.Union(end.flows.Subtract(sure))
		for name, f := range run.stateful {
			stateful[name] = stateful[name].Union(f.turned(end.flows))
		}
		v.Open = slices.Concat(v.Open, answer.Open)
		for _, h := range answer.Hops {
			if h.Flows = h.Flows.turned(end.flows); len(v.Back) < MaxHops {
				v.Back = append(v.Back, h)
			}
		}
	}
	v.May = lifted(v.May.Intersect(mayBack), q.Flows, out.atoms)
	sureBack, lost = sureBack.Union(out.vain), lifted(lost, q.Flows, out.atoms)
	v.Sure = v.Sure.Intersect(sureBack).Subtract(lost).Intersect(v.May)
	v = v.withoutAsymmetric(out, stateful)
	if len(v.Open) > MaxGaps {
		v.Open = v.Open[:MaxGaps]
	}
	if v.Undecided().Empty() {
		v.Open = nil
	}
	return there, v
}

// withoutAsymmetric takes out of Sure what passes a gateway that keeps connections in one direction only.
func (v Verdict) withoutAsymmetric(out *run, back map[string]Flows) Verdict {
	names := map[string]bool{}
	for name := range out.stateful {
		names[name] = true
	}
	for name := range back {
		names[name] = true
	}
	for _, g := range out.world.Gateways {
		if !names[g.Name] {
			continue
		}
		there, here := out.stateful[g.Name], back[g.Name]
		uneven := there.Subtract(here).Union(here.Subtract(there)).Intersect(out.answered())
		if gone := v.Sure.Intersect(uneven); !gone.Empty() {
			v.Sure = v.Sure.Subtract(gone)
			v.Open = withGap(v.Open, Gap{NoDocument, g.Name,
				"asymmetric: the gateway keeps connections and sees one direction only"})
		}
	}
	return v
}

// answered are the flows whose answer was followed.
func (r *run) answered() (all Flows) {
	for _, end := range r.arrivals {
		if _, ok := end.answer(r.question); ok {
			all = all.Union(end.flows)
		}
	}
	return all
}

// answer is the question of the way back from an arrival; ok is false where there is nothing to ask: the internet and
// Google answer to the address that they have seen.
func (a arrival) answer(q Question) (back Question, ok bool) {
	from := Place{a.realm, a.who}
	if a.home != "" { // the answer comes out of the endpoint
		from.Realm = a.home
	}
	outside := from.Realm == Internet || from.Realm == Google
	if outside || !a.seen.Empty() || a.home != "" && a.home == q.From.Realm || q.FilterOnly {
		return Question{}, false
	}
	var boxes []Box
	for _, b := range a.flows.boxes {
		boxes = append(boxes, Box{b.Dst, b.Src, Layer4{b.Protocols, EveryPort()}, b.Name})
	}
	return Question{From: from, To: q.From.Realm, Flows: FlowsOf(boxes...), Since: q.Since, Answer: true}, true
}

// turned are the flows of a set whose answers are in f.
func (f Flows) turned(of Flows) Flows {
	var boxes []Box
	for _, b := range f.boxes {
		boxes = append(boxes, Box{b.Dst, b.Src, Layer4{b.Protocols, EveryPort()}, b.Name})
	}
	return of.Intersect(FlowsOf(boxes...))
}
