package saga_test

import (
	"flag"
	"testing"

	"github.com/culvertnet/culvert/saga/sagatest"
)

var (
	simSeed = flag.Uint64("saga.seed", 0, "the first seed of the simulation")
	simN    = flag.Uint64("saga.n", 400, "how many seeds the simulation plays")
)

// TestSimulation plays random sagas in a faulty world. A failure names its seed: `make sim SEED=<seed> N=1` plays it again.
func TestSimulation(t *testing.T) {
	var inputs, sagas, stuck int
	for seed := *simSeed; seed < *simSeed+*simN; seed++ {
		s := sagatest.NewSimulation(seed)
		if *simN == 1 {
			s.Log = func(line string) { t.Log(line) }
		}
		if err := s.Run(); err != nil {
			t.Errorf("seed %d: %v", seed, err)
		}
		inputs, sagas, stuck = inputs+s.Inputs, sagas+s.Sagas, stuck+s.Stuck
	}
	t.Logf("%d seeds from %d: %d sagas, %d inputs, %d times stuck", *simN, *simSeed, sagas, inputs, stuck)
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
