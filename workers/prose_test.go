package workers_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
)

// ends are the ways in which a run can end that the runtime tells apart, each as a function of what it says.
var ends = map[string]func(said string) error{
	"refused":  func(said string) error { return workers.Refuse("quota", "%s", said) },
	"retried":  func(said string) error { return workers.Retry(events.ReasonUnavailable, 0, errors.New(said)) },
	"fenced":   func(said string) error { return workers.Retry(events.ReasonFenced, 0, errors.New(said)) },
	"panicked": func(said string) error { panic(said) },
	"claim": func(said string) error {
		return fmt.Errorf("%s: %w", said, workers.Wait(events.ReasonListBusy, time.Second))
	},
	"unsure":      func(said string) error { return workers.Unsure("read-back", errors.New(said)) },
	"nobody says": func(said string) error { return errors.New(said) },
	"cut off":     func(said string) error { return fmt.Errorf("%s: %w", said, context.DeadlineExceeded) },
}

// Whether a run is repeated, and what is answered, follows from its class and reason: the same when the text is x.
func TestOutcomesDoNotDependOnTexts(t *testing.T) {
	// A text that names every reason that decides would mislead whatever reads it.
	const misleading = "fenced: panic: late: list-busy: quota: context deadline exceeded"
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			var was events.Outcome
			var ran int
			for _, said := range []string{misleading, "x"} {
				synctest.Test(t, func(t *testing.T) {
					runs := 0
					p := probe{do: func(context.Context, workers.Run, probeIn) (probeOut, error) {
						runs++
						return probeOut{}, end(said)
					}}
					b := newBench(t, p, func(*workers.Options) {})
					b.send(command(events.Do, 1, time.Now()))
					o := b.result().Outcome
					o.Message = ""
					if said != misleading && (runs != ran || fmt.Sprint(o) != fmt.Sprint(was)) {
						t.Errorf("%+v after %d runs; with another text %+v after %d", o, runs, was, ran)
					}
					was, ran = o, runs
				})
			}
		})
	}
}
