package lab

import (
	"context"
	"errors"
	"strings"
	"sync"
)

// FastWorld is the speed at which proofs run the world: a connector's minutes become fractions of a second.
const FastWorld = 1200

// Each runs one job a variant, several daemons at once, each daemon's jobs one after the other.
func Each(ctx context.Context, s Settings, jobs []Variant, do func(ctx context.Context, l *Lab, v Variant)) error {
	queue := make(chan Variant, len(jobs))
	for _, v := range jobs {
		if strings.Contains(v.String(), s.Only) {
			queue <- v
		}
	}
	close(queue)
	var all sync.WaitGroup
	errs := make([]error, s.Parallel)
	for i := range s.Parallel {
		all.Go(func() {
			l, err := Alone(ctx, s, FastWorld)
			if err != nil {
				errs[i] = err
				return
			}
			for v := range queue {
				do(ctx, l, v)
			}
			errs[i] = l.Close()
		})
	}
	all.Wait()
	return errors.Join(errs...)
}
