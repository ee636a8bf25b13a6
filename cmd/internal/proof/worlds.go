package proof

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"
)

// Worlds are random worlds that a proof tries, each by its seed.
type Worlds struct {
	First uint64
	Count int
	// Within ends the proof early: worlds that have not begun by then are left out.
	Within time.Duration
}

// mostFailed is how many worlds may fail of themselves before no other begins: what fails so often fails always.
const mostFailed = 10

// TryWorlds tries worlds side by side. Take gets what each came to, one at a time. The error names the worlds that
// could not be tried.
func TryWorlds[T any](
	ctx context.Context, w Worlds, try func(ctx context.Context, seed uint64) (T, error), take func(T),
) error {
	over := time.Now().Add(w.Within)
	var mu sync.Mutex
	var failed []error
	next := 0
	begin := func() (seed uint64, more bool) {
		mu.Lock()
		defer mu.Unlock()
		if next >= w.Count || len(failed) >= mostFailed || ctx.Err() != nil || time.Now().After(over) {
			return 0, false
		}
		next++
		return w.First + uint64(next-1), true
	}
	end := func(seed uint64, one T, err error) {
		mu.Lock()
		defer mu.Unlock()
		if err != nil {
			failed = append(failed, fmt.Errorf("world %d: %w", seed, err))
			return
		}
		take(one)
	}
	var all sync.WaitGroup
	for range runtime.NumCPU() {
		all.Go(func() {
			for seed, more := begin(); more; seed, more = begin() {
				one, err := try(ctx, seed)
				end(seed, one, err)
			}
		})
	}
	all.Wait()
	return errors.Join(append(failed, ctx.Err())...)
}
