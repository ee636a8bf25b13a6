package sagatest

import (
	"fmt"
	"slices"
	"time"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/saga"
)

// offer hands an input to the machine and sends what comes out.
func (s *Simulation) offer(in saga.Input) error {
	s.Inputs++
	before := map[string]bool{}
	for _, c := range saga.Open(s.m.State) {
		before[c.ID()] = true
	}
	d, answer, broken := s.m.Input(in)
	if broken != nil || len(d.Facts) > 0 {
		s.story.input(s.m.Now, in)
	}
	if broken != nil {
		return broken
	}
	if answer != nil {
		if _, refused := events.AsRefusal(answer); !refused && answer != events.ErrBusy {
			return answer
		}
		return nil
	}
	for _, f := range d.Facts {
		if err := s.note(f); err != nil {
			return err
		}
	}
	for _, c := range saga.Open(s.m.State) {
		if before[c.ID()] {
			continue
		}
		if err := s.rightful(c); err != nil {
			return err
		}
		s.send(c)
	}
	return nil
}

// note counts a fact, and compares the world when a saga has ended.
func (s *Simulation) note(f saga.Fact) error {
	if s.Log != nil {
		s.Log(at(s.now) + " " + renderFact(f))
	}
	switch f := f.(type) {
	case saga.SurveyAsked:
		s.surveys++
	case saga.SurveyEnded:
		if f.Ended == events.SurveyDone {
			s.surveysDone++
		}
	case saga.SagaEnded:
		if f.Status == events.SagaStuck {
			s.Stuck++
		}
		if s.m.State.Saga.N == f.Saga { // else the next one has begun already
			return s.compare()
		}
	}
	return nil
}

// rightful holds a new command to the graph: checks come before any effect, and what needs a step goes back before it.
// A request id belongs to one generation of one step in one saga.
func (s *Simulation) rightful(c events.Command) error {
	owner := fmt.Sprintf("%s/%s/%d", c.Saga, c.Step, c.Generation)
	if was, known := s.requestIDs[c.RequestID]; known && was != owner {
		return fmt.Errorf("request id %s belongs to %s and to %s", c.RequestID, was, owner)
	}
	s.requestIDs[c.RequestID] = owner
	g := s.m.State.Saga
	if !c.Verb.Mutates() || c.Name == "" || stepOf(s.m.State, c).Transition == saga.TransitionRemove {
		return nil
	}
	for _, st := range g.Steps {
		switch {
		case g.Direction == saga.Making && st.Transition == saga.TransitionCheck && st.Status != events.StepDone:
			return fmt.Errorf("%s of %s is asked before %s is done", c.Verb, c.Step, st.Name)
		case g.Direction == saga.Reversing && st.Touched && st.Status != events.StepUndone &&
			st.Transition != saga.TransitionRemove:
			if n, _ := g.Plan.Node(st.Name); slices.Contains(n.After, c.Step) && !n.UndoLast && st.Generation > 0 {
				return fmt.Errorf("%s of %s is asked before %s is undone", c.Verb, c.Step, st.Name)
			}
		}
	}
	return nil
}

// send hands a command to the network.
func (s *Simulation) send(c events.Command) {
	copies := 1
	switch {
	case s.w.strikes("command dropped", 25):
		copies = 0
	case s.w.strikes("command repeated", 10):
		copies = 2
	}
	for range copies {
		s.after(s.delay(), func() error {
			r := s.w.run(c, s.now)
			if r.never || s.w.strikes("result dropped", 30) {
				return nil
			}
			result := c.Answer(r.outcome, "worker", s.now.Add(r.after))
			s.after(r.after+s.delay(), func() error { return s.offer(saga.Report{Result: result}) })
			if s.w.strikes("result repeated", 10) {
				s.after(r.after+s.delay(), func() error { return s.offer(saga.Report{Result: result}) })
			}
			return nil
		})
	}
}

func (s *Simulation) delay() time.Duration {
	if s.w.strikes("delayed behind others", 15) {
		return s.w.upTo(2 * time.Minute)
	}
	return s.w.upTo(200 * time.Millisecond)
}
