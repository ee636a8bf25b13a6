package routing

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
)

// steerEgress sends a source's traffic to anywhere through a gateway. With a tag it makes a route of its own that beats
// every other for that tag; without one it only verifies that the gateway's own route serves.
//
// A connector's own traffic to Google's infrastructure (35.199.224.0/19, and answers to health checks in 35.191.0.0/16,
// 35.191.192.0/18 and 130.211.0.0/22) does not take this way, so neither more specific routes nor rules at the gateway
// keep it open: Google sends it by special routing paths ("Serverless VPC Access" refers to the section of that name in
// "Routes" for the first range, #serverless-vpc-return-path). They are in no route table, apply to every machine, and
// come before policy-based, subnet, static and dynamic routes ("Routes", applicability and order). Firewalls do apply
// to them, which is what KeepOpen of a filter in a firewall policy is for.
type steerEgress struct{ Drivers }

const (
	anywhere = "0.0.0.0/0"
	// steerPriority is below the default of 1000 and below 991, which an Aviatrix gateway's own route has from 9.0
	// (AVX-71737); a lower number wins.
	steerPriority = 800
)

// Do makes the route be there and win.
func (s steerEgress) Do(
	ctx context.Context, run workers.Run, in SteerEgressIn, _ *SteerEgressOut,
) (SteerEgressOut, error) {
	all, err := s.Routes.Default(ctx, in.Network)
	if err != nil {
		return SteerEgressOut{}, workers.Reading(err)
	}
	if in.Tag == "" {
		best, ok := best(all, "")
		if !ok || best.NextHopIP != in.NextHopIP {
			return SteerEgressOut{}, workers.Refuse("void",
				"no route of %s sends untagged traffic to the gateway %s: its filter would bind nothing", in.Network,
				in.NextHopIP)
		}
		_, err := s.reliance("route/"+in.Network+"/"+in.NextHopIP).Hold(ctx, run, best.Name)
		return SteerEgressOut{Route: best.Name, Priority: best.Priority}, err
	}
	want, err := wanted(run, in, all)
	if err != nil {
		return SteerEgressOut{}, err
	}
	have, err := s.Routes.Get(ctx, in.Project, run.Name)
	switch {
	case errors.Is(err, workers.ErrNotFound):
		if err := s.Routes.Create(ctx, run.RequestID, want); err != nil {
			return SteerEgressOut{}, err
		}
	case err != nil:
		return SteerEgressOut{}, workers.Reading(err)
	case have.Owner != run.Owner():
		return SteerEgressOut{}, workers.Refuse("foreign", "route %s belongs to %q", run.Name, have.Owner)
	case serves(have, want, all):
		return SteerEgressOut{Route: have.Name, Priority: have.Priority, Made: true}, nil
	default:
		// A route cannot be changed. What is there serves nothing, so nothing is lost until it is made again.
		if err := s.erase(ctx, run, in.Project, have); err != nil {
			return SteerEgressOut{}, err
		}
		return SteerEgressOut{}, workers.Wait("route-replaced", s.Times.Lease/8)
	}
	return s.confirm(ctx, run, in, want)
}

// confirm reads the route back.
func (s steerEgress) confirm(
	ctx context.Context, run workers.Run, in SteerEgressIn, want Route,
) (SteerEgressOut, error) {
	have, err := s.Routes.Get(ctx, in.Project, run.Name)
	if errors.Is(err, workers.ErrNotFound) {
		return SteerEgressOut{}, workers.Wait("not-visible", s.Times.Lease/8)
	}
	if err != nil {
		return SteerEgressOut{}, workers.Reading(err)
	}
	if !equal(have, want) {
		return SteerEgressOut{}, workers.Retry("changed", 0, fmt.Errorf("route %s reads back as %+v", run.Name, have))
	}
	return SteerEgressOut{Route: have.Name, Priority: have.Priority, Made: true}, nil
}

// wanted is the route to be: it beats every other that applies to the tag.
func wanted(run workers.Run, in SteerEgressIn, all []Route) (Route, error) {
	r := Route{
		Project: in.Project, Name: run.Name, Network: in.Network, Dest: anywhere, NextHopIP: in.NextHopIP,
		Tags: []string{in.Tag}, Priority: steerPriority, Owner: run.Owner(),
	}
	others := slices.DeleteFunc(
		slices.Clone(all), func(o Route) bool { return o.Name == run.Name && o.Owner == r.Owner },
	)
	if best, ok := best(others, in.Tag); ok && best.Priority <= r.Priority {
		r.Priority = best.Priority - 1
		if r.Priority < 0 {
			return r, workers.Refuse("outranked", "route %s has priority 0 for tag %s: no route can beat it", best.Name,
				in.Tag)
		}
	}
	return r, nil
}

// best is the route that wins for traffic with a tag ("" for none), of those that apply to it.
func best(all []Route, tag string) (Route, bool) {
	applying := slices.DeleteFunc(slices.Clone(all), func(r Route) bool {
		return len(r.Tags) > 0 && (tag == "" || !slices.Contains(r.Tags, tag))
	})
	if len(applying) == 0 {
		return Route{}, false
	}
	return slices.MinFunc(applying, func(a, b Route) int { return a.Priority - b.Priority }), true
}

// equal compares what cannot be changed in place.
func equal(a, b Route) bool {
	return a.NextHopIP == b.NextHopIP && a.Dest == b.Dest && a.Network == b.Network && a.Priority == b.Priority &&
		slices.Equal(a.Tags, b.Tags)
}

// serves tells whether a route that is there does what the wanted one would: the same way, and it wins.
func serves(have, want Route, all []Route) bool {
	wins := want
	wins.Priority = have.Priority
	if !equal(have, wins) {
		return false
	}
	others := slices.DeleteFunc(slices.Clone(all), func(o Route) bool { return o.Name == have.Name })
	best, ok := best(others, want.Tags[0])
	return !ok || have.Priority < best.Priority
}

// Look reads which route serves the source.
func (s steerEgress) Look(
	ctx context.Context, run workers.Run, in SteerEgressIn, _ *SteerEgressOut,
) (workers.Seen[SteerEgressOut], error) {
	var seen workers.Seen[SteerEgressOut]
	all, err := s.Routes.Default(ctx, in.Network)
	if err != nil {
		return seen, err
	}
	if in.Tag == "" {
		return s.lookUntagged(ctx, run, in, all)
	}
	have, err := s.Routes.Get(ctx, in.Project, run.Name)
	if errors.Is(err, workers.ErrNotFound) {
		seen.Presence = events.Absent
		return seen, nil
	}
	if err != nil {
		return seen, err
	}
	seen.Out = SteerEgressOut{Route: have.Name, Priority: have.Priority, Made: true}
	want, err := wanted(run, in, all)
	switch {
	case have.Owner != run.Owner():
		seen.Presence, seen.Detail = events.Foreign, "the route belongs to "+have.Owner
	case err != nil || !serves(have, want, all):
		seen.Presence, seen.Detail = events.Different, "route "+have.Name+" does not serve the source"
	default:
		seen.Presence = events.Present
	}
	return seen, nil
}

// lookUntagged reads whether the gateway's own route serves. The run's reliance on it is all that is ours.
func (s steerEgress) lookUntagged(
	ctx context.Context, run workers.Run, in SteerEgressIn, all []Route,
) (workers.Seen[SteerEgressOut], error) {
	var seen workers.Seen[SteerEgressOut]
	_, relies, err := s.reliance("route/"+in.Network+"/"+in.NextHopIP).Held(ctx, run)
	if err != nil {
		return seen, err
	}
	best, ok := best(all, "")
	seen.Out = SteerEgressOut{Route: best.Name, Priority: best.Priority}
	switch serves := ok && best.NextHopIP == in.NextHopIP; {
	case !relies:
		seen.Presence = events.Absent
	case serves:
		seen.Presence = events.Present
	default:
		seen.Presence, seen.Detail = events.Different, "no route of "+in.Network+
			" sends untagged traffic to the gateway "+in.NextHopIP+", "+cmp.Or(best.Name, "none")+" is the first"
	}
	return seen, nil
}

// Undo removes the route of our own, if there is one.
func (s steerEgress) Undo(
	ctx context.Context, run workers.Run, in SteerEgressIn, _ *SteerEgressOut,
) (workers.Undone, error) {
	if in.Tag == "" {
		return workers.Undone{}, s.reliance("route/"+in.Network+"/"+in.NextHopIP).Retain(ctx, run)
	}
	have, err := s.Routes.Get(ctx, in.Project, run.Name)
	switch {
	case errors.Is(err, workers.ErrNotFound):
		return workers.Undone{}, nil
	case err != nil:
		return workers.Undone{}, workers.Reading(err)
	case have.Owner != run.Owner():
		return workers.Undone{Retained: "route " + run.Name + " belongs to " + have.Owner}, nil
	}
	if err := s.erase(ctx, run, in.Project, have); err != nil {
		return workers.Undone{}, err
	}
	if _, err := s.Routes.Get(ctx, in.Project, run.Name); errors.Is(err, workers.ErrNotFound) {
		return workers.Undone{}, nil
	} else if err != nil {
		return workers.Undone{}, workers.Reading(err)
	}
	return workers.Undone{}, workers.Wait("not-gone", s.Times.Lease/8)
}

// erase deletes a route of the step's own, and no other.
func (s steerEgress) erase(ctx context.Context, run workers.Run, project string, have Route) error {
	if have.Owner != run.Owner() {
		return workers.Refuse("foreign", "route %s belongs to %q", have.Name, have.Owner)
	}
	return s.Routes.Delete(ctx, run.RequestID, project, have.Name)
}
