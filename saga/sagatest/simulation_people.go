package sagatest

import (
	"fmt"
	"time"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/saga"
)

func (s *Simulation) submit() error {
	in := Intent(fmt.Sprint(s.intents), events.Apply, RandomData(s.rng))
	switch {
	case s.rng.IntN(4) == 0:
		in = Intent(fmt.Sprint(s.intents), events.Withdraw, Data{})
	case s.rng.IntN(8) == 0 && s.intents > 0:
		in = s.last // a repeat
	}
	s.intents++
	s.last = in
	return s.offer(saga.Accept{Intent: in})
}

// operator gives one order, sensible or not.
func (s *Simulation) operator() error {
	st := s.m.State
	a := events.Action{Saga: Key.Saga(max(st.Newest(), 1))}
	switch s.rng.IntN(9) {
	case 0:
		a.Kind = events.ActionCancel
	case 1:
		s.after(s.w.upTo(time.Hour), func() error { return s.order(events.Action{Kind: events.ActionResume}) })
		a.Kind = events.ActionPause
	case 2:
		a.Kind, a.From = events.ActionReplay, events.FromStart
	case 3:
		a.Kind, a.From = events.ActionReplay, events.FromFailed
	case 4, 5:
		return s.resolve(a)
	case 6: // a restart: everything open is sent again
		s.w.faults["restart"]++
		for _, c := range saga.Open(st) {
			s.send(c)
		}
		return nil
	case 7:
		s.m.Hold("", s.rng.IntN(2) == 0)
		s.story.held(s.m.Now, s.m.Held)
		return s.offer(saga.Tick{})
	default:
		s.m.Hold("net", s.rng.IntN(2) == 0)
		s.story.held(s.m.Now, s.m.Held)
		return s.offer(saga.Tick{})
	}
	return s.order(a)
}

// resolve settles a stuck step. Marked undone means that the operator has seen to it; skipped means that it stays.
func (s *Simulation) resolve(a events.Action) error {
	a.Kind = events.ActionResolve
	a.Resolution = []events.Resolution{events.ResolveRetry, events.ResolveMarkUndone, events.ResolveSkip}[s.rng.IntN(3)]
	if g := s.m.State.Saga; g != nil && g.Status == events.SagaStuck {
		for _, st := range g.Steps {
			if st.Status != events.StepStuck {
				continue
			}
			a.Step = st.Name
			if a.Resolution != events.ResolveRetry {
				s.w.exempt[st.Object] = true
			}
			break
		}
	}
	return s.order(a)
}

func (s *Simulation) order(a events.Action) error {
	a.Connection, a.Actor, a.Reason = Key, "ann", "because"
	return s.offer(saga.Operate{Action: a})
}
