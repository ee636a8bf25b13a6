package workers

import (
	"context"
	"slices"
)

// An Ownership is the time in which a step has its part of an object: it begins with a Do and ends with an Undo. While
// it lasts, a Look tells the step's own state from the same state that others made; and the object's record remembers,
// as notes, what the step saw first and wrote.
//
// The object is one that many share, or one of a single generation of the step: a counted object with one holder that
// never lingers. An Ownership is a value; Begin and Look answer it with the record that they have read.
type Ownership struct {
	Counted Counted
	// Part is the step's part of the thing.
	Part string
	// Shared tells that others may hold the part too.
	Shared bool
	// Record is what Begin or Look has read last.
	Record Record
}

// OwnedAlone is the ownership of an object that belongs to the run's generation alone.
func OwnedAlone(c Claims, t ClaimTimes, run Run, part string) Ownership {
	t.Linger = 0
	return Ownership{
		Counted: Counted{Claims: c, Times: t, Resource: FamilyOwn.Resource(run.Holder().String())}, Part: part,
	}
}

// Begin begins the ownership, or goes on with it.
func (t Ownership) Begin(ctx context.Context, run Run) (Ownership, error) {
	var err error
	t.Record, err = t.Counted.Join(ctx, run, t.Part)
	return t, err
}

// Look reads the record and whether the ownership lasts: whether a Do has begun and no Undo has ended. An end that was
// cut off has not ended it, for the object may have gone or not.
func (t Ownership) Look(ctx context.Context, run Run) (_ Ownership, lasts bool, err error) {
	t.Record, _, err = t.Counted.Held(ctx, run, t.Part)
	return t, t.HeldBy(func(h Hold) bool { return h.Holder == run.Holder().String() && !h.Dropped }), err
}

// HeldBy tells whether the part has such a hold in the record that was read.
func (t Ownership) HeldBy(is func(Hold) bool) bool {
	return slices.ContainsFunc(t.Record.Holds, func(h Hold) bool { return h.Value == t.Part && is(h) })
}

// Note remembers a fact, unless the record has it. The notes of this value stay as they were read.
func (t Ownership) Note(ctx context.Context, run Run, key, value string) error {
	if t.Record.Note[key] == value {
		return nil
	}
	return t.Counted.Note(ctx, run, key, value)
}

// Noted tells a fact as the record had it; "" is none.
func (t Ownership) Noted(key string) string { return t.Record.Note[key] }

// Leave begins an Undo and tells whether the object is to be taken away now (see Counted.Leave). What is the run's own
// always is, when expedited too, even when its record was broken.
func (t Ownership) Leave(ctx context.Context, run Run) (remove bool, err error) {
	if t.Shared {
		return t.Counted.Leave(ctx, run, t.Part)
	}
	run.Expedite = false // nothing is shared, so there is nothing to leave for the next
	_, err = t.Counted.Leave(ctx, run, t.Part)
	return err == nil, err
}

// Left ends an Undo: the object is gone.
func (t Ownership) Left(ctx context.Context, run Run) error { return t.Counted.Left(ctx, run, t.Part) }

// End ends the ownership of what is the run's own, and forgets its notes.
func (t Ownership) End(ctx context.Context, run Run) error {
	if _, err := t.Leave(ctx, run); err != nil {
		return err
	}
	return t.Left(ctx, run)
}
