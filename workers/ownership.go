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
func (o Ownership) Begin(ctx context.Context, run Run) (Ownership, error) {
	var err error
	o.Record, err = o.Counted.Join(ctx, run, o.Part)
	return o, err
}

// Look reads the record and whether the ownership lasts: whether a Do has begun and no Undo has ended. An end that was
// cut off has not ended it, for the object may have gone or not.
func (o Ownership) Look(ctx context.Context, run Run) (_ Ownership, lasts bool, err error) {
	o.Record, _, err = o.Counted.Held(ctx, run, o.Part)
	return o, o.HeldBy(func(h Hold) bool { return h.Holder == run.Holder().String() && !h.Dropped }), err
}

// HeldBy tells whether the part has such a hold in the record that was read.
func (o Ownership) HeldBy(is func(Hold) bool) bool {
	return slices.ContainsFunc(o.Record.Holds, func(h Hold) bool { return h.Value == o.Part && is(h) })
}

// Note remembers a fact, unless the record has it. The notes of this value stay as they were read.
func (o Ownership) Note(ctx context.Context, run Run, key, value string) error {
	if o.Record.Note[key] == value {
		return nil
	}
	return o.Counted.Note(ctx, run, key, value)
}

// Noted tells a fact as the record had it; "" is none.
func (o Ownership) Noted(key string) string { return o.Record.Note[key] }

// Leave begins an Undo and tells whether the object is to be taken away now (see Counted.Leave). What is the run's own
// always is, when expedited too, even when its record was broken.
func (o Ownership) Leave(ctx context.Context, run Run) (remove bool, err error) {
	if o.Shared {
		return o.Counted.Leave(ctx, run, o.Part)
	}
	run.Expedite = false // nothing is shared, so there is nothing to leave for the next
	_, err = o.Counted.Leave(ctx, run, o.Part)
	return err == nil, err
}

// Left ends an Undo: the object is gone.
func (o Ownership) Left(ctx context.Context, run Run) error { return o.Counted.Left(ctx, run, o.Part) }

// End ends the ownership of what is the run's own, and forgets its notes.
func (o Ownership) End(ctx context.Context, run Run) error {
	if _, err := o.Leave(ctx, run); err != nil {
		return err
	}
	return o.Left(ctx, run)
}
