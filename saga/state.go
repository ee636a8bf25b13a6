package saga

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/culvertnet/culvert/events"
)

// QueueBound is how many accepted intents of one connection may wait behind the running saga.
const QueueBound = 16

// ProveStep is the name under which the proof phase is shown as a step.
const ProveStep = events.ProveStep

// A State is everything a journal says about one connection. It is a value made by Apply only.
type State struct {
	Key events.Key `json:"key"`
	// Version is the number of records applied.
	Version uint64 `json:"version"`
	// Head is the hash of the newest record; "" before the first one that is chained.
	Head string `json:"head,omitempty"`
	// Intents counts accepted intents; Sagas numbers the sagas given out.
	Intents uint64 `json:"intents"`
	Sagas   uint64 `json:"sagas"`
	// Accepted remembers every accepted intent, to know it again.
	Accepted []Accepted `json:"accepted,omitempty"`
	// Queue are accepted sagas that have not begun, oldest first.
	Queue []Queued `json:"queue,omitempty"`
	// Standing is the state of each step's generations, oldest first.
	Standing []Standing `json:"standing,omitempty"`
	// Stands is the number of the saga whose version stands; 0 when nothing does.
	Stands uint64 `json:"stands,omitempty"`
	// Generations is the highest generation each step has had.
	Generations map[string]uint64 `json:"generations,omitempty"`
	// Saga is the newest saga that has begun, running or at rest.
	Saga *Saga `json:"saga,omitempty"`
	// Past are the sagas that have given way to another, newest first, as they are shown; at most PastBound.
	Past []events.Status `json:"past,omitempty"`
	// Unbegun is the newest saga that ended before it began: cancelled in the queue, or not to be planned. A replay
	// needs it.
	Unbegun *Queued `json:"unbegun,omitempty"`
	// Survey is the last look at a connection at rest; the next saga forgets it.
	Survey *Survey `json:"survey,omitempty"`
	// Paused says why nothing new is requested.
	Paused *Pause `json:"paused,omitempty"`
	// Checkpointed, in the journal of checkpoints, is up to when changes are listed in it.
	Checkpointed time.Time `json:"checkpointed,omitzero"`
}

// PastBound is how many ended sagas of a connection are kept to be shown.
const PastBound = 20

// Accepted is what is remembered of an accepted intent.
type Accepted struct {
	Source string `json:"source"`
	ID     string `json:"id"`
	Digest string `json:"digest"`
	Saga   uint64 `json:"saga"`
}

// Queued is an accepted saga that waits for its turn.
type Queued struct {
	N uint64 `json:"n"`
	// Number is the intent's, counted over the connection's accepted intents; a replay has that of what it replays.
	Number   uint64        `json:"number"`
	Intent   events.Intent `json:"intent"`
	ReplayOf string        `json:"replayOf,omitempty"`
	At       time.Time     `json:"at"`
}

// A Standing is one generation of a step as it is in the world, as far as is known.
type Standing struct {
	Step       string   `json:"step"`
	Generation uint64   `json:"generation"`
	Kind       string   `json:"kind"`
	Object     string   `json:"object"`
	After      []string `json:"after,omitempty"`
	UndoLast   bool     `json:"undoLast,omitempty"`
	// Limits are the step's own.
	Limits StepLimits `json:"limits,omitzero"`
	// Input is what the standing version says; for a generation that does not stand, what was last asked for.
	Input     json.RawMessage `json:"input"`
	Output    json.RawMessage `json:"output,omitempty"`
	RequestID uuid.UUID       `json:"requestId"`
	// Epoch is the highest epoch given out for this generation; it never goes back.
	Epoch uint64 `json:"epoch"`
	// Committed says that the generation is part of the current version; else a saga left it behind on its way.
	Committed bool `json:"stood,omitempty"`
	// Known says that nothing has been asked of it since it was seen to be as Input says; else Look has to tell.
	Known bool `json:"known"`
	// QuietAt is before when a late effect of an unreported call must be reckoned with; Operation is a vendor's long
	// operation that has not been seen to end.
	QuietAt   time.Time `json:"quietAt,omitzero"`
	Operation string    `json:"operation,omitempty"`
}

// Pause is why a connection is held.
type Pause struct {
	Actor  string    `json:"actor"`
	Reason string    `json:"reason"`
	At     time.Time `json:"at"`
}

// Direction is which way a saga goes.
type Direction string

// The directions of a saga. Removing is forward too, but after its version stands.
const (
	Making    Direction = "making"
	Proving   Direction = "proving"
	Removing  Direction = "removing"
	Reversing Direction = "reversing"
)

// A Saga is one run that carries the connection from its standing version to the wanted one.
type Saga struct {
	N         uint64            `json:"n"`
	Intent    events.Intent     `json:"intent"`
	Number    uint64            `json:"number"`
	ReplayOf  string            `json:"replayOf,omitempty"`
	Plan      Plan              `json:"plan"`
	PlanHash  string            `json:"planHash"`
	Status    events.SagaStatus `json:"status"`
	Direction Direction         `json:"direction"`
	Reason    string            `json:"reason,omitempty"`
	// SupersededBy is the saga that a stuck one gave way to.
	SupersededBy uint64 `json:"supersededBy,omitempty"`
	// Cause is why the saga turned back.
	Cause     string    `json:"cause,omitempty"`
	StartedAt time.Time `json:"startedAt"`
	EndedAt   time.Time `json:"endedAt,omitzero"`
	Steps     []*Step   `json:"steps"`
	Proof     Proof     `json:"proof"`
}

// Proof is the state of the proof phase.
type Proof struct {
	// Round counts tries; Next is when the next one may begin after a failed one.
	Round     int       `json:"round,omitempty"`
	StartedAt time.Time `json:"startedAt,omitzero"`
	Next      time.Time `json:"next,omitzero"`
	// HeldAt is since when a hold of the engine keeps the next round from beginning; MovedAt until when StartedAt has
	// been moved for the time that Looks were held.
	HeldAt  time.Time `json:"heldAt,omitzero"`
	MovedAt time.Time `json:"movedAt,omitzero"`
	EndedAt time.Time `json:"endedAt,omitzero"`
	// Failing are the assertions that did not hold last time.
	Failing []string `json:"failing,omitempty"`
	Passed  bool     `json:"passed,omitempty"`
}

// A Step is one transition of a saga.
type Step struct {
	Name       string            `json:"name"`
	Kind       string            `json:"kind"`
	Generation uint64            `json:"generation"`
	Object     string            `json:"object"`
	Transition Transition        `json:"transition"`
	Status     events.StepStatus `json:"status"`
	After      []string          `json:"after,omitempty"`
	UndoLast   bool              `json:"undoLast,omitempty"`
	Limits     StepLimits        `json:"limits,omitzero"`
	RequestID  uuid.UUID         `json:"requestId"`
	Input      json.RawMessage   `json:"input,omitempty"`
	// Earlier is the input a change started from; going back is Do with it.
	Earlier json.RawMessage `json:"earlier,omitempty"`
	Output  json.RawMessage `json:"output,omitempty"`
	// Seen and Observed are the last Look's; Proved says that they belong to the current proof round.
	Seen     events.Presence `json:"seen,omitempty"`
	Observed json.RawMessage `json:"observed,omitempty"`
	Proved   bool            `json:"proved,omitempty"`
	// Back says that the step is on its way back; Touched that a mutating verb was requested in this saga.
	Back    bool `json:"back,omitempty"`
	Touched bool `json:"touched,omitempty"`
	// Confirm says that the last undo is done, and a Look has to confirm it.
	Confirm bool `json:"confirm,omitempty"`
	// Open is the command that has no outcome yet; nil when there is none.
	Open *Request `json:"open,omitempty"`
	// Next is what to request when its time has come; nil when the engine decides from the graph.
	Next *Next `json:"next,omitempty"`
	// QuietAt is before when a late effect of an unreported call must be reckoned with.
	QuietAt   time.Time `json:"quietAt,omitzero"`
	Epoch     uint64    `json:"epoch"`
	Tries     int       `json:"tries"`
	Attempts  int       `json:"attempts"`
	Operation string    `json:"operation,omitempty"`
	// Wait is what the last outcome waits for; nil when it was no Wait.
	Wait *Waiting `json:"wait,omitempty"`
	// Since is when the step's way in its present direction began, moved on by the time that it was held; HeldAt is
	// since when it is held by the engine or its capability, though it was ready.
	Since    time.Time         `json:"since,omitzero"`
	HeldAt   time.Time         `json:"heldAt,omitzero"`
	Retained string            `json:"retained,omitempty"`
	Error    *events.StepError `json:"error,omitempty"`
	// Said is what was last reported of a try that failed. A Look after it replaces Error, and not this.
	Said      string    `json:"said,omitempty"`
	StartedAt time.Time `json:"startedAt,omitzero"`
	EndedAt   time.Time `json:"endedAt,omitzero"`
}

// A Request is a command that is out.
type Request struct {
	Verb      events.Verb     `json:"deed"`
	Purpose   events.Purpose  `json:"purpose,omitempty"`
	Epoch     uint64          `json:"epoch"`
	Input     json.RawMessage `json:"input"`
	Operation string          `json:"operation,omitempty"`
	// Expedite says that an intent was waiting when it was asked.
	Expedite bool      `json:"hurry,omitempty"`
	Due      time.Time `json:"due"`
	Deadline time.Time `json:"deadline"`
}

// Waiting is what a step waits for: a word, what the worker said of it, and since when it has been the same.
type Waiting struct {
	Reason  events.Reason `json:"reason,omitempty"`
	Message string        `json:"message,omitempty"`
	Since   time.Time     `json:"since"`
}

// Next is a verb to request at a time.
type Next struct {
	Verb events.Verb `json:"deed"`
	At   time.Time   `json:"at"`
}

// Apply folds one record into the state: facts in order, then the version. It gives a new state and leaves the old.
func Apply(s State, facts []Fact) (State, error) {
	next := s.clone()
	for _, f := range facts {
		if err := next.apply(f); err != nil {
			return s, fmt.Errorf("apply %T to %s at version %d: %w", f, s.Key, s.Version, err)
		}
	}
	next.Version++
	return next, nil
}

// clone copies what facts change in place, and shares what is only ever replaced: plans, intents, inputs, outputs, open
// requests. TestApplyLeavesTheOldState holds it to that.
func (s State) clone() State {
	s.Accepted, s.Past = slices.Clip(s.Accepted), slices.Clip(s.Past)
	s.Survey = s.Survey.clone()
	s.Queue, s.Standing, s.Generations = slices.Clone(s.Queue), slices.Clone(s.Standing), maps.Clone(s.Generations)
	if s.Saga == nil {
		return s
	}
	g := *s.Saga
	g.Steps = slices.Clone(g.Steps)
	copies := make([]Step, len(g.Steps))
	for i, st := range g.Steps {
		copies[i] = *st
		g.Steps[i] = &copies[i]
	}
	s.Saga = &g
	return s
}

// SagaID is the id of the connection's n-th saga.
func (s State) SagaID(n uint64) string { return s.Key.Saga(n) }

// active tells whether a saga is under way.
func (s State) active() bool { return s.Saga != nil && !s.Saga.Status.Ended() }

// step finds a transition by name and generation; Generation 0 finds the plan's own, not a removal.
func (g *Saga) step(name string, generation uint64) *Step {
	for _, t := range g.Steps {
		if t.Name == name && (t.Generation == generation || generation == 0 && t.Transition != TransitionRemove) {
			return t
		}
	}
	return nil
}

// standing finds a generation of a step in the world; Generation 0 finds the newest.
func (s *State) standing(name string, generation uint64) *Standing {
	var found *Standing
	for i := range s.Standing {
		e := &s.Standing[i]
		if e.Step != name {
			continue
		}
		if e.Generation == generation {
			return e
		}
		if generation == 0 && (found == nil || e.Generation > found.Generation) {
			found = e
		}
	}
	return found
}
