package reach

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/culvertnet/culvert/cmd/internal/proof"
	"github.com/culvertnet/culvert/cmd/internal/proof/lab"
	"github.com/culvertnet/culvert/events"
)

// facts: what the model predicts of a step is what the readers observe once it is done, for every plan, do and undo.
// The product runs on a stage: the facts are read whole before and after each step that changes the world, whose effect
// is applied to what was read before. Each plan is applied, changed, withdrawn, and broken at every call of these ways.
func facts(ctx context.Context, s lab.Settings) error {
	plans, err := allFactPlans("examples")
	if err != nil {
		return err
	}
	plans = slices.DeleteFunc(plans, func(p factPlan) bool { return !strings.Contains(p.name, s.Only) })
	t := &proof.Table{Header: "plan way ended do undo left-out differences"}
	left := &leftovers{seen: map[string]int{}}
	var all errgroup.Group
	all.SetLimit(max(s.Parallel, 1))
	speaking := make(chan struct{}, 1) // speakers have their addresses from the world, which is one at a time
	for _, p := range plans {
		all.Go(func() error {
			if p.speakers() {
				speaking <- struct{}{}
				defer func() { <-speaking }()
			}
			passages, err := p.travel(ctx, factWorld(), true)
			for _, one := range passages {
				one.row(t, p.name, left)
			}
			if err != nil {
				t.Row(err, p.name, "did_not_end")
			}
			return nil
		})
	}
	_ = all.Wait() // each has its row
	if s.Only == "" {
		left.rows(t)
	}
	return t.Print()
}

// row adds what was found on a passage, a line for each difference.
func (p passage) row(t *proof.Table, plan string, left *leftovers) {
	n := 0
	for name, times := range p.left {
		left.add(name, times)
		n += times
	}
	var all []error
	for _, f := range p.found {
		all = append(all, errors.New(f.String()))
	}
	cell := func(text string) string { return strings.ReplaceAll(text, " ", "_") }
	t.Row(errors.Join(append(all, p.err)...), plan, cell(p.name), p.status, p.compared[events.Do],
		p.compared[events.Undo], n, len(p.found))
}

// A leftovers counts what is knowingly left out. Safe for concurrent use.
type leftovers struct {
	mu   sync.Mutex
	seen map[string]int
}

func (y *leftovers) add(name string, times int) {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.seen[name] += times
}

// rows names what was left out. What was left out for nothing is a miss: an effect tells it, or nothing changes it.
func (y *leftovers) rows(t *proof.Table) {
	for _, o := range omissions() {
		y.add(o.name, 0)
	}
	for _, name := range slices.Sorted(maps.Keys(y.seen)) {
		t.Row(proof.Need(y.seen[name] > 0, "no plan changes it"), "left-out", name, "-", "-", "-", y.seen[name], "-")
	}
}
