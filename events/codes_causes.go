package events

import "strings"

// causes are the codes of why a saga does not move, and of what the doctor finds.
var causes = []struct {
	code            CauseCode
	meaning, remedy string
	// acts: it does not go away by itself.
	acts bool
}{
	{CauseOperation, "a vendor's long operation is under way", "", false},
	{CauseClaim, "another connection has the claim on a shared object", "", false},
	{CauseWait, "the world is not yet as the step needs it", "", false},
	{CauseCommand, "a command is in flight", "", false},
	{CauseQueued, "an earlier saga of the connection goes first", "", false},
	{CauseRetry, "the step is tried again after an error", "", false},
	{CauseQuiet, "an earlier call may still take effect", "", false},
	{CauseProof, "a postcondition did not hold and is looked at again", "", false},
	{CausePaused, "an operator has paused the connection", "culvert resume CONNECTION", true},
	{CauseHeld, "an operator has paused the engine or a capability",
		"culvert resume, or culvert resume --capability CAPABILITY", true},
	{CauseNoWorker, "no live worker has the capability", "start a worker with this capability", true},
	{CauseUnserved, "no live worker knows the kind of the step", "run workers of a release that knows it", true},
	{CauseNoPlan, "this release has no such intent kind", "run a release that has it, or withdraw the connection",
		true},
	{CauseStuck, "the step gave up and needs an operator's decision",
		"resolve SAGA STEP --retry, --mark-undone or --skip, or replay SAGA --from failed", true},
	{CauseLate, "the connection is overdue: no orchestrator works on it",
		"start an orchestrator, or read the log of the one that runs", true},
	{CauseDeadLetters, "messages that nobody could process wait in the dead letters",
		"culvert dead-letters list, then replay or discard each", true},
	{CauseStore, "a store does not answer or is nearly full", "see that the store runs and has room", true},
	{CausePeer, "a BGP peer of a speaker has no session, or takes no more prefixes",
		"see the peer's side, as the message says: its policy, password, ASN, TTL and limit of prefixes", true},
	{CauseSpeaker, "a BGP speaker gives no sign of life", "start the role speaker for it", true},
}

// NeedsHands tells whether the cause does not go away by itself.
func (c CauseCode) NeedsHands() bool {
	for _, k := range causes {
		if k.code == c {
			return k.acts
		}
	}
	return false
}

// Remedy is what an operator can do about the cause; "" when it goes away by itself. A name that is given replaces its
// word: SAGA, STEP, CONNECTION, CAPABILITY.
func (c CauseCode) Remedy(names ...string) string {
	for _, k := range causes {
		if k.code == c {
			return strings.NewReplacer(names...).Replace(k.remedy)
		}
	}
	return ""
}
