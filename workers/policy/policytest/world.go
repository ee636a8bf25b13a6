package policytest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/google/uuid"

	"github.com/culvertnet/culvert/workers"
	"github.com/culvertnet/culvert/workers/policy"
)

// A World is one network with firewall priorities and one controller with a shared rule set, in memory. Own and Shared
// give a driver each, which passes the suite. Safe for concurrent use.
//
// Slow makes changes leave operations behind; Fault makes single calls fail before or after their effect.
type World struct {
	mu         sync.Mutex
	filters    map[string]policy.Filter
	rules      []string
	place      policy.Place
	refusals   map[string]string
	void       string
	oneDefault bool
	operations map[string]*operation
	faults     map[string][]fault
	intercept  func(call int) (fail, lose bool)
	calls      int
	slow       int
}

// operation is a change that goes on: polls left until its end takes effect.
type operation struct {
	left int
	end  func()
}

type fault struct {
	after bool
	err   error
}

var _ workers.Operations = (*World)(nil)

// NewWorld makes an empty world with a place for filters.
func NewWorld(place policy.Place) *World {
	return &World{
		filters: map[string]policy.Filter{}, place: place, refusals: map[string]string{},
		operations: map[string]*operation{}, faults: map[string][]fault{},
	}
}

// Own is the driver whose filters have rules of their own.
func (w *World) Own() policy.Driver { return policy.Driver{Filters: filters{w: w}} }

// Shared is the driver whose filters share one rule set.
func (w *World) Shared() policy.Driver {
	f := filters{w: w, shared: true}
	return policy.Driver{Filters: f, Rules: f}
}

// Refuse makes Check refuse filters on a network.
func (w *World) Refuse(network, why string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.refusals[network] = why
}

// SetVoid says why traffic passes unfiltered all the same; "" that it does not.
func (w *World) SetVoid(why string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.void = why
}

// OneDefault makes every gateway take filters of one default only, as the colour of FQDN tags does.
func (w *World) OneDefault() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.oneDefault = true
}

// clash refuses a filter beside one of another default on its gateway, if that matters and the other is not of these.
func (w *World) clash(want policy.Filter, own ...string) error {
	for name, f := range w.filters {
		if w.oneDefault && f.Gateway == want.Gateway && f.Default != want.Default && !slices.Contains(own, name) {
			return workers.Refuse("colour", "gateway %s has filter %s with default %s", f.Gateway, name, f.Default)
		}
	}
	return nil
}

// PutRule adds a rule of somebody else to the shared set.
func (w *World) PutRule(line string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.rules = append(w.rules, line)
}

// PutFilter adds or replaces a filter, whoever owns it.
func (w *World) PutFilter(f policy.Filter) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.filters[f.Name] = f
}

// Slow makes every later change take this many polls.
func (w *World) Slow(polls int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.slow = polls
}

// Fault makes the next call of this name ("put", "remove", "write", "get") fail with err; after says that its effect
// happens first, as when an answer is lost.
func (w *World) Fault(call string, after bool, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.faults[call] = append(w.faults[call], fault{after: after, err: err})
}

// Intercept lets f decide about every later call that changes something, counted from 1: to fail it before its effect, or to
// lose its answer. nil lets all pass.
func (w *World) Intercept(f func(call int) (fail, lose bool)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.intercept, w.calls = f, 0
}

// Faults tells how many faults have not been met.
func (w *World) Faults() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for _, f := range w.faults {
		n += len(f)
	}
	return n
}

// State is all that is in the world, in one text: two equal texts are two equal worlds.
func (w *World) State() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(w.filters)) {
		f := w.filters[name]
		fmt.Fprintf(&b, "%s of %s from %s: %s %+v at %v\n", name, f.Owner, f.Source, f.Default, f.Rules, f.Priorities)
	}
	for _, line := range slices.Sorted(slices.Values(w.rules)) {
		fmt.Fprintln(&b, line)
	}
	return b.String()
}

// enter meets a fault that is set for the call: before its effect, or, by what it gives back, after it.
func (w *World) enter(ctx context.Context, call string) (after, err error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", call, err)
	}
	if w.intercept != nil && slices.Contains([]string{"put", "remove", "write"}, call) {
		w.calls++
		switch fail, lose := w.intercept(w.calls); {
		case fail:
			return nil, workers.Retry("fault", 0, errors.New(call+" is set to fail"))
		case lose:
			return errors.New(call + ": connection reset"), nil
		}
	}
	set := w.faults[call]
	if len(set) == 0 {
		return nil, nil
	}
	w.faults[call] = set[1:]
	if set[0].after {
		return set[0].err, nil
	}
	return nil, set[0].err
}

// make makes a change at once, or leaves an operation behind.
func (w *World) make(after error, end func()) error {
	if w.slow == 0 || after != nil {
		end()
		return after
	}
	handle := "fake:" + uuid.NewString()
	w.operations[handle] = &operation{left: w.slow, end: end}
	return workers.WaitFor(handle, 0)
}

// Poll implements [workers.Operations].
func (w *World) Poll(ctx context.Context, handle string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	o, ok := w.operations[handle]
	if !ok {
		return workers.ErrNotFound
	}
	if o.left--; o.left > 0 {
		return workers.WaitFor(handle, 0)
	}
	if o.left == 0 {
		o.end()
	}
	return ctx.Err()
}

// filters is a driver of the world.
type filters struct {
	w      *World
	shared bool
}

// Check implements [policy.Filters].
func (f filters) Check(ctx context.Context, want policy.Filter) (policy.Place, error) {
	f.w.mu.Lock()
	defer f.w.mu.Unlock()
	if _, err := f.w.enter(ctx, "check"); err != nil {
		return policy.Place{}, err
	}
	if why, bad := f.w.refusals[want.Network]; bad {
		return policy.Place{}, workers.Refuse("no-policy", "%s: %s", want.Network, why)
	}
	if err := f.w.clash(want, append([]string{want.Name}, want.Own...)...); err != nil {
		return policy.Place{}, err
	}
	place := f.w.place
	place.TakenPriorities = slices.Clone(place.TakenPriorities)
	for name, other := range f.w.filters {
		if name != want.Name {
			place.TakenPriorities = append(place.TakenPriorities, other.Priorities...)
		}
	}
	return place, nil
}

// Get implements [policy.Filters].
func (f filters) Get(ctx context.Context, want policy.Filter) (policy.Filter, error) {
	f.w.mu.Lock()
	defer f.w.mu.Unlock()
	if _, err := f.w.enter(ctx, "get"); err != nil {
		return policy.Filter{}, err
	}
	got, ok := f.w.filters[want.Name]
	if !ok {
		return policy.Filter{}, fmt.Errorf("get filter %s: %w", want.Name, workers.ErrNotFound)
	}
	got.Rules, got.Priorities = slices.Clone(got.Rules), slices.Clone(got.Priorities)
	got.InForce = got.Source == want.Source && got.Default == want.Default && policy.SameRules(got.Rules, want.Rules)
	got.Void = f.w.void
	if f.shared && got.InForce {
		for _, line := range render(got) {
			if !slices.Contains(f.w.rules, line) {
				got.Void = "rule " + nameOf(line) + " is not in the shared set"
			}
		}
	}
	return got, nil
}

// Put implements [policy.Filters].
func (f filters) Put(ctx context.Context, _ uuid.UUID, want policy.Filter) error {
	f.w.mu.Lock()
	defer f.w.mu.Unlock()
	after, err := f.w.enter(ctx, "put")
	if err != nil {
		return err
	}
	if have, ok := f.w.filters[want.Name]; ok && fmt.Sprint(have) == fmt.Sprint(want) {
		return after
	}
	if err := f.w.clash(want, want.Name); err != nil {
		return err
	}
	want.Rules, want.Priorities = slices.Clone(want.Rules), slices.Clone(want.Priorities)
	return f.w.make(after, func() { f.w.filters[want.Name] = want })
}

// Remove implements [policy.Filters]. What rules of the shared set name cannot go.
func (f filters) Remove(ctx context.Context, _ uuid.UUID, want policy.Filter) error {
	f.w.mu.Lock()
	defer f.w.mu.Unlock()
	after, err := f.w.enter(ctx, "remove")
	if err != nil {
		return err
	}
	if _, ok := f.w.filters[want.Name]; !ok {
		return after
	}
	if slices.ContainsFunc(f.w.rules, func(line string) bool { return strings.HasPrefix(nameOf(line), want.Name) }) {
		return workers.Refuse("in-use", "filter %s is named by rules of the shared set", want.Name)
	}
	return f.w.make(after, func() { delete(f.w.filters, want.Name) })
}

// render gives one line a rule, and one for the default.
func render(f policy.Filter) []string {
	var out []string
	for i, r := range append(slices.Clone(f.Rules), policy.Rule{Protocol: "all"}) {
		line, err := json.Marshal(map[string]any{"name": fmt.Sprintf("%s-%d", f.Name, i), "from": f.Source, "to": r, "default": f.Default})
		if err != nil {
			panic("render rule: " + err.Error()) // texts only
		}
		out = append(out, string(line))
	}
	return out
}

// Rules implements [policy.RuleLists].
func (f filters) Rules(ctx context.Context, want policy.Filter) ([]string, error) {
	f.w.mu.Lock()
	defer f.w.mu.Unlock()
	if _, err := f.w.enter(ctx, "rules"); err != nil {
		return nil, err
	}
	if _, ok := f.w.filters[want.Name]; !ok {
		return nil, fmt.Errorf("render rules of %s: %w", want.Name, workers.ErrNotFound)
	}
	return render(want), nil
}

// Read implements [policy.RuleLists].
func (f filters) Read(ctx context.Context, _ string) ([]string, error) {
	f.w.mu.Lock()
	defer f.w.mu.Unlock()
	if _, err := f.w.enter(ctx, "read"); err != nil {
		return nil, err
	}
	return slices.Clone(f.w.rules), nil
}

// Write implements [policy.RuleLists].
func (f filters) Write(ctx context.Context, _ uuid.UUID, _ string, lines []string) error {
	f.w.mu.Lock()
	defer f.w.mu.Unlock()
	after, err := f.w.enter(ctx, "write")
	if err != nil {
		return err
	}
	if sameSet(lines, f.w.rules) {
		return after
	}
	lines = slices.Clone(lines)
	return f.w.make(after, func() { f.w.rules = lines })
}
