package events

import "strings"

// A Reason is the word that tells programs why an outcome has its class. Its text is for people and stands in Message;
// nothing is decided by a message. Reasons are stored in journals, so a value never changes its meaning.
type Reason string

// The reasons that a program reads. Others only tell an operator more than the class does.
const (
	// ReasonLate: a worker was handed a command too late to run it before its deadline. Nothing was done; the engine
	// asks again at once and does not count it as a try.
	ReasonLate Reason = "late"
	// ReasonUnknown: the worker does not know the kind of the step, so it did nothing and looked at nothing.
	ReasonUnknown Reason = "unknown-kind"
	// ReasonPanic: the step's code panicked. ReasonFenced: a newer epoch of the same step has been here. Neither is
	// gone in a moment, so neither is tried again within one delivery.
	ReasonPanic  Reason = "panic"
	ReasonFenced Reason = "fenced"
	// ReasonFull: what is shared has no room for one more entry.
	ReasonFull Reason = "full"
	// ReasonUnavailable: the vendor cannot serve the call now.
	ReasonUnavailable Reason = "unavailable"

	// The Waits for a claim of another holder. ReasonList: it writes the list for this one too. ReasonListBusy: it has
	// the lease. ReasonLeaving: the shared object is being removed. ReasonLinger: a removed entry stays for a while.
	// ReasonNotYetFree: the value was released, and a late call may still use it.
	ReasonList       Reason = "list"
	ReasonListBusy   Reason = "list-busy"
	ReasonLeaving    Reason = "leaving"
	ReasonLinger     Reason = "linger"
	ReasonNotYetFree Reason = "not-yet-free"
)

// ReasonState is the reason of a Wait for an object that the vendor has in a state of its own: "state-pending".
func ReasonState(state string) Reason { return Reason("state-" + strings.ToLower(state)) }

// OfClaim tells whether a Wait with this reason waits for a claim of another holder.
func (r Reason) OfClaim() bool {
	switch r {
	case ReasonList, ReasonListBusy, ReasonLeaving, ReasonLinger, ReasonNotYetFree:
		return true
	}
	return false
}
