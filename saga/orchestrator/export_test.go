package orchestrator

import "github.com/culvertnet/culvert/events"

// ErrAhead and Judged are for the tests of results.
var ErrAhead = errAhead

func Judged(d events.Delivery, err error, passes bool) (events.Verdict, bool) {
	return judged(d, err, passes)
}
