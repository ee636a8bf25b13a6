package egress

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
)

// grantInvoker lets members invoke the service. Each member of each service is an attribute of its own: the last
// connection that wants a member takes the role away, and only where no member was found before the first.
type grantInvoker struct{ Drivers }

const absent, present = "absent", "present"

func (s grantInvoker) attribute(ref ServiceRef, member string) workers.Attribute {
	return workers.Attribute{
		Claims: s.Claims, Times: s.Times, Resource: workers.FamilyAttribute.Resource("invoker", ref.key(), member),
	}
}

// Do adds the members that have not got the role.
func (s grantInvoker) Do(
	ctx context.Context, run workers.Run, in GrantInvokerIn, _ *GrantInvokerOut,
) (GrantInvokerOut, error) {
	have, etag, err := s.Services.Invokers(ctx, in.Service)
	if errors.Is(err, workers.ErrNotFound) {
		return GrantInvokerOut{}, workers.Refuse("not-found", "service %s is not there", in.Service.key())
	}
	if err != nil {
		return GrantInvokerOut{}, err
	}
	if _, err := s.ownership(run).Begin(ctx, run); err != nil {
		return GrantInvokerOut{}, err
	}
	want := slices.Clone(have)
	for _, m := range in.Members {
		found := present
		if !slices.Contains(have, m) {
			found, want = absent, append(want, m)
		}
		if _, err := s.attribute(in.Service, m).Hold(ctx, run, found); err != nil {
			return GrantInvokerOut{}, err
		}
	}
	if len(want) > len(have) {
		if err := s.Services.SetInvokers(ctx, in.Service, want, etag); err != nil {
			return GrantInvokerOut{}, err
		}
		if have, _, err = s.Services.Invokers(ctx, in.Service); err != nil {
			return GrantInvokerOut{}, err
		}
	}
	out, err := s.among(ctx, run, in, have)
	if err == nil && len(out.Have) < len(in.Members) {
		return out, workers.Wait("not-yet-visible", 0)
	}
	return out, err
}

// among tells which of the wanted members are among those that have the role, and which got it from us.
func (s grantInvoker) among(
	ctx context.Context, run workers.Run, in GrantInvokerIn, have []string,
) (GrantInvokerOut, error) {
	out := GrantInvokerOut{Added: []string{}, Have: []string{}}
	for _, m := range in.Members {
		if !slices.Contains(have, m) {
			continue
		}
		out.Have = append(out.Have, m)
		r, held, err := s.attribute(in.Service, m).Held(ctx, run)
		if err != nil {
			return out, err
		}
		if held && r.Found != nil && *r.Found == absent {
			out.Added = append(out.Added, m)
		}
	}
	return out, nil
}

// Look tells who has the role.
func (s grantInvoker) Look(
	ctx context.Context, run workers.Run, in GrantInvokerIn, _ *GrantInvokerOut,
) (workers.Seen[GrantInvokerOut], error) {
	var seen workers.Seen[GrantInvokerOut]
	_, lasts, err := s.ownership(run).Look(ctx, run)
	if err != nil {
		return seen, err
	}
	have, _, err := s.Services.Invokers(ctx, in.Service)
	if err != nil && !errors.Is(err, workers.ErrNotFound) {
		return seen, err
	}
	if seen.Out, err = s.among(ctx, run, in, have); err != nil {
		return seen, err
	}
	open, err := s.open(ctx, run, in.Service)
	if err != nil {
		return seen, err
	}
	switch {
	case !lasts:
		seen.Presence = events.Absent
	case len(seen.Out.Have) < len(in.Members):
		lost := slices.DeleteFunc(slices.Clone(in.Members), func(m string) bool {
			return slices.Contains(seen.Out.Have, m)
		})
		seen.Presence, seen.Detail = events.Different, strings.Join(lost, ", ")+" may not invoke "+in.Service.key()
	case open:
		seen.Presence, seen.Detail = events.Different, "the invoker check of "+in.Service.key()+
			" is off: whoever comes in may call"
	default:
		seen.Presence = events.Present
	}
	return seen, nil
}

// open tells whether the invoker check is off. Where another step of the connection reads the service, that one tells
// it (Unchecked), and it is not read twice.
func (s grantInvoker) open(ctx context.Context, run workers.Run, ref ServiceRef) (bool, error) {
	for _, other := range []workers.Attribute{s.binding(ref), restrictIngress(s).attribute(ref)} {
		r, _, err := other.Held(ctx, run)
		if err != nil || r.HeldBy(run.Connection) {
			return false, err
		}
	}
	have, err := s.Services.Get(ctx, ref)
	if errors.Is(err, workers.ErrNotFound) {
		return false, nil
	}
	return have.OpenInvoker, err
}

// Undo takes the role from those members that only we gave it to.
func (s grantInvoker) Undo(
	ctx context.Context, run workers.Run, in GrantInvokerIn, _ *GrantInvokerOut,
) (workers.Undone, error) {
	var released, revoke []string
	for _, m := range in.Members {
		found, err := s.attribute(in.Service, m).Release(ctx, run)
		if err != nil {
			return workers.Undone{}, err
		}
		if found != nil {
			released = append(released, m)
			if *found == absent {
				revoke = append(revoke, m)
			}
		}
	}
	if err := s.revoke(ctx, in.Service, revoke); err != nil {
		return workers.Undone{}, err
	}
	for _, m := range released {
		if err := s.attribute(in.Service, m).Restored(ctx, run); err != nil {
			return workers.Undone{}, err
		}
	}
	return workers.Undone{}, s.ownership(run).End(ctx, run)
}

// revoke takes the role from members and reads back that they have not got it.
func (s grantInvoker) revoke(ctx context.Context, ref ServiceRef, members []string) error {
	revoked := func(m string) bool { return slices.Contains(members, m) }
	for range 2 {
		have, etag, err := s.Services.Invokers(ctx, ref)
		if errors.Is(err, workers.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		keep := slices.DeleteFunc(slices.Clone(have), revoked)
		if len(keep) == len(have) {
			return nil
		}
		if err := s.Services.SetInvokers(ctx, ref, keep, etag); err != nil {
			return err
		}
	}
	return workers.Wait("not-yet-visible", 0)
}
