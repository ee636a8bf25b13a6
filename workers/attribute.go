package workers

import "context"

// An Attribute is a setting of somebody else's object that connections hold at a value: Private Google Access of a
// subnetwork, a service's binding or ingress. What was found before the first hold is kept and put back by the last.
//
//	restore, err := a.Release(ctx, run)
//	if err != nil || restore == nil { return err }      // others hold it, or there was nothing to release
//	... write *restore if the present value is one we wrote ...
//	return a.Restored(ctx, run)
//
// An undo that leaves the setting on purpose calls Retain instead of Release.
type Attribute struct {
	Claims   Claims
	Times    ClaimTimes
	Resource string
}

// Hold makes the run a holder. found is kept only when nothing was kept before: it survives retention and later
// applies. The record's Found is what counts. It answers a Wait while the last holder is restoring.
func (a Attribute) Hold(ctx context.Context, run Run, found string) (Record, error) {
	want := a.Times.claim(run, "")
	return change(ctx, a.Claims, a.Resource, func(r Record) (Record, error) {
		return r.holdAttribute(want, a.Times, found)
	})
}

// Release drops the run's hold. For the last hold, restore is what was found, and nobody else can hold the attribute
// until Restored is called (or this run's lease has passed); asked again, the answer is the same.
func (a Attribute) Release(ctx context.Context, run Run) (restore *string, err error) {
	want := a.Times.claim(run, "")
	_, err = change(ctx, a.Claims, a.Resource, func(r Record) (Record, error) {
		var err error
		r, restore, err = r.releaseAttribute(want, a.Times)
		return r, err
	})
	if err != nil {
		return nil, err
	}
	return restore, nil
}

// Restored ends a Release after the found value is back: it is forgotten, and the next Hold finds anew.
func (a Attribute) Restored(ctx context.Context, run Run) error { return a.end(ctx, run, true) }

// Retain drops the run's hold and leaves the setting; what was found stays known for a later Hold and Release.
func (a Attribute) Retain(ctx context.Context, run Run) error { return a.end(ctx, run, false) }

func (a Attribute) end(ctx context.Context, run Run, restored bool) error {
	want := a.Times.claim(run, "")
	_, err := change(ctx, a.Claims, a.Resource, func(r Record) (Record, error) {
		return r.endAttribute(want, restored)
	})
	return err
}

// Held reads the record and whether the run's holder holds the attribute. It is for Look.
func (a Attribute) Held(ctx context.Context, run Run) (Record, bool, error) {
	r, err := load(ctx, a.Claims, a.Resource)
	if err != nil {
		return r, false, err
	}
	_, holds := r.held(run.Holder().String())
	return r, holds, nil
}
