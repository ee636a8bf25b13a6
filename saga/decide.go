package saga

import (
	"fmt"
	"time"

	"github.com/culvertnet/culvert/events"
)

// An Engine decides. It is a value without state; every method is pure.
type Engine struct {
	// Kinds are the intent kinds, by name.
	Kinds map[string]Kind
	// Limits are the engine's patience.
	Limits Limits
}

// A Kind is what the engine knows of an intent kind.
type Kind struct {
	// Plan makes the graph for an apply, and the checks for a withdrawal.
	Plan func(Planning) (Plan, error)
	// Postconditions judges the whole by what every step's Look saw, and names what does not hold.
	Postconditions func(Outputs) []string
}

// Planning is what a plan is made from.
type Planning struct {
	Intent   events.Intent
	Standing []Standing
}

// engineTenant is the tenant of the engine's own holds, which are kept in the journal like connections, under keys that no
// publisher can have: one for the whole engine and one per capability.
const engineTenant = "culvert"

// An Input is something that a connection has to take notice of.
type Input interface{ isInput() }

type (
	// Accept offers a validated intent.
	Accept struct{ Intent events.Intent }
	// Report brings a worker's result.
	Report struct{ Result events.Result }
	// Operate brings an operator's order.
	Operate struct{ Action events.Action }
	// Tick only says that time has passed.
	Tick struct{}
)

func (Accept) isInput()  {}
func (Report) isInput()  {}
func (Operate) isInput() {}
func (Tick) isInput()    {}

// A Decision is what follows from an input: facts to append (none when nothing follows), and the state with them.
type Decision struct {
	Facts []Fact
	State State
	// Moves is the table of next moves of State. It is nil when an error is the answer.
	Moves []Move
	// Saga is the id of the saga that an Accept or Operate is about; Duplicate tells that it was there before.
	Saga      string
	Duplicate bool
}

// Decide is the heart: what follows from an input, in a state and an environment. An error is the answer to the input (mostly an
// *events.Refusal or events.ErrBusy); then nothing follows.
func (e Engine) Decide(s State, in Input, env Environment) (Decision, error) {
	work := s.clone()
	t := &turn{e: e, s: &work, held: env.Held, now: env.Now.Round(0).UTC()} // as a journal gives it back: no monotonic reading, one zone
	d := Decision{}
	var err error
	switch in := in.(type) {
	case Accept:
		d.Saga, d.Duplicate, err = t.accept(in.Intent)
	case Report:
		t.report(in.Result)
	case Operate:
		d.Saga, err = t.operate(in.Action)
	case Tick:
	default:
		err = fmt.Errorf("decide: unknown input %T", in)
	}
	if err != nil {
		return Decision{State: s, Saga: d.Saga}, err
	}
	t.advance()
	if t.err != nil {
		return Decision{State: s}, t.err
	}
	d.Facts, d.State, d.Moves = t.facts, work, t.moves
	if len(t.facts) > 0 {
		d.State.Version++
	}
	return d, nil
}

// A turn is one decision in the making: the state with the facts so far.
type turn struct {
	e     Engine
	s     *State
	held  Held
	now   time.Time
	facts []Fact
	moves []Move // the table of the present pass; its room serves every pass
	err   error
}

// add puts a fact and applies it, so that what follows is decided in the state it makes.
func (t *turn) add(f Fact) {
	if t.err != nil {
		return
	}
	if err := t.s.apply(f); err != nil {
		t.err = fmt.Errorf("decide for %s: %w", t.s.Key, err)
		return
	}
	t.facts = append(t.facts, f)
}
