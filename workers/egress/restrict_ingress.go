package egress

import (
	"context"
	"errors"
	"fmt"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
)

// restrictIngress lets the service be reached from inside only. A withdrawal never opens it again unless the intent
// says so; a compensation puts back what this generation itself has changed.
type restrictIngress struct{ Drivers }

// noteSaw is the setting that this generation saw before it changed anything. The attribute's found value may be older:
// it survives a withdrawal that retains.
const noteSaw = "saw"

// closed is the setting of a service that admits nobody at all, narrower than any that this step is asked for.
const closed = "none"

func (s restrictIngress) attribute(ref ServiceRef) workers.Attribute {
	return workers.Attribute{
		Claims: s.Claims, Times: s.Times, Resource: workers.FamilyAttribute.Resource("ingress", ref.key()),
	}
}

// Do sets the ingress setting and waits until the service has settled.
func (s restrictIngress) Do(
	ctx context.Context, run workers.Run, in RestrictIngressIn, _ *RestrictIngressOut,
) (RestrictIngressOut, error) {
	have, err := s.service(ctx, in.Service)
	if err != nil {
		return RestrictIngressOut{}, err
	}
	if have.Ingress == closed && in.Ingress != closed {
		return RestrictIngressOut{}, workers.Refuse("closed", "service %s admits nobody: %s would open it",
			in.Service.key(), in.Ingress)
	}
	t, err := s.ownership(run).Begin(ctx, run)
	if err != nil {
		return RestrictIngressOut{}, err
	}
	if t.Noted(noteSaw) == "" {
		if err := t.Note(ctx, run, noteSaw, have.Ingress); err != nil {
			return RestrictIngressOut{}, err
		}
	}
	r, err := s.attribute(in.Service).Hold(ctx, run, have.Ingress)
	if err != nil {
		return RestrictIngressOut{}, err
	}
	if err := s.set(ctx, run, in.Service, have, in.Ingress); err != nil {
		return RestrictIngressOut{}, err
	}
	return ingressOut(in.Ingress, r), nil
}

// set writes the setting on the etag that was read, and waits until it is in force.
func (s restrictIngress) set(ctx context.Context, run workers.Run, ref ServiceRef, have Service, want string) error {
	if have.Reconciling {
		return workers.Wait("settling", 0)
	}
	if have.Ingress == want {
		return nil
	}
	if err := s.Services.SetIngress(ctx, run.RequestID, ref, want, have.Etag); err != nil {
		return err
	}
	have, err := s.service(ctx, ref)
	if err != nil {
		return err
	}
	if have.Reconciling || have.Ingress != want {
		return workers.Wait("settling", 0)
	}
	return nil
}

func ingressOut(is string, r workers.Record) RestrictIngressOut {
	out := RestrictIngressOut{Ingress: is}
	if r.Found != nil {
		out.Found = *r.Found
	}
	return out
}

// Look compares the setting. One that this generation does not hold is nothing of ours.
func (s restrictIngress) Look(
	ctx context.Context, run workers.Run, in RestrictIngressIn, _ *RestrictIngressOut,
) (workers.Seen[RestrictIngressOut], error) {
	var seen workers.Seen[RestrictIngressOut]
	_, lasts, err := s.ownership(run).Look(ctx, run)
	if err != nil {
		return seen, err
	}
	r, _, err := s.attribute(in.Service).Held(ctx, run)
	if err != nil {
		return seen, err
	}
	have, err := s.Services.Get(ctx, in.Service)
	if err != nil && !errors.Is(err, workers.ErrNotFound) {
		return seen, err
	}
	seen.Out = ingressOut(have.Ingress, r)
	seen.Out.Unchecked = have.unchecked(in.Service)
	switch {
	case !lasts:
		seen.Presence = events.Absent
	case err != nil:
		seen.Presence, seen.Detail = events.Different, in.Service.key()+" is not there"
	case have.Ingress != in.Ingress:
		seen.Presence, seen.Detail = events.Different, fmt.Sprintf("ingress of %s is %s, not %s", in.Service.key(),
			have.Ingress, in.Ingress)
	case have.Reconciling:
		seen.Presence, seen.Detail = events.Different, "ingress of "+in.Service.key()+" has not settled"
	default:
		seen.Presence = events.Present
	}
	return seen, nil
}

// Undo drops the hold, and opens the service only where that is asked for, nobody else holds it, and the present
// setting is the one that we wrote.
func (s restrictIngress) Undo(
	ctx context.Context, run workers.Run, in RestrictIngressIn, _ *RestrictIngressOut,
) (workers.Undone, error) {
	t, _, err := s.ownership(run).Look(ctx, run)
	if err != nil {
		return workers.Undone{}, err
	}
	back := in.Restore
	if run.Purpose == events.ToCompensate {
		back = t.Noted(noteSaw) != "" && t.Noted(noteSaw) != in.Ingress
	}
	var undone workers.Undone
	if back {
		undone, err = s.restore(ctx, run, in)
	} else {
		undone, err = s.retain(ctx, run, in)
	}
	if err != nil {
		return workers.Undone{}, err
	}
	return undone, t.End(ctx, run)
}

func (s restrictIngress) restore(ctx context.Context, run workers.Run, in RestrictIngressIn) (workers.Undone, error) {
	a := s.attribute(in.Service)
	found, err := a.Release(ctx, run)
	if err != nil || found == nil {
		return workers.Undone{}, err
	}
	have, err := s.Services.Get(ctx, in.Service)
	var undone workers.Undone
	switch {
	case errors.Is(err, workers.ErrNotFound):
	case err != nil:
		return undone, err
	case have.Ingress != in.Ingress && have.Ingress != *found:
		undone.Retained = fmt.Sprintf("ingress of %s stays %s, which another owner has set since", in.Service.key(),
			have.Ingress)
	default:
		if err := s.set(ctx, run, in.Service, have, *found); err != nil {
			return undone, err
		}
	}
	return undone, a.Restored(ctx, run)
}

// retain leaves the setting and tells so, where we have narrowed it and nobody else holds it.
func (s restrictIngress) retain(ctx context.Context, run workers.Run, in RestrictIngressIn) (workers.Undone, error) {
	a := s.attribute(in.Service)
	r, held, err := a.Held(ctx, run)
	if err != nil {
		return workers.Undone{}, err
	}
	var undone workers.Undone
	_, shared := otherHolder(r, run)
	if held && !shared && run.Purpose != events.ToCompensate && r.Found != nil && *r.Found != in.Ingress {
		undone.Retained = fmt.Sprintf(
			"ingress of %s stays %s (it was %s): opening it is not asked for", in.Service.key(), in.Ingress, *r.Found,
		)
	}
	return undone, a.Retain(ctx, run)
}
