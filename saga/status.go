package saga

import (
	"encoding/json"
	"time"

	"github.com/culvertnet/culvert/events"
)

// View projects the newest saga that has begun; with steps, or without.
func (s State) View(steps bool) events.Status {
	g := s.Saga
	if g == nil {
		return events.Status{}
	}
	v := events.Status{
		ID: s.SagaID(g.N), Connection: s.Key.Name, Kind: g.Intent.Kind, Action: string(g.Intent.Want),
		Version: g.Number,
		Status:  g.Status, Reason: g.Reason, StartedAt: known(g.StartedAt), EndedAt: known(g.EndedAt),
		Retained: []string{},
	}
	for _, st := range g.Steps {
		if st.Retained != "" {
			v.Retained = append(v.Retained, st.Retained)
		}
		if steps {
			v.Steps = append(v.Steps, st.view())
		}
	}
	if steps && g.Intent.Want == events.Apply {
		v.Steps = append(v.Steps, g.proveView())
	}
	return v
}

// ViewOf projects any saga of the connection that is still known: queued, newest or past.
func (s State) ViewOf(n uint64) (events.Status, bool) {
	if s.Saga != nil && s.Saga.N == n {
		return s.View(true), true
	}
	for _, q := range s.Queue {
		if q.N == n {
			return events.Status{
				ID: s.SagaID(n), Connection: s.Key.Name, Kind: q.Intent.Kind, Action: string(q.Intent.Want),
				Version: q.Number,
				Status:  events.SagaAccepted, Retained: []string{}, Steps: []events.StepView{},
			}, true
		}
	}
	for _, p := range s.Past {
		if p.ID == s.SagaID(n) {
			return p, true
		}
	}
	return events.Status{}, false
}

// Newest is the number of the newest saga: queued, under way, or ended last; 0 when there is none.
func (s State) Newest() uint64 {
	var n uint64
	if s.Saga != nil {
		n = s.Saga.N
	}
	switch {
	case len(s.Queue) > 0:
		return s.Queue[len(s.Queue)-1].N
	case !s.active() && s.Unbegun != nil && s.Unbegun.N > n:
		return s.Unbegun.N
	}
	return n
}

// IntentOf is the intent of a saga that is queued, under way, or the newest that has ended. Of older ones only the view
// is kept.
func (s State) IntentOf(n uint64) (events.Intent, bool) {
	if s.Saga != nil && s.Saga.N == n {
		return s.Saga.Intent, true
	}
	for _, q := range s.Queue {
		if q.N == n {
			return q.Intent, true
		}
	}
	if s.Unbegun != nil && s.Unbegun.N == n {
		return s.Unbegun.Intent, true
	}
	return events.Intent{}, false
}

func (st *Step) view() events.StepView {
	return events.StepView{
		Name: st.Name, Capability: Node{Kind: st.Kind}.Capability(), Transition: string(st.Transition),
		Status:   st.Status,
		Attempts: st.Attempts, Operation: st.Operation, Output: st.Output, Error: st.Error,
		StartedAt: known(st.StartedAt), EndedAt: known(st.EndedAt),
	}
}

// proveView shows the proof phase as a step.
func (g *Saga) proveView() events.StepView {
	v := events.StepView{
		Name: ProveStep, Capability: "engine", Transition: string(TransitionCheck), Status: events.StepPending,
		Attempts: g.Proof.Round, StartedAt: known(g.Proof.StartedAt), EndedAt: known(g.Proof.EndedAt),
	}
	switch {
	case g.Proof.Passed:
		v.Status = events.StepDone
	case g.Direction == Reversing && g.Proof.Round > 0:
		v.Status = events.StepRefused
	case g.Direction == Reversing:
		v.Status = events.StepSkipped
	case g.Proof.Round > 0:
		v.Status = events.StepRequested
	}
	if len(g.Proof.Failing) > 0 && !g.Proof.Passed {
		v.Error = &events.StepError{Class: events.Retry, Message: g.Proof.Failing[0]}
	}
	return v
}

// known is a time that may be unknown yet: nil for the zero time.
func known(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// Summarise is what a connection is listed by. moves is the state's table of next moves: a decision has it, and Moves
// makes it.
func (e Engine) Summarise(s State, moves []Move) Summary {
	sum := Summary{
		Due: s.due(moves), Paused: s.Paused != nil, Queued: len(s.Queue), Version: s.Intents, Head: s.Head,
		Open: openWork(&s, moves),
	}
	newest := s.Newest()
	w := why{e: e, s: &s}
	switch {
	case s.active():
		w.of(s.Saga.N, moves)
	case len(s.Queue) > 0:
		w.of(s.Queue[0].N, moves)
	default:
		w.of(newest, moves)
	}
	sum.Why = summarised(w.reasons)
	switch {
	case len(s.Queue) > 0 && !s.active():
		q := s.Queue[0]
		sum.Saga, sum.Kind, sum.Want, sum.Status = s.SagaID(q.N), q.Intent.Kind, q.Intent.Want, events.SagaAccepted
	case s.Saga != nil && (s.active() || s.Saga.N == newest):
		g := s.Saga
		sum.Saga, sum.Kind, sum.Want, sum.Status, sum.Reason = s.SagaID(g.N), g.Intent.Kind, g.Intent.Want, g.Status,
			g.Reason
		sum.Started, sum.Ended = g.StartedAt, g.EndedAt
	default:
		p, _ := s.ViewOf(newest)
		sum.Saga, sum.Kind, sum.Want, sum.Status, sum.Reason = p.ID, p.Kind, events.Want(p.Action), p.Status, p.Reason
	}
	return sum
}

// A Change is a change of a saga's status that the world is told about.
type Change struct {
	// N counts the changes within one record, from 0; with the record's version it makes the event's id.
	N      int
	Status events.Status
}

// Changes lists the changes of status that a record holds. before is the state that the record was applied to.
func Changes(before State, facts []Fact) ([]Change, error) {
	s := before.clone()
	var changes []Change
	for _, f := range facts {
		if err := s.apply(f); err != nil {
			return nil, err
		}
		var v events.Status
		switch f := f.(type) {
		case IntentAccepted:
			v, _ = s.ViewOf(f.Saga)
		case SagaReplayed:
			v, _ = s.ViewOf(f.Saga)
		case SagaRefused:
			v, _ = s.ViewOf(f.Saga)
		case SagaCancelled:
			if s.Saga != nil && s.Saga.N == f.Saga { // its compensation follows, and is what is told
				continue
			}
			v, _ = s.ViewOf(f.Saga)
		case SagaStarted, CompensationStarted, SagaEnded, SagaContinued, SagaSuperseded, StepResolved:
			v = s.View(false)
		default:
			continue
		}
		v.Steps = nil
		changes = append(changes, Change{N: len(changes), Status: v})
	}
	return changes, nil
}

// Rebuild folds records into the state they make, from a snapshot. Records that do not follow from it or from one
// another are ErrBroken: nothing is decided on a journal that somebody has changed.
func Rebuild(key events.Key, snapshot Snapshot, records []Record) (State, error) {
	s := State{Key: key}
	if snapshot.Version > 0 {
		if err := json.Unmarshal(snapshot.State, &s); err != nil {
			return State{}, err
		}
	}
	for _, r := range records {
		var err error
		if s, err = ApplyRecord(s, r); err != nil {
			return State{}, err
		}
	}
	return s, nil
}
