package reach

import (
	"maps"
	"slices"
	"time"
)

// A Question asks which of some flows pass from a place to a realm.
type Question struct {
	From Place
	// To is where they must arrive; empty means anywhere.
	To    Realm
	Flows Flows
	// Since is how old a fact may be; the zero time takes every fact.
	Since time.Time
	// Inhabited asks about the space itself: somebody unknown is at each address of a subnetwork where nobody is seen.
	Inhabited bool
	// Answer asks about the way back of connections that were let through: a stateful firewall lets an answer pass
	// without a rule.
	Answer bool
	// FilterOnly asks the sender's own firewall alone: what it lets out, wherever that goes then.
	FilterOnly bool
	// Apart are names whose addresses are none of the destinations: it is asked about the rest of the space.
	Apart []Name
}

// Evaluate answers a question by what was observed. It is pure: equal facts give equal verdicts.
func Evaluate(w World, q Question) Verdict {
	v, _ := evaluate(w, q)
	return v
}

// evaluate walks once for each setting of the switches that the way asks for.
func evaluate(w World, q Question) (Verdict, *run) {
	first := evaluateWith(w, q, maps.Clone(w.Settled))
	open := first.asked
	all := first
	runs := []*run{first}
	for len(open) > 0 && len(open) <= maxSwitches {
		more := 1 << len(open)
		runs = nil
		for setting := range more {
			settled := maps.Clone(w.Settled)
			if settled == nil {
				settled = map[Switch]bool{}
			}
			for i, s := range open {
				settled[s] = setting&(1<<i) != 0
			}
			runs = append(runs, evaluateWith(w, q, settled))
		}
		all = joinedRuns(runs)
		if next := all.asked; len(next) > 0 {
			open = append(open, next...)
			continue
		}
		break
	}
	if len(open) > maxSwitches {
		all.tooLarge = true
	}
	return all.verdict(runs, open), all
}

// A run is one walk under one answer to each switch.
type run struct {
	world    World
	question Question
	settled  map[Switch]bool
	asked    []Switch
	// pass and drop are what may pass and what may not; a flow in both is undecided.
	pass, drop Flows
	// passing and dropping are the same while the walk goes on.
	passing, dropping pile
	// opened are flows whose way could not be followed to an end.
	opened   Flows
	hops     []Hop
	gaps     []Gap
	arrivals []arrival
	// stateful are the flows that pass each gateway which keeps connections.
	stateful map[string]Flows
	// atoms are names whose addresses nobody here knows: their flows are to one unknown address.
	atoms []Name
	// google are those of them that are at an address of Google's; vain are their flows to all other addresses, which
	// no packet has.
	google   []Name
	vain     Flows
	honest   bool
	tooLarge bool
}

// An arrival is where flows end: who is there, and behind which addresses their source is seen. Home is the network of
// an endpoint that was used.
type arrival struct {
	realm, home Realm
	flows       Flows
	seen        Ranges
	who         Identity
}

func evaluateWith(w World, q Question, settled map[Switch]bool) *run {
	r := &run{world: w, question: q, settled: settled}
	flows := r.settleNames()
	r.start(piece{flows: flows, who: q.From.Who, realm: q.From.Realm})
	r.pass, r.drop = r.passing.all(), r.dropping.all()
	flows = flows.Union(q.Flows.named(r.google))
	r.pass, r.drop = lifted(r.pass, flows, r.atoms), lifted(r.drop, flows, r.atoms)
	return r
}

// ask is the answer to a switch; one that is not settled is noted, and another run gives it the other answer.
func (r *run) ask(s Switch) bool {
	answer, ok := r.settled[s]
	if !ok && !slices.Contains(r.asked, s) {
		r.asked = append(r.asked, s)
	}
	return answer
}

func (r *run) gap(g Gap) { r.gaps = withGap(r.gaps, g) }

func (r *run) hop(h Hop) {
	if len(r.hops) < MaxHops {
		r.hops = append(r.hops, h)
	}
}

// spend counts what a step holds at once; past the bound everything is undecided.
func (r *run) spend(sets ...Flows) {
	n := 0
	for _, s := range slices.Concat(r.passing.parts, r.dropping.parts) {
		n += len(s.boxes)
	}
	for _, s := range sets {
		n += len(s.boxes)
	}
	r.tooLarge = r.tooLarge || n > MaxBoxes
}

func (r *run) lose(f Flows) { r.dropping.add(f) }

// open is for flows whose fate here nobody can tell.
func (r *run) open(f Flows, gaps ...Gap) {
	if f.Empty() {
		return
	}
	for _, g := range gaps {
		r.gap(g)
	}
	r.passing.add(f)
	r.dropping.add(f)
	r.opened = r.opened.Union(f)
}

// keeps notes that a gateway keeps the connections of some flows.
func (r *run) keeps(gateway string, f Flows) {
	if r.stateful == nil {
		r.stateful = map[string]Flows{}
	}
	r.stateful[gateway] = r.stateful[gateway].Union(f)
}

// arrive ends the way of a piece in a realm.
func (r *run) arrive(p piece, object string) {
	r.arriveTo(p, Identity{Kind: Instance, Name: object}, "")
}

func (r *run) arriveTo(p piece, who Identity, home Realm) {
	if p.flows.Empty() {
		return
	}
	r.hop(Hop{Realm: p.realm, Layer: "arrival", Object: who.Name, Act: Arrive, Flows: p.flows})
	if r.question.To != "" && r.question.To != p.realm {
		r.lose(p.flows)
		return
	}
	r.arrivals = append(r.arrivals, arrival{p.realm, home, p.flows, p.seen, who})
	r.passing.add(p.flows)
}

// settleNames turns each name that an observed zone of the sender's network answers into its addresses, and notes the
// others as atoms. One that Google answers in public is at one of Google's addresses.
func (r *run) settleNames() Flows {
	var out Flows
	if r.question.Answer {
		return r.question.Flows
	}
	for _, b := range r.question.Flows.boxes {
		whole := b.Dst.Equal(EveryAddress().Family(b.Dst.four()))
		if b.Name == NoName || b.Name == AnyName || !whole {
			out = out.Union(Flows{[]Box{b}})
			continue
		}
		a := r.resolve(r.question.From.Realm, b.Name)
		if a.known {
			r.named(a, b)
			b.Dst = a.addresses.Family(b.Dst.four())
			out = out.Union(FlowsOf(b))
			continue
		}
		r.atoms = append(r.atoms, b.Name)
		if a.public && b.Name.ofGoogle() {
			r.google = append(r.google, b.Name)
			google := b
			google.Dst = b.Name.google().Family(b.Dst.four())
			r.vain = r.vain.Union(Flows{[]Box{b}}.Subtract(FlowsOf(google)))
			b = google
		} else {
			r.gap(a.gap)
			b = r.elsewhere(b)
		}
		out = out.Union(Flows{[]Box{b}})
	}
	// A name with no address reaches nobody: what is left out of the way is lost.
	r.lose(r.question.Flows.Subtract(out).Subtract(r.vain))
	return out
}

// elsewhere is what of a name's flows is to an address that it may have: nobody's name is the metadata server's, to
// which no rule applies, so that a name could be lost there that every rule denies.
func (r *run) elsewhere(b Box) Box {
	to := b
	to.Dst = b.Dst.Subtract(metadataServer())
	r.vain = r.vain.Union(Flows{[]Box{b}}.Subtract(FlowsOf(to)))
	return to
}

// named notes who has answered the name of some flows, and with nothing where there is no address of their family.
func (r *run) named(a answer, b Box) {
	h := Hop{Realm: r.question.From.Realm, Layer: "names", Object: a.by, Act: Deny, Flows: FlowsOf(b)}
	if to := a.addresses.Family(b.Dst.four()); !to.Empty() {
		b.Dst = to
		h.Act, h.Flows = Forward, FlowsOf(b)
	}
	r.hop(h)
}

// lifted is a set in which the flows of an atom are one again: what is in the set for some addresses is in it for the
// name, whose one address nobody knows.
func lifted(set, flows Flows, atoms []Name) Flows {
	for _, name := range atoms {
		for _, b := range flows.named([]Name{name}).boxes {
			var whole []Box
			for _, t := range set.Intersect(Flows{[]Box{b}}).boxes {
				t.Dst = EveryAddress().Family(t.Dst.four())
				whole = append(whole, t)
			}
			set = set.Union(FlowsOf(whole...))
		}
	}
	return set
}
