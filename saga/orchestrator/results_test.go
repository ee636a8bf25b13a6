package orchestrator_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/events/poison"
	"github.com/culvertnet/culvert/saga"
	"github.com/culvertnet/culvert/saga/orchestrator"
)

// What becomes of a result follows the rule of all consumers; only one that is ahead of the journal has tries of its
// own, and is no error of the engine.
func TestWhatBecomesOfAResult(t *testing.T) {
	panicked := fmt.Errorf("%w: boom", poison.ErrPanicked)
	for _, c := range []struct {
		attempt int
		err     error
		passes  bool
		want    string
		own     bool
	}{
		{attempt: 1, want: "ack"},
		{attempt: 900, err: saga.ErrUnavailable, passes: true, want: "again"},
		{attempt: 1, err: errors.New("odd"), want: "result: odd", own: true},
		{attempt: 1, err: panicked, want: "again"},
		{attempt: poison.Tries, err: panicked, want: "result: deciding panicked: boom", own: true},
		{attempt: 49, err: orchestrator.ErrAhead, passes: true, want: "again"},
		{attempt: 50, err: orchestrator.ErrAhead, passes: true, want: "result: " + orchestrator.ErrAhead.Error()},
	} {
		v, own := orchestrator.Judged(events.Delivery{Attempt: c.attempt}, c.err, c.passes)
		got := "again"
		if reason, rejected := v.Rejected(); rejected {
			got = reason
		} else if v.IsAck() {
			got = "ack"
		}
		if got != c.want || own != c.own {
			t.Errorf("attempt %d, %v: %s, %t; want %s, %t", c.attempt, c.err, got, own, c.want, c.own)
		}
	}
}
