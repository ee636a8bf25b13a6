package gobgp

import (
	"fmt"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
)

// table folds gRPC codes. changing is for a call that changes something, reading for one that reads; an empty class
// says that the error stays unclassified, which is Unsure for the one and Retry for the other.
var table = map[codes.Code]struct {
	changing, reading events.Class
	reason            events.Reason
}{
	codes.InvalidArgument:    {events.Refuse, events.Refuse, "invalid"},
	codes.OutOfRange:         {events.Refuse, events.Refuse, "invalid"},
	codes.PermissionDenied:   {events.Refuse, events.Refuse, "permission"},
	codes.Unauthenticated:    {events.Refuse, events.Refuse, "permission"},
	codes.Unimplemented:      {events.Refuse, events.Refuse, "unsupported"},
	codes.ResourceExhausted:  {events.Retry, events.Retry, "throttled"},
	codes.FailedPrecondition: {events.Retry, events.Retry, "not-ready"},
	// also a connection cut after the effect
	codes.Unavailable:      {events.Unsure, events.Retry, events.ReasonUnavailable},
	codes.DeadlineExceeded: {events.Unsure, "", "deadline"},
	codes.Canceled:         {events.Unsure, "", "deadline"},
	codes.Aborted:          {events.Unsure, events.Retry, "aborted"},
	codes.Internal:         {events.Unsure, events.Retry, "internal"},
	codes.DataLoss:         {events.Unsure, events.Retry, "internal"},
}

// notAllowed is what the speaker says of a prefix outside of its ranges.
const notAllowed = "may not be announced by this speaker"

// noRoom is what the speaker says when one more prefix is more than a peer takes.
const noRoom = "the speaker announces at most"

// texts are GoBGP's own errors, and those of a speaker of ours; its API sends most of them with code Unknown.
var texts = []struct {
	text   string
	class  events.Class // empty: there is no such thing
	reason events.Reason
}{
	{"bgp server hasn't started yet", events.Retry, "not-ready"},
	{"can't find a specified path", "", ""},
	{"doesn't exist", "", ""}, // "Neighbor that has <address> doesn't exist."
	{noRoom, events.Refuse, events.ReasonFull},
	{notAllowed, events.Refuse, "not-allowed"},
	{"nexthop not found", events.Refuse, "invalid"},
	{"address family is not set", events.Refuse, "invalid"},
	{"invalid nlri", events.Refuse, "invalid"},
	{"invalid path", events.Refuse, "invalid"},
}

// classify gives an error of a call its next move.
func classify(call string, mutates bool, cause error) error {
	if cause == nil {
		return nil
	}
	err := fmt.Errorf("%s: %w", call, cause)
	for _, known := range texts {
		if !strings.Contains(cause.Error(), known.text) {
			continue
		}
		if known.class == "" {
			return fmt.Errorf("%w: %w", err, workers.ErrNotFound)
		}
		return &workers.Failure{Class: known.class, Reason: known.reason, Err: err}
	}
	row, ok := table[status.Code(cause)]
	class := row.reading
	if mutates {
		class = row.changing
	}
	switch {
	case class != "":
		return &workers.Failure{Class: class, Reason: row.reason, Err: err}
	case !ok && mutates:
		return workers.Unsure("unmapped", err)
	}
	return err
}
