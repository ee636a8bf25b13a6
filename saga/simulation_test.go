package saga_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/culvertnet/culvert/saga/sagatest"
)

var (
	simSeed = flag.Uint64("saga.seed", 0, "the first seed of the simulation")
	simN    = flag.Uint64("saga.n", 400, "how many seeds the simulation plays")
	simFor  = flag.Duration("saga.for", 0, "how long the simulation plays, instead of so many seeds")
	// The defaults keep CI's time; make proof-table asks for every input.
	simChecks = flag.Int("saga.check-every", 16, "how seldom a simulated machine checks itself: 1 is at every input")
	simTables = flag.Int("saga.table-every", 16, "how seldom of these checks the table is held to Ticks")
)

// TestSimulation plays random sagas in a faulty world, on every core, so many seeds or for so long. A failure names its
// seed, which `make sim SEED=<seed> N=1` plays again, and its story: what the engine was told, as a script that belongs
// to the others once it is mended.
func TestSimulation(t *testing.T) {
	var next, played, inputs, sagas, stuck, tables, ticks atomic.Uint64
	var mu sync.Mutex
	faults := map[string]int{}
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
				s.Machine().CheckEvery, s.Machine().TableEvery = *simChecks, *simTables
				if *simN == 1 {
					s.Log = func(line string) { t.Log(line) }
				}
				if err := s.Run(); err != nil {
					t.Errorf("seed %d: %v; its story: %s", seed, err, keep(t, s, seed, err))
				}
				mu.Lock()
				for kind, n := range s.Faults() {
					faults[kind] += n
				}
				mu.Unlock()
				played.Add(1)
				inputs.Add(uint64(s.Inputs))
				sagas.Add(uint64(s.Sagas))
				stuck.Add(uint64(s.Stuck))
				tables.Add(uint64(s.Machine().Tables))
				ticks.Add(uint64(s.Machine().Ticks))
			}
		})
	}
	all.Wait()
	t.Logf("%d seeds from %d in %s: %d sagas, %d inputs, %d times stuck", played.Load(), *simSeed,
		time.Since(began).Round(time.Second), sagas.Load(), inputs.Load(), stuck.Load())
	t.Logf("%d times the table was held to %d Ticks: now, just before it is due, when it is due, a minute later",
		tables.Load(), ticks.Load())
	for _, kind := range slices.Sorted(maps.Keys(faults)) {
		t.Logf("%9d %s", faults[kind], kind)
	}
	if kinds := len(faults); *simN >= 100 && kinds != faultKinds {
		t.Errorf("%d kinds of faults were made, not %d", kinds, faultKinds)
	}
}

// faultKinds is how many kinds of faults a simulation knows.
const faultKinds = 20

// keep writes the story of a failed run to where the other scripts are looked for.
func keep(t *testing.T, s *sagatest.Simulation, seed uint64, failure error) string {
	file := fmt.Sprintf("testdata/failed/seed_%d.txt", seed)
	title := fmt.Sprintf(
		"Seed %d of the simulation broke a promise: %s.", seed, strings.ReplaceAll(failure.Error(), "\n", " "),
	)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Error(err)
	}
	if err := os.WriteFile(file, []byte(s.Story(title)), 0o644); err != nil {
		t.Error(err)
	}
	return "saga/" + file
}

// The story of a run, played as a script, is that run: every fact is the same.
func TestStoriesAreTheirRuns(t *testing.T) {
	for seed := range *simN / 4 {
		s := sagatest.NewSimulation(seed).WithSurveys(seed)
		if err := s.Run(); err != nil {
			t.Errorf("seed %d: %v", seed, err)
		}
		script, err := sagatest.ParseScript(s.Story("A run."))
		if err != nil {
			t.Fatal(err)
		}
		m := sagatest.NewMachine()
		m.CheckEvery = 64
		if _, err := script.Run(m); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		was, err := sagatest.Outline(s.Machine().State)
		if err != nil {
			t.Fatal(err)
		}
		is, err := sagatest.Outline(m.State)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(was, is); diff != "" || len(m.Records) != len(s.Machine().Records) {
			t.Fatalf("seed %d: %d records, as a script %d: %s", seed, len(s.Machine().Records), len(m.Records), diff)
		}
	}
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
