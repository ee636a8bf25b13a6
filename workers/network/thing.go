package network

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
)

// A thing is one part of what a step makes: of a shared thing that is there while anybody holds it, or of one that
// belongs to a single generation of the step. The latter is a counted thing with one holder that never lingers. Its
// record also remembers, as notes, what the step saw and wrote; and that it is held tells a Look that a Do has begun and
// no Undo has ended, whatever is or is not in the world.
type thing struct {
	counted workers.Counted
	part    string
	shared  bool
	// record is what join and held have read.
	record workers.Record
}

// thing gives the part of the shared thing with this record, or of the run's own when shared is empty.
func (d Drivers) thing(run workers.Run, shared, part string) thing {
	t := thing{counted: workers.Counted{Claims: d.Claims, Times: d.Times, Resource: shared}, part: part, shared: shared != ""}
	if !t.shared {
		t.counted.Resource = "own/" + run.Holder().String()
		t.counted.Times.Linger = 0
	}
	return t
}

// join begins a Do.
func (t thing) join(ctx context.Context, run workers.Run) (thing, error) {
	var err error
	t.record, err = t.counted.Join(ctx, run, t.part)
	return t, err
}

// look reads the record and tells whether a Do has begun and no Undo has ended. A hold that is just leaving counts: its
// Undo may have been cut off before, or after, the object went.
func (t thing) look(ctx context.Context, run workers.Run) (_ thing, held bool, err error) {
	t.record, _, err = t.counted.Held(ctx, run, t.part)
	return t, t.heldBy(func(h workers.Hold) bool { return h.Holder == run.Holder().String() && !h.Dropped }), err
}

// heldBy tells whether the part has such a hold.
func (t thing) heldBy(is func(workers.Hold) bool) bool {
	return slices.ContainsFunc(t.record.Holds, func(h workers.Hold) bool { return h.Value == t.part && is(h) })
}

// note remembers a fact, unless the record has it.
func (t thing) note(ctx context.Context, run workers.Run, key, value string) error {
	if t.record.Note[key] == value {
		return nil
	}
	return t.counted.Note(ctx, run, key, value)
}

// noted reads a fact as the record had it.
func (t thing) noted(key string) string { return t.record.Note[key] }

// leave begins an Undo and tells whether the object is to be taken away. Where it is not, undone says what is left. A
// thing of the run's own is always taken away, even when its record was broken.
func (t thing) leave(ctx context.Context, run workers.Run) (remove bool, undone workers.Undone, err error) {
	if !t.shared {
		run.Hurry = false
		_, err := t.counted.Leave(ctx, run, t.part)
		return err == nil, undone, err
	}
	remove, err = t.counted.Leave(ctx, run, t.part)
	if err != nil || remove || !run.Hurry {
		return remove, undone, err
	}
	t, _, err = t.look(ctx, run)
	if err == nil && !t.heldBy(workers.Hold.Live) && t.noted("ip") != "" {
		undone.Retained = "shared " + t.part + " at " + t.noted("ip") + " stays: another intent waits"
	}
	return false, undone, err
}

// left ends an Undo.
func (t thing) left(ctx context.Context, run workers.Run) error {
	return t.counted.Left(ctx, run, t.part)
}

// object is the name of the part's object and the text that proves whose it is.
func (t thing) object(run workers.Run, prefix string) (name, owner string) {
	if !t.shared {
		return run.Name, run.Owner()
	}
	generation := strconv.FormatUint(t.record.Generation, 10)
	return events.Name(prefix, t.counted.Resource, generation), "culvert:shared/" + generation
}

// ours tells whether an object's owner text is one of the connection's, whatever the step and generation.
func ours(k events.Key, owner string) bool {
	return strings.HasPrefix(owner, "culvert:"+k.String()+"/")
}
