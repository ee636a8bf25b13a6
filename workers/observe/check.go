package observe

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/events/reach"
	"github.com/culvertnet/culvert/workers"
)

// check reads the world as it is now, together with the other checks of its saga, and asks the model. It has no
// effects, so that a plan may have it before the first effect, right before one that could harm, and after the last as
// the proof.
type check struct{ Drivers }

// Checks tells a check before the first effect, which shares what it reads with the others. Where something is taken
// away it is the last look before that.
func (check) Checks(in ReachIn) bool {
	return !slices.ContainsFunc(in.Effects, func(e reach.Effect) bool { return e.Undone })
}

// Do reads, judges and decides.
func (c check) Do(ctx context.Context, _ workers.Run, in ReachIn, _ *ReachOut) (ReachOut, error) {
	return c.judge(ctx, in, nil)
}

// judge reads and decides. What could not be read in time is read again: nothing has happened. Made are effects that
// have happened.
func (d Drivers) judge(ctx context.Context, in ReachIn, made []reach.Effect) (ReachOut, error) {
	out, err := d.judged(ctx, in, made)
	if err != nil && ctx.Err() != nil {
		return ReachOut{}, workers.Retry("deadline", 0, fmt.Errorf("read what decides about packets: %w", err))
	}
	return out, err
}

func (d Drivers) judged(ctx context.Context, in ReachIn, made []reach.Effect) (ReachOut, error) {
	in.Effects = in.inForce()
	if len(in.Effects)+len(in.Asks)+len(in.In) == 0 && in.Steers == nil {
		out, err := decide(in, []reach.Finding{}, nil)
		out.Sources = []reach.Source{}
		return out, err
	}
	in.Networks = slices.Clone(in.Networks)
	for i := range in.Networks {
		in.Networks[i].Names = in.names()
	}
	r := reading{Drivers: d, in: in}
	out, known, err := r.bySenders(ctx, made)
	if known {
		return out, err
	}
	if err == nil {
		err = r.begin(ctx)
	}
	if err != nil {
		// What goes after its network has gone harms nobody.
		if len(in.Asks)+len(in.In) == 0 && in.Steers == nil && errors.Is(err, workers.ErrNotFound) {
			return nothing(), nil
		}
		return ReachOut{}, err
	}
	return r.conclude(ctx, made)
}

// conclude answers by all that the question depends on.
func (r *reading) conclude(ctx context.Context, made []reach.Effect) (ReachOut, error) {
	in := r.in
	a, err := r.enough(ctx)
	if err != nil {
		return ReachOut{}, err
	}
	others, open, err := in.others(a.world, made)
	// Who would be harmed is told by all that there is: what was not asked for could pass and could not.
	if err == nil && !r.whole && (slices.ContainsFunc(others, func(h reach.Harm) bool { return !h.Vacant() }) ||
		r.waits(a.world, open)) {
		if err := r.everything(ctx); err != nil {
			return ReachOut{}, err
		}
		if a, err = r.answer(); err != nil {
			return ReachOut{}, err
		}
		others, _, err = in.others(a.world, made)
	}
	if err != nil {
		return ReachOut{}, workers.Refuse("invalid", "judge the plan: %w", err)
	}
	astray, err := in.Steers.ask(a.world)
	if err != nil {
		return ReachOut{}, err
	}
	in.Asks = slices.Concat(in.Asks, a.ways.asks)
	out, err := decide(in, slices.Concat(a.own, a.ways.findings), others, astray...)
	out.Unverified = append(out.Unverified, a.ways.unread...)
	out.Sources = a.world.Sources()
	return out, err
}

// others asks whom it hurts: what is to happen, and what has happened, of those who are there by now. The latter is
// what they would get back, or lose, if it were undone. Open is why nothing can be told where no harm was found.
func (in ReachIn) others(w reach.World, made []reach.Effect) (all []reach.Harm, open []reach.Gap, err error) {
	all, open, err = reach.Harms(w, in.Effects, in.Own...)
	if err != nil || len(made) == 0 {
		return all, open, err
	}
	undone := slices.Clone(made)
	slices.Reverse(undone)
	for i := range undone {
		undone[i].Undone = true
	}
	back, _, err := reach.Harms(w, undone, in.Own...)
	if errors.Is(err, reach.ErrEffect) { // it is not there, and decides about nobody: the claims tell of that
		return all, open, nil
	}
	for _, h := range back {
		if h.Vacant() && len(h.Open) == 0 { // told by the check before
			continue
		}
		h.Lost, h.Widened = h.Widened, h.Lost
		all = append(all, h)
	}
	return all, open, err
}

// names are those that the question is about: destinations of claims and effects, and names that an effect answers for.
func (in ReachIn) names() []string {
	out, all := []string{}, []reach.Allowed(nil)
	for _, a := range in.Asks {
		all = append(all, a.Except...)
		if a.Dest != nil {
			all = append(all, *a.Dest)
		}
	}
	for _, e := range in.Effects {
		switch {
		case e.Filter != nil:
			all = append(all, e.Filter.Allow...)
		case e.GatewayFilter != nil:
			all = append(all, e.GatewayFilter.Allow...)
		case e.Names != nil:
			out = append(out, e.Names.Hostnames...)
		}
	}
	for _, to := range all {
		if to.FQDN != "" {
			out = append(out, to.FQDN)
		}
	}
	return out
}

// nothing is the answer where there is nothing to ask.
func nothing() ReachOut { return ReachOut{Own: []reach.Finding{}, Sources: []reach.Source{}} }

// inForce are the effects that do something, each with its network.
func (in ReachIn) inForce() (out []reach.Effect) {
	for _, e := range in.Effects {
		if e.Void() {
			continue
		}
		if e.Network == "" && len(in.Networks) > 0 {
			e.Network = reach.Realm(in.Networks[0].Network)
		}
		out = append(out, e)
	}
	return out
}

// Look answers what was found: a check leaves nothing in the world. One that has no answer yet is absent, so that it is
// made again.
func (c check) Look(_ context.Context, _ workers.Run, _ ReachIn, prior *ReachOut) (workers.Seen[ReachOut], error) {
	if prior == nil {
		return workers.Seen[ReachOut]{Presence: events.Absent}, nil
	}
	return workers.Seen[ReachOut]{Presence: events.Present, Out: *prior}, nil
}

// Undo has nothing to take away.
func (c check) Undo(context.Context, workers.Run, ReachIn, *ReachOut) (workers.Undone, error) {
	return workers.Undone{}, nil
}
