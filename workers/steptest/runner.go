package steptest

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
)

// maxRuns bounds how often one verb is asked for.
const maxRuns = 500

// runner plays the engine and the runtime for one bed: every run has the next epoch, and follows the outcome before.
type runner struct {
	Bed
	t        *testing.T
	registry *workers.Registry
	epochs   map[string]uint64
	outputs  map[string]json.RawMessage
}

func newRunner(t *testing.T, b Bed) *runner {
	t.Helper()
	registry, err := workers.NewRegistry(b.Handlers...)
	if err != nil {
		t.Fatalf("register steps: %v", err)
	}
	return &runner{Bed: b, t: t, registry: registry, epochs: map[string]uint64{}, outputs: map[string]json.RawMessage{}}
}

// once runs one verb of a step, as a worker would.
func (r *runner) once(ctx context.Context, c events.Command, verb events.Verb, operation string) events.Outcome {
	r.t.Helper()
	handler, ok := r.registry.Lookup(c.Kind)
	if !ok {
		r.t.Fatalf("no step of kind %s is registered", c.Kind)
	}
	now := r.Now()
	r.epochs[c.Step]++
	c.Verb, c.Purpose, c.Epoch = verb, "", r.epochs[c.Step]
	if verb == events.Undo {
		c.Purpose = events.ToCompensate
	}
	c.Due, c.Since, c.Deadline, c.Operation = now, now, now.Add(r.Timeout), operation
	c.Output = r.outputs[c.Step]
	o := handler.Run(ctx, c, now)
	if !o.Class.Valid() {
		r.t.Fatalf("%s of %s: outcome %+v has no class", verb, c.Step, o)
	}
	if verb == events.Do && o.Class == events.Done {
		r.outputs[c.Step] = o.Output
	}
	return o
}

// until runs a verb until it is done, as the engine would drive it: waits are waited for, operations polled, what is
// retried is retried, and after an Unsure comes the quiet period and a Look.
func (r *runner) until(c events.Command, verb events.Verb) events.Outcome {
	r.t.Helper()
	operation := ""
	for range maxRuns {
		o := r.once(r.t.Context(), c, verb, operation)
		switch o.Class {
		case events.Done:
			return o
		case events.Refuse:
			r.t.Fatalf("%s of %s is refused: %s: %s", verb, c.Step, o.Reason, o.Message)
		case events.Unsure:
			r.Pause(r.t.Context(), r.Settle)
			r.look(c)
			continue
		}
		r.Pause(r.t.Context(), max(o.After, time.Millisecond))
		if operation = o.Operation; operation != "" {
			r.finish(operation)
		}
	}
	r.t.Fatalf("%s of %s was not done after %d runs", verb, c.Step, maxRuns)
	return events.Outcome{}
}

// finish polls an operation until it has ended, well or not: the step looks for itself.
func (r *runner) finish(handle string) {
	r.t.Helper()
	vendor, _, _ := strings.Cut(handle, ":")
	operations, ok := r.Operations[vendor]
	if !ok {
		r.t.Fatalf("nobody polls operation %s", handle)
	}
	for range maxRuns {
		var f *workers.Failure
		err := operations.Poll(r.t.Context(), handle)
		if !errors.As(err, &f) || f.Class != events.Wait {
			return
		}
		r.Pause(r.t.Context(), max(f.After, time.Millisecond))
	}
	r.t.Fatalf("operation %s did not end", handle)
}

// look looks until it gets an answer, and fails the test when looking changed anything.
func (r *runner) look(c events.Command) events.Outcome {
	r.t.Helper()
	calls := 0
	r.Intercept(func(int) Fate { calls++; return Pass })
	defer r.Intercept(nil)
	for range maxRuns {
		o := r.once(r.t.Context(), c, events.Look, "")
		if calls > 0 {
			r.t.Fatalf("a look at %s made %d calls that change something", c.Step, calls)
		}
		switch o.Class {
		case events.Done:
			return o
		case events.Refuse:
			r.t.Fatalf("look at %s is refused: %s", c.Step, o.Message)
		}
		r.Pause(r.t.Context(), max(o.After, time.Millisecond))
	}
	r.t.Fatalf("look at %s had no answer after %d runs", c.Step, maxRuns)
	return events.Outcome{}
}

// sees looks until the world shows what is wanted: reads may lag.
func (r *runner) sees(c events.Command, want ...events.Presence) events.Outcome {
	r.t.Helper()
	var o events.Outcome
	for range maxRuns {
		o = r.look(c)
		for _, w := range want {
			if o.Seen == w {
				return o
			}
		}
		r.Pause(r.t.Context(), time.Second)
	}
	r.t.Fatalf("look at %s sees %s (%s), want %v", c.Step, o.Seen, o.Message, want)
	return o
}

// becomes waits until the world is as it was.
func (r *runner) becomes(what, want string) {
	r.t.Helper()
	got := ""
	for range maxRuns {
		if got = r.State(r.t); got == want {
			return
		}
		r.Pause(r.t.Context(), time.Second)
	}
	r.t.Fatalf("%s the world is\n%s\nwant\n%s", what, got, want)
}

// holdsNothing fails the test when the step's holder has a claim left.
func (r *runner) holdsNothing(c events.Command) {
	r.t.Helper()
	holder := workers.RunOf(c, r.Now()).Holder().String()
	var left []string
	for range maxRuns {
		if left = r.heldBy(c.Connection, holder); len(left) == 0 {
			return
		}
		r.Pause(r.t.Context(), time.Second)
	}
	r.t.Errorf("%s is undone and still holds %v", c.Step, left)
}

// heldBy lists the resources of a connection's claims that a holder has not dropped.
func (r *runner) heldBy(connection events.Key, holder string) (left []string) {
	r.t.Helper()
	for q := (workers.ClaimQuery{Connection: connection}); ; {
		page, err := r.Claims.Find(r.t.Context(), q)
		if err != nil {
			r.t.Fatalf("find claims: %v", err)
		}
		for _, item := range page.Items {
			for _, h := range item.Record.Holds {
				if h.Holder == holder && !h.Dropped {
					left = append(left, item.Resource)
				}
			}
		}
		if q.After = page.Next; q.After == "" {
			return left
		}
	}
}
