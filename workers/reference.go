package workers

import (
	"context"

	"github.com/culvertnet/culvert/events"
)

// A Reference is a name: what one connection has and others refer to: a policy called "backends" that many connections
// are filtered by. It is offered by one step of its owner and used by steps of others. Resource names its record, with
// the tenant in it: "name/policy/default/backends".
//
// While anybody uses a name, its owner cannot take it back: the check of a withdrawal asks Users and refuses with who
// they are, before anything has an effect; and should somebody have come after the check, Retire refuses. A name that
// is not offered cannot be used, so there is never a user without an owner.
//
// Both sides are called in Do and Undo like any claim, can be repeated, and are fenced by epochs.
type Reference struct {
	Claims   Claims
	Times    ClaimTimes
	Resource string
}

// Offer makes the run the owner of the name and says what it stands for (a tag, a rule set), which every user is told.
// It is refused ("name-taken") while another step owns the name.
func (r Reference) Offer(ctx context.Context, run Run, meaning string) error {
	want := r.Times.claim(run, offered)
	_, err := change(ctx, r.Claims, r.Resource, func(rec Record) (Record, error) { return rec.offer(want, meaning) })
	return err
}

// Retire takes the name back. It is refused ("in-use"), with the connections that use it, while there are any.
func (r Reference) Retire(ctx context.Context, run Run) error {
	want := r.Times.claim(run, offered)
	_, err := change(ctx, r.Claims, r.Resource, func(rec Record) (Record, error) { return rec.retire(want) })
	return err
}

// Use makes the run a user of the name and tells what it stands for. It is refused ("no-such-name") when nobody offers
// it.
func (r Reference) Use(ctx context.Context, run Run) (meaning string, err error) {
	want := r.Times.claim(run, used)
	rec, err := change(ctx, r.Claims, r.Resource, func(rec Record) (Record, error) { return rec.use(want) })
	return rec.Note[noteMeaning], err
}

// Release ends the run's use. It is no error when there is none.
func (r Reference) Release(ctx context.Context, run Run) error {
	want := r.Times.claim(run, used)
	_, err := change(ctx, r.Claims, r.Resource, func(rec Record) (Record, error) {
		rec = rec.clone()
		_, err := rec.drop(want)
		return rec, err
	})
	return err
}

// Users lists the connections that use the name, sorted. It changes nothing: it is for checks.
func (r Reference) Users(ctx context.Context) ([]events.Key, error) {
	rec, err := load(ctx, r.Claims, r.Resource)
	return rec.users(), err
}

// Offered reads what the name stands for, and whether the run's holder owns it. It is for Look.
func (r Reference) Offered(ctx context.Context, run Run) (meaning string, mine bool, err error) {
	return r.look(ctx, run, offered)
}

// Used reads what the name stands for, and whether the run's holder uses it. It is for Look.
func (r Reference) Used(ctx context.Context, run Run) (meaning string, mine bool, err error) {
	return r.look(ctx, run, used)
}

func (r Reference) look(ctx context.Context, run Run, value string) (string, bool, error) {
	rec, err := load(ctx, r.Claims, r.Resource)
	i := rec.find(run.Holder().String(), value)
	return rec.Note[noteMeaning], i >= 0 && rec.Holds[i].Live(), err
}
