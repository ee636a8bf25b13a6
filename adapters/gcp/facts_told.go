package gcp

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"cloud.google.com/go/compute/apiv1/computepb"
	"google.golang.org/api/googleapi"
	"google.golang.org/api/iterator"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/events/reach"
	"github.com/culvertnet/culvert/workers"
)

// A source is what is known of the calls that tell one list: their name and scope, the time before the first of them,
// and why they may have left something out.
type source struct {
	call, scope string
	at          time.Time
	gaps        []reach.Gap
}

// told is what calls have answered.
type told[T any] struct {
	source
	items []T
}

func (c *Client) source(call, scope string) source {
	return source{call: call, scope: scope, at: c.now()}
}

// lack notes why the list may lack something.
func (s *source) lack(cause reach.Cause, why string, args ...any) {
	s.gaps = append(slices.Clip(s.gaps), reach.Gap{
		Cause: cause, Object: s.call + " " + s.scope, Why: fmt.Sprintf(why, args...)})
}

// failed notes an error of a call. What an operator can lift is told from what time may lift.
func (s *source) failed(c *Client, err error) {
	if err == nil {
		return
	}
	cause, why := reach.ListNotWhole, ""
	if isOff(err) {
		why = "the API is off: "
	}
	var answered *googleapi.Error
	if errors.As(err, &answered) {
		class := workers.Outcome(c.fail(call{name: s.call}, err), events.Retry).Class
		if answered.Code == http.StatusUnauthorized || answered.Code == http.StatusForbidden && class == events.Refuse {
			cause = reach.NotAllowedToRead
		}
		s.lack(cause, "%s%s", why, answer(answered).message)
		return
	}
	s.lack(cause, "%v", err)
}

// isOff tells the refusal of an API that nobody has enabled in the project.
func isOff(err error) bool {
	var answered *googleapi.Error
	return errors.As(err, &answered) && answer(answered).says("SERVICE_DISABLED", "accessNotConfigured")
}

// A pager is a list call of compute/apiv1 or vpcaccess/apiv1, item by item; page is the answer that has the last item.
type pager[T any] struct {
	next func() (T, error)
	page func() any
}

// all reads a list to its end, or as far as it goes.
func all[T any](c *Client, s source, p pager[T]) told[T] {
	out := told[T]{source: s}
	var seen any
	for {
		item, err := p.next()
		if page := p.page(); page != nil && page != seen {
			seen = page
			out.complete(page)
		}
		if errors.Is(err, iterator.Done) {
			return out
		}
		if err != nil {
			out.failed(c, err)
			return out
		}
		out.items = append(out.items, item)
	}
}

// complete looks whether an answer says of itself that it is not complete.
func (s *source) complete(page any) {
	if p, ok := page.(interface{ GetWarning() *computepb.Warning }); ok {
		s.warned(p.GetWarning())
	}
	for _, list := range []func() []string{unreachables(page), unreachable1(page)} {
		for _, place := range list() {
			s.lack(reach.ListNotWhole, "%s could not be reached", place)
		}
	}
}

// warned notes a warning; an empty page is none.
func (s *source) warned(w *computepb.Warning) {
	if code := w.GetCode(); code != "" && code != "NO_RESULTS_ON_PAGE" {
		s.lack(reach.ListNotWhole, "%s: %s", code, w.GetMessage())
	}
}

func unreachables(page any) func() []string {
	if p, ok := page.(interface{ GetUnreachables() []string }); ok {
		return p.GetUnreachables
	}
	return func() []string { return nil }
}

func unreachable1(page any) func() []string {
	if p, ok := page.(interface{ GetUnreachable() []string }); ok {
		return p.GetUnreachable
	}
	return func() []string { return nil }
}

// one is a call that answers everything at once.
func one[T any](c *Client, s source, ask func() (T, error)) told[T] {
	item, err := ask()
	if err != nil {
		s.failed(c, err)
		return told[T]{source: s}
	}
	return told[T]{s, []T{item}}
}

// joined is what several calls have told about one list. Its time is that before the first.
func joined[T any](call, scope string, parts ...told[T]) told[T] {
	out := told[T]{source: source{call: call, scope: scope}}
	for _, p := range parts {
		out.items = append(out.items, p.items...)
		out.add(p.source)
	}
	return out
}

// add takes over what another source says about the same list.
func (s *source) add(o source) {
	if s.at.IsZero() || !o.at.IsZero() && o.at.Before(s.at) {
		s.at = o.at
	}
	for _, g := range o.gaps {
		if !slices.Contains(s.gaps, g) {
			s.gaps = append(slices.Clip(s.gaps), g)
		}
	}
}

// listing turns what was told into a list of the model. More gaps may come with the translation.
func listing[T any](s source, items []T) reach.Listing[T] {
	return reach.Listing[T]{Items: items, Call: s.call, Scope: s.scope, At: s.at, Whole: len(s.gaps) == 0,
		Gaps: slices.Clone(s.gaps)}
}
