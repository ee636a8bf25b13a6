package workers_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
)

func TestHandlerDecodesStrictly(t *testing.T) {
	h := probe{do: func(context.Context, workers.Run, probeIn) (probeOut, error) { return probeOut{}, nil }}.handler()
	for _, c := range []struct {
		name, input, output string
		class               events.Class
		reason              events.Reason
	}{
		{"as it should be", `{"vendor":"v"}`, `{"count":1}`, events.Done, ""},
		{"no earlier output", `{}`, `null`, events.Done, ""},
		{"unknown field of the input", `{"vendor":"v","more":1}`, "", events.Refuse, "input"},
		{"two values", `{} {}`, "", events.Refuse, "input"},
		{"wrong type", `{"vendor":1}`, "", events.Refuse, "input"},
		{"unknown field of the output", `{}`, `{"more":1}`, events.Refuse, "output"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cmd := command(events.Do, 1, start)
			cmd.Input, cmd.Output = json.RawMessage(c.input), json.RawMessage(c.output)
			if o := h.Run(t.Context(), cmd, start); o.Class != c.class || o.Reason != c.reason {
				t.Errorf("outcome %+v, want %s %q", o, c.class, c.reason)
			}
		})
	}
	if v := h.Vendor(json.RawMessage(`{"vendor":"v"}`)); v != "v" {
		t.Errorf("vendor %q", v)
	}
	if v := h.Vendor(json.RawMessage(`{"more":"v"}`)); v != "" {
		t.Errorf("vendor of an input that is refused: %q", v)
	}
}

func TestHandlerFoldsErrors(t *testing.T) {
	for _, c := range []struct {
		name   string
		err    error
		do     events.Class
		look   events.Class
		reason events.Reason
	}{
		{"refused", fmt.Errorf("create: %w", workers.Refuse("quota", "none left")), events.Refuse, events.Refuse,
			"quota"},
		{"wait", workers.Wait("lease", time.Second), events.Wait, events.Wait, "lease"},
		{"plain", errors.New("broken pipe"), events.Unsure, events.Retry, "unclassified"},
		{"plain while reading", workers.Reading(errors.New("broken pipe")), events.Retry, events.Retry, "read"},
		{"deadline", fmt.Errorf("call: %w", context.DeadlineExceeded), events.Unsure, events.Retry, "deadline"},
		{"cancelled while reading", workers.Reading(context.Canceled), events.Unsure, events.Retry, "deadline"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := probe{
				do: func(context.Context, workers.Run, probeIn) (probeOut, error) { return probeOut{}, c.err },
				look: func(context.Context, workers.Run, probeIn) (workers.Seen[probeOut], error) {
					return workers.Seen[probeOut]{}, c.err
				},
			}.handler()
			for verb, class := range map[events.Verb]events.Class{events.Do: c.do, events.Look: c.look} {
				if o := h.Run(t.Context(), command(verb, 1, start), start); o.Class != class || o.Reason != c.reason ||
					o.Output != nil {
					t.Errorf("%s: %+v, want %s %q", verb, o, class, c.reason)
				}
			}
		})
	}
}

func TestRegistryRefusesDoubles(t *testing.T) {
	h := probe{}.handler()
	if _, err := workers.NewRegistry(h, h); err == nil {
		t.Error("two handlers of one kind were registered")
	}
	if _, err := workers.NewRegistry(workers.Handle("Probe", nil, probe{})); err == nil {
		t.Error("a kind without a capability was registered")
	}
	other := workers.Handle("other.probe", nil, probe{})
	r, err := workers.NewRegistry(h, other)
	if err != nil {
		t.Fatal(err)
	}
	if got, ok := r.Lookup("other.probe"); !ok || got.Kind() != "other.probe" {
		t.Errorf("lookup: %v %v", got, ok)
	}
	if caps := r.Capabilities(); fmt.Sprint(caps) != "[other test]" {
		t.Errorf("capabilities %v", caps)
	}
	if got := r.Capability("test"); len(got) != 1 || got[0].Kind() != "test.probe" || len(r.Capability("none")) != 0 {
		t.Error("handlers by capability are wrong")
	}
}
