package observe

import (
	"context"
	"errors"

	"github.com/culvertnet/culvert/events"
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
	return p.proof(ctx, in)
}

// proof judges the world as it is. The effects of a proof have happened, so that whoever is hurt by them by now is
// told: somebody may have come since the check before.
func (p prove) proof(ctx context.Context, in ReachIn) (ReachOut, error) {
	made := in.Effects
	in.Effects = nil
	return p.judge(ctx, in, made)
}

// Look judges anew. What would refuse a Do is a difference.
func (p prove) Look(
	ctx context.Context, run workers.Run, in ReachIn, _ *ReachOut,
) (workers.Seen[ReachOut], error) {
	seen := workers.Seen[ReachOut]{Presence: events.Absent}
	_, lasts, err := p.standing(run).Look(ctx, run)
	if err != nil || !lasts {
		return seen, err
	}
	seen.Out, err = p.proof(ctx, in)
	var f *workers.Failure
	switch {
	case err == nil:
		seen.Presence = events.Present
	case errors.As(err, &f) && f.Class == events.Refuse:
		seen.Presence, seen.Detail = events.Different, err.Error()
	default:
		return seen, err
	}
	return seen, nil
}

// Undo takes the mark away.
func (p prove) Undo(ctx context.Context, run workers.Run, _ ReachIn, _ *ReachOut) (workers.Undone, error) {
	return workers.Undone{}, p.standing(run).End(ctx, run)
}
