package network

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
)

// createEndpoint makes the PSC endpoint on a reserved address: global for a bundle of Google APIs, regional for a
// service attachment, whose producer may have to accept it.
type createEndpoint struct{ Drivers }

const partEndpoint = "endpoint"

// Do adopts the endpoint that the name has, or creates it, and waits for the producer.
func (s createEndpoint) Do(
	ctx context.Context, run workers.Run, in CreateEndpointIn, _ *CreateEndpointOut,
) (CreateEndpointOut, error) {
	t, err := s.ownership(run, in.Shared, partEndpoint).Begin(ctx, run)
	if err != nil {
		return CreateEndpointOut{}, err
	}
	want := s.wanted(run, in, t)
	have, err := s.Endpoints.Get(ctx, want.Ref)
	if errors.Is(err, workers.ErrNotFound) {
		// Each endpoint that was closed and made anew needs request ids that the vendor has not seen.
		if err := s.Endpoints.Create(ctx, run.CallID("endpoint", []byte(t.Noted("closed"))), want); err != nil {
			return CreateEndpointOut{}, err
		}
		have, err = s.Endpoints.Get(ctx, want.Ref)
		if errors.Is(err, workers.ErrNotFound) {
			return CreateEndpointOut{}, unseen(run, want)
		}
	}
	if err != nil {
		return CreateEndpointOut{}, err
	}
	if why := differs(have, want); why != "" {
		return CreateEndpointOut{}, workers.Refuse("foreign", "adopt endpoint %s: %s", want.Name, why)
	}
	if have.Connection == "CLOSED" {
		return CreateEndpointOut{}, s.reopen(ctx, run, t, have)
	}
	return endpointOut(have), s.accepted(run, have)
}

// visibleWithin is how long the vendor may take to show what it has made. The step's own time is a producer's.
const visibleWithin = 40 * time.Minute

func unseen(run workers.Run, want Endpoint) error {
	if run.Now.Sub(run.Since) >= visibleWithin {
		return workers.Refuse("not-yet-visible", "endpoint %s was made, and is not shown after %s", want.Name,
			visibleWithin)
	}
	return workers.Wait("not-yet-visible", 0)
}

func (s createEndpoint) wanted(run workers.Run, in CreateEndpointIn, t workers.Ownership) Endpoint {
	name, owner := object(run, t, "psc")
	return Endpoint{
		Ref: Ref{Project: in.Project, Region: in.Region, Name: name}, Network: in.Network, Subnet: in.Subnet,
		AddressName: in.AddressName, AddressIP: in.AddressIP, Target: in.Target, Owner: owner,
	}
}

// differs says why an endpoint under our name is not the one wanted. All of these are immutable at the vendor, and part
// of what the name is made of: an endpoint that differs was never made by this step.
func differs(have, want Endpoint) string {
	switch {
	case have.Owner != want.Owner:
		return fmt.Sprintf("it belongs to %q", have.Owner)
	case have.AddressIP != want.AddressIP:
		return fmt.Sprintf("it has the address %s, not %s", have.AddressIP, want.AddressIP)
	case have.Target != want.Target:
		return fmt.Sprintf("it leads to %s, not %s", have.Target, want.Target)
	case have.Network != want.Network:
		return fmt.Sprintf("it is in %s, not %s", have.Network, want.Network)
	}
	return ""
}

// isAccepted tells whether packets may pass. A bundle is accepted before the vendor says so.
func isAccepted(e Endpoint) bool {
	return e.Connection == "ACCEPTED" || e.Connection == "" && !strings.Contains(e.Target, "/")
}

// accepted folds the producer's word. While it is pending a person of the producer's has the next move; that one who
// needs attention can still mend it is a guess.
func (s createEndpoint) accepted(run workers.Run, e Endpoint) error {
	if isAccepted(e) {
		return nil
	}
	reason := events.ReasonState(e.Connection)
	switch e.Connection {
	case "", "PENDING":
		reason = "acceptance"
	case "NEEDS_ATTENTION":
		reason = "needs-attention"
	case "REJECTED":
		return workers.Refuse("rejected", "the producer of %s rejects endpoint %s", e.Target, e.Name)
	}
	return workers.WaitForPeople(run, s.Times, reason, "the producer of %s has to accept endpoint %s of project %s",
		e.Target, e.Name, e.Project)
}

// reopen removes an endpoint whose producer has deleted its attachment; the next run makes it anew (magic-modules PR
// 9190).
func (s createEndpoint) reopen(ctx context.Context, run workers.Run, t workers.Ownership, e Endpoint) error {
	times, _ := strconv.Atoi(t.Noted("closed")) // no note is the first time
	if err := t.Note(ctx, run, "closed", strconv.Itoa(times+1)); err != nil {
		return err
	}
	req := run.CallID("reopen", []byte(t.Noted("closed")))
	_, owner := object(run, t, "psc")
	if err := s.erase(ctx, req, e, owner); err != nil {
		return err
	}
	return workers.Wait("closed", 0)
}

// erase deletes an endpoint of the owner's, and no other.
func (s createEndpoint) erase(ctx context.Context, req uuid.UUID, e Endpoint, owner string) error {
	if e.Owner != owner {
		return workers.Refuse("foreign", "endpoint %s belongs to %q", e.Name, e.Owner)
	}
	return s.Endpoints.Delete(ctx, req, e.Ref)
}

func endpointOut(e Endpoint) CreateEndpointOut {
	return CreateEndpointOut{
		Ref: e.Ref, IP: e.AddressIP, Target: e.Target, Network: e.Network, Connection: e.Connection,
	}
}

// Look compares the endpoint that the name has and tells the producer's word.
func (s createEndpoint) Look(
	ctx context.Context, run workers.Run, in CreateEndpointIn, _ *CreateEndpointOut,
) (workers.Seen[CreateEndpointOut], error) {
	var seen workers.Seen[CreateEndpointOut]
	t, held, err := s.ownership(run, in.Shared, partEndpoint).Look(ctx, run)
	if err != nil {
		return seen, err
	}
	want := s.wanted(run, in, t)
	have, err := s.Endpoints.Get(ctx, want.Ref)
	if err != nil && !errors.Is(err, workers.ErrNotFound) {
		return seen, err
	}
	o := observation{name: "endpoint " + want.Name, held: held, shared: t.Shared, there: err == nil,
		ours: have.Owner == want.Owner}
	if o.there {
		seen.Out = endpointOut(have)
		if o.detail, err = s.remark(ctx, in, have, want); err != nil {
			return seen, err
		}
	}
	seen.Presence, seen.Detail = o.presence()
	return seen, nil
}

// remark says what is not as it should be with an endpoint that is there: of itself, and of the way to it.
func (s createEndpoint) remark(ctx context.Context, in CreateEndpointIn, have, want Endpoint) (string, error) {
	if why := differs(have, want); why != "" {
		return why, nil
	}
	if !isAccepted(have) {
		return fmt.Sprintf("the connection of endpoint %s to %s is %s", have.Name, have.Target, have.Connection), nil
	}
	// An address that is not reserved for it would be free for whoever comes next. The rule's own address decides: who
	// uses an address is told by a field that may be late, and only names others.
	address, err := s.Addresses.Get(
		ctx, Ref{Project: projectOf(in.AddressName), Region: in.Region, Name: lastOf(in.AddressName)},
	)
	switch by := address.InUseBy; {
	case errors.Is(err, workers.ErrNotFound):
		return "the address " + in.AddressName + " is not reserved", nil
	case err != nil:
		return "", err
	case address.IP != have.AddressIP:
		return "the address " + in.AddressName + " is " + address.IP + ", and the endpoint has " + have.AddressIP, nil
	case len(by) > 0 && !slices.ContainsFunc(by, func(user string) bool { return lastOf(user) == have.Name }):
		return "the address " + in.AddressName + " is in use by " + strings.Join(by, ", "), nil
	}
	if in.Region != "" {
		return "", nil // the address is one of its subnet's own
	}
	route, err := s.Networks.Overrides(ctx, in.Network, have.AddressIP)
	if err != nil || route == "" {
		return "", err
	}
	return have.AddressIP + " is taken by " + route, nil
}

// lastOf is the last part of a full name.
func lastOf(fullName string) string { return fullName[strings.LastIndexByte(fullName, '/')+1:] }

// Undo deletes the endpoint when nobody else holds it and reads back that it is gone.
func (s createEndpoint) Undo(
	ctx context.Context, run workers.Run, in CreateEndpointIn, _ *CreateEndpointOut,
) (workers.Undone, error) {
	t := s.ownership(run, in.Shared, partEndpoint)
	remove, undone, err := leave(ctx, run, t)
	if err != nil || !remove {
		return undone, err
	}
	t, _, err = t.Look(ctx, run)
	if err != nil {
		return undone, err
	}
	want := s.wanted(run, in, t)
	have, err := s.Endpoints.Get(ctx, want.Ref)
	if err == nil && have.Owner == want.Owner {
		if err := s.erase(ctx, run.RequestID, have, want.Owner); err != nil {
			return undone, err
		}
		if have, err = s.Endpoints.Get(ctx, want.Ref); err == nil && have.Owner == want.Owner {
			return undone, workers.Wait("removing", 0)
		}
	}
	if err != nil && !errors.Is(err, workers.ErrNotFound) {
		return undone, err
	}
	return undone, t.Left(ctx, run)
}
