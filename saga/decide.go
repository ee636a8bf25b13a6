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

// engineTenant is the tenant of the engine's own holds, which are kept in the journal like connections, under keys that
// no publisher can have: one for the whole engine and one per capability.
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

// Decide is the heart: what follows from an input, in a state and an environment. An error is the answer to the input
// (mostly an *events.Refusal or events.ErrBusy); then nothing follows.
func (e Engine) Decide(s State, in Input, env Environment) (Decision, error) {
	work := s.clone()
	// as a journal gives it back: no monotonic reading, one zone
	t := &turn{e: e, s: &work, held: env.Held, now: env.Now.Round(0).UTC()}
	d := Decision{}
	var err error
	switch in := in.(type) {
	case Accept:
		d.Saga, err = e.known(t.s, in.Intent)
		switch {
		case err != nil:
		case d.Saga != "":
			d.Duplicate = true
		default:
			d.Saga = t.accept(in.Intent)
		}
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

// passes bounds how often one decision goes over the table. Every pass adds at least one fact, and every fact moves a
// step, a phase or the queue on, so it ends; the bound only guards against a mistake in that reasoning.
const passes = 10000

// advance makes every move that is due, until none is. What has expired comes first: it is about commands of before.
func (t *turn) advance() {
	if t.s.active() {
		t.expire()
	}
	for range passes {
		before := len(t.facts)
		t.pass()
		if len(t.facts) == before || t.err != nil {
			return
		}
	}
	t.err = fmt.Errorf("decide for %s: no end after %d passes", t.s.Key, passes)
}

// expire gives up the commands in flight that no result came for in time.
func (t *turn) expire() {
	for _, st := range t.s.Saga.Steps {
		if st.Open == nil {
			continue
		}
		if m := t.table().expireMove(st); m.Due(t.now) {
			t.perform(m)
		}
	}
}

// pass goes over the table once and makes what is due. A move of the saga's phase ends the pass, because it changes
// what every step does next.
func (t *turn) pass() {
	if t.moves == nil && t.s.Saga != nil {
		t.moves = make([]Move, 0, len(t.s.Saga.Steps)+3)
	}
	t.moves = t.e.Moves(t.s, t.held, t.moves[:0])
	for i := range t.moves {
		m := t.moves[i]
		if m.Act == ActDecide && m.Block.By == BlockedByStep {
			m = t.freed(m)
		}
		if !m.Due(t.now) {
			continue
		}
		t.perform(m)
		if m.ofPhase() {
			return
		}
	}
}

// table reads the state as it is by now.
func (t *turn) table() table { return table{l: t.e.Limits, s: t.s, held: t.held} }

// freed is the move of a step that waited for another one when the pass began: a step that was kept since is done.
func (t *turn) freed(m Move) Move {
	var now [2]Move
	if moves := t.table().makingMove(m.step, now[:0]); len(moves) > 0 {
		return moves[0]
	}
	return m
}

// ofPhase tells whether the move is one of the saga's phase.
func (m *Move) ofPhase() bool {
	switch m.Act {
	case ActCompensate, ActProve, ActJudge, ActCommit, ActEnd:
		return true
	}
	return false
}

// perform turns a move into facts.
func (t *turn) perform(m Move) {
	switch m.Act {
	case ActDecide:
		t.decideStep(m.step)
	case ActRequest:
		if m.expired(t.now) {
			t.giveUp(m.step)
			return
		}
		t.request(m.step, m.Verb)
	case ActGiveUp:
		t.giveUp(m.step)
	case ActExpire:
		t.lose(m.step)
	case ActNoteHold:
		held := StepHeld{Ref: Ref{Step: ProveStep}, At: t.now}
		if m.step != nil {
			held.Ref = m.step.id()
		}
		t.add(held)
	case ActCompensate:
		t.startCompensation(t.reason(m.step))
	case ActProve:
		t.add(ProofStarted{At: t.now, Round: t.s.Saga.Proof.Round + 1})
	case ActJudge:
		t.judge()
	case ActCommit:
		t.commit()
	case ActEnd:
		t.end()
	case ActStart:
		t.startNext()
	case ActEndSurvey:
		t.endSurvey()
	}
}
