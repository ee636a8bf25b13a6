package gcp

import (
	"context"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/culvertnet/culvert/events"
)

// unsent is why a call never left. Nothing can have happened because of it.
type unsent struct {
	class  events.Class
	reason events.Reason
	after  time.Duration // when to try again
	err    error
}

// Error says that nothing was sent, and why.
func (u unsent) Error() string { return "nothing was sent: " + u.err.Error() }

// Unwrap is the cause.
func (u unsent) Unwrap() error { return u.err }

// reasonCredentials is the reason of a call without a token, or with one that Google does not take; tokenPause is when
// to try again.
const (
	reasonCredentials events.Reason = "credentials"
	tokenPause                      = 5 * time.Second
)

// departure notes that a call is on its way.
type departure struct{}

// departing tells errors before a call's departure, after which to try again, from those after it.
type departing struct {
	next  http.RoundTripper
	after time.Duration
}

// RoundTrip makes the call.
func (d departing) RoundTrip(req *http.Request) (*http.Response, error) {
	left := new(atomic.Bool)
	resp, err := d.next.RoundTrip(req.WithContext(context.WithValue(req.Context(), departure{}, left)))
	if err != nil && !left.Load() {
		return nil, unsent{events.Retry, reasonCredentials, d.after, err}
	}
	return resp, err
}

// departures note each call that is on its way.
type departures struct{ next http.RoundTripper }

// RoundTrip makes the call.
func (d departures) RoundTrip(req *http.Request) (*http.Response, error) {
	if left, is := req.Context().Value(departure{}).(*atomic.Bool); is {
		left.Store(true)
	}
	return d.next.RoundTrip(req)
}
