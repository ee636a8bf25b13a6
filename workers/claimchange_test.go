package workers

import (
	"context"
	"errors"
	"testing"

	"github.com/culvertnet/culvert/events"
)

// awayClaims is a store that does not answer.
type awayClaims struct{ Claims }

func (awayClaims) Load(context.Context, string) (Record, error) {
	return Record{}, errors.New("no responders")
}

// A store of ours that is away is no try of the step: it is waited for, within the step's time.
func TestStoreThatIsAwayIsWaitedFor(t *testing.T) {
	_, err := change(t.Context(), awayClaims{}, "list/x", func(r Record) (Record, error) { return r, nil })
	if o := Outcome(err, events.Unsure); o.Class != events.Wait || o.After != storePause {
		t.Errorf("outcome %+v of %v, want a wait", o, err)
	}
}
