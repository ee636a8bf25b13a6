package workers

import (
	"context"
	"slices"
)

// A Tenure is the time in which a step has its part of a thing: it begins with a Do and ends with an Undo. While it
// lasts, a Look tells the step's own state from the same state that others made; and the thing's record remembers, as
// notes, what the step saw first and wrote.
//
// The thing is one that many share, or one of a single generation of the step: a counted thing with one holder that
// never lingers. A Tenure is a value; Begin and Look answer it with the record that they have read.
type Tenure struct {
	Counted Counted
	// Part is the step's part of the thing.
	Part string
	// Shared tells that others may hold the part too.
	Shared bool
	// Record is what Begin or Look has read last.
	Record Record
}

// OwnTenure is the tenure of a thing that belongs to the run's generation alone.
func OwnTenure(c Claims, t ClaimTimes, run Run, part string) Tenure {
	t.Linger = 0
	return Tenure{Counted: Counted{Claims: c, Times: t, Resource: FamilyOwn.Resource(run.Holder().String())}, Part: part}
}

// Begin begins the tenure, or goes on with it.
func (t Tenure) Begin(ctx context.Context, run Run) (Tenure, error) {
	var err error
	t.Record, err = t.Counted.Join(ctx, run, t.Part)
	return t, err
}

// Look reads the record and whether the tenure lasts: whether a Do has begun and no Undo has ended. An end that was cut
// off has not ended it, for the object may have gone or not.
func (t Tenure) Look(ctx context.Context, run Run) (_ Tenure, lasts bool, err error) {
	t.Record, _, err = t.Counted.Held(ctx, run, t.Part)
	return t, t.HeldBy(func(h Hold) bool { return h.Holder == run.Holder().String() && !h.Dropped }), err
}

// HeldBy tells whether the part has such a hold in the record that was read.
func (t Tenure) HeldBy(is func(Hold) bool) bool {
	return slices.ContainsFunc(t.Record.Holds, func(h Hold) bool { return h.Value == t.Part && is(h) })
}

// Note remembers a fact, unless the record has it. The notes of this value stay as they were read.
func (t Tenure) Note(ctx context.Context, run Run, key, value string) error {
	if t.Record.Note[key] == value {
		return nil
	}
	return t.Counted.Note(ctx, run, key, value)
}

// Noted tells a fact as the record had it; "" is none.
func (t Tenure) Noted(key string) string { return t.Record.Note[key] }

// Leave begins an Undo and tells whether the object is to be taken away now (see Counted.Leave). What is the run's own
// always is, in a hurry too, even when its record was broken.
func (t Tenure) Leave(ctx context.Context, run Run) (remove bool, err error) {
	if t.Shared {
		return t.Counted.Leave(ctx, run, t.Part)
	}
	run.Hurry = false // nothing is shared, so there is nothing to leave for the next
	_, err = t.Counted.Leave(ctx, run, t.Part)
	return err == nil, err
}

// Left ends an Undo: the object is gone.
func (t Tenure) Left(ctx context.Context, run Run) error { return t.Counted.Left(ctx, run, t.Part) }

// End ends the tenure of what is the run's own, and forgets its notes.
func (t Tenure) End(ctx context.Context, run Run) error {
	if _, err := t.Leave(ctx, run); err != nil {
		return err
	}
	return t.Left(ctx, run)
}
