package workers

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/culvertnet/culvert/events"
)

// A ListPort reads and writes one shared list at a vendor. An entry is opaque and has no line break. WriteList replaces
// the whole list; revision is what the writing is for and may be sent as part of a request id. Both answer classified
// failures; a Wait of WriteList (an operation that goes on) keeps the lease.
type ListPort interface {
	ReadList(ctx context.Context) ([]string, error)
	WriteList(ctx context.Context, revision uint64, entries []string) error
}

// A List is a list that many share and that has no optimistic lock at its vendor. The record counts what is wanted;
// whoever gets its lease writes for everybody, and the others find themselves in force. Entries of others are kept.
type List struct {
	Claims   Claims
	Times    ClaimTimes
	Resource string
	Port     ListPort
	// Limit is the most entries the list takes; zero means that nobody knows of one.
	Limit int
}

// A Completer is a ListPort whose list must hold more than what is foreign or held: a spoke that announces a custom
// list must announce its own ranges too, new ones included. Complete gives the entries with what is missing, after a
// ReadList.
type Completer interface {
	Complete(ctx context.Context, entries []string) ([]string, error)
}

// passes is how often one run writes the list before it lets others go on.
const passes = 3

// Put makes the entry (or entries, a line each) the run's own in the list and answers nil once it is in force and read
// back. It answers a short Wait while another has the lease, and Refuse "full" when the list's limit leaves no room.
func (l List) Put(ctx context.Context, run Run, entry string) error {
	c := l.Times.claim(run, entry)
	r, err := change(ctx, l.Claims, l.Resource, func(r Record) (Record, error) { return r.putEntry(c) })
	if err != nil {
		return err
	}
	for range passes {
		i := r.find(c.holder, entry)
		if i < 0 || !r.Holds[i].Live() {
			return fenced()
		}
		if r.Holds[i].Excess {
			return Refuse(events.ReasonFull, "%s takes %d entries, and there is no room for %q", l.Resource, l.Limit,
				entry)
		}
		if r.InForce >= r.owes(c.holder) {
			there, err := l.reads(ctx, entry)
			if err != nil {
				return err
			}
			if there {
				return l.confirm(ctx, c)
			}
			if r, err = l.change(ctx, func(r Record) Record { return r.rewanted(c.holder, entry) }); err != nil {
				return err
			}
		}
		if r, err = l.pass(ctx, run); err != nil {
			return err
		}
	}
	return Wait(events.ReasonList, l.Times.poll())
}

// Drop takes the run's entries out of the list and answers nil once that is in force: an entry is gone unless another
// live hold has it or it was there before us.
func (l List) Drop(ctx context.Context, run Run) error {
	c := l.Times.claim(run, "")
	r, err := change(ctx, l.Claims, l.Resource, func(r Record) (Record, error) { return r.dropEntries(c) })
	if err != nil {
		return err
	}
	for range passes {
		if r.InForce >= r.owes(c.holder) {
			return l.confirm(ctx, c)
		}
		if r, err = l.pass(ctx, run); err != nil {
			return err
		}
	}
	return Wait(events.ReasonList, l.Times.poll())
}

// Held tells what the run's holder has in the list, in force or not.
func (l List) Held(ctx context.Context, run Run) (string, bool, error) {
	r, err := load(ctx, l.Claims, l.Resource)
	if err != nil {
		return "", false, err
	}
	h, ok := r.held(run.Holder().String())
	return h.Value, ok, nil
}

// A Standing is how a holder stands in the record of a list.
type Standing struct {
	// Value is what it holds, where Held.
	Value string
	Held  bool
	// Settled tells that all it has put or dropped is in force.
	Settled bool
}

// Standing tells how the run's holder stands. It changes nothing: it is for Look.
func (l List) Standing(ctx context.Context, run Run) (Standing, error) {
	r, err := load(ctx, l.Claims, l.Resource)
	if err != nil {
		return Standing{}, err
	}
	holder := run.Holder().String()
	h, held := r.held(holder)
	return Standing{Value: h.Value, Held: held, Settled: r.InForce >= r.owes(holder)}, nil
}

// Renew writes the list again although the run's entries are in force, because something else in it is to be completed.
func (l List) Renew(ctx context.Context, run Run) error {
	st, err := l.Standing(ctx, run)
	if err != nil || !st.Held {
		return err
	}
	_, err = l.change(ctx, func(r Record) Record { return r.rewanted(run.Holder().String(), st.Value) })
	if err != nil {
		return err
	}
	return l.Put(ctx, run, st.Value)
}

// KeepFound keeps in the record what the thing was like before our first write, and answers what is kept: this, or
// where something is kept already and replace is false, that.
func (l List) KeepFound(ctx context.Context, found string, replace bool) (string, error) {
	r, err := l.change(ctx, func(r Record) Record {
		if r.Found == nil || replace {
			r.Found = &found
		}
		return r
	})
	if err != nil {
		return "", err
	}
	return *r.Found, nil
}

// Found is what KeepFound has kept.
func (l List) Found(ctx context.Context) (found string, kept bool, err error) {
	r, err := load(ctx, l.Claims, l.Resource)
	if err != nil || r.Found == nil {
		return "", false, err
	}
	return *r.Found, true, nil
}

// confirm raises the fence of what the run has settled, so that no older epoch undoes it.
func (l List) confirm(ctx context.Context, c claim) error {
	_, err := l.change(ctx, func(r Record) Record { return r.raise(c) })
	return err
}

func (l List) change(ctx context.Context, rule func(Record) Record) (Record, error) {
	return change(ctx, l.Claims, l.Resource, func(r Record) (Record, error) { return rule(r), nil })
}

// reads tells whether the world has the entry.
func (l List) reads(ctx context.Context, entry string) (bool, error) {
	read, err := l.Port.ReadList(ctx)
	if err != nil {
		return false, err
	}
	return writing{want: lines(entry)}.written(read), nil
}

// pass takes the lease and brings the list to what is wanted now.
func (l List) pass(ctx context.Context, run Run) (Record, error) {
	holder := run.Holder().String()
	var free time.Time
	var got bool
	r, err := l.change(ctx, func(r Record) Record {
		if r, free, got = r.acquire(holder, run.Now, l.Times); got {
			r.Lease.Expires = later(r.Lease.Expires, run.at(ctx).Add(l.Times.Lease))
		}
		return r
	})
	if err != nil {
		return r, err
	}
	if !got {
		return r, classified(ctx, l.Resource, heldBy(events.ReasonListBusy, r.Lease.Holder,
			min(l.Times.poll(), max(free.Sub(run.Now), l.Times.poll()/4))))
	}
	o := markOptions{holder: holder, token: r.Lease.Token, limit: l.Limit, now: run.Now}
	r, err = l.write(ctx, o)
	var f *Failure
	if errors.As(err, &f) && f.Class == events.Refuse && r.owns(o.token) && r.contested(holder) {
		o.solo = true
		r, err = l.write(ctx, o)
	}
	if err == nil {
		return r, nil
	}
	return r, l.settle(ctx, o.token, err)
}

// at is the present time by the run's own clock: its deadline and the context's are one moment. A run may have waited
// for its turn for long, and a lease counts from when it is taken; whether another's has ended is judged by the run's
// beginning, which only errs on the late side.
func (r Run) at(ctx context.Context) time.Time {
	end, bounded := ctx.Deadline()
	if !bounded {
		return r.Now
	}
	return later(r.Now, r.Deadline.Add(-time.Until(end)))
}

// write is one read, write and read-back under the lease. The write ends well before the lease does.
func (l List) write(ctx context.Context, o markOptions) (Record, error) {
	ctx, stop := context.WithTimeout(ctx, l.Times.Lease/2)
	defer stop()
	read, err := l.Port.ReadList(ctx)
	if err != nil {
		return Record{}, unwritten{err}
	}
	var w writing
	r, err := change(ctx, l.Claims, l.Resource, func(r Record) (Record, error) {
		if !r.owns(o.token) {
			return r, Wait(events.ReasonListBusy, l.Times.poll())
		}
		r, w = r.mark(read, o)
		return r, nil
	})
	if err != nil {
		return r, unwritten{err}
	}
	if c, ok := l.Port.(Completer); ok {
		if w.entries, err = c.Complete(ctx, w.entries); err != nil {
			return r, unwritten{err}
		}
	}
	if !slices.Equal(read, w.entries) {
		if err := l.Port.WriteList(ctx, w.revision, w.entries); err != nil {
			return r, err
		}
		if read, err = l.Port.ReadList(ctx); err != nil {
			return r, unwritten{err}
		}
	}
	if !w.written(read) {
		return r, Wait("list-read-back", l.Times.poll())
	}
	return change(ctx, l.Claims, l.Resource, func(r Record) (Record, error) {
		if !r.owns(o.token) {
			return r, Wait(events.ReasonListBusy, l.Times.poll())
		}
		return r.finish(w, o), nil
	})
}

// unwritten is an error at a moment when no write of ours is without an answer.
type unwritten struct{ error }

// Unwrap gives the cause.
func (u unwritten) Unwrap() error { return u.error }

// settle says in the record what became of the lease: a Wait keeps it for its owner, an answer gives it back, and a
// write without an answer leaves it to expire, because it may still land.
func (l List) settle(ctx context.Context, token uint64, cause error) error {
	var f *Failure
	classed := errors.As(cause, &f)
	if !errors.As(cause, &unwritten{}) && (!classed || f.Class == events.Unsure) {
		return cause
	}
	kept := classed && f.Class == events.Wait
	_, err := l.change(ctx, func(r Record) Record {
		if !r.owns(token) {
			return r
		}
		return r.settled(kept)
	})
	if err != nil {
		return errors.Join(cause, err) // the cause is the first that errors.As finds
	}
	return cause
}
