package gobgp

import (
	"errors"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
)

func TestClassify(t *testing.T) {
	for _, tc := range []struct {
		err               error
		changing, reading events.Class // "" means not found
	}{
		{status.Error(codes.PermissionDenied, "x"), events.Refuse, events.Refuse},
		{status.Error(codes.InvalidArgument, "x"), events.Refuse, events.Refuse},
		{status.Error(codes.Unimplemented, "x"), events.Refuse, events.Refuse},
		{status.Error(codes.ResourceExhausted, "x"), events.Retry, events.Retry},
		{status.Error(codes.Unavailable, "error reading from server: EOF"), events.Unsure, events.Retry},
		{status.Error(codes.DeadlineExceeded, "x"), events.Unsure, events.Retry},
		{status.Error(codes.Canceled, "x"), events.Unsure, events.Retry},
		{status.Error(codes.Internal, "x"), events.Unsure, events.Retry},
		{status.Error(codes.Unknown, "something new"), events.Unsure, events.Retry},
		{errors.New("no status at all"), events.Unsure, events.Retry},
		{status.Error(codes.Unknown, "bgp server hasn't started yet"), events.Retry, events.Retry},
		{status.Error(codes.Unknown, "nexthop not found"), events.Refuse, events.Refuse},
		{status.Error(codes.Unknown, "neighbor that has 10.0.0.1 doesn't exist"), "", ""},
		{status.Error(codes.Unknown, "can't find a specified path(s) with the given UUID(s)"), "", ""},
	} {
		for mutates, want := range map[bool]events.Class{true: tc.changing, false: tc.reading} {
			err := classify("call", mutates, tc.err)
			if want == "" {
				if !errors.Is(err, workers.ErrNotFound) {
					t.Errorf("%v (mutates %t): got %v, want not found", tc.err, mutates, err)
				}
				continue
			}
			unmapped := map[bool]events.Class{true: events.Unsure, false: events.Retry}[mutates]
			if got := workers.Outcome(err, unmapped).Class; got != want {
				t.Errorf("%v (mutates %t): got %s, want %s", tc.err, mutates, got, want)
			}
		}
	}
	if err := classify("call", true, nil); err != nil {
		t.Errorf("no error became %v", err)
	}
}
