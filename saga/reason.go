package saga

import (
	"fmt"

	"github.com/culvertnet/culvert/events"
)

// A Reason is a cause before it is worded: a listing keeps it, and whoever reads the listing words it. Reasons are
// gathered at every append, so nothing is rendered there.
type Reason struct {
	events.Cause
	// Verb, Generation and Epoch are those of a command, or of the one that comes next; of the proof, Epoch is its
	// round.
	Verb       events.Verb `json:"verb,omitempty"`
	Generation uint64      `json:"generation,omitempty"`
	Epoch      uint64      `json:"epoch,omitempty"`
	// Detail is what a worker, an operator or the engine said before.
	Detail string `json:"detail,omitempty"`
	// late says that the command's deadline has passed.
	late bool
}

// worded is the cause with its text. One that a release before this one has worded keeps its text.
func (r Reason) worded() events.Cause {
	c := r.Cause
	if c.Text != "" {
		return c
	}
	switch c.Code {
	case events.CauseQueued:
		c.Text = "waits behind " + c.By + ", which " + r.Detail
	case events.CausePaused:
		c.Text = "paused by " + c.By + ": " + r.Detail
	case events.CauseNoPlan:
		c.Text = "this release does not have the intent kind " + r.Detail + "; run a release that has it, or withdraw"
	case events.CauseHeld:
		c.Text = "the engine is paused"
		if c.Kind != "" {
			c.Text = "the engine or the capability is paused"
		}
	case events.CauseCommand:
		c.Text = fmt.Sprintf("%s (epoch %d) is in flight", r.Verb, r.Epoch)
		if c.By != "" {
			c.Text += ", executed by " + c.By
		}
		if r.late {
			c.Text += " past its deadline; the step is looked at after the quiet period"
		}
	case events.CauseQuiet:
		c.Text = "an earlier call may still take effect; until then nothing is undone or taken for absent"
	case events.CauseRetry:
		c.Text = fmt.Sprintf("%s is tried again after: %s", r.Verb, r.Detail)
	case events.CauseProof:
		c.Text = fmt.Sprintf("round %d of the proof failed: %s", r.Epoch, r.Detail)
	case events.CauseOperation:
		c.Text = "waits for operation " + c.By
	case events.CauseClaim:
		c.Text = "waits for a claim: " + r.Detail
	case events.CauseWait:
		c.Text = "waits: " + r.Detail
	default:
		c.Text = r.Detail
	}
	return c
}

// What a listing keeps of reasons: it is read for every connection, so it is short.
const (
	summaryReasons = 3
	summaryDetail  = 160
)

// summarised cuts reasons to what a listing keeps.
func summarised(reasons []Reason) []Reason {
	reasons = reasons[:min(len(reasons), summaryReasons)]
	for i := range reasons {
		if len(reasons[i].Detail) <= summaryDetail {
			continue
		}
		if r := []rune(reasons[i].Detail); len(r) > summaryDetail {
			reasons[i].Detail = string(r[:summaryDetail-1]) + "…"
		}
	}
	return reasons
}
