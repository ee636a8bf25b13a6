package egress

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
)

// bindService lets a service send its traffic into a VPC. It touches the service's way and nothing else of its
// template.
type bindService struct{ Drivers }

// noteWrote begins the notes of bindings that this generation has written, each under its fingerprint.
const noteWrote = "wrote:"

func (d Drivers) binding(ref ServiceRef) workers.Attribute {
	return workers.Attribute{
		Claims: d.Claims, Times: d.Times, Resource: workers.FamilyAttribute.Resource("binding", ref.key()),
	}
}

// Do binds the service and waits until it has settled with it.
func (s bindService) Do(
	ctx context.Context, run workers.Run, in BindServiceIn, _ *BindServiceOut,
) (BindServiceOut, error) {
	have, err := s.service(ctx, in.Service)
	if err != nil {
		return BindServiceOut{}, err
	}
	t, err := s.ownership(run).Begin(ctx, run)
	if err != nil {
		return BindServiceOut{}, err
	}
	if err := s.free(ctx, run, in, t, have); err != nil {
		return BindServiceOut{}, err
	}
	present, err := json.Marshal(have.Binding)
	if err != nil {
		return BindServiceOut{}, fmt.Errorf("encode binding: %w", err)
	}
	r, err := s.binding(in.Service).Hold(ctx, run, string(present))
	if err != nil {
		return BindServiceOut{}, err
	}
	if have.Reconciling {
		return BindServiceOut{}, workers.Wait("settling", 0)
	}
	if !have.Binding.same(in.To) {
		if err := wrote(ctx, run, t, in.To); err != nil {
			return BindServiceOut{}, err
		}
		if err := s.Services.Bind(ctx, run.RequestID, in.Service, in.To, have.Etag); err != nil {
			return BindServiceOut{}, err
		}
		if have, err = s.service(ctx, in.Service); err != nil {
			return BindServiceOut{}, err
		}
		if have.Reconciling || !have.Binding.same(in.To) {
			return BindServiceOut{}, workers.Wait("settling", 0)
		}
	}
	return bindOut(in, have, r), nil
}

// service reads a service that has to be there.
func (d Drivers) service(ctx context.Context, ref ServiceRef) (Service, error) {
	have, err := d.Services.Get(ctx, ref)
	if errors.Is(err, workers.ErrNotFound) {
		return have, workers.Refuse("not-found", "service %s is not there", ref.key())
	}
	return have, err
}

// free refuses a service whose binding is another's: of another connection always, of anybody else unless it is to be
// taken over.
func (s bindService) free(
	ctx context.Context, run workers.Run, in BindServiceIn, t workers.Ownership, have Service,
) error {
	if have.Binding.same(in.To) {
		return nil
	}
	r, _, err := s.binding(in.Service).Held(ctx, run)
	if err != nil {
		return err
	}
	if holder, found := otherHolder(r, run); found {
		return workers.Refuse("foreign", "the binding of %s belongs to %s", in.Service.key(), holder)
	}
	onIt := have.Binding.Connector != "" && have.Binding.sameWay(in.To) // as check-egress lets pass
	if have.Binding.none() || in.Takeover || onIt || isOurs(t, in, have.Binding) {
		return nil
	}
	return workers.Refuse("foreign", "service %s is bound to %s by another owner", in.Service.key(), have.Binding.way())
}

func fingerprint(b Binding) string {
	tags := strings.Join(b.Tags, ",")
	return events.Name("b", b.Connector, b.Network, b.Subnet, tags, b.Egress)
}

// wrote remembers a binding before it is written, so that it is known as ours ever after.
func wrote(ctx context.Context, run workers.Run, t workers.Ownership, b Binding) error {
	return t.Note(ctx, run, noteWrote+fingerprint(b), b.way())
}

// isOurs tells whether a binding leads a way that this generation has written: the wanted one, or one of before.
func isOurs(t workers.Ownership, in BindServiceIn, b Binding) bool {
	if b.none() {
		return false
	}
	for key, way := range t.Record.Note {
		if strings.HasPrefix(key, noteWrote) && (b.sameWay(in.To) || sameResource(b.way(), way)) {
			return true
		}
	}
	return t.Noted(noteWrote+fingerprint(b)) != ""
}

// bindOut tells the binding with what was found before anybody's.
func bindOut(in BindServiceIn, have Service, r workers.Record) BindServiceOut {
	out := BindServiceOut{
		To: have.Binding, Pinned: have.Pinned,
		Serving:   !have.Reconciling && (have.Pinned == "" || in.FollowTraffic),
		Unchecked: have.unchecked(in.Service),
	}
	if found, err := foundBinding(r.Found); err == nil {
		out.Found = found
	}
	return out
}

// unchecked names the service when its invoker check is off.
func (s Service) unchecked(ref ServiceRef) string {
	if s.OpenInvoker {
		return ref.key()
	}
	return ""
}

func foundBinding(found *string) (Binding, error) {
	var b Binding
	if found == nil || *found == "" {
		return b, nil
	}
	if err := json.Unmarshal([]byte(*found), &b); err != nil {
		return b, fmt.Errorf("decode found binding: %w", err)
	}
	return b, nil
}

// Look compares the binding. One that this generation does not hold is nothing of ours, whatever it leads to.
func (s bindService) Look(
	ctx context.Context, run workers.Run, in BindServiceIn, _ *BindServiceOut,
) (workers.Seen[BindServiceOut], error) {
	var seen workers.Seen[BindServiceOut]
	t, lasts, err := s.ownership(run).Look(ctx, run)
	if err != nil {
		return seen, err
	}
	r, _, err := s.binding(in.Service).Held(ctx, run)
	if err != nil {
		return seen, err
	}
	have, err := s.Services.Get(ctx, in.Service)
	there := err == nil
	if !there && !errors.Is(err, workers.ErrNotFound) {
		return seen, err
	}
	if there {
		seen.Out = bindOut(in, have, r)
	}
	switch {
	case !lasts && (!there || in.Takeover || have.Binding.none() || have.Binding.same(in.To)):
		seen.Presence = events.Absent
	case !lasts:
		seen.Presence, seen.Detail = events.Foreign, "bound to "+have.Binding.way()
	case !there:
		seen.Presence, seen.Detail = events.Different, in.Service.key()+" is not there"
	case !have.Binding.same(in.To) && !isOurs(t, in, have.Binding) && !have.Binding.none():
		seen.Presence, seen.Detail = events.Different, in.Service.key()+" is bound by another owner to "+
			have.Binding.way()
	case !have.Binding.same(in.To):
		seen.Presence, seen.Detail = events.Different, in.Service.key()+" is bound to "+have.Binding.words()
	case have.Reconciling:
		seen.Presence, seen.Detail = events.Different, "not yet settled"
	default:
		seen.Presence = events.Present
	}
	return seen, nil
}

// Undo puts back what was found, if the present binding is one that we wrote.
func (s bindService) Undo(
	ctx context.Context, run workers.Run, in BindServiceIn, _ *BindServiceOut,
) (workers.Undone, error) {
	t, _, err := s.ownership(run).Look(ctx, run)
	if err != nil {
		return workers.Undone{}, err
	}
	a := s.binding(in.Service)
	found, err := a.Release(ctx, run)
	if err != nil {
		return workers.Undone{}, err
	}
	var undone workers.Undone
	if found != nil {
		if undone, err = s.putBack(ctx, run, in, t, found); err != nil {
			return undone, err
		}
		if err := a.Restored(ctx, run); err != nil {
			return undone, err
		}
	}
	return undone, t.End(ctx, run)
}

func (s bindService) putBack(
	ctx context.Context, run workers.Run, in BindServiceIn, t workers.Ownership, found *string,
) (workers.Undone, error) {
	before, err := foundBinding(found)
	if err != nil {
		return workers.Undone{}, err
	}
	have, err := s.Services.Get(ctx, in.Service)
	switch {
	case errors.Is(err, workers.ErrNotFound):
		return workers.Undone{}, nil
	case err != nil:
		return workers.Undone{}, err
	case have.Reconciling:
		return workers.Undone{}, workers.Wait("settling", 0)
	case have.Binding.same(before):
		return workers.Undone{}, nil
	case !have.Binding.same(in.To) && !isOurs(t, in, have.Binding):
		return workers.Undone{Retained: fmt.Sprintf("service %s stays bound to %s, which another owner has set since",
			in.Service.key(), have.Binding.way())}, nil
	}
	if err := s.Services.Bind(ctx, run.RequestID, in.Service, before, have.Etag); err != nil {
		return workers.Undone{}, err
	}
	have, err = s.Services.Get(ctx, in.Service)
	if err != nil {
		return workers.Undone{}, err
	}
	if have.Reconciling || !have.Binding.same(before) {
		return workers.Undone{}, workers.Wait("settling", 0)
	}
	return workers.Undone{}, nil
}
