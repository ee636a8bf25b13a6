package workers

import (
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/culvertnet/culvert/events"
)

// ClaimTimes are the clocks of claims, as real durations (already scaled where the world is).
type ClaimTimes struct {
	// Quiet is how long after its deadline a vendor call may still take effect; Skew bounds the difference of two
	// clocks.
	Quiet, Skew time.Duration
	// Lease is how long the right to write a shared thing lasts.
	Lease time.Duration
	// Linger is how long a counted thing stays after its last holder has asked to leave.
	Linger time.Duration
}

// poll is how soon to come back to a thing that another holder is about to finish.
func (t ClaimTimes) poll() time.Duration { return max(t.Lease/8, 20*time.Millisecond) }

// free is when a lease or a leaving that ends at a time may pass to somebody else.
func (t ClaimTimes) free(end time.Time) time.Time { return end.Add(t.Quiet + t.Skew) }

// errFenced is the cause of a run that came too late: a newer epoch of the same holder has been here.
var errFenced = errors.New("a newer epoch of the same step has been here")

func fenced() error { return Retry(events.ReasonFenced, 0, errFenced) }

// A claim is what one run asks of a record, as the pure rules see it.
type claim struct {
	holder string
	value  string
	// epoch fences; zero where a consumer is shared by runs whose epochs cannot be compared (the counted record that
	// they share fences them).
	epoch uint64
	// now is when the run began, until when its late calls can no longer come.
	now, until time.Time
	// asked is when the run's verb was first asked for; what was put since then was put by an earlier run of the same
	// verb.
	asked time.Time
}

func (t ClaimTimes) claim(run Run, value string) claim {
	return claim{
		holder: run.Holder().String(), value: value, epoch: run.Epoch, now: run.Now, until: t.free(run.Deadline),
		asked: run.Since,
	}
}

// Live tells whether the hold counts: not dropped, not leaving.
func (h Hold) Live() bool { return !h.Dropped && !h.Leaving }

// clone copies what the rules change in place, so that the record of the caller stays as it was.
func (r Record) clone() Record {
	r.Holds = slices.Clone(r.Holds)
	r.Foreign = slices.Clone(r.Foreign)
	if r.Lease != nil {
		lease := *r.Lease
		r.Lease = &lease
	}
	r.Note = maps.Clone(r.Note)
	return r
}

// find gives the place of the holder's hold of a value, or -1.
func (r Record) find(holder, value string) int {
	return slices.IndexFunc(r.Holds, func(h Hold) bool { return h.Holder == holder && h.Value == value })
}

// held gives the holder's live hold, whatever its value.
func (r Record) held(holder string) (Hold, bool) {
	for _, h := range r.Holds {
		if h.Holder == holder && h.Live() {
			return h, true
		}
	}
	return Hold{}, false
}

// others counts holds of a value by others than the holder for which the test is true.
func (r Record) others(holder, value string, is func(Hold) bool) int {
	n := 0
	for _, h := range r.Holds {
		if h.Holder != holder && h.Value == value && is(h) {
			n++
		}
	}
	return n
}

// outdated tells whether a newer epoch of the holder has been here.
func (r Record) outdated(c claim) bool {
	return slices.ContainsFunc(r.Holds, func(h Hold) bool { return h.Holder == c.holder && h.Epoch > c.epoch })
}

// forget drops tombstones that are in force and that no late call can need any more.
func (r *Record) forget(now time.Time) {
	r.Holds = slices.DeleteFunc(r.Holds, func(h Hold) bool {
		return h.Dropped && h.Revision <= r.InForce && now.After(h.Until)
	})
}

// put makes the claim's hold live and gives its place. A repeat on a live hold only raises its epoch; an older epoch
// changes nothing: it is refused when a newer one has dropped the hold, and is of no effect when the hold is live.
func (r *Record) put(c claim) (int, error) {
	r.forget(c.now)
	i := r.find(c.holder, c.value)
	if i < 0 {
		if r.outdated(c) {
			return -1, fenced()
		}
		if len(r.Holds) >= MaxHolds {
			return -1, Refuse(events.ReasonFull, "the claim record has %d holds, and %d is the most it takes",
				len(r.Holds), MaxHolds)
		}
		r.Holds = append(r.Holds, Hold{Holder: c.holder, Value: c.value, Epoch: c.epoch, Since: c.now})
		return len(r.Holds) - 1, nil
	}
	h := &r.Holds[i]
	if h.Live() {
		h.Epoch = max(h.Epoch, c.epoch)
		return i, nil
	}
	if c.epoch < h.Epoch {
		return -1, fenced()
	}
	*h = Hold{Holder: c.holder, Value: c.value, Epoch: c.epoch, Since: c.now,
		Attempted: h.Attempted && h.Revision > r.InForce}
	return i, nil
}

// drop makes the claim's hold a tombstone, even one that never was: a late put of an older epoch then finds it.
func (r *Record) drop(c claim) (int, error) {
	r.forget(c.now)
	i := r.find(c.holder, c.value)
	if i < 0 {
		if len(r.Holds) >= MaxHolds {
			return -1, nil // nothing is held and there is no room to say so
		}
		r.Holds = append(r.Holds, Hold{Holder: c.holder, Value: c.value, Since: c.now})
		i = len(r.Holds) - 1
	}
	h := &r.Holds[i]
	if c.epoch < h.Epoch {
		return -1, fenced()
	}
	h.Epoch, h.Dropped, h.Leaving = c.epoch, true, false
	if c.until.After(h.Until) || h.Until.IsZero() {
		h.Until = c.until
	}
	return i, nil
}

// raise lifts the fence of all that the holder has to the claim's epoch.
func (r Record) raise(c claim) Record {
	r = r.clone()
	for i := range r.Holds {
		if h := &r.Holds[i]; h.Holder == c.holder && h.Epoch < c.epoch {
			h.Epoch = c.epoch
			if h.Dropped && c.until.After(h.Until) {
				h.Until = c.until
			}
		}
	}
	return r
}

// Break takes everything from a holder at an operator's word, and tells whether there was anything. Entries of a shared
// list leave the world with the list's next write, by whoever makes it; a lease of the holder passes on at once. It is
// for holders whose connection is gone: a holder that lives puts its holds again.
func Break(r Record, holder string) (Record, bool) {
	r = r.clone()
	broken := false
	for i := range r.Holds {
		h := &r.Holds[i]
		if h.Holder != holder || h.Dropped {
			continue
		}
		broken = true
		h.Dropped, h.Leaving, h.Excess = true, false, false
		if h.Attempted {
			r.Wanted++
			h.Revision = r.Wanted
		}
	}
	if r.Lease != nil && r.Lease.Holder == holder {
		r.Lease, broken = &Lease{Token: r.Lease.Token}, true
	}
	return r, broken
}

// HeldBy tells whether the record has a hold of the connection that is not dropped. It is what a ClaimQuery's
// Connection selects by.
func (r Record) HeldBy(k events.Key) bool {
	return slices.ContainsFunc(r.Holds, func(h Hold) bool { return !h.Dropped && h.Of(k) })
}

// Connections are those with a hold that is not dropped, each once.
func (r Record) Connections() []string {
	all := []string{}
	for _, h := range r.Holds {
		if of := h.Connection(); !h.Dropped && !slices.Contains(all, of) {
			all = append(all, of)
		}
	}
	return all
}

// With are the other connections than the given one that have a live hold of the value, each once.
func (r Record) With(k events.Key, value string) []string {
	var others []string
	for _, h := range r.Holds {
		if of := h.Connection(); h.Value == value && h.Live() && !h.Of(k) && !slices.Contains(others, of) {
			others = append(others, of)
		}
	}
	return others
}

// Values are the values of live holds, each once, in the order in which they were put.
func (r Record) Values() []string {
	var values []string
	for _, h := range r.Holds {
		if h.Live() && !slices.Contains(values, h.Value) {
			values = append(values, h.Value)
		}
	}
	return values
}

// Abandoned tells of a part of a counted thing that may still be in the world although nobody holds it: its last holder
// was expedited. The next last holder takes it away.
func (r Record) Abandoned(part string) bool {
	held := slices.ContainsFunc(r.Holds, func(h Hold) bool { return h.Value == part && !h.Dropped })
	return !held && r.Note[partNote+part] != ""
}
