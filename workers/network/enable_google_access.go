package network

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
)

// enableGoogleAccess switches Private Google Access on for subnetworks. What was on before us is never switched off;
// what we switched on stays on when the connection goes, unless the intent or a compensation puts back what was found.
type enableGoogleAccess struct{ Drivers }

const (
	partAccess = "google-access"
	// noteSaw begins the notes of what this generation saw on a subnetwork before it changed anything. The attribute's
	// found value may be older: it survives a withdrawal that retains.
	noteSaw = "saw:"
	on, off = "on", "off"
)

func (s enableGoogleAccess) attribute(subnet string) workers.Attribute {
	return workers.Attribute{
		Claims: s.Claims, Times: s.Times, Resource: workers.FamilyAttribute.Resource("google-access", subnet),
	}
}

func onOff(is bool) string {
	if is {
		return on
	}
	return off
}

// Do switches on what is off.
func (s enableGoogleAccess) Do(
	ctx context.Context, run workers.Run, in EnableGoogleAccessIn, _ *EnableGoogleAccessOut,
) (EnableGoogleAccessOut, error) {
	t, err := s.ownership(run, "", partAccess).Begin(ctx, run)
	if err != nil {
		return EnableGoogleAccessOut{}, err
	}
	for _, subnet := range in.Subnets {
		if err := s.enable(ctx, run, t, subnet); err != nil {
			return EnableGoogleAccessOut{}, err
		}
	}
	if t, _, err = t.Look(ctx, run); err != nil {
		return EnableGoogleAccessOut{}, err
	}
	return EnableGoogleAccessOut{On: append([]string{}, in.Subnets...), FoundOn: foundOn(in, t)}, nil
}

// foundOn are the subnetworks whose flag was on before this generation.
func foundOn(in EnableGoogleAccessIn, t workers.Ownership) (out []string) {
	for _, subnet := range in.Subnets {
		if t.Noted(noteSaw+subnet) == on {
			out = append(out, subnet)
		}
	}
	return out
}

func (s enableGoogleAccess) enable(ctx context.Context, run workers.Run, t workers.Ownership, subnet string) error {
	have, err := s.Networks.Subnet(ctx, subnet)
	if errors.Is(err, workers.ErrNotFound) {
		return workers.Refuse("not-found", "subnet %s is not there", subnet)
	}
	if err != nil {
		return err
	}
	if t.Noted(noteSaw+subnet) == "" {
		if err := t.Note(ctx, run, noteSaw+subnet, onOff(have.GoogleAccess)); err != nil {
			return err
		}
	}
	if _, err := s.attribute(subnet).Hold(ctx, run, onOff(have.GoogleAccess)); err != nil {
		return err
	}
	return s.set(ctx, run, have, true)
}

// set writes the flag and reads it back.
func (s enableGoogleAccess) set(ctx context.Context, run workers.Run, have Subnet, want bool) error {
	if have.GoogleAccess == want {
		return nil
	}
	if err := s.Networks.SetGoogleAccess(ctx, run.RequestID, have.Name, want); err != nil {
		return err
	}
	now, err := s.Networks.Subnet(ctx, have.Name)
	if err != nil {
		return err
	}
	if now.GoogleAccess != want {
		return workers.Wait("not-yet-visible", 0)
	}
	return nil
}

// read reads the flags; missing names the first subnetwork whose flag is off.
func (s enableGoogleAccess) read(
	ctx context.Context, in EnableGoogleAccessIn, t workers.Ownership,
) (out EnableGoogleAccessOut, missing string, err error) {
	out.On, out.FoundOn = []string{}, foundOn(in, t)
	for _, subnet := range in.Subnets {
		have, err := s.Networks.Subnet(ctx, subnet)
		if err != nil && !errors.Is(err, workers.ErrNotFound) {
			return out, "", err
		}
		if have.GoogleAccess {
			out.On = append(out.On, subnet)
		} else if missing == "" {
			missing = subnet
		}
	}
	return out, missing, nil
}

// Look tells which flags are on. Flags that this generation does not hold are nothing of ours.
func (s enableGoogleAccess) Look(
	ctx context.Context, run workers.Run, in EnableGoogleAccessIn, _ *EnableGoogleAccessOut,
) (workers.Seen[EnableGoogleAccessOut], error) {
	var seen workers.Seen[EnableGoogleAccessOut]
	t, held, err := s.ownership(run, "", partAccess).Look(ctx, run)
	if err != nil {
		return seen, err
	}
	out, missing, err := s.read(ctx, in, t)
	if err != nil {
		return seen, err
	}
	seen.Out = out
	switch {
	case !held:
		seen.Presence = events.Absent
	case missing != "":
		seen.Presence, seen.Detail = events.Different, fmt.Sprintf("Private Google Access of %s is off", missing)
	default:
		seen.Presence = events.Present
	}
	return seen, nil
}

// Undo drops the holds. The last one switches off what was found off, where that is asked for.
func (s enableGoogleAccess) Undo(
	ctx context.Context, run workers.Run, in EnableGoogleAccessIn, _ *EnableGoogleAccessOut,
) (workers.Undone, error) {
	t, _, err := s.ownership(run, "", partAccess).Look(ctx, run)
	if err != nil {
		return workers.Undone{}, err
	}
	var kept []string
	for _, subnet := range in.Subnets {
		back := in.Restore
		if run.Purpose == events.ToCompensate { // only what this generation changed itself
			back = t.Noted(noteSaw+subnet) == off
		}
		var stays bool
		if back {
			err = s.restore(ctx, run, subnet)
		} else {
			stays, err = s.retain(ctx, run, subnet)
		}
		if err != nil {
			return workers.Undone{}, err
		}
		if stays && run.Purpose != events.ToCompensate {
			kept = append(kept, subnet)
		}
	}
	if len(kept) == 0 {
		return workers.Undone{}, t.End(ctx, run)
	}
	retained := "Private Google Access of " + strings.Join(kept, ", ") + " stays on: others may rely on it"
	return workers.Undone{Retained: retained}, t.End(ctx, run)
}

// restore puts back what was found, if nobody else holds the flag.
func (s enableGoogleAccess) restore(ctx context.Context, run workers.Run, subnet string) error {
	a := s.attribute(subnet)
	found, err := a.Release(ctx, run)
	if err != nil || found == nil {
		return err
	}
	have, err := s.Networks.Subnet(ctx, subnet)
	if err != nil && !errors.Is(err, workers.ErrNotFound) {
		return err
	}
	if err == nil && *found == off {
		if err := s.set(ctx, run, have, false); err != nil {
			return err
		}
	}
	return a.Restored(ctx, run)
}

// retain drops the hold and leaves the flag; stays tells that it is on although it was found off, and nobody else holds
// it.
func (s enableGoogleAccess) retain(ctx context.Context, run workers.Run, subnet string) (stays bool, err error) {
	a := s.attribute(subnet)
	r, held, err := a.Held(ctx, run)
	if err != nil {
		return false, err
	}
	for _, h := range r.Holds {
		if h.Live() && h.Holder != run.Holder().String() {
			return false, a.Retain(ctx, run)
		}
	}
	return held && r.Found != nil && *r.Found == off, a.Retain(ctx, run)
}
