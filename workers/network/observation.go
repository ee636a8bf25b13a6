package network

import "github.com/culvertnet/culvert/events"

// An observation is what a Look saw of a step's object and of the step's own hold.
type observation struct {
	// name is the object for people.
	name string
	// held: a Do has begun and no Undo has ended. shared: others may hold the object too.
	held, shared bool
	// there: something has the name; ours: it is marked as ours. detail says what differs, "" when nothing does.
	there, ours bool
	detail      string
}

// presence folds it into a word. What is claimed is never called absent, because an Undo has to drop the claim; and of
// a shared object that is there without a hold of ours, nothing is ours.
func (o observation) presence() (events.Presence, string) {
	switch {
	case o.held && o.there && o.detail == "":
		return events.Present, ""
	case o.held && !o.there:
		return events.Different, o.name + " is claimed, but not there"
	case o.held:
		return events.Different, o.detail
	case !o.there, o.shared && o.ours:
		return events.Absent, ""
	case !o.ours:
		return events.Foreign, o.detail
	default:
		return events.Different, "there, but not claimed"
	}
}
