package observe

import (
	"context"
	"slices"

	"github.com/culvertnet/culvert/events/reach"
)

// A question may be about filters alone: a withdrawal asks what others lose when its filter goes. Where the filter's
// range is nobody else's, the senders and the firewall tell all of it: whoever comes there later meets the filter
// before any route (reach.Question.FilterOnly). Routes, routers, names and peers are read only for somebody who is
// there.

// ofFilters tells such a question.
func (in ReachIn) ofFilters() bool {
	return len(in.Effects) > 0 && len(in.Asks)+len(in.In) == 0 && in.Steers == nil &&
		!slices.ContainsFunc(in.Effects, func(e reach.Effect) bool { return e.Filter == nil })
}

// bySenders answers a question about filters by who sends. Without an answer, known is false, and more has to be read.
// Of effects that have happened more is asked.
func (r *reading) bySenders(ctx context.Context, made []reach.Effect) (out ReachOut, known bool, err error) {
	if !r.in.ofFilters() || len(made) > 0 {
		return out, false, nil
	}
	if err := r.readNear(ctx, r.senders); err != nil {
		return out, false, err
	}
	w := r.world()
	others, open, err := r.in.others(w, nil)
	if err != nil || r.leftOut(open) ||
		slices.ContainsFunc(others, func(h reach.Harm) bool { return !h.Vacant() || r.leftOut(h.Open) }) {
		return out, false, nil
	}
	out, err = decide(r.in, []reach.Finding{}, others)
	out.Sources = w.Sources()
	return out, true, err
}

// senders is a network by who sends there; its other lists say that nobody asked for them.
func (r *reading) senders(ctx context.Context, s Scope) (reach.Network, error) {
	got, err := r.Networks.Senders(ctx, s)
	if err != nil {
		return reach.Network{}, err
	}
	out := unasked(got.Realm)
	out.Project, out.Peers, out.Firewall, out.Subnets, out.Hidden = got.Project, got.Peers, got.Firewall, got.Subnets,
		got.Hidden
	out.Interfaces, out.Tenants = got.Interfaces, got.Tenants
	return out, nil
}

// leftOut tells whether one of some doubts is about a list that was not asked for: those name the network itself.
func (r *reading) leftOut(open []reach.Gap) bool {
	return slices.ContainsFunc(open, func(g reach.Gap) bool {
		return slices.ContainsFunc(r.near, func(n reach.Network) bool { return g.Object == string(n.Realm) })
	})
}
