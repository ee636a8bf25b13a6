package saga_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/saga"
	"github.com/culvertnet/culvert/saga/sagatest"
)

// fifteen is an intent of four checks and eleven steps.
func fifteen(b *testing.B) events.Intent {
	b.Helper()
	d, err := sagatest.ParseData(sagatest.Fifteen())
	if err != nil {
		b.Fatal(err)
	}
	return sagatest.Intent("1", events.Apply, d)
}

// BenchmarkDecide is one result in the middle of a saga of fifteen steps.
func BenchmarkDecide(b *testing.B) {
	e := saga.Engine{Kinds: sagatest.Kinds(), Limits: sagatest.Limits()}
	d, err := e.Decide(
		saga.State{Key: sagatest.Key}, saga.Accept{Intent: fifteen(b)}, saga.Environment{Now: sagatest.Epoch},
	)
	for range 8 {
		if err != nil {
			b.Fatal(err)
		}
		c := saga.Open(d.State)[0]
		d, err = e.Decide(d.State, saga.Report{Result: c.Answer(sagatest.Willing(c), "worker", sagatest.Epoch)},
			saga.Environment{Now: sagatest.Epoch})
	}
	c := saga.Open(d.State)[0]
	result := c.Answer(sagatest.Willing(c), "worker", sagatest.Epoch)
	b.ReportAllocs()
	for b.Loop() {
		next, err := e.Decide(d.State, saga.Report{Result: result}, saga.Environment{Now: sagatest.Epoch})
		if err != nil || len(next.Facts) == 0 {
			b.Fatal(err)
		}
	}
}

// BenchmarkRebuild reads the journal of a whole saga of fifteen steps.
func BenchmarkRebuild(b *testing.B) {
	m := sagatest.NewMachine()
	if _, _, err := m.Input(saga.Accept{Intent: fifteen(b)}); err != nil {
		b.Fatal(err)
	}
	for len(saga.Open(m.State)) > 0 {
		c := saga.Open(m.State)[0]
		if _, _, err := m.Input(saga.Report{Result: c.Answer(sagatest.Willing(c), "worker", m.Now)}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := saga.Rebuild(sagatest.Key, saga.Snapshot{}, m.Records); err != nil {
			b.Fatal(err)
		}
	}
	state, err := json.Marshal(m.State)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(len(m.Records)), "records")
	b.ReportMetric(float64(len(state)), "bytes/state")
}

// linear is a plan of five steps, each after the one before.
func linear(b testing.TB) events.Intent {
	b.Helper()
	var lines []string
	for i := range 5 {
		line := fmt.Sprintf("step-%d net.step-%d project=acme-prod", i, i)
		if i > 0 {
			line += fmt.Sprintf(" link<-step-%d.project", i-1)
		}
		lines = append(lines, line)
	}
	d, err := sagatest.ParseData(lines)
	if err != nil {
		b.Fatal(err)
	}
	return sagatest.Intent("1", events.Apply, d)
}

// decideLinear decides a saga of five steps to its end, as the shell does without a broker: each decision with its
// record and its summary. It gives the number of decisions.
func decideLinear(b testing.TB, in events.Intent) (decisions int) {
	e := saga.Engine{Kinds: sagatest.Kinds(), Limits: sagatest.Limits()}
	env := saga.Environment{Now: sagatest.Epoch}
	s := saga.State{Key: sagatest.Key}
	for input := saga.Input(saga.Accept{Intent: in}); ; decisions++ {
		d, err := e.Decide(s, input, env)
		if err != nil || len(d.Facts) == 0 {
			b.Fatalf("%d facts, %v", len(d.Facts), err)
		}
		if _, d.State.Head, err = saga.EncodeRecord(s, "0", d.Facts); err != nil {
			b.Fatal(err)
		}
		s = d.State
		if sum := e.Summarise(s, d.Moves); sum.Status.Ended() {
			return decisions + 1
		}
		c := saga.Open(s)[0]
		input = saga.Report{Result: c.Answer(sagatest.Willing(c), "worker", sagatest.Epoch)}
	}
}

// BenchmarkLinear is what all decisions of a saga of ten verbs cost.
func BenchmarkLinear(b *testing.B) {
	in := linear(b)
	b.ReportAllocs()
	for b.Loop() {
		b.ReportMetric(float64(decideLinear(b, in)), "decisions")
	}
}
