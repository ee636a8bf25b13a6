package policytest

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
	"github.com/culvertnet/culvert/workers/policy"
	"github.com/culvertnet/culvert/workers/steptest"
)

// Subject is one driver over one fresh world, with the facts of that world that the suite needs.
type Subject struct {
	// Driver has Rules exactly where filters share one rule set; that set may have rules of others.
	Driver policy.Driver
	// Operations polls what a change left running; nil when every change is done on return.
	Operations workers.Operations
	// Poll is the pause between two reads of something that takes a while; zero means one millisecond.
	Poll time.Duration
	// Filter can be made and binds its source once it is; it is complete, with priorities where the driver needs them.
	// Changed is the same filter with other rules, Other another filter at the same place, of the same default.
	// Turned is the same with the other default; TurnRefused says that filters of others at its place forbid that.
	Filter, Changed, Turned, Other policy.Filter
	TurnRefused                    bool
	// Refused are filters that cannot work.
	Refused []policy.Filter
}

// Run holds a driver against what policy.Filters and policy.RuleLists promise. Each part gets a world of its own.
func Run(t *testing.T, newSubject func(t *testing.T) Subject) {
	t.Helper()
	for _, part := range []struct {
		name string
		test func(*testing.T, Subject)
	}{
		{"check", checks},
		{"missing", missing},
		{"put, read back, repeat, remove", put},
		{"changed in place", changed},
		{"the default changed in place", turned},
		{"two filters at one place", two},
		{"rules in a shared set", shared},
		{"a cancelled call has no effect", cancelled},
	} {
		t.Run(part.name, func(t *testing.T) { part.test(t, newSubject(t)) })
	}
}

// request is a root of request ids that no other call has.
func request() uuid.UUID { return uuid.New() }

func (s Subject) caller() steptest.Caller {
	return steptest.Caller{Operations: s.Operations, Poll: s.Poll}
}

// must makes a change that has to work, as the runtime would: with the operations that go on, and again after a Wait.
func (s Subject) must(t *testing.T, what string, call func(context.Context) error) {
	t.Helper()
	s.caller().Complete(t, what, call)
}

// put makes a filter, with its rules in the shared set, and waits until it reads back as in force.
func (s Subject) put(t *testing.T, f policy.Filter) policy.Filter {
	t.Helper()
	s.must(t, "put "+f.Name, func(ctx context.Context) error { return s.Driver.Filters.Put(ctx, request(), f) })
	if s.Driver.Rules != nil {
		s.rewrite(t, f, s.render(t, f))
	}
	var got policy.Filter
	s.caller().Await(t, "get "+f.Name, func(ctx context.Context) (inForce bool, err error) {
		if got, err = s.Driver.Filters.Get(ctx, f); errors.Is(err, workers.ErrNotFound) {
			return false, nil
		}
		return got.InForce && got.Void == "", err
	})
	return got
}

// remove takes a filter away and waits until it reads back as gone.
func (s Subject) remove(t *testing.T, f policy.Filter) {
	t.Helper()
	if s.Driver.Rules != nil {
		s.rewrite(t, f, nil)
	}
	s.must(t, "remove "+f.Name, func(ctx context.Context) error { return s.Driver.Filters.Remove(ctx, request(), f) })
	s.caller().Await(t, "get removed "+f.Name, func(ctx context.Context) (gone bool, err error) {
		if _, err = s.Driver.Filters.Get(ctx, f); errors.Is(err, workers.ErrNotFound) {
			return true, nil
		}
		return false, err
	})
}

func (s Subject) render(t *testing.T, f policy.Filter) []string {
	t.Helper()
	lines, err := s.Driver.Rules.Rules(t.Context(), f)
	if err != nil || len(lines) == 0 {
		t.Fatalf("rules of %s: %v, %v", f.Name, lines, err)
	}
	return lines
}

func (s Subject) read(t *testing.T, f policy.Filter) []string {
	t.Helper()
	lines, err := s.Driver.Rules.Read(t.Context(), f.Controller)
	if err != nil {
		t.Fatalf("read shared rules: %v", err)
	}
	return lines
}

// rewrite replaces the rules of a filter in the shared set.
func (s Subject) rewrite(t *testing.T, f policy.Filter, own []string) {
	t.Helper()
	lines := slices.DeleteFunc(s.read(t, f), func(line string) bool { return strings.HasPrefix(nameOf(line), f.Name) })
	lines = append(lines, own...)
	s.must(t, "write shared rules", func(ctx context.Context) error {
		return s.Driver.Rules.Write(ctx, request(), f.Controller, lines)
	})
}

// nameOf is a rule's name; every rule has one.
func nameOf(line string) string {
	var rule struct {
		Name string `json:"name"`
	}
	if json.Unmarshal([]byte(line), &rule) != nil {
		return ""
	}
	return rule.Name
}

func checks(t *testing.T, s Subject) {
	for range 2 {
		if _, err := s.Driver.Filters.Check(t.Context(), s.Filter); err != nil {
			t.Fatalf("check a good filter: %v", err)
		}
	}
	for _, f := range s.Refused {
		if _, err := s.Driver.Filters.Check(t.Context(), f); steptest.ClassOf(err) != events.Refuse {
			t.Errorf("check %+v: %v, want a Refuse", f, err)
		}
	}
	if _, err := s.Driver.Filters.Get(t.Context(), s.Filter); !errors.Is(err, workers.ErrNotFound) {
		t.Errorf("get after a check: %v, want ErrNotFound", err)
	}
	s.put(t, s.Filter)
	place, err := s.Driver.Filters.Check(t.Context(), s.Filter)
	if err != nil {
		t.Fatalf("check a filter that is there: %v", err)
	}
	for _, p := range s.Filter.Priorities {
		if slices.Contains(place.TakenPriorities, p) {
			t.Errorf("a filter's own priority %d counts as taken by others", p)
		}
	}
}

func missing(t *testing.T, s Subject) {
	if _, err := s.Driver.Filters.Get(t.Context(), s.Filter); !errors.Is(err, workers.ErrNotFound) {
		t.Errorf("get a missing filter: %v, want ErrNotFound", err)
	}
	s.remove(t, s.Filter)
}

func put(t *testing.T, s Subject) {
	for range 2 {
		got := s.put(t, s.Filter)
		if got.Name != s.Filter.Name || got.Source != s.Filter.Source || got.Default != s.Filter.Default ||
			!policy.SameRules(got.Rules, s.Filter.Rules) {
			t.Errorf("filter reads back as %+v, was put as %+v", got, s.Filter)
		}
		if got.Owner != "" && got.Owner != s.Filter.Owner {
			t.Errorf("the owner reads back as %q", got.Owner)
		}
	}
	s.remove(t, s.Filter)
	s.remove(t, s.Filter)
	s.put(t, s.Filter) // the name and the place are free again
}

func changed(t *testing.T, s Subject) {
	s.put(t, s.Filter)
	if got, err := s.Driver.Filters.Get(t.Context(), s.Changed); err == nil && got.InForce &&
		policy.SameRules(got.Rules, s.Changed.Rules) {
		t.Fatal("the filter reads as changed before it was")
	}
	got := s.put(t, s.Changed)
	if !policy.SameRules(got.Rules, s.Changed.Rules) {
		t.Errorf("changed rules read back as %+v", got.Rules)
	}
	s.put(t, s.Filter)
	s.remove(t, s.Changed)
}

// turned: a check comes first, which knows no filter of its own by Name but the connection's by Own.
func turned(t *testing.T, s Subject) {
	s.put(t, s.Filter)
	check := s.Turned
	check.Name, check.Source, check.Priorities, check.Own = "", "", nil, []string{s.Filter.Name}
	_, err := s.Driver.Filters.Check(t.Context(), check)
	if s.TurnRefused {
		if steptest.ClassOf(err) != events.Refuse {
			t.Errorf("check beside filters of the other default: %v, want a Refuse", err)
		}
		if got, err := s.Driver.Filters.Get(t.Context(), s.Filter); err != nil || !got.InForce {
			t.Errorf("after the refusal: %+v, %v", got, err)
		}
		return
	}
	if err != nil {
		t.Fatalf("check of the other default, with only the filter itself in the way: %v", err)
	}
	for _, f := range []policy.Filter{s.Turned, s.Filter} {
		if got := s.put(t, f); got.Default != f.Default || !policy.SameRules(got.Rules, f.Rules) {
			t.Errorf("filter reads back as %+v, was put as %+v", got, f)
		}
	}
	s.remove(t, s.Filter)
}

func two(t *testing.T, s Subject) {
	s.put(t, s.Filter)
	s.put(t, s.Other)
	s.remove(t, s.Filter)
	got, err := s.Driver.Filters.Get(t.Context(), s.Other)
	if err != nil || !got.InForce {
		t.Errorf("the other filter after a removal: %+v, %v", got, err)
	}
	s.remove(t, s.Other)
}

func shared(t *testing.T, s Subject) {
	if s.Driver.Rules == nil {
		return // filters with rules of their own share nothing
	}
	before := s.read(t, s.Filter)
	s.put(t, s.Filter)
	own := s.render(t, s.Filter)
	names := map[string]bool{}
	for _, line := range own {
		name := nameOf(line)
		if name == "" || names[name] || strings.Contains(line, "\n") {
			t.Errorf("rule %q has no name of its own, or more than one line", line)
		}
		names[name] = true
	}
	if got := s.read(t, s.Filter); !sameSet(got, append(slices.Clone(before), own...)) {
		t.Errorf("the shared set is\n%s\nwant what was there and\n%s", strings.Join(got, "\n"), strings.Join(own, "\n"))
	}
	if again := s.render(t, s.Filter); !slices.Equal(own, again) {
		t.Errorf("rules are spelled %q, then %q", own, again)
	}
	s.remove(t, s.Filter)
	if got := s.read(t, s.Filter); !sameSet(got, before) {
		t.Errorf("the shared set is %q after the removal, was %q", got, before)
	}
}

func sameSet(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

func cancelled(t *testing.T, s Subject) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Driver.Filters.Put(ctx, request(), s.Filter); err == nil || steptest.ClassOf(err) == events.Refuse {
		t.Errorf("put under a cancelled context: %v, want an error that is no Refuse", err)
	}
	if _, err := s.Driver.Filters.Get(ctx, s.Filter); err == nil || errors.Is(err, workers.ErrNotFound) {
		t.Errorf("get under a cancelled context: %v, want an error that is not ErrNotFound", err)
	}
	if _, err := s.Driver.Filters.Get(t.Context(), s.Filter); !errors.Is(err, workers.ErrNotFound) {
		t.Errorf("get after a cancelled put: %v, want ErrNotFound", err)
	}
}
