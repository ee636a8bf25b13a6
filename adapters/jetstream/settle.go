package jetstream

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/events/pause"
	"github.com/culvertnet/culvert/saga"
)

const (
	// settleFor bounds how long an append is tried when the server does not answer: longer than an election (4 to 9 s).
	settleFor = 30 * time.Second
	// settleEvery is the rest between two tries.
	settleEvery = 20 * time.Millisecond
)

// settle is the one rule for an append whose fate is open: after a stale expectation (10071, 10164), a timeout, no
// responders, an answer that cannot be read, or when the index does not know the version it builds on. Read the
// connection's newest record from the leader, then:
//
//   - a record is at After+1: it is this append (same id, landed) or another's (conflict);
//   - the connection is shorter than After: conflict;
//   - the connection is at After: publish. If an earlier copy is still on its way, the fence lets at most one of the
//     two in.
//
// It is repeated until it is settled, ctx ends or settleFor has passed; only then is the answer ErrUnknown.
func (j *Journal) settle(ctx context.Context, t *try, cause error) {
	within, cancel := context.WithTimeout(ctx, settleFor)
	defer cancel()
	for {
		if cause != nil {
			switch fateOf(cause) {
			case fateFull:
				t.fail(fmt.Errorf("%w: %w", saga.ErrFull, cause))
				return
			case fateRefused:
				t.fail(cause)
				return
			case fateStale, fateUnknown:
			}
		}
		settled, err := j.resolve(within, t)
		if settled {
			return
		}
		cause = err
		if ended := pause.For(within, settleEvery); ended != nil {
			if ctx.Err() != nil { // by the caller, or because the server cannot write
				ended = context.Cause(ctx)
			}
			t.fail(fmt.Errorf("%w: %w after %w", saga.ErrUnknown, ended, cause))
			return
		}
	}
}

// resolve is one round of settle.
func (j *Journal) resolve(ctx context.Context, t *try) (settled bool, err error) {
	newest, _, err := j.newest(ctx, t.Key)
	if err != nil && !errors.Is(err, errNone) {
		return false, err
	}
	switch {
	case newest.version > t.After:
		id, err := j.idAt(ctx, t.Key, newest, t.After+1)
		if err != nil {
			return false, err
		}
		if id == t.ID {
			*t.result = saga.Result{Version: t.After + 1}
		} else {
			t.fail(fmt.Errorf("%w: version is %d", saga.ErrConflict, newest.version))
		}
		return true, nil
	case newest.version < t.After:
		t.fail(fmt.Errorf("%w: version is %d", saga.ErrConflict, newest.version))
		return true, nil
	}
	if !t.prepare(newest) {
		return true, nil
	}
	a, err := publish(ctx, j.h.nc, t.message)
	if err != nil {
		return false, err
	}
	j.land(t, a.Sequence)
	return true, nil
}

// idAt gives the id of a connection's record at a version up to the newest; "" when it is archived.
func (j *Journal) idAt(ctx context.Context, k events.Key, newest head, version uint64) (string, error) {
	if newest.version == version {
		return newest.id, nil
	}
	from := get{Next: events.JournalSubject(k), Sequence: 1, Batch: saga.SnapshotEvery}
	if version >= newest.snapshot.version {
		from.Sequence = max(1, newest.snapshot.sequence)
	}
	var id string
	var bad error
	err := walk(ctx, j.h.nc, events.Journal.Name, from, func(m stored) bool {
		_, h, err := readHead(m)
		if bad = err; bad != nil {
			return false
		}
		if h.version == version {
			id = h.id
		}
		return h.version < version
	})
	return id, errors.Join(err, bad)
}
