package saga

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/culvertnet/culvert/events"
)

// known is the saga that an intent was accepted as before, "" when it is new. An error refuses it.
func (e Engine) known(s *State, in events.Intent) (saga string, err error) {
	if s.Key.Tenant == engineTenant {
		return "", events.NewRefusal("subject", "tenant", "tenant %s is reserved for the engine", engineTenant)
	}
	for _, a := range s.Accepted {
		if a.Source != in.Source || a.ID != in.ID {
			continue
		}
		if a.Digest != in.Digest {
			return s.SagaID(a.Saga), events.NewConflict("id", "same-id",
				"id %s was accepted with different content as %s; a changed intent needs a new id", in.ID,
				s.SagaID(a.Saga))
		}
		return s.SagaID(a.Saga), nil
	}
	if in.IfVersion != nil && *in.IfVersion != s.Intents {
		return "", events.NewConflict("ifversion", "if-version",
			"the last accepted intent of the connection is number %d, not %d", s.Intents, *in.IfVersion)
	}
	if _, known := e.Kinds[in.Kind]; !known {
		return "", events.NewRefusal("type", "kind", "unknown intent kind %q", in.Kind)
	}
	if len(s.Queue) >= QueueBound {
		return "", events.ErrBusy
	}
	return "", nil
}

// accept takes a new intent into the queue, as a saga.
func (t *turn) accept(in events.Intent) (saga string) {
	n := t.s.Sagas + 1
	t.add(IntentAccepted{At: t.now, Saga: n, Number: t.s.Intents + 1, Intent: in})
	t.expedite()
	return t.s.SagaID(n)
}

// expedite asks removals that only linger to come to an end: somebody waits.
func (t *turn) expedite() {
	if !t.s.active() || t.s.Saga.Direction != Removing {
		return
	}
	for _, st := range t.s.Saga.Steps {
		if st.Back && st.Next != nil && st.Next.Verb == events.Undo && st.Operation == "" && st.Next.At.After(t.now) {
			t.add(StepExpedited{Ref: Ref{st.Name, st.Generation}, At: t.now})
		}
	}
}

// startNext begins the oldest queued saga once the one before it is at rest. A stuck one gives way at once.
func (t *turn) startNext() {
	s := t.s
	q := s.Queue[0]
	plan, err := t.plan(q.Intent)
	if err != nil {
		t.add(SagaRefused{At: t.now, Saga: q.N, Reason: "plan: " + err.Error()})
		return
	}
	if s.Saga != nil && s.Saga.Status == events.SagaStuck {
		t.add(SagaSuperseded{At: t.now, Saga: s.Saga.N, By: q.N})
	}
	start := SagaStarted{At: t.now, Saga: q.N, Plan: plan, Hash: plan.Hash()}
	for _, n := range plan.Nodes {
		st := Step{
			Name: n.Name, Kind: n.Kind, After: n.After, UndoLast: n.UndoLast, Limits: n.Limits,
			Transition: TransitionUndecided, Status: events.StepPending,
		}
		if n.Check {
			st.Transition, st.Generation = TransitionCheck, s.Generations[n.Name]+1
			st.RequestID = events.StepRequestID(s.SagaID(q.N), n.Name, st.Generation)
		}
		start.Steps = append(start.Steps, st)
	}
	t.add(start)
}

// plan asks the intent's kind for its plan. A plan function that panics is a mistake about this intent: it is refused,
// and nothing else suffers.
func (t *turn) plan(in events.Intent) (_ Plan, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("planning panicked: %v", p)
		}
	}()
	kind, known := t.e.Kinds[in.Kind]
	if !known {
		return Plan{}, fmt.Errorf("this release does not have the intent kind %q", in.Kind)
	}
	plan, err := kind.Plan(Planning{Intent: in, Standing: slices.Clone(t.s.Standing)})
	if err != nil {
		return Plan{}, err
	}
	return plan, plan.Validate()
}

// leaveQueue ends a queued saga that never began.
func (s *State) leaveQueue(n uint64, status events.SagaStatus, reason string, at *time.Time) {
	for i, q := range s.Queue {
		if q.N != n {
			continue
		}
		s.Queue = slices.Delete(s.Queue, i, i+1)
		if n == s.Sagas {
			s.Unbegun = &q
		}
		s.remember(events.Status{
			ID: s.SagaID(n), Connection: s.Key.Name, Kind: q.Intent.Kind, Action: string(q.Intent.Want),
			Version: q.Number,
			Status:  status, Reason: reason, EndedAt: at, Retained: []string{}, Steps: []events.StepView{},
		})
		return
	}
}

// object names the object of a step's generation.
func (s *State) object(n Node, generation uint64) string {
	return events.Name(n.Prefix, s.Key.Tenant, s.Key.Name, n.Name, strconv.FormatUint(generation, 10))
}

func (s *State) requestID(step string, generation uint64) uuid.UUID {
	return events.StepRequestID(s.SagaID(s.Saga.N), step, generation)
}
