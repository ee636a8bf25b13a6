package reach

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strings"
)

// joinedRuns puts runs under several answers together.
func joinedRuns(runs []*run) *run {
	all := &run{world: runs[0].world, question: runs[0].question, atoms: runs[0].atoms, vain: runs[0].vain}
	for _, r := range runs {
		all.pass, all.drop = all.pass.Union(r.pass), all.drop.Union(r.drop)
		for _, g := range r.gaps {
			all.gap(g)
		}
		all.opened = all.opened.Union(r.opened)
		all.hops, all.arrivals = slices.Concat(all.hops, r.hops), slices.Concat(all.arrivals, r.arrivals)
		for name, f := range r.stateful {
			all.keeps(name, f)
		}
		all.honest, all.tooLarge = all.honest || r.honest, all.tooLarge || r.tooLarge
		for _, s := range r.asked {
			if !slices.Contains(all.asked, s) {
				all.asked = append(all.asked, s)
			}
		}
	}
	return all
}

func (r *run) verdict(runs []*run, open []Switch) Verdict {
	asked := r.question.Flows
	if r.tooLarge {
		return Verdict{May: asked, Against: Addresses,
			Open: []Gap{{TooLarge, string(r.question.From.Realm), "the answer has more parts than the bound allows"}}}
	}
	v := Verdict{May: r.pass.Intersect(asked), Against: Addresses}
	v.Sure = v.May.Subtract(r.drop)
	if r.honest {
		v.Against = HonestClients
	}
	for _, h := range r.hops {
		same := func(o Hop) bool {
			return o.Realm == h.Realm && o.Layer == h.Layer && o.Object == h.Object && o.Act == h.Act &&
				o.Flows.Equal(h.Flows)
		}
		if len(v.Hops) < MaxHops && !slices.ContainsFunc(v.Hops, same) {
			v.Hops = append(v.Hops, h)
		}
	}
	if !v.Undecided().Empty() {
		v.Open = r.gaps
		for i, s := range open {
			if matters(runs, i) {
				v.Open = withGap(v.Open, Gap{NoDocument, string(s), s.Sentence()})
			}
		}
	}
	return v
}

// matters tells whether the answer depends on the i-th open switch: whether two runs differ that differ in its setting
// alone. The bits of a run's index are its settings; when there are too many switches there is one run, and none
// matters more than another.
func matters(runs []*run, i int) bool {
	for setting, off := range runs {
		on := setting | 1<<i
		if on == setting || on >= len(runs) {
			continue
		}
		if !off.pass.Equal(runs[on].pass) || !off.drop.Equal(runs[on].drop) {
			return true
		}
	}
	return false
}

// Digest is a hash of what was decided: the sets of the verdict, and what each layer did with which flows. It is equal
// for two verdicts when the same flows were decided alike on every layer, however the rules and routes were spelled.
func (v Verdict) Digest() string {
	type step struct {
		realm Realm
		layer string
		act   Act
		way   string
	}
	decided := map[step]Flows{}
	for way, hops := range map[string][]Hop{"there": v.Hops, "back": v.Back} {
		for _, h := range hops {
			s := step{h.Realm, strings.Fields(h.Layer)[0], h.Act, way}
			decided[s] = decided[s].Union(h.Flows)
		}
	}
	keys := slices.SortedFunc(maps.Keys(decided), func(a, b step) int {
		return cmp.Or(cmp.Compare(a.realm, b.realm), cmp.Compare(a.layer, b.layer), cmp.Compare(a.act, b.act),
			cmp.Compare(a.way, b.way))
	})
	text := []string{v.Sure.canonical(), v.May.canonical(), string(v.Against)}
	for _, k := range keys {
		text = append(text, string(k.realm)+" "+k.layer+" "+string(k.act)+" "+k.way+" "+decided[k].canonical())
	}
	sum := sha256.Sum256([]byte(strings.Join(text, "\n")))
	return hex.EncodeToString(sum[:16])
}
