package orchestrator_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/saga"
	"github.com/culvertnet/culvert/saga/orchestrator"
	"github.com/culvertnet/culvert/saga/sagatest"
)

// TestStepThatCannotBeSentIsRefused: a plan in the journal of an earlier release has a step whose commands cannot be
// encoded. The step is refused with the reason, and the saga compensates.
func TestStepThatCannotBeSentIsRefused(t *testing.T) {
	inBubble(t, func(r *rig) {
		var said []saga.Fact
		r.stored(strings.Repeat("x", 50)+".b", intent("orders", "1", "c net.check check", "a net.a", "b net.b after=a"))
		p := r.start(r.bus, func(o *orchestrator.Options) { o.SweepEvery = time.Second })
		r.worker()
		r.expect(p, "orders", events.SagaCompensated)
		s, err := p.State(r.Context(), named("orders"))
		if err != nil {
			r.Fatal(err)
		}
		if !strings.Contains(s.Saga.Cause, "b: send command: ") {
			r.Errorf("the saga compensates because %q", s.Saga.Cause)
		}
		for _, st := range s.Saga.Steps {
			if st.Transition != saga.TransitionCheck && st.Status != events.StepUndone {
				r.Errorf("step %s is %s", st.Name, st.Status)
			}
		}
		_, records, err := r.journal.Load(r.Context(), named("orders"))
		if err != nil {
			r.Fatal(err)
		}
		for _, rec := range records {
			facts, _, _, err := saga.DecodeRecord(rec.Facts)
			if err != nil {
				r.Fatal(err)
			}
			said = append(said, facts...)
		}
		refused := func(f saga.Fact) bool { is, ok := f.(saga.StepRefused); return ok && is.Step == "b" }
		if n := len(slices.DeleteFunc(said, func(f saga.Fact) bool { return !refused(f) })); n != 1 {
			r.Errorf("b was refused %d times", n)
		}
	})
}

// stored puts the beginning of a saga into the journal in which the last step is of a kind that no plan may have any
// more.
func (r *rig) stored(kind string, in events.Intent) {
	r.Helper()
	e := saga.Engine{Kinds: sagatest.Kinds(), Limits: sagatest.Limits()}
	before := saga.State{Key: in.Connection}
	d, err := e.Decide(before, saga.Accept{Intent: in}, saga.Environment{Now: time.Now()})
	if err != nil {
		r.Fatal(err)
	}
	for _, f := range d.Facts {
		if started, is := f.(saga.SagaStarted); is {
			last := len(started.Steps) - 1
			started.Steps[last].Kind, started.Plan.Nodes[last].Kind = kind, kind
		}
	}
	after, err := saga.Apply(before, d.Facts)
	if err != nil {
		r.Fatal(err)
	}
	facts, _, err := saga.EncodeRecord(before, "earlier", d.Facts)
	if err != nil {
		r.Fatal(err)
	}
	landed := r.journal.Append(r.Context(), []saga.Append{{
		Key: in.Connection, ID: "earlier", Summary: e.Summarise(after, e.Moves(&after, nil, nil)), Facts: facts,
		Admits: true,
	}})
	if landed[0].Err != nil {
		r.Fatal(landed[0].Err)
	}
}
