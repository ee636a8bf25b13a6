package saga_test

import (
	"flag"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/culvertnet/culvert/saga/sagatest"
)

var (
	simSeed = flag.Uint64("saga.seed", 0, "the first seed of the simulation")
	simN    = flag.Uint64("saga.n", 400, "how many seeds the simulation plays")
	simFor  = flag.Duration("saga.for", 0, "how long the simulation plays, instead of so many seeds")
)

// TestSimulation plays random sagas in a faulty world, on every core, so many seeds or for so long. A failure names its
// seed: `make sim SEED=<seed> N=1` plays it again.
func TestSimulation(t *testing.T) {
	var next, played, inputs, sagas, stuck atomic.Uint64
	next.Store(*simSeed)
	began := time.Now()
	var all sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		all.Go(func() {
			for {
				seed := next.Add(1) - 1
				if *simFor > 0 && time.Since(began) > *simFor || *simFor == 0 && seed >= *simSeed+*simN {
					return
				}
				s := sagatest.NewSimulation(seed)
				if *simN == 1 {
					s.Log = func(line string) { t.Log(line) }
				}
				if err := s.Run(); err != nil {
					t.Errorf("seed %d: %v", seed, err)
				}
				played.Add(1)
				inputs.Add(uint64(s.Inputs))
				sagas.Add(uint64(s.Sagas))
				stuck.Add(uint64(s.Stuck))
			}
		})
	}
	all.Wait()
	t.Logf("%d seeds from %d in %s: %d sagas, %d inputs, %d times stuck", played.Load(), *simSeed,
		time.Since(began).Round(time.Second), sagas.Load(), inputs.Load(), stuck.Load())
}

// TestSurveysDisturbNothing plays random sagas with an operator who asks for surveys all the time: every promise of the
// simulation holds with them too.
func TestSurveysDisturbNothing(t *testing.T) {
	var begun, done int
	for seed := *simSeed; seed < *simSeed+*simN/2; seed++ {
		s := sagatest.NewSimulation(seed).WithSurveys(seed)
		if err := s.Run(); err != nil {
			t.Errorf("seed %d: %v", seed, err)
		}
		b, d := s.Surveyed()
		begun, done = begun+b, done+d
	}
	if *simN >= 100 && (begun < 100 || done == 0 || done == begun) {
		t.Errorf("%d surveys were begun and %d saw everything: too few, or none was cut off", begun, done)
	}
	t.Logf("%d surveys, %d of them done", begun, done)
}
