package workers

import (
	"slices"
	"time"

	"github.com/culvertnet/culvert/events"
)

// The rules of counted things and attributes. A counted record has one hold for each holder and part. Its Wanted counts
// who came and who went last, and is the epoch of what is claimed for the shared thing itself (see Counted.Shared).

// partNote marks, in Record.Note, a part that may be in the world.
const partNote = "part:"

// join makes the holder one of a part's, unless its last one is just taking it away.
func (r Record) join(c claim, t ClaimTimes) (Record, error) {
	if r.joined(c) {
		return r, nil
	}
	r = r.clone()
	if free, by := r.leavingUntil(c, t); by != "" {
		return r, heldBy(events.ReasonLeaving, by, min(t.poll(), max(free.Sub(c.now), t.poll()/4)))
	}
	r.endLeaving(c)
	i := r.find(c.holder, c.value)
	already := i >= 0 && r.Holds[i].Live()
	if _, err := r.put(c); err != nil {
		return r, err
	}
	if !already {
		r.Wanted++
	}
	r.Generation = max(r.Generation, 1)
	r.Since = time.Time{}
	r.note(partNote+c.value, "there")
	return r, nil
}

// joined tells that an earlier run of the same Do has joined already, and that nothing is left to write. No undo lies
// in between, so there is nothing that a raised fence would keep out; and 200 steps that come back while they wait do
// not write one record each time.
func (r Record) joined(c claim) bool {
	i := r.find(c.holder, c.value)
	return i >= 0 && r.Holds[i].Live() && !c.asked.IsZero() && !r.Holds[i].Since.Before(c.asked) &&
		r.Since.IsZero() && r.Note[partNote+c.value] != ""
}

// note writes one note; an empty value removes it.
func (r *Record) note(key, value string) {
	if value == "" {
		delete(r.Note, key)
		return
	}
	if r.Note == nil {
		r.Note = map[string]string{}
	}
	r.Note[key] = value
}

// leavingUntil tells who else is taking the part away, if anybody, and when that can no longer be.
func (r Record) leavingUntil(c claim, t ClaimTimes) (free time.Time, by string) {
	for _, h := range r.Holds {
		if h.Value == c.value && h.Leaving && h.Holder != c.holder && c.now.Before(t.free(h.Until)) {
			return t.free(h.Until), h.Holder
		}
	}
	return time.Time{}, ""
}

// endLeaving makes tombstones of leavings that were given up: their lease and every late call have passed.
func (r *Record) endLeaving(c claim) {
	for i := range r.Holds {
		if h := &r.Holds[i]; h.Value == c.value && h.Leaving && h.Holder != c.holder {
			h.Leaving, h.Dropped = false, true
		}
	}
}

// A departure is what becomes of a holder that wants to leave.
type departure int

const (
	// departed: the holder is out, and the thing stays.
	departed departure = iota
	// lingering: the holder is the last; come back when the linger is over.
	lingering
	// removing: the holder is the last and takes the thing away now.
	removing
)

// leave takes the holder out of a part. The last one stays in until the linger is over, and then until it has said that
// the part is gone. hasty ends the linger at once: with the part's removal, or, where stay is set, with the part left.
func (r Record) leave(c claim, t ClaimTimes, hasty, stay bool) (Record, departure, error) {
	r = r.clone()
	i := r.find(c.holder, c.value)
	if i < 0 || r.Holds[i].Dropped {
		_, err := r.drop(c)
		return r, departed, err
	}
	h := &r.Holds[i]
	if c.epoch < h.Epoch {
		return r, departed, fenced()
	}
	if !h.Leaving && (r.others(c.holder, c.value, Hold.Live) > 0 || stay) {
		_, err := r.drop(c)
		return r, departed, err
	}
	if !h.Leaving && !hasty {
		if r.Since.IsZero() {
			r.Since = c.now
		}
		if c.now.Before(r.Since.Add(t.Linger)) {
			return r, lingering, nil
		}
	}
	if !h.Leaving {
		r.Wanted++
	}
	h.Leaving, h.Epoch = true, c.epoch
	h.Until = later(c.now.Add(t.Lease), c.until)
	return r, removing, nil
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// left ends a leaving: the part is gone. With the last part the object's generation ends, so that whatever comes next
// has another name.
func (r Record) left(c claim) (Record, error) {
	r = r.clone()
	i := r.find(c.holder, c.value)
	if i < 0 || !r.Holds[i].Leaving {
		return r, nil
	}
	if _, err := r.drop(c); err != nil {
		return r, err
	}
	r.note(partNote+c.value, "")
	if slices.ContainsFunc(r.Holds, func(h Hold) bool { return !h.Dropped }) || r.anyPart() {
		return r, nil
	}
	r.Generation++
	r.Since, r.Note = time.Time{}, nil
	return r, nil
}

// anyPart tells whether a part may still be in the world, held or not.
func (r Record) anyPart() bool {
	for key := range r.Note {
		if len(key) > len(partNote) && key[:len(partNote)] == partNote {
			return true
		}
	}
	return false
}

// holdAttribute makes the holder one of an attribute's and keeps what was found before anybody.
func (r Record) holdAttribute(c claim, t ClaimTimes, found string) (Record, error) {
	r = r.clone()
	if free, by := r.leavingUntil(c, t); by != "" {
		return r, heldBy(events.ReasonLeaving, by, min(t.poll(), max(free.Sub(c.now), t.poll()/4)))
	}
	r.endLeaving(c)
	if _, err := r.put(c); err != nil {
		return r, err
	}
	if r.Found == nil {
		r.Found = &found
	}
	return r, nil
}

// releaseAttribute takes the holder out; the last one stays as leaving, and is told what to restore.
func (r Record) releaseAttribute(c claim, t ClaimTimes) (Record, *string, error) {
	r, how, err := r.leave(c, t, true, false)
	if err != nil || how != removing {
		return r, nil, err
	}
	return r, r.Found, nil
}

// endAttribute ends a release: restored forgets what was found, retained keeps it for a later apply.
func (r Record) endAttribute(c claim, restored bool) (Record, error) {
	r = r.clone()
	if i := r.find(c.holder, c.value); i >= 0 && r.Holds[i].Dropped {
		return r, nil
	}
	last := r.others(c.holder, c.value, Hold.Live) == 0
	if _, err := r.drop(c); err != nil {
		return r, err
	}
	if restored && last {
		r.Found = nil
	}
	return r, nil
}
