package saga

import (
	"time"

	"github.com/culvertnet/culvert/events"
)

// Open renders every command that is out, from the state alone: the same state gives the same commands, so a lost one is
// found again by reading the journal.
func Open(s State) []events.Command {
	if s.Saga == nil {
		return nil
	}
	var commands []events.Command
	for _, st := range s.Saga.Steps {
		if st.Open == nil {
			continue
		}
		commands = append(commands, events.Command{
			Connection: s.Key, Saga: s.SagaID(s.Saga.N), Step: st.Name, Kind: st.Kind, Capability: Node{Kind: st.Kind}.Capability(),
			Generation: st.Generation, Epoch: st.Open.Epoch, Deed: st.Open.Deed, Purpose: st.Open.Purpose, Name: st.Object,
			RequestID: st.RequestID, Due: st.Open.Due, Deadline: st.Open.Deadline, Since: st.Since, Operation: st.Open.Operation,
			Input: st.Open.Input, Output: st.Output, Hurry: len(s.Queue) > 0,
		})
	}
	return commands
}

// Due is when the connection next needs the engine by itself: the earliest retry, proof round or lost command. Zero means
// that only an input can move it.
func (e Engine) Due(s State) time.Time {
	var due time.Time
	sooner := func(at time.Time) {
		if due.IsZero() || at.Before(due) {
			due = at
		}
	}
	if !s.active() {
		if len(s.Queue) > 0 && s.Paused == nil {
			sooner(s.Queue[0].At)
		}
		return due
	}
	g := s.Saga
	for _, st := range g.Steps {
		if st.Open != nil {
			sooner(st.Open.Deadline.Add(e.Limits.quiet()))
			continue
		}
		if s.Paused != nil {
			continue
		}
		if st.Next != nil {
			sooner(st.Next.At)
		}
		if g.Direction == Reversing && st.Touched && !st.Back && !st.QuietAt.IsZero() {
			sooner(st.QuietAt)
		}
	}
	if s.Paused == nil && g.Direction == Making && !g.Proof.Next.IsZero() {
		sooner(g.Proof.Next)
	}
	if g.Direction == Proving {
		sooner(g.Proof.StartedAt.Add(e.Limits.ProveBudget + time.Millisecond))
	}
	return due
}
