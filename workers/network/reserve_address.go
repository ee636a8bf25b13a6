package network

import (
	"context"
	"errors"
	"fmt"

	"github.com/culvertnet/culvert/workers"
)

// reserveAddress takes one address: out of the operator's pool, the wanted one, or one inside a subnet.
type reserveAddress struct{ Drivers }

const partAddress = "address"

// Do adopts the address that the name has, or chooses one and reserves it.
func (s reserveAddress) Do(
	ctx context.Context, run workers.Run, in ReserveAddressIn, _ *ReserveAddressOut,
) (ReserveAddressOut, error) {
	t, err := s.ownership(run, in.Shared, partAddress).Begin(ctx, run)
	if err != nil {
		return ReserveAddressOut{}, err
	}
	want := s.wanted(run, in, t)
	have, err := s.Addresses.Get(ctx, want.Ref)
	if errors.Is(err, workers.ErrNotFound) {
		if have, err = s.reserve(ctx, run, in, t); err != nil {
			return ReserveAddressOut{}, err
		}
	}
	if err != nil {
		return ReserveAddressOut{}, err
	}
	if why := in.differs(have, want); why != "" {
		return ReserveAddressOut{}, workers.Refuse("foreign", "adopt address %s: %s", want.Name, why)
	}
	if in.IP != "" && have.IP != in.IP {
		return ReserveAddressOut{}, workers.Refuse(
			"address-conflict", "the standing endpoint has the address %s, not %s", have.IP, in.IP,
		)
	}
	if !t.Shared {
		return addressOut(have), nil
	}
	return addressOut(have), t.Note(ctx, run, "ip", have.IP)
}

// wanted is the address to be, without its number where that is not fixed.
func (s reserveAddress) wanted(run workers.Run, in ReserveAddressIn, t workers.Ownership) Address {
	name, owner := object(run, t, "addr")
	a := Address{Ref: Ref{Project: in.Project, Region: in.Region, Name: name}, IP: in.IP, Owner: owner}
	if a.Subnet = in.Subnet; a.Subnet == "" {
		a.Network = in.Network
	}
	return a
}

// differs says why an address under our name is not the one wanted.
func (in ReserveAddressIn) differs(have, want Address) string {
	switch {
	case have.Owner != want.Owner:
		return fmt.Sprintf("it belongs to %q", have.Owner)
	case have.Subnet != want.Subnet:
		return fmt.Sprintf("it is in the subnet %q", have.Subnet)
	case want.Network != "" && have.Network != want.Network:
		return fmt.Sprintf("it is in the network %q", have.Network)
	}
	return ""
}

func (s reserveAddress) reserve(
	ctx context.Context, run workers.Run, in ReserveAddressIn, t workers.Ownership,
) (Address, error) {
	ip, err := s.choose(ctx, run, in, t)
	if err != nil {
		return Address{}, err
	}
	want := s.wanted(run, in, t)
	want.IP = ip
	if err := s.Addresses.Reserve(ctx, run.RequestID, want); err != nil {
		return Address{}, err
	}
	have, err := s.Addresses.Get(ctx, want.Ref)
	if errors.Is(err, workers.ErrNotFound) {
		return Address{}, workers.Wait("not-yet-visible", 0)
	}
	return have, err
}

func addressOut(a Address) ReserveAddressOut {
	out := ReserveAddressOut{Ref: a.Ref, IP: a.IP, Prefix: a.IP + "/32"}
	out.FullName = "projects/" + a.Project + "/global/addresses/" + a.Name
	if a.Region != "" {
		out.FullName = "projects/" + a.Project + "/regions/" + a.Region + "/addresses/" + a.Name
	}
	return out
}

// Look compares the address that the name has.
func (s reserveAddress) Look(
	ctx context.Context, run workers.Run, in ReserveAddressIn, _ *ReserveAddressOut,
) (workers.Seen[ReserveAddressOut], error) {
	var seen workers.Seen[ReserveAddressOut]
	t, held, err := s.ownership(run, in.Shared, partAddress).Look(ctx, run)
	if err != nil {
		return seen, err
	}
	want := s.wanted(run, in, t)
	have, err := s.Addresses.Get(ctx, want.Ref)
	if err != nil && !errors.Is(err, workers.ErrNotFound) {
		return seen, err
	}
	o := observation{name: "address " + want.Name, held: held, shared: t.Shared, there: err == nil,
		ours: have.Owner == want.Owner}
	if o.there {
		seen.Out = addressOut(have)
		if o.detail = in.differs(have, want); o.detail == "" && in.IP != "" && have.IP != in.IP {
			o.detail = fmt.Sprintf("the address is %s, not %s", have.IP, in.IP)
		}
	}
	seen.Presence, seen.Detail = o.presence()
	return seen, nil
}

// Undo releases the address when nobody else holds it, and gives it back to the pool.
func (s reserveAddress) Undo(
	ctx context.Context, run workers.Run, in ReserveAddressIn, _ *ReserveAddressOut,
) (workers.Undone, error) {
	t := s.ownership(run, in.Shared, partAddress)
	remove, undone, err := leave(ctx, run, t)
	if err != nil || !remove {
		return undone, err
	}
	t, _, err = t.Look(ctx, run)
	if err != nil {
		return undone, err
	}
	if err := s.release(ctx, run, s.wanted(run, in, t)); err != nil {
		return undone, err
	}
	if err := s.give(ctx, run, in, t); err != nil {
		return undone, err
	}
	return undone, t.Left(ctx, run)
}

// release takes the address away if it is ours and reads back that it is gone.
func (s reserveAddress) release(ctx context.Context, run workers.Run, want Address) error {
	have, err := s.Addresses.Get(ctx, want.Ref)
	switch {
	case errors.Is(err, workers.ErrNotFound):
		return nil
	case err != nil:
		return err
	case have.Owner != want.Owner:
		return nil
	case len(have.InUseBy) > 0: // what used it is undone before; a read may lag
		return workers.Retry("in-use", 0, fmt.Errorf("address %s is used by %v", have.IP, have.InUseBy))
	}
	if err := s.Addresses.Release(ctx, run.RequestID, want.Ref); err != nil {
		return err
	}
	if _, err = s.Addresses.Get(ctx, want.Ref); err == nil {
		return workers.Wait("removing", 0)
	} else if errors.Is(err, workers.ErrNotFound) {
		return nil
	}
	return err
}
