package saga

import (
	"fmt"
	"slices"
	"time"

	"github.com/culvertnet/culvert/events"
)

// apply folds one fact into the state in place. It believes facts: whether one was right to happen is decided before it
// is written.
func (s *State) apply(f Fact) error {
	switch f := f.(type) {
	case IntentAccepted:
		s.Intents, s.Sagas = f.Number, f.Saga
		in := f.Intent
		s.Accepted = append(s.Accepted, Accepted{Source: in.Source, ID: in.ID, Digest: in.Digest, Saga: f.Saga})
		s.Queue = append(s.Queue, Queued{N: f.Saga, Number: f.Number, Intent: in, At: f.At})
	case SagaReplayed:
		s.Sagas = f.Saga
		s.Queue = append(s.Queue, Queued{N: f.Saga, Number: f.Number, Intent: f.Intent, ReplayOf: f.ReplayOf, At: f.At})
	case SagaStarted:
		return s.applyStarted(f)
	case SagaRefused:
		s.leaveQueue(f.Saga, events.SagaCompensated, f.Reason, &f.At)
	case SagaCancelled:
		if s.Saga == nil || s.Saga.N != f.Saga {
			s.leaveQueue(f.Saga, events.SagaCompensated, "cancelled by "+f.Actor+": "+f.Reason, &f.At)
		}
	case SagaSuperseded:
		s.Saga.SupersededBy, s.Saga.Reason = f.By, reasonSuperseded
	case ConnectionPaused:
		s.Paused = &Pause{Actor: f.Actor, Reason: f.Reason, At: f.At}
	case ConnectionResumed:
		s.applyResumed(f)
	case CheckpointTaken:
		s.Checkpointed = f.Until
	case SurveyAsked:
		s.applySurveyAsked(f)
	case SurveySeen:
		s.applySurveySeen(f)
	case SurveyEnded:
		s.applySurveyEnded(f)
	default:
		return s.applyToSaga(f)
	}
	return nil
}

// applyToSaga folds a fact about the newest saga.
func (s *State) applyToSaga(f Fact) error {
	g := s.Saga
	if g == nil {
		return fmt.Errorf("no saga has begun")
	}
	switch f := f.(type) {
	case SagaContinued:
		g.goOn()
		for _, t := range g.Steps {
			if t.Status == events.StepStuck {
				t.revive(f.At)
			}
		}
	case CompensationStarted:
		g.Status, g.Direction, g.Reason, g.Cause = events.SagaCompensating, Reversing, f.Reason, f.Reason
		g.add(f.Leftovers)
		for _, t := range g.Steps {
			t.forgetForward()
		}
	case ProofStarted:
		g.startProof(f)
	case ProofFailed:
		g.Direction, g.Proof.Failing, g.Proof.Next = Making, f.Failing, f.Next
	case VersionCommitted:
		s.applyCommitted(f)
	case SagaEnded:
		g.Status, g.EndedAt, g.Reason = f.Status, f.At, f.Reason
	default:
		return s.applyToStep(f)
	}
	return nil
}

func (s *State) applyStarted(f SagaStarted) error {
	i := slices.IndexFunc(s.Queue, func(q Queued) bool { return q.N == f.Saga })
	if i < 0 {
		return fmt.Errorf("saga %d is not queued", f.Saga)
	}
	q := s.Queue[i]
	s.Queue = slices.Delete(s.Queue, i, i+1)
	s.retire()
	s.Survey = nil
	s.Saga = &Saga{
		N: q.N, Intent: q.Intent, Number: q.Number, ReplayOf: q.ReplayOf, Plan: f.Plan, PlanHash: f.Hash,
		Status: events.SagaRunning, Direction: Making, StartedAt: f.At,
	}
	s.Saga.add(f.Steps)
	return nil
}

// applyCommitted makes the saga's steps the current version, and begins the removals. Nothing else is current any more.
func (s *State) applyCommitted(f VersionCommitted) {
	g := s.Saga
	g.Direction = Removing
	for i := range s.Standing {
		s.Standing[i].Committed, s.Standing[i].Known = false, false
	}
	if g.Intent.Want == events.Apply {
		s.Stands = g.N
		g.Proof.Passed, g.Proof.EndedAt = true, f.At
		for _, t := range g.Steps {
			if st := s.standing(t.Name, t.Generation); st != nil && t.Transition != TransitionCheck {
				st.Committed, st.Known, st.QuietAt, st.Operation = true, true, t.QuietAt, ""
				st.Input, st.After, st.UndoLast, st.Limits = t.Input, t.After, t.UndoLast, t.Limits
			}
		}
	} else {
		s.Stands = 0
	}
	g.add(f.Removals)
}

// applyResumed releases the connection. The time of the pause does not count.
func (s *State) applyResumed(f ConnectionResumed) {
	if s.Paused == nil {
		return
	}
	pause := f.At.Sub(s.Paused.At)
	s.Paused = nil
	if !s.active() {
		return
	}
	move := func(at *time.Time) {
		if !at.IsZero() {
			*at = at.Add(pause)
		}
	}
	for _, t := range s.Saga.Steps {
		move(&t.Since)
		move(&t.HeldAt)
	}
	move(&s.Saga.Proof.StartedAt)
	move(&s.Saga.Proof.HeldAt)
}

// reasonSuperseded is the published reason of a saga that gave way to the next intent.
const reasonSuperseded = "superseded"

// superseded tells whether the saga gave way to the next intent. Snapshots of releases before SupersededBy have only
// the reason, which no other fact can give a stuck saga.
func (g *Saga) superseded() bool {
	return g.SupersededBy > 0 || g.Status == events.SagaStuck && g.Reason == reasonSuperseded
}

// goOn lets a stuck saga run again in its direction.
func (g *Saga) goOn() {
	g.SupersededBy = 0
	g.Reason, g.Status, g.EndedAt = g.Cause, events.SagaRunning, zeroTime
	if g.Direction == Reversing {
		g.Status = events.SagaCompensating
	}
}

// retire moves the newest saga to the past.
func (s *State) retire() {
	if s.Saga != nil {
		s.remember(s.View(true))
	}
}

func (s *State) remember(v events.Status) {
	for i := range v.Steps {
		v.Steps[i].Output = nil
	}
	s.Past = slices.Insert(s.Past, 0, v)
	if len(s.Past) > PastBound {
		s.Past = s.Past[:PastBound]
	}
}

func (g *Saga) add(steps []Step) {
	for _, t := range steps {
		g.Steps = append(g.Steps, &t)
	}
}

func (g *Saga) startProof(f ProofStarted) {
	g.Direction, g.Proof.Round = Proving, f.Round
	switch {
	case f.Round == 1:
		g.Proof.StartedAt = f.At
	case !g.Proof.HeldAt.IsZero():
		g.Proof.StartedAt = g.Proof.StartedAt.Add(f.At.Sub(g.Proof.HeldAt))
	}
	g.Proof.HeldAt = zeroTime
	for _, t := range g.Steps {
		if t.Transition != TransitionCheck {
			t.Proved, t.Next = false, &Next{Verb: events.Look, At: f.At}
		}
	}
}
