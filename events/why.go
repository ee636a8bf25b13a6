package events

import "time"

// A CauseCode names, for machines, why a saga does not move.
type CauseCode string

// The causes. The first group has somebody else at work, the second only time to pass, the third needs hands.
const (
	// CauseOperation: a vendor's long operation goes on. CauseClaim: another holder has the shared thing. CauseWait:
	// the world is not yet as it has to be. CauseCommand: a worker has a command, or can take it.
	CauseOperation CauseCode = "operation"
	CauseClaim     CauseCode = "claim"
	CauseWait      CauseCode = "wait"
	CauseCommand   CauseCode = "command"
	// CauseQueued: an earlier saga of the connection goes first.
	CauseQueued CauseCode = "queued"

	// CauseRetry: it is tried again after an error. CauseQuiet: a call that was cut off may still act. CauseProof: the
	// whole was not so, and is looked at again.
	CauseRetry CauseCode = "retry"
	CauseQuiet CauseCode = "quiet"
	CauseProof CauseCode = "proof"

	// CausePaused: an operator holds the connection. CauseHeld: the engine or a capability is held.
	CausePaused CauseCode = "paused"
	CauseHeld   CauseCode = "held"
	// CauseNoWorker: no worker of the capability lives. CauseUnserved: those that live do not know the step's kind.
	CauseNoWorker CauseCode = "no-worker"
	CauseUnserved CauseCode = "unserved"
	// CauseNoPlan: this release does not know the intent's kind.
	CauseNoPlan CauseCode = "no-plan"
	// CauseStuck: it rests and needs hands. CauseLate: it is overdue, so no orchestrator does its work.
	CauseStuck CauseCode = "stuck"
	CauseLate  CauseCode = "late"
	// CauseDeadLetters: messages wait in the dead letters. CauseStore: a store does not answer or is nearly full.
	// CausePeer: a BGP peer of a speaker has no session, or no room. CauseSpeaker: a speaker gives no sign of life.
	// None of them is about a saga; the doctor finds them.
	CauseDeadLetters CauseCode = "dead-letters"
	CauseStore       CauseCode = "store"
	CausePeer        CauseCode = "peer"
	CauseSpeaker     CauseCode = "speaker"
)

// A Cause is one reason why a saga does not move. A saga may have several: its branches are independent.
type Cause struct {
	Code CauseCode `json:"code"`
	// Text says it for people; times are not in it but in Since and Until.
	Text string `json:"text"`
	// Advice is what an operator can do about it; "" when there is nothing to do, or nothing that Text does not say.
	Advice string `json:"advice,omitempty"`
	// Step and Kind are the step's name and kind, for a cause of one step.
	Step string `json:"step,omitempty"`
	Kind string `json:"kind,omitempty"`
	// By is who has the next move: an operation, a worker, an operator, a saga.
	By    string    `json:"by,omitempty"`
	Since time.Time `json:"since,omitzero"`
	// Until is when something happens by itself, at the latest.
	Until time.Time `json:"until,omitzero"`
}

// String is the cause as people read it: what it is, and what to do about it.
func (c Cause) String() string {
	if c.Advice == "" {
		return c.Text
	}
	return c.Text + "; " + c.Advice
}

// Capability is whose workers run the step that the cause is about; "" when it is about none.
func (c Cause) Capability() string {
	return CapabilityOf(c.Kind)
}
