package workers

import (
	"slices"
	"strings"
	"time"
)

// The rules of a list that many share. A hold's value is one or more entries, a line each. Its Revision is the Wanted
// at which it was put or dropped; it is in the world once InForce has reached that.

// lines gives the entries of a hold's value.
func lines(value string) []string { return strings.Split(value, "\n") }

// putEntry makes the claim's value the holder's only live one. A value that another live hold already has shares that
// hold's revision: nothing has to be written for it.
func (r Record) putEntry(c claim) (Record, error) {
	r = r.clone()
	if i := r.find(c.holder, c.value); i >= 0 && r.Holds[i].Live() {
		return r, nil // its epoch is raised when it is in force (see confirm)
	}
	if r.outdated(c) {
		return r, fenced()
	}
	if err := r.dropOthers(c); err != nil {
		return r, err
	}
	i, err := r.put(c)
	if err != nil {
		return r, err
	}
	for _, other := range r.Holds {
		if other.Holder != c.holder && other.Value == c.value && other.Live() {
			h := &r.Holds[i]
			h.Attempted, h.Excess, h.Revision = h.Attempted || other.Attempted, other.Excess, other.Revision
			return r, nil
		}
	}
	r.Wanted++
	r.Holds[i].Revision = r.Wanted
	return r, nil
}

// dropOthers drops what the holder has with other values than the claim's.
func (r *Record) dropOthers(c claim) error {
	for _, h := range slices.Clone(r.Holds) {
		if h.Holder != c.holder || h.Value == c.value || h.Dropped {
			continue
		}
		old := c
		old.value = h.Value
		if err := r.dropValue(old); err != nil {
			return err
		}
	}
	return nil
}

// dropValue drops one live hold of a list. The world has to follow only when the value may be in it and nobody else
// holds it; who else holds it then stands for it.
func (r *Record) dropValue(c claim) error {
	i, err := r.drop(c)
	if err != nil || i < 0 {
		return err
	}
	h := &r.Holds[i]
	h.Excess, h.Revision = false, 0
	if !h.Attempted {
		return nil
	}
	shared := false
	for j := range r.Holds {
		if other := &r.Holds[j]; j != i && other.Value == c.value && other.Live() {
			other.Attempted, shared = true, true
		}
	}
	if !shared {
		r.Wanted++
		h.Revision = r.Wanted
	}
	return nil
}

// dropEntries drops all that the holder has, and leaves a tombstone when it has nothing, as a fence.
func (r Record) dropEntries(c claim) (Record, error) {
	r = r.clone()
	if r.outdated(c) {
		return r, fenced()
	}
	live := false
	for _, h := range slices.Clone(r.Holds) {
		if h.Holder == c.holder && !h.Dropped {
			live = true
			c.value = h.Value
			if err := r.dropValue(c); err != nil {
				return r, err
			}
		}
	}
	if live || slices.ContainsFunc(r.Holds, func(h Hold) bool { return h.Holder == c.holder }) {
		return r, nil
	}
	c.value = ""
	_, err := r.drop(c)
	return r, err
}

// owes is the revision that must be in force before the holder is done: the largest of its holds and tombstones.
func (r Record) owes(holder string) uint64 {
	var owed uint64
	for _, h := range r.Holds {
		if h.Holder == holder {
			owed = max(owed, h.Revision)
		}
	}
	return owed
}

// rewanted asks for the holder's value to be written again, because the world has lost it.
func (r Record) rewanted(holder, value string) Record {
	r = r.clone()
	if i := r.find(holder, value); i >= 0 {
		r.Wanted++
		r.Holds[i].Revision = r.Wanted
	}
	return r
}

// acquire takes the lease for the holder, or tells when to ask again. The owner continues its own lease unless one of
// its writes is still without an answer; anybody else waits for its end and the quiet period.
func (r Record) acquire(holder string, now time.Time, t ClaimTimes) (Record, time.Time, bool) {
	token := uint64(1)
	if l := r.Lease; l != nil {
		token = l.Token + 1
		if free := t.free(l.Expires); now.Before(free) && (l.Holder != holder || l.Writing) {
			return r, free, false
		}
	}
	r = r.clone()
	r.Lease = &Lease{Holder: holder, Token: token, Expires: now.Add(t.Lease)}
	return r, time.Time{}, true
}

// owns tells whether the lease is still the one with this token.
func (r Record) owns(token uint64) bool { return r.Lease != nil && r.Lease.Token == token }

// A writing is what the owner of the lease is about to do.
type writing struct {
	// entries is the whole list to be, keep what of the read list stays.
	entries []string
	// revision is what is in force after it; solo that only the owner's own changes are.
	revision uint64
	solo     bool
	// gone are entries that must not be read back, want those that must.
	gone, want []string
}

// markOptions are what a list is written under.
type markOptions struct {
	holder string
	token  uint64
	limit  int
	// solo leaves out what others want and is not yet in force: the vendor refused it together with the owner's.
	solo bool
	now  time.Time
}

// mark decides the list to be from the list as read, and notes in the record that values may be in the world from now
// on.
//
// desired = (read − entries of ours that are dropped and not yet in force) ∪ live holds. An entry that is in the list
// although no write of ours can have put it there is somebody else's, and stays when our hold of it goes.
func (r Record) mark(read []string, o markOptions) (Record, writing) {
	r = r.clone()
	r.forget(o.now)
	w := writing{revision: r.Wanted, solo: o.solo}
	r.Foreign = slices.DeleteFunc(r.Foreign, func(e string) bool { return !slices.Contains(read, e) })
	ours := r.ours()
	wanted := func(h Hold) bool {
		return h.Live() && (!o.solo || h.Revision <= r.InForce || h.Holder == o.holder)
	}
	live := map[string]bool{}
	for _, h := range r.Holds {
		if !wanted(h) {
			continue
		}
		for _, e := range lines(h.Value) {
			live[e] = true
			if !ours[e] && slices.Contains(read, e) && !slices.Contains(r.Foreign, e) {
				r.Foreign = append(r.Foreign, e)
			}
		}
	}
	for _, e := range read {
		if ours[e] && !live[e] && !slices.Contains(r.Foreign, e) {
			w.gone = append(w.gone, e)
			continue
		}
		w.entries = append(w.entries, e)
	}
	r.fit(&w, o.limit, wanted)
	r.Lease.Writing = true
	return r, w
}

// ours tells which entries may be in the list by our writing: those of live holds that were attempted, and of
// tombstones that are not yet in force.
func (r Record) ours() map[string]bool {
	ours := map[string]bool{}
	for _, h := range r.Holds {
		if h.Attempted && (h.Live() || h.Revision > r.InForce) {
			for _, e := range lines(h.Value) {
				ours[e] = true
			}
		}
	}
	return ours
}

// fit adds the wanted holds to the list, oldest first, as far as the limit allows; a hold that does not fit becomes an
// excess, and its holder is refused.
func (r *Record) fit(w *writing, limit int, wanted func(Hold) bool) {
	order := make([]int, 0, len(r.Holds))
	for i, h := range r.Holds {
		if wanted(h) && !h.Excess {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return int(int64(r.Holds[a].Revision) - int64(r.Holds[b].Revision))
	})
	in := map[string]bool{}
	for _, e := range w.entries {
		in[e] = true
	}
	for _, i := range order {
		var add []string
		for _, e := range lines(r.Holds[i].Value) {
			if !in[e] {
				add = append(add, e)
			}
		}
		if limit > 0 && len(add) > 0 && len(w.entries)+len(add) > limit {
			r.Holds[i].Excess = true
			continue
		}
		for _, e := range add {
			in[e] = true
		}
		r.Holds[i].Attempted = true
		w.entries = append(w.entries, add...)
		w.want = append(w.want, lines(r.Holds[i].Value)...)
	}
}

// written tells whether a list that was read back is as the writing says.
func (w writing) written(read []string) bool {
	has := make(map[string]bool, len(read))
	for _, e := range read {
		has[e] = true
	}
	missing := slices.ContainsFunc(w.want, func(e string) bool { return !has[e] })
	return !missing && !slices.ContainsFunc(w.gone, func(e string) bool { return has[e] })
}

// finish records that the writing is in force and gives the lease back. After a solo writing only the owner's holds
// are.
func (r Record) finish(w writing, o markOptions) Record {
	r = r.clone()
	if w.solo {
		for i := range r.Holds {
			if h := &r.Holds[i]; h.Holder == o.holder && h.Revision > r.InForce && h.Revision <= w.revision {
				h.Revision = r.InForce
			}
		}
	} else {
		r.InForce = max(r.InForce, w.revision)
	}
	r.Lease = &Lease{Token: r.Lease.Token}
	r.forgetForeign()
	r.forget(o.now)
	return r
}

// forgetForeign drops foreign entries that we hold no more: nothing of ours can remove them.
func (r *Record) forgetForeign() {
	held := map[string]bool{}
	for _, h := range r.Holds {
		if h.Live() || h.Revision > r.InForce {
			for _, e := range lines(h.Value) {
				held[e] = true
			}
		}
	}
	r.Foreign = slices.DeleteFunc(r.Foreign, func(e string) bool { return !held[e] })
}

// settled ends a write that has had its answer. Kept, the owner continues with it; else anybody may.
func (r Record) settled(kept bool) Record {
	r = r.clone()
	if kept {
		r.Lease.Writing = false
	} else {
		r.Lease = &Lease{Token: r.Lease.Token}
	}
	return r
}

// contested tells whether others than the holder want what is not yet in force: then a refused write may be their
// fault.
func (r Record) contested(holder string) bool {
	return slices.ContainsFunc(r.Holds, func(h Hold) bool {
		return h.Holder != holder && h.Live() && h.Revision > r.InForce
	})
}
