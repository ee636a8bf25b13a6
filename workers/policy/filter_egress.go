package policy

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
)

// filterEgress puts a filter on a source: its own objects, for gcp-firewall on a block of priorities of its own, for
// aviatrix-webgroup with its rules in the one rule set that all filters of a controller share.
type filterEgress struct{ Drivers }

// A filter has a block of priorities: rules may come and go in place, and never take another's.
const (
	blockSize     = 16
	priorityFirst = 1000
	priorityLast  = priorityFirst + blockSize*workers.MaxHolds - 1
)

func (s filterEgress) filter(run workers.Run, in FilterEgressIn) Filter {
	return Filter{
		Via: in.Via, Name: run.Name, Owner: run.Owner(), Network: in.Network, Controller: in.Controller,
		Gateway:     in.Gateway,
		GatewayWide: in.GatewayWide, Source: in.Source, Region: in.Region, Default: in.Default, Rules: in.Rules,
		KeepOpen: in.KeepOpen,
	}
}

// numbers are the priorities of a firewall policy.
func (s Drivers) numbers(policy string) workers.Numbers {
	return workers.Numbers{
		Claims: s.Claims, Times: s.Times, Resource: workers.FamilyNumbers.Resource(policy), First: priorityFirst,
		Last: priorityLast,
	}
}

func block(first int) []int {
	numbers := make([]int, 0, blockSize)
	for i := range blockSize {
		numbers = append(numbers, first+i)
	}
	return numbers
}

// Do makes the filter be in force. That it is void because nothing is routed to it yet is told, and not refused: the
// steering comes after the filter.
func (s filterEgress) Do(
	ctx context.Context, run workers.Run, in FilterEgressIn, prior *FilterEgressOut,
) (FilterEgressOut, error) {
	driver, err := s.driver(in.Via)
	if err != nil {
		return FilterEgressOut{}, err
	}
	f := s.filter(run, in)
	out := FilterEgressOut{Name: f.Name, Source: f.Source}
	if in.Via == ViaGCPFirewall {
		if out.Policy, f.Priorities, err = s.priorities(ctx, run, driver, f); err != nil {
			return out, err
		}
		out.Priorities, f.Policy = f.Priorities, prior.madeIn()
	}
	have, err := driver.Filters.Get(ctx, f)
	if err == nil && have.Owner != "" && have.Owner != f.Owner {
		return out, workers.Refuse("foreign", "filter %s belongs to %q", f.Name, have.Owner)
	} else if err != nil && !errors.Is(err, workers.ErrNotFound) {
		return out, workers.Reading(err)
	}
	if in.Via == ViaAviatrixFQDN {
		if _, err := s.tag(run, f.Name).Begin(ctx, run); err != nil {
			return out, err
		}
	}
	if presence, _ := compare(have, f); err == nil && presence == events.Present && driver.Rules == nil {
		out.Void = have.Void // as wanted, with nothing of it in a shared set
		return out, nil
	}
	if err := s.put(ctx, run, driver, f); err != nil {
		return out, err
	}
	have, err = driver.Filters.Get(ctx, f)
	if errors.Is(err, workers.ErrNotFound) || err == nil && !have.InForce {
		return out, workers.Wait("not-in-force", s.Times.Lease/8)
	}
	if err != nil {
		return out, workers.Reading(err)
	}
	out.Void = have.Void
	if made := prior.madeIn(); made != "" && made != out.Policy { // its rules there are gone: see Filters.Put
		return out, s.numbers(made).Give(ctx, run)
	}
	return out, nil
}

// madeIn is the firewall policy that the output names; "" where there is none.
func (o *FilterEgressOut) madeIn() string {
	if o == nil {
		return ""
	}
	return o.Policy
}

// put makes the filter's own objects, then its rules in the shared set; and the objects once more, because those that
// an earlier version of the filter needs can go only when no rule names them.
func (s filterEgress) put(ctx context.Context, run workers.Run, driver Driver, f Filter) error {
	if err := driver.Filters.Put(ctx, run.RequestID, f); err != nil {
		return err
	}
	if driver.Rules == nil {
		return nil
	}
	lines, err := driver.Rules.Rules(ctx, f)
	if err != nil {
		return workers.Reading(err)
	}
	list := s.list(run, driver, f)
	before, err := list.Standing(ctx, run)
	if err != nil {
		return err
	}
	value := strings.Join(lines, "\n")
	if err := list.Put(ctx, run, value); err != nil {
		return err
	}
	if before.Held && before.Value == value {
		return nil
	}
	return driver.Filters.Put(ctx, run.RequestID, f)
}

// priorities takes the filter's block in the policy that is on the network.
func (s filterEgress) priorities(ctx context.Context, run workers.Run, driver Driver, f Filter) (string, []int, error) {
	place, err := driver.Filters.Check(ctx, f)
	if err != nil {
		return "", nil, workers.Reading(err)
	}
	first, err := s.numbers(place.Policy).Take(ctx, run, blockSize, place.taken())
	if err != nil {
		return "", nil, err
	}
	return place.Policy, block(first), nil
}

// policy is the firewall policy in which the filter has its priorities, with them; they are none when it has no block.
func (s filterEgress) policy(
	ctx context.Context, run workers.Run, driver Driver, f Filter, prior *FilterEgressOut,
) (string, []int, error) {
	name := prior.madeIn()
	if name == "" {
		// A filter that denies nothing cannot be void: that somebody has made ours void since does not hide its
		// priorities.
		at := f
		at.Default = "allow"
		place, err := driver.Filters.Check(ctx, at)
		var failure *workers.Failure
		if errors.Is(err, workers.ErrNotFound) || errors.As(err, &failure) && failure.Class == events.Refuse {
			return "", nil, nil // no filter can have been made where none can be
		}
		if err != nil {
			return "", nil, workers.Reading(err)
		}
		name = place.Policy
	}
	first, size, err := s.numbers(name).Held(ctx, run)
	if err != nil || size == 0 {
		return name, nil, err
	}
	return name, block(first), nil
}

// Look reads the filter's objects, and its rules in the shared set.
func (s filterEgress) Look(
	ctx context.Context, run workers.Run, in FilterEgressIn, prior *FilterEgressOut,
) (workers.Seen[FilterEgressOut], error) {
	var seen workers.Seen[FilterEgressOut]
	driver, err := s.driver(in.Via)
	if err != nil {
		return seen, err
	}
	f := s.filter(run, in)
	if in.Via == ViaGCPFirewall {
		if seen.Out.Policy, f.Priorities, err = s.policy(ctx, run, driver, f, prior); err != nil {
			return seen, err
		}
		f.Policy = seen.Out.Policy
	}
	claimed, err := s.claimed(ctx, run, driver, f)
	if err != nil {
		return seen, err
	}
	have, err := driver.Filters.Get(ctx, f)
	if errors.Is(err, workers.ErrNotFound) {
		if seen.Presence = events.Absent; claimed {
			seen.Presence, seen.Detail = events.Different, "filter "+f.Name+" is claimed, but not there"
		}
		return seen, nil
	}
	if err != nil {
		return seen, err
	}
	seen.Out.Name, seen.Out.Source, seen.Out.Void, seen.Out.Priorities = have.Name, have.Source, have.Void, f.Priorities
	seen.Presence, seen.Detail = compare(have, f)
	if seen.Presence == events.Present && !claimed {
		seen.Presence, seen.Detail = events.Different, "there, but its claim is gone"
	}
	return seen, nil
}

// claimed tells whether the run holds what a filter of this way claims: priorities, rules in the shared set, a tag.
func (s filterEgress) claimed(ctx context.Context, run workers.Run, driver Driver, f Filter) (bool, error) {
	switch {
	case driver.Rules != nil:
		st, err := s.list(run, driver, f).Standing(ctx, run)
		return st.Held || !st.Settled, err
	case f.Via == ViaAviatrixFQDN:
		_, lasts, err := s.tag(run, f.Name).Look(ctx, run)
		return lasts, err
	}
	return len(f.Priorities) > 0, nil
}

// compare tells how a filter that is there differs from the one that is wanted.
func compare(have, want Filter) (events.Presence, string) {
	switch {
	case have.Owner != "" && have.Owner != want.Owner:
		return events.Foreign, "it belongs to " + have.Owner
	case !have.InForce:
		return events.Different, "it is not in force in " + want.place() + because(have.Void)
	case have.Source != want.Source:
		return events.Different, "in " + want.place() + " it binds " + have.Source
	case have.Default != want.Default || !SameRules(have.Rules, want.Rules):
		return events.Different, "its rules in " + want.place() + " are others"
	}
	return events.Present, ""
}

// because adds a reason, where there is one.
func because(why string) string {
	if why == "" {
		return ""
	}
	return ": " + why
}

// Undo takes the filter away: its rules out of the shared set first, then its objects, which rules may name no more,
// then its priorities. Where the driver knows an order within them, it keeps it: off a gateway before a source is
// cleared, the deny before the allows.
func (s filterEgress) Undo(
	ctx context.Context, run workers.Run, in FilterEgressIn, prior *FilterEgressOut,
) (workers.Undone, error) {
	driver, err := s.driver(in.Via)
	if err != nil {
		return workers.Undone{}, err
	}
	f := s.filter(run, in)
	var policy string
	if in.Via == ViaGCPFirewall {
		if policy, f.Priorities, err = s.policy(ctx, run, driver, f, prior); err != nil {
			return workers.Undone{}, err
		}
		f.Policy = policy
	}
	if driver.Rules != nil {
		if err := s.list(run, driver, f).Drop(ctx, run); err != nil {
			return workers.Undone{}, err
		}
	}
	f.Whether = true
	have, err := driver.Filters.Get(ctx, f)
	switch {
	case errors.Is(err, workers.ErrNotFound):
		return workers.Undone{}, s.give(ctx, run, f, policy)
	case err != nil:
		return workers.Undone{}, workers.Reading(err)
	case have.Owner != "" && have.Owner != f.Owner:
		return workers.Undone{Retained: "filter " + f.Name + " belongs to " + have.Owner}, s.give(ctx, run, f, policy)
	}
	if err := driver.Filters.Remove(ctx, run.RequestID, f); err != nil {
		return workers.Undone{}, err
	}
	if _, err := driver.Filters.Get(ctx, f); err == nil {
		return workers.Undone{}, workers.Wait("not-gone", s.Times.Lease/8)
	} else if !errors.Is(err, workers.ErrNotFound) {
		return workers.Undone{}, workers.Reading(err)
	}
	return workers.Undone{}, s.give(ctx, run, f, policy)
}

// give gives back what the filter claimed: its tag's name, or its block of priorities where there is a policy.
func (s filterEgress) give(ctx context.Context, run workers.Run, f Filter, policy string) error {
	if f.Via == ViaAviatrixFQDN {
		return s.tag(run, f.Name).End(ctx, run)
	}
	if policy == "" {
		return nil
	}
	return s.numbers(policy).Give(ctx, run)
}

// list is the shared rule set of the filter's controller.
func (s filterEgress) list(run workers.Run, driver Driver, f Filter) workers.List {
	return workers.List{
		Claims: s.Claims, Times: s.Times, Resource: workers.FamilyList.Resource("rules", f.Controller),
		Port: ruleSet{rules: driver.Rules, controller: f.Controller, root: run.RequestID},
	}
}

// ruleSet is a controller's shared rule set as the claims of workers see it. Drivers read rules in the spelling in
// which they render them.
type ruleSet struct {
	rules      RuleLists
	controller string
	root       uuid.UUID
}

// ReadList implements [workers.ListPort].
func (r ruleSet) ReadList(ctx context.Context) ([]string, error) {
	lines, err := r.rules.Read(ctx, r.controller)
	return slices.Clone(lines), workers.Reading(err)
}

// WriteList implements [workers.ListPort].
func (r ruleSet) WriteList(ctx context.Context, revision uint64, entries []string) error {
	return r.rules.Write(ctx, workers.Run{RequestID: r.root}.CallID("write-rules", revisionBytes(revision)),
		r.controller, entries)
}

func revisionBytes(revision uint64) []byte { return strconv.AppendUint(nil, revision, 10) }
