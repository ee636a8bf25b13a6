package saga

import (
	"time"

	"github.com/culvertnet/culvert/events"
)

// An Act is what a move does.
type Act string

// The acts: of a step, of a saga's phase, of the connection.
const (
	ActDecide   Act = "decide"    // the step's input can be rendered: what becomes of the step is decided
	ActRequest  Act = "request"   // a command is requested
	ActGiveUp   Act = "give-up"   // the step's tries are used up, or its time is
	ActExpire   Act = "expire"    // no result came for the command in flight
	ActNoteHold Act = "note-hold" // it is due and held: from now on its time stands still

	ActCompensate Act = "compensate" // the saga starts its compensation
	ActProve      Act = "prove"      // a round of the proof begins
	ActJudge      Act = "judge"      // every step was looked at: the whole is judged
	ActCommit     Act = "commit"     // the new version becomes the current one
	ActEnd        Act = "end"        // nothing is left that could go back

	ActStart     Act = "start" // the next saga of the queue
	ActEndSurvey Act = "end-survey"
)

// A Move is one thing that the engine does next by itself: of a step, of a saga's phase, or of the connection. It is
// due when it has no Block, and At or Expires has come.
type Move struct {
	Act Act
	// Verb is what a request asks for.
	Verb events.Verb
	// At is when the move may be made; zero is at once.
	At time.Time
	// Pace is why the move has a time.
	Pace Pace
	// Expires is when the patience with the step ends: from then on it is given up instead. Zero is never.
	Expires time.Time
	// Block keeps the move from being made however much time passes.
	Block Block

	step *Step // nil for a move of the saga or of the connection
}

// Ref is the step that the move is of; zero for a move of the saga's phase or of the connection.
func (m *Move) Ref() Ref {
	switch {
	case m.ofPhase(), m.step == nil:
		return Ref{}
	}
	return m.step.id()
}

// A Block is what keeps a move from being made. The zero Block is none.
type Block struct {
	By BlockKind

	step *Step
}

// Step is the first step in the plan's order that goes before; zero but for a block by a step.
func (b Block) Step() Ref {
	if b.step == nil {
		return Ref{}
	}
	return b.step.id()
}

// A BlockKind names a block for programs.
type BlockKind string

// The blocks: another step goes first, the engine or the capability is held, the connection is paused.
const (
	BlockedByNothing BlockKind = ""
	BlockedByStep    BlockKind = "step"
	BlockedByHold    BlockKind = "hold"
	BlockedByPause   BlockKind = "pause"
)

// A Pace is why a move has a time.
type Pace string

// The paces.
const (
	PaceNone     Pace = ""         // at once
	PaceRetry    Pace = "retry"    // an error came before
	PaceWait     Pace = "wait"     // the world, a claim or a vendor's operation is waited for
	PaceQuiet    Pace = "quiet"    // an earlier call may still take effect
	PaceDeadline Pace = "deadline" // a result may still come
	PaceProof    Pace = "proof"    // the proof goes on, or its budget ends
	PaceSurvey   Pace = "survey"   // answers of a survey are waited for
)

// Due tells whether the move is made at a time.
func (m *Move) Due(now time.Time) bool {
	return m.Block.By == BlockedByNothing && (!now.Before(m.At) || m.expired(now))
}

// when is the time at which the move is made, or given up instead; zero is at once.
func (m *Move) when() time.Time {
	if !m.Expires.IsZero() && m.Expires.Before(m.At) {
		return m.Expires
	}
	return m.At
}

func (m *Move) expired(now time.Time) bool { return !m.Expires.IsZero() && !now.Before(m.Expires) }

// Moves is the table of next moves: it appends every move of a state to into and returns that, in the order in which
// those that are due are made. It is the one place that knows whether, when and why something moves. Decide makes what
// is due, Due takes the earliest time, Why words what does not move. It is pure and knows no time, so that one table
// serves every question; it renders no text and makes nothing but room in into.
func (e Engine) Moves(s *State, held Held, into []Move) []Move {
	t := table{l: e.Limits, s: s, held: held}
	into = t.surveyMove(into)
	if !s.active() {
		return t.queueMove(into)
	}
	switch s.Saga.Direction {
	case Making:
		return t.makingMoves(into)
	case Proving:
		return t.provingMoves(into)
	}
	return t.backMoves(into)
}

// A table is what the table is made from.
type table struct {
	l    Limits
	s    *State
	held Held
}

// Due is the earliest time at which the engine has a move of its own; zero means that only an input, or the end of a
// hold or a pause, can move the connection. After a decision at a time, it is later than that time.
func (e Engine) Due(s State, held Held) time.Time { return s.due(e.Moves(&s, held, nil)) }

// due is the earliest time in a table of the state.
func (s *State) due(moves []Move) (due time.Time) {
	for i := range moves {
		m := &moves[i]
		if m.Block.By != BlockedByNothing {
			continue
		}
		at := m.when()
		if at.IsZero() {
			at = s.begun()
		}
		if due.IsZero() || at.Before(due) {
			due = at
		}
	}
	return due
}

// begun is a time that has passed, for what is due at once.
func (s *State) begun() time.Time {
	if s.active() {
		return s.Saga.StartedAt
	}
	return s.Survey.At
}

// queueMove is the start of the oldest saga in the queue.
func (t table) queueMove(into []Move) []Move {
	if len(t.s.Queue) == 0 {
		return into
	}
	m := Move{Act: ActStart, At: t.s.Queue[0].At}
	switch {
	case t.s.Paused != nil:
		m.Block.By = BlockedByPause
	case t.held.All():
		m.Block.By = BlockedByHold
	}
	return append(into, m)
}

// surveyMove is the end of a survey: when it has its answers or something overtook it, else when its time is over.
func (t table) surveyMove(into []Move) []Move {
	if !t.s.Survey.open() {
		return into
	}
	m := Move{Act: ActEndSurvey}
	if t.s.surveyEnds() == "" {
		m.At, m.Pace = t.s.Survey.Until, PaceSurvey
	}
	return append(into, m)
}
