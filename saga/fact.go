package saga

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"github.com/culvertnet/culvert/events"
)

// A Fact is one thing that has happened to a connection, in the past tense. A journal record is a list of them. What a
// fact is called in a journal is in factwire.go; what it is called here is free.
type Fact interface{ isFact() }

// Ref names one generation of a step within the newest saga.
type Ref struct {
	Step       string `json:"step"`
	Generation uint64 `json:"generation"`
}

// The facts about intents and sagas.
type (
	// IntentAccepted: an intent passed admission and got its place in the queue.
	IntentAccepted struct {
		At     time.Time     `json:"at"`
		Saga   uint64        `json:"saga"`
		Number uint64        `json:"number"`
		Intent events.Intent `json:"intent"`
	}
	// SagaReplayed: an operator asked for a new saga of an earlier intent.
	SagaReplayed struct {
		At       time.Time     `json:"at"`
		Saga     uint64        `json:"saga"`
		Number   uint64        `json:"number"`
		ReplayOf string        `json:"replayOf"`
		Intent   events.Intent `json:"intent"`
		Actor    string        `json:"actor"`
		Reason   string        `json:"reason"`
	}
	// SagaStarted: the next saga of the queue began with this plan.
	SagaStarted struct {
		At    time.Time `json:"at"`
		Saga  uint64    `json:"saga"`
		Plan  Plan      `json:"plan"`
		Hash  string    `json:"hash"`
		Steps []Step    `json:"steps"`
	}
	// SagaRefused: the next saga of the queue could not be planned, and ended before it began.
	SagaRefused struct {
		At     time.Time `json:"at"`
		Saga   uint64    `json:"saga"`
		Reason string    `json:"reason"`
	}
	// SagaCancelled: an operator gave a saga up; a queued one ends at once.
	SagaCancelled struct {
		At     time.Time `json:"at"`
		Saga   uint64    `json:"saga"`
		Actor  string    `json:"actor"`
		Reason string    `json:"reason"`
	}
	// SagaSuperseded: a stuck saga gave way to the next intent.
	SagaSuperseded struct {
		At   time.Time `json:"at"`
		Saga uint64    `json:"saga"`
		By   uint64    `json:"by"`
	}
	// SagaContinued: an operator let a stuck saga go on in its direction.
	SagaContinued struct {
		At     time.Time `json:"at"`
		Saga   uint64    `json:"saga"`
		Actor  string    `json:"actor"`
		Reason string    `json:"reason"`
	}
	// CompensationStarted: the saga turned back. Leftovers are unsettled steps of earlier sagas that go too.
	CompensationStarted struct {
		At        time.Time `json:"at"`
		Reason    string    `json:"reason"`
		Leftovers []Step    `json:"leftovers,omitempty"`
	}
	// ProofStarted: every step of the plan is to be looked at.
	ProofStarted struct {
		At    time.Time `json:"at"`
		Round int       `json:"round"`
	}
	// ProofFailed: not everything was so; the next round is not before Next.
	ProofFailed struct {
		At      time.Time `json:"at"`
		Failing []string  `json:"failing"`
		Next    time.Time `json:"next"`
	}
	// VersionCommitted: the new version is the current one; from here on there is no compensation, only removals.
	VersionCommitted struct {
		At       time.Time `json:"at"`
		Removals []Step    `json:"removals,omitempty"`
	}
	// SagaEnded: the saga came to rest.
	SagaEnded struct {
		At     time.Time         `json:"at"`
		Saga   uint64            `json:"saga"`
		Status events.SagaStatus `json:"status"`
		Reason string            `json:"reason,omitempty"`
	}
	// ConnectionPaused and ConnectionResumed: an operator held or released the connection.
	ConnectionPaused struct {
		At     time.Time `json:"at"`
		Actor  string    `json:"actor"`
		Reason string    `json:"reason"`
	}
	// ConnectionResumed is the end of a pause.
	ConnectionResumed struct {
		At     time.Time `json:"at"`
		Actor  string    `json:"actor"`
		Reason string    `json:"reason"`
	}
)

// The facts about steps.
type (
	// StepDecided: the step's input is known, and with it what happens to the step.
	StepDecided struct {
		Ref
		At         time.Time       `json:"at"`
		Transition Transition      `json:"transition"`
		Input      json.RawMessage `json:"input"`
		Earlier    json.RawMessage `json:"earlier,omitempty"`
		// To is the generation that the step is about from now on; Object and RequestID are that generation's.
		To        uint64    `json:"to"`
		Object    string    `json:"object"`
		RequestID uuid.UUID `json:"requestId"`
		// LookFirst: what stands is not known.
		LookFirst bool `json:"lookFirst,omitempty"`
	}
	// StepRequested: a command is to be out. It is written before anything can have an effect.
	StepRequested struct {
		Ref
		At        time.Time       `json:"at"`
		Verb      events.Verb     `json:"deed"`
		Purpose   events.Purpose  `json:"purpose,omitempty"`
		Epoch     uint64          `json:"epoch"`
		Input     json.RawMessage `json:"input"`
		Operation string          `json:"operation,omitempty"`
		Expedite  bool            `json:"hurry,omitempty"`
		Due       time.Time       `json:"due"`
		Deadline  time.Time       `json:"deadline"`
		// Back: from now on the step is on its way back.
		Back bool `json:"back,omitempty"`
	}
	// StepDone: the Do is done.
	StepDone struct {
		Ref
		At     time.Time       `json:"at"`
		Epoch  uint64          `json:"epoch"`
		Output json.RawMessage `json:"output,omitempty"`
	}
	// StepSeen: a Look has told.
	StepSeen struct {
		Ref
		At       time.Time       `json:"at"`
		Epoch    uint64          `json:"epoch"`
		Presence events.Presence `json:"presence"`
		Output   json.RawMessage `json:"output,omitempty"`
		Detail   string          `json:"detail,omitempty"`
	}
	// StepWaiting: somebody else has the next move until Until.
	StepWaiting struct {
		Ref
		At        time.Time `json:"at"`
		Epoch     uint64    `json:"epoch"`
		Operation string    `json:"operation,omitempty"`
		Until     time.Time `json:"until"`
		// Reason is for programs: it tells a wait for a claim.
		Reason events.Reason `json:"reason,omitempty"`
		// Message is what the worker said of it: who holds what it waits for.
		Message string `json:"message,omitempty"`
	}
	// StepRetrying: it did not work, and Verb comes next, at Until. Free tries do not count. Ended says that the
	// operation which the step waited for is over.
	StepRetrying struct {
		Ref
		At      time.Time   `json:"at"`
		Epoch   uint64      `json:"epoch"`
		Verb    events.Verb `json:"deed"`
		Until   time.Time   `json:"until"`
		Free    bool        `json:"free,omitempty"`
		Ended   bool        `json:"ended,omitempty"`
		Message string      `json:"message"`
	}
	// StepHeld: it is ready, but the engine or its capability is held; until it is requested its time stands still. The
	// step named ProveStep is the next round of the proof.
	StepHeld struct {
		Ref
		At time.Time `json:"at"`
	}
	// StepUnsure: the effect may have happened, and may still happen until QuietAt.
	StepUnsure struct {
		Ref
		At      time.Time `json:"at"`
		Epoch   uint64    `json:"epoch"`
		QuietAt time.Time `json:"quietAt"`
		// Free: nobody reported; it does not count as a try. Ended: the operation that the step waited for is over.
		Free    bool   `json:"free,omitempty"`
		Ended   bool   `json:"ended,omitempty"`
		Message string `json:"message"`
	}
	// StepRefused: it will never work as asked.
	StepRefused struct {
		Ref
		At      time.Time `json:"at"`
		Epoch   uint64    `json:"epoch"`
		Message string    `json:"message"`
	}
	// StepReversed: the undo is done, and has to be confirmed by a Look, but for what was retained.
	StepReversed struct {
		Ref
		At       time.Time `json:"at"`
		Epoch    uint64    `json:"epoch"`
		Retained string    `json:"retained,omitempty"`
	}
	// StepUndone: nothing of the step is left but what is retained, or a changed step is as it was.
	StepUndone struct {
		Ref
		At       time.Time `json:"at"`
		Retained string    `json:"retained,omitempty"`
	}
	// StepSkipped: the step was never begun, and will not be.
	StepSkipped struct {
		Ref
		At time.Time `json:"at"`
	}
	// StepStuck: the undo's budget is spent.
	StepStuck struct {
		Ref
		At      time.Time `json:"at"`
		Message string    `json:"message"`
	}
	// StepResolved: an operator settled a stuck step.
	StepResolved struct {
		Ref
		At         time.Time         `json:"at"`
		Resolution events.Resolution `json:"resolution"`
		Actor      string            `json:"actor"`
		Reason     string            `json:"reason"`
	}
	// StepExpedited: an intent waits behind the saga, so the step is asked again at once.
	StepExpedited struct {
		Ref
		At time.Time `json:"at"`
	}
)

func (IntentAccepted) isFact()      {}
func (SagaReplayed) isFact()        {}
func (SagaStarted) isFact()         {}
func (SagaRefused) isFact()         {}
func (SagaCancelled) isFact()       {}
func (SagaSuperseded) isFact()      {}
func (SagaContinued) isFact()       {}
func (CompensationStarted) isFact() {}
func (ProofStarted) isFact()        {}
func (ProofFailed) isFact()         {}
func (VersionCommitted) isFact()    {}
func (SagaEnded) isFact()           {}
func (ConnectionPaused) isFact()    {}
func (ConnectionResumed) isFact()   {}
func (r Ref) isFact()               {}
