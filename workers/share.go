package workers

import (
	"context"
	"errors"
	"sync"
	"time"
)

// A Budget is what all live workers use up together, such as the calls that a vendor counts, so that each has an even
// share. Safe for concurrent use.
type Budget interface {
	// Share tells among how many workers it is divided from now on, this one included. 0 says that nobody knows: then
	// nothing of it may be used.
	Share(among int)
	// Waits are the longest waits for it since it was last asked.
	Waits() []BudgetWait
}

// A BudgetWait is how long a call has waited for its turn, at most.
type BudgetWait struct {
	Project string `json:"project"`
	// Group is of methods that are counted together, "compute.read".
	Group   string  `json:"group"`
	Seconds float64 `json:"seconds"`
}

// How often a worker counts who shares its budget, for how many such times a count is good (one may fail), and for how
// many a worker waits that joins others: one more, because a listing of claims may lag. A faster world's minutes are
// shorter, so the time is divided by the pace, down to a floor.
const (
	countEvery      = 5 * time.Second
	countEveryFloor = time.Second / 2
	countsGood      = 2
	countsToJoin    = countsGood + 1
)

// sharing keeps the worker's share of its budget true to who is there. The function that it returns ends that.
func (w *Worker) sharing(ctx context.Context) (end func()) {
	switch {
	case w.opts.Budget == nil:
		return func() {}
	case w.opts.Presence == nil:
		w.opts.Budget.Share(1)
		return func() { w.opts.Budget.Share(0) }
	}
	// The verbs that run when the worker is asked to stop need their share until they have ended.
	until, stop := context.WithCancel(context.WithoutCancel(ctx))
	var running sync.WaitGroup
	running.Go(func() { w.shareOut(until, func() bool { return ctx.Err() != nil }) })
	return func() {
		stop()
		running.Wait()
	}
}

// shareOut tells the budget its share until ctx ends.
//
// No share may be larger than those who are there allow together. A worker therefore gives its sign of life first and
// counts then. If others are there, it takes nothing until no count is good any more that was made before its sign:
// from then on everybody knows of it, or has no share. A worker that goes is counted until its sign is taken out, which
// is after its last call, or until the sign runs out.
func (w *Worker) shareOut(ctx context.Context, draining func() bool) {
	defer w.opts.Budget.Share(0)
	every := max(w.scaled(countEvery), countEveryFloor)
	tick, expiry := time.NewTimer(0), time.NewTimer(countsGood*every)
	var join <-chan time.Time
	for among, first, joined := 0, true, false; ; {
		select {
		case <-tick.C:
			good := time.NewTimer(countsGood * every) // from before the count on
			n, err := w.sharers(ctx, every, draining())
			tick.Reset(every)
			if err != nil {
				good.Stop()
				w.opts.Logger.Warn("count the workers that share a budget", "error", err)
				continue
			}
			expiry.Stop()
			expiry, among = good, n
			switch joined = joined || first && n == 1; {
			case joined:
				w.opts.Budget.Share(n)
			case first:
				join = time.After(countsToJoin * every)
			}
			first = false
		case <-join:
			joined, join = true, nil
			w.opts.Budget.Share(among)
		case <-expiry.C:
			first, joined, join = true, false, nil
			w.opts.Budget.Share(0)
		case <-ctx.Done():
			return
		}
	}
}

// errUncounted says that others do not count this worker.
var errUncounted = errors.New("the worker's own sign of life is not there")

// sharers counts the workers that have given signs of life, also those that drain, and gives this one's if it lacks.
func (w *Worker) sharers(ctx context.Context, within time.Duration, draining bool) (int, error) {
	ctx, stop := context.WithTimeout(ctx, within)
	defer stop()
	for try := 0; ; try++ {
		beats, err := Roster(ctx, w.opts.Presence.Claims, w.opts.Clock())
		if err != nil {
			return 0, err
		}
		names := map[string]bool{}
		for _, b := range beats {
			names[b.Worker] = true
		}
		switch {
		case names[w.opts.Name]:
			return len(names), nil
		case try == 1:
			return 0, errUncounted
		}
		w.beat(ctx, draining)
	}
}
