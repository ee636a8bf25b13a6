package wiring

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/culvertnet/culvert/adapters/memory"
	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/saga"
	"github.com/culvertnet/culvert/saga/plans"
	"github.com/culvertnet/culvert/saga/plans/kind"
	"github.com/culvertnet/culvert/workers/steptest"
)

// Every step that a kind plans keeps to what the engine relies on, with the inputs of whole runs, over the real
// adapters, against the simulated world: done twice, cut off anywhere, undone after doing and without. The intents are
// the kinds' samples; a kind is one shard, by -run 'Catalogue/<kind>'. A step that no kind plans yet has its scenes in
// its own package.
func TestEveryStepOfTheCatalogueKeepsItsObligations(t *testing.T) {
	registered := map[string]bool{}
	for _, h := range newLab(t).handlers(Capabilities()) {
		registered[h.Kind()] = true
	}
	for name, e := range testCatalogue(t) {
		t.Run(name, func(t *testing.T) {
			tried := map[string]bool{}
			for _, s := range e.Samples {
				trySample(t, e, s, tried)
			}
			for _, kind := range plannedSteps(t, e) {
				if !tried[kind] || !registered[kind] {
					t.Errorf("a plan has step %s; registered: %t; tried by a recorded run: %t", kind, registered[kind],
						tried[kind])
				}
			}
		})
	}
}

// trySample records the run of a sample and breaks its steps in every way.
func trySample(t *testing.T, e kind.Entry, s kind.Sample, tried map[string]bool) {
	samples := record(t, e.Apply(s.Data))
	if s.Steps != nil {
		samples = slices.DeleteFunc(samples, func(c events.Command) bool { return !slices.Contains(s.Steps, c.Step) })
		if len(samples) != len(s.Steps) {
			t.Errorf("%s: the run had %d of the steps %v", s.Name, len(samples), s.Steps)
		}
	}
	var kinds []string
	for _, c := range samples {
		kinds, tried[c.Kind] = append(kinds, c.Kind), true
	}
	t.Run(s.Name, func(t *testing.T) {
		steptest.Run(t, func(t *testing.T) steptest.Bed { return newLab(t).bed(kinds) }, samples)
	})
}

// plannedSteps lists the kinds of the steps that the examples and samples of an intent kind plan.
func plannedSteps(t *testing.T, e kind.Entry) []string {
	t.Helper()
	intents := make([]events.Intent, 0, len(e.Versions)+len(e.Samples))
	for version := range e.Versions {
		intents = append(intents, e.Example(version))
	}
	for _, s := range e.Samples {
		intents = append(intents, e.Apply(s.Data))
	}
	var kinds []string
	for _, in := range intents {
		p, err := e.Engine().Plan(saga.Planning{Intent: in})
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range p.Nodes {
			kinds = append(kinds, n.Kind)
		}
	}
	return kinds
}

// testCatalogue is the daemon's, with its default configuration.
func testCatalogue(t *testing.T) plans.Catalogue {
	t.Helper()
	file, err := ReadFile("")
	if err != nil {
		t.Fatal(err)
	}
	return plans.All(file.PlansOperator())
}

// tape is a bus that remembers the commands that were delivered.
type tape struct {
	*memory.Bus
	mu       sync.Mutex
	commands map[string]events.Command // the last Do of each step
	running  atomic.Int32              // how many commands run
}

// Consume remembers what passes.
func (p *tape) Consume(
	ctx context.Context, s events.Subscription, handle func(context.Context, events.Delivery) events.Verdict,
) error {
	return p.Bus.Consume(ctx, s, func(ctx context.Context, d events.Delivery) events.Verdict {
		c, err := events.DecodeCommand(d.Body)
		if err != nil {
			return handle(ctx, d)
		}
		p.running.Add(1)
		defer p.running.Add(-1)
		if c.Verb == events.Do {
			p.mu.Lock()
			p.commands[c.Step] = c
			p.mu.Unlock()
		}
		return handle(ctx, d)
	})
}

// memoryCursor is a orchestrator.Cursor for one run.
type memoryCursor struct{}

// Load begins at the beginning.
func (memoryCursor) Load(context.Context) (saga.Position, error) { return 0, nil }

// Save forgets.
func (memoryCursor) Save(context.Context, saga.Position) error { return nil }

// record runs an intent with engine, workers, adapters and world, and gives the Do commands in the order of the plan.
func record(t *testing.T, in events.Intent) []events.Command {
	t.Helper()
	d := startDaemon(t)
	return d.bus.inOrder(d.ends(in, events.SagaCompleted).Saga.Plan)
}

// told fails the test for an error of a part that nobody has asked to end.
func told(t *testing.T, ctx context.Context, err error) {
	if err != nil && ctx.Err() == nil {
		t.Error(err)
	}
}

// inOrder gives the recorded commands in the order of a plan.
func (p *tape) inOrder(plan saga.Plan) []events.Command {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []events.Command
	for _, n := range plan.Nodes {
		if c, has := p.commands[n.Name]; has {
			all = append(all, c)
		}
	}
	return all
}
