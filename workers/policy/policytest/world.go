package policytest

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/google/uuid"

	"github.com/culvertnet/culvert/workers"
	"github.com/culvertnet/culvert/workers/policy"
	"github.com/culvertnet/culvert/workers/steptest"
)

// A World is one network with firewall priorities and one controller with a shared rule set, in memory. Own and Shared
// give a driver each, which passes the suite. Safe for concurrent use.
//
// Calls that can be set to fail are "check", "get", "put", "remove", "rules", "read" and "write".
type World struct {
	*steptest.Fake
	mu         sync.Mutex
	filters    map[string]policy.Filter
	rules      []string
	place      policy.Place
	refusals   map[string]string
	void       string
	checked    policy.Filter
	oneDefault bool
}

// NewWorld makes an empty world with a place for filters.
func NewWorld(place policy.Place) *World {
	w := &World{
		filters: map[string]policy.Filter{}, place: place, refusals: map[string]string{},
	}
	w.Fake = steptest.NewFake(&w.mu)
	return w
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

// Checked is the filter of the last Check that was not refused.
func (w *World) Checked() policy.Filter {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.checked
}

// SetVoid says why traffic passes unfiltered all the same; "" that it does not. A Check of a filter that denies is
// refused for it.
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

// filters is a driver of the world.
type filters struct {
	w      *World
	shared bool
}

// Check implements [policy.Filters].
func (f filters) Check(ctx context.Context, want policy.Filter) (policy.Place, error) {
	f.w.mu.Lock()
	defer f.w.mu.Unlock()
	if err := f.w.Read(ctx, "check"); err != nil {
		return policy.Place{}, err
	}
	if why, bad := f.w.refusals[want.Network]; bad {
		return policy.Place{}, workers.Refuse("no-policy", "%s: %s", want.Network, why)
	}
	if err := f.w.clash(want, append([]string{want.Name}, want.Own...)...); err != nil {
		return policy.Place{}, err
	}
	if f.w.void != "" && want.Default != "allow" {
		return policy.Place{}, workers.Refuse("void", "%s", f.w.void)
	}
	f.w.checked = want
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
	if err := f.w.Read(ctx, "get"); err != nil {
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
	lost, err := f.w.Mutate(ctx, "put")
	if err != nil {
		return err
	}
	if have, ok := f.w.filters[want.Name]; ok && fmt.Sprint(have) == fmt.Sprint(want) {
		return lost
	}
	if err := f.w.clash(want, want.Name); err != nil {
		return err
	}
	want.Rules, want.Priorities = slices.Clone(want.Rules), slices.Clone(want.Priorities)
	return f.w.Make(lost, func() { f.w.filters[want.Name] = want })
}

// Remove implements [policy.Filters]. What rules of the shared set name cannot go.
func (f filters) Remove(ctx context.Context, _ uuid.UUID, want policy.Filter) error {
	f.w.mu.Lock()
	defer f.w.mu.Unlock()
	lost, err := f.w.Mutate(ctx, "remove")
	if err != nil {
		return err
	}
	if _, ok := f.w.filters[want.Name]; !ok {
		return lost
	}
	if slices.ContainsFunc(f.w.rules, func(line string) bool { return strings.HasPrefix(nameOf(line), want.Name) }) {
		return workers.Refuse("in-use", "filter %s is named by rules of the shared set", want.Name)
	}
	return f.w.Make(lost, func() { delete(f.w.filters, want.Name) })
}

// render gives one line a rule, and one for the default.
func render(f policy.Filter) []string {
	var out []string
	for i, r := range append(slices.Clone(f.Rules), policy.Rule{Protocol: "all"}) {
		line, err := json.Marshal(
			map[string]any{"name": fmt.Sprintf("%s-%d", f.Name, i), "from": f.Source, "to": r, "default": f.Default},
		)
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
	if err := f.w.Read(ctx, "rules"); err != nil {
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
	if err := f.w.Read(ctx, "read"); err != nil {
		return nil, err
	}
	return slices.Clone(f.w.rules), nil
}

// Write implements [policy.RuleLists].
func (f filters) Write(ctx context.Context, _ uuid.UUID, _ string, lines []string) error {
	f.w.mu.Lock()
	defer f.w.mu.Unlock()
	lost, err := f.w.Mutate(ctx, "write")
	if err != nil {
		return err
	}
	if sameSet(lines, f.w.rules) {
		return lost
	}
	lines = slices.Clone(lines)
	return f.w.Make(lost, func() { f.w.rules = lines })
}
