package observe

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/events/reach"
	"github.com/culvertnet/culvert/workers"
)

// prove asks the model about the world as it is: right before a command that could harm, and again at each look, so
// that a path which breaks later shows as a difference that names the hop. It makes nothing but a mark that it stands.
type prove struct{ Drivers }

func (p prove) standing(run workers.Run) workers.Ownership {
	return workers.OwnedAlone(p.Claims, p.Times, run, "")
}

// Do answers as a check does, and is refused as one.
func (p prove) Do(ctx context.Context, run workers.Run, in ReachIn, _ *ReachOut) (ReachOut, error) {
	if _, err := p.standing(run).Begin(ctx, run); err != nil {
		return ReachOut{}, err
	}
	offered, made := offers(in.Effects)
	in.Effects = offered
	return p.judge(ctx, in, made)
}

// offers takes effects apart. What a connection offers comes after its proof, and whoever comes to it later chose it.
// All else has happened, and whoever is hurt by it by now is told: somebody may have come since the check before.
func offers(effects []reach.Effect) (offered, made []reach.Effect) {
	for _, e := range effects {
		if e.Offers() {
			offered = append(offered, e)
		} else {
			made = append(made, e)
		}
	}
	return offered, made
}

// Look judges anew. What would refuse a Do is a difference, and so is what was proved and nobody can tell any more.
func (p prove) Look(
	ctx context.Context, run workers.Run, in ReachIn, prior *ReachOut,
) (workers.Seen[ReachOut], error) {
	seen := workers.Seen[ReachOut]{Presence: events.Absent}
	_, lasts, err := p.standing(run).Look(ctx, run)
	if err != nil || !lasts {
		return seen, err
	}
	_, made := offers(in.Effects)
	in.Effects = nil
	seen.Out, err = p.judge(ctx, in, made)
	var f *workers.Failure
	switch {
	case err == nil:
		seen.Presence = events.Present
		if doubts := doubted(prior, seen.Out); len(doubts) > 0 {
			seen.Presence, seen.Detail = events.Different, strings.Join(doubts, "; ")
		}
	case errors.As(err, &f) && f.Class == events.Refuse:
		seen.Presence, seen.Detail = events.Different, err.Error()
	default:
		return seen, err
	}
	return seen, nil
}

// doubted are the claims that were proved, and of which nobody can tell any more, with the reasons.
func doubted(prior *ReachOut, now ReachOut) (out []string) {
	if prior == nil {
		return nil
	}
	for _, f := range now.Own {
		was := slices.ContainsFunc(prior.Own, func(p reach.Finding) bool {
			return p.About == f.About && p.Is == reach.AsWanted
		})
		if !was || f.Is != reach.Undecided {
			continue
		}
		var why []string
		for _, g := range f.Open {
			why = append(why, fmt.Sprintf("%s: %s (%s)", g.Cause, g.Why, g.Object))
		}
		out = append(out, f.About+": nobody can tell any more: "+strings.Join(why, ", ")+", by "+
			cmp.Or(f.Ends, "nothing that was read"))
	}
	return out
}

// Undo takes the mark away.
func (p prove) Undo(ctx context.Context, run workers.Run, _ ReachIn, _ *ReachOut) (workers.Undone, error) {
	return workers.Undone{}, p.standing(run).End(ctx, run)
}
