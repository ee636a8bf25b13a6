package events

import "encoding/json"

// An ActionKind is what an operator can ask of the engine.
type ActionKind string

const (
	// ActionCancel compensates a saga before its new version stands.
	ActionCancel ActionKind = "cancel"
	// ActionPause holds a connection.
	ActionPause ActionKind = "pause"
	// ActionResume releases it.
	ActionResume ActionKind = "resume"
	// ActionReplay runs a compensated or stuck saga again, or continues a stuck one.
	ActionReplay ActionKind = "replay"
	// ActionSurvey looks at what is there, and says what a replay would do. It changes nothing.
	ActionSurvey ActionKind = "survey"
	// ActionResolve settles one step of a stuck saga.
	ActionResolve ActionKind = "resolve"
)

// ReplayFrom says where a replay begins.
type ReplayFrom string

const (
	// FromFailed continues a stuck saga in the direction in which it was stuck, looking first.
	FromFailed ReplayFrom = "failed"
	// FromStart is a new saga of the same intent.
	FromStart ReplayFrom = "start"
)

// Resolution is an operator's verdict on a stuck step.
type Resolution string

const (
	// ResolveRetry gives the step a new budget.
	ResolveRetry Resolution = "retry"
	// ResolveMarkUndone says, with evidence in the reason, that nothing of the step is left.
	ResolveMarkUndone Resolution = "mark-undone"
	// ResolveSkip leaves what is left, and lists it as retained.
	ResolveSkip Resolution = "skip"
)

// An Action is an operator's order. Actor and Reason are mandatory and are journalled with it.
type Action struct {
	Kind       ActionKind `json:"kind"`
	Connection Key        `json:"connection"`
	// Saga is the saga's id; empty for pause and resume.
	Saga   string `json:"saga,omitempty"`
	Actor  string `json:"actor"`
	Reason string `json:"reason"`
	// From and Input belong to a replay or survey; Input, when set, replaces the intent's data and has been validated.
	From  ReplayFrom      `json:"from,omitempty"`
	Input json.RawMessage `json:"input,omitempty"`
	// Step and Resolution belong to a resolve.
	Step       string     `json:"step,omitempty"`
	Resolution Resolution `json:"resolution,omitempty"`
}
