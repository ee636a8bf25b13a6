package workers

import (
	"context"
	"fmt"
	"strings"

	"github.com/culvertnet/culvert/events"
)

// A Counted is a thing that many connections share and that is there while any of them holds it: a PSC endpoint of a
// network and bundle with its parts ("address", "endpoint", "announce:<target>"). Resource names its record; the
// record's Generation is part of the names of its objects.
//
// A step joins in Do before it makes or adopts its part, and leaves in Undo:
//
//	last, err := c.Leave(ctx, run, part)   // a Wait while the thing lingers
//	if err != nil || !last { return err }
//	... take the object away, read back that it is gone ...
//	return c.Left(ctx, run, part)
type Counted struct {
	Claims   Claims
	Times    ClaimTimes
	Resource string
}

// Join makes the run one of the part's holders and ends a linger. It answers a Wait while the last holder is taking the
// part away. The record tells the generation and the notes.
func (c Counted) Join(ctx context.Context, run Run, part string) (Record, error) {
	want := c.Times.claim(run, part)
	return change(ctx, c.Claims, c.Resource, func(r Record) (Record, error) { return r.join(want, c.Times) })
}

// Leave drops the run's hold of the part. While others hold it the answer is false and nothing else is to be done. The
// last one waits (a Wait failure) until the linger of the whole record has passed; a Join in between makes the answer
// false. After it the answer is true, and again true when asked again: the caller takes the object away and calls Left.
//
// An undo that compensates never lingers: it takes the thing away at once. A run that is expedited (an intent waits
// behind it) leaves the thing where it is and answers false; Held then still tells of the part by its note, and the
// next last holder takes it away.
func (c Counted) Leave(ctx context.Context, run Run, part string) (bool, error) {
	want := c.Times.claim(run, part)
	compensates := run.Purpose == events.ToCompensate
	stay := run.Expedite && !compensates
	var how departure
	r, err := change(ctx, c.Claims, c.Resource, func(r Record) (Record, error) {
		var err error
		r, how, err = r.leave(want, c.Times, compensates, stay)
		return r, err
	})
	switch {
	case err != nil:
		return false, err
	case how == lingering:
		return false, Wait(events.ReasonLinger, r.Since.Add(c.Times.Linger).Sub(run.Now))
	default:
		return how == removing, nil
	}
}

// Left says that the part's object is gone. With the last part the record's generation ends.
func (c Counted) Left(ctx context.Context, run Run, part string) error {
	want := c.Times.claim(run, part)
	_, err := change(ctx, c.Claims, c.Resource, func(r Record) (Record, error) { return r.left(want) })
	return err
}

// Note keeps a small fact of the shared thing (its address) for all its holders; an empty value removes it. Notes end
// with the generation. Only a holder of any part may write them.
func (c Counted) Note(ctx context.Context, run Run, key, value string) error {
	prefix := run.Holder().String()
	_, err := change(ctx, c.Claims, c.Resource, func(r Record) (Record, error) {
		if strings.HasPrefix(key, partNote) {
			return r, fmt.Errorf("note %q: the prefix %q is the record's own", key, partNote)
		}
		if _, holds := r.held(prefix); !holds {
			return r, fenced()
		}
		r = r.clone()
		r.note(key, value)
		return r, nil
	})
	return err
}

// Held reads the record and whether the run's holder has a hold of the part that is live. It changes nothing: it is for
// Look. A record that was never joined has generation 1, as the next Join will give it.
func (c Counted) Held(ctx context.Context, run Run, part string) (Record, bool, error) {
	r, err := load(ctx, c.Claims, c.Resource)
	if err != nil {
		return r, false, err
	}
	r.Generation = max(r.Generation, 1)
	i := r.find(run.Holder().String(), part)
	return r, i >= 0 && r.Holds[i].Live(), nil
}

// Shared is the run under which a part's own claims are made (its entry in a list): they belong to the shared thing and
// not to whoever came first. Its epoch is the record's count of comings and goings, so a run that read an older record
// is fenced like any other.
func (c Counted) Shared(run Run, r Record, part string) Run {
	run.Connection = events.Key{Tenant: "shared", Name: events.Name("s", c.Resource)}
	run.Step, run.Generation, run.Epoch = part, r.Generation, r.Wanted
	return run
}
