package blast

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/culvertnet/culvert/cmd/internal/proof"
	"github.com/culvertnet/culvert/cmd/internal/proof/lab"
	"github.com/culvertnet/culvert/events"
)

// The figures of the proof. It ends early when its time is over, and tells how many worlds it had.
const (
	worldsAsked = 200
	allWithin   = 20 * time.Minute
	// leastCompleted is the share of harmless intents that must complete, mostOverdone that of those that may be
	// refused although nobody would have been hurt.
	leastCompleted = 0.90
	mostOverdone   = 0.02
)

// blast makes intents among neighbours who never asked for them, and judges what becomes of the neighbours' packets
// after every change of the world.
func blast(ctx context.Context, s lab.Settings) error {
	worlds := cmp.Or(s.Sagas, worldsAsked)
	fmt.Printf("seed %d, %d worlds, at most %s\n", s.Seed, worlds, allWithin)
	var all tally
	err := proof.TryWorlds(ctx, proof.Worlds{First: s.Seed, Count: worlds, Within: allWithin}, try,
		func(e end) { all.ends = append(all.ends, e) })
	return errors.Join(err, all.print())
}

// A tally is what all trials have come to.
type tally struct{ ends []end }

// harmless tells whether an intent hurts nobody and does what it says: as it was made, or as it would have been.
func (e end) harmless() bool {
	if e.status == events.SagaCompleted {
		return len(e.harms) == 0
	}
	return e.possible && len(e.would) == 0 && len(e.astray) == 0
}

// A summary is what the table says of all trials.
type summary struct {
	completed, harmless, refused, rightly, unmade, states, judged, changed, joined int
	hurt, overdone, unseen                                                         map[string][]string
	kinds                                                                          map[string][2]int
	later, laterWell                                                               map[string]int
}

func (t *tally) sum() summary {
	s := summary{hurt: map[string][]string{}, overdone: map[string][]string{}, unseen: map[string][]string{},
		kinds: map[string][2]int{}, later: map[string]int{}, laterWell: map[string]int{}}
	slices.SortFunc(t.ends, func(a, b end) int { return cmp.Compare(a.seed, b.seed) })
	for _, e := range t.ends {
		s.states, s.judged = s.states+e.states, s.judged+e.judged
		at := fmt.Sprintf("world %d (%s, %s): ", e.seed, e.kind, e.status)
		for _, h := range e.harms {
			s.changed++
			s.hurt[h.cause()] = append(s.hurt[h.cause()], at+h.String())
		}
		if e.joined {
			if s.joined++; e.unseen != nil {
				s.unseen["a newcomer"] = append(s.unseen["a newcomer"], at+e.unseen.Error())
			}
			continue
		}
		s.count(e, at)
	}
	return s
}

// count adds a trial in which nobody joined.
func (s *summary) count(e end, at string) {
	k := s.kinds[e.kind]
	k[0]++
	switch {
	case e.status == events.SagaCompleted:
		s.completed++
		k[1]++
	case e.harmless():
		s.refused++
		s.overdone[e.refused] = append(s.overdone[e.refused], at+e.why)
	case !e.possible:
		s.unmade++
		s.overdone[e.refused] = append(s.overdone[e.refused], at+e.why)
	default:
		s.rightly++
	}
	if e.harmless() {
		s.harmless++
	}
	s.kinds[e.kind] = k
	for what, status := range e.later {
		s.later[what]++
		if status == events.SagaCompleted || what == disturbed && status == events.SagaCompensated {
			s.laterWell[what]++
		} else {
			s.unseen[what] = append(s.unseen[what], at+string(status))
		}
	}
}

func (t *tally) print() error {
	s := t.sum()
	table := proof.Table{Header: "what count"}
	table.Row(nil, "worlds", len(t.ends))
	table.Row(nil, "states-of-worlds", s.states)
	table.Row(nil, "packets-judged", s.judged)
	table.Row(nil, "completed", s.completed)
	table.Row(nil, "refused-rightly", s.rightly)
	table.Row(nil, "refused-by-other-checks", s.unmade)
	table.Row(proof.Need(s.changed == 0, "%d kinds", len(s.hurt)), "flows-of-others-changed", s.changed)
	share := float64(s.harmless-s.refused) / float64(max(1, s.harmless))
	table.Row(proof.Need(share >= leastCompleted || s.harmless == 0, "%.1f %% of the harmless complete", 100*share),
		"harmless-completed",
		fmt.Sprintf("%d of %d", s.harmless-s.refused, s.harmless))
	share = float64(s.refused) / float64(max(1, len(t.ends)))
	table.Row(proof.Need(share <= mostOverdone, "%.1f %% of all", 100*share), "refused-though-harmless", s.refused)
	for _, what := range []string{withdrawn, disturbed, replayed} {
		table.Row(proof.Need(s.laterWell[what] == s.later[what], "ended otherwise"), what,
			fmt.Sprintf("%d of %d", s.laterWell[what], s.later[what]))
	}
	missed := len(s.unseen["a newcomer"])
	table.Row(proof.Need(missed == 0, "%d are not", missed), "newcomers-refused-for",
		fmt.Sprintf("%d of %d", s.joined-missed, s.joined))
	err := table.Print()
	tell("changed", s.hurt)
	tell("missed", s.unseen)
	tell("refused", s.overdone)
	for _, kind := range slices.Sorted(maps.Keys(s.kinds)) {
		fmt.Printf("%s: %d of %d completed\n", kind, s.kinds[kind][1], s.kinds[kind][0])
	}
	return err
}

// maxShown is how many of one cause are shown whole.
const maxShown = 4

// tell shows what happened by its causes, the most frequent first, and a few of each whole.
func tell(what string, by map[string][]string) {
	causes := slices.SortedFunc(maps.Keys(by), func(a, b string) int {
		return cmp.Or(cmp.Compare(len(by[b]), len(by[a])), cmp.Compare(a, b))
	})
	for _, cause := range causes {
		shown := by[cause][:min(maxShown, len(by[cause]))]
		fmt.Printf("%s %d times, %s\n  %s\n", what, len(by[cause]), cause, strings.Join(shown, "\n  "))
	}
}
