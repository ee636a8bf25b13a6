package workers

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/cenkalti/backoff/v4"

	"github.com/culvertnet/culvert/events"
)

// The most times one change of a record is tried against others' changes, and the pauses in between. 200 at once on one
// record all get through: each round lets one in, and the pauses spread the rest.
const (
	changeTries    = 400
	changePause    = 2 * time.Millisecond
	changePauseMax = 100 * time.Millisecond
)

// change applies a pure rule to a record by compare-and-set. A rule may run several times; an unchanged record is not
// stored. A failed store may have been stored: the rule then runs again on what is there, so rules are idempotent.
func change(ctx context.Context, claims Claims, resource string, rule func(Record) (Record, error)) (Record, error) {
	pause := backoff.NewExponentialBackOff(
		backoff.WithInitialInterval(changePause), backoff.WithMaxInterval(changePauseMax),
		backoff.WithMaxElapsedTime(0))
	forget := MemoOf(ctx).Forget
	if FamilyOf(resource) == FamilyNumbers { // they are chosen by what was read before, and nobody waits for them
		forget = func() {}
	}
	var changed Record
	try := func() error {
		before, err := claims.Load(ctx, resource)
		if err != nil {
			return backoff.Permanent(err)
		}
		forget()
		after, err := rule(before)
		if err != nil {
			changed = before
			return backoff.Permanent(err)
		}
		changed = after
		if reflect.DeepEqual(before, after) {
			return nil
		}
		defer forget()
		if err := claims.Store(ctx, resource, after); errors.Is(err, ErrClaimConflict) {
			return err
		} else if err != nil {
			return backoff.Permanent(err)
		}
		return nil
	}
	err := backoff.Retry(try, backoff.WithContext(backoff.WithMaxRetries(pause, changeTries), ctx))
	return changed, classified(ctx, resource, err)
}

// storePause is how long a verb rests whose claims cannot be read or written.
const storePause = time.Second

// classified makes an error of the claim store a Wait: no rule leaves anything behind that a repeat would not find, and
// a store of ours that is away says nothing about the vendor, so it must not use up the step's tries.
func classified(ctx context.Context, resource string, err error) error {
	var f *Failure
	switch {
	case err == nil:
		return nil
	// who holds it is known; what it is, is known here
	case errors.As(err, &f) && f.Class == events.Wait && f.Err != nil:
		return fmt.Errorf("%s: %w", resource, err)
	case f != nil:
		return err
	case errors.Is(err, ErrClaimConflict):
		return Retry("contended", 0, err)
	case ctx.Err() != nil: // the verb's own time, not the store's
		return err
	default:
		return &Failure{Class: events.Wait, Reason: "claims", After: storePause,
			Err: fmt.Errorf("change claims of %s: %w", resource, err)}
	}
}

func load(ctx context.Context, claims Claims, resource string) (Record, error) {
	r, err := claims.Load(ctx, resource)
	MemoOf(ctx).Forget()
	return r, classified(ctx, resource, err)
}
