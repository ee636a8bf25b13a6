package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/cenkalti/backoff/v4"
	"github.com/jackc/pgx/v5"

	"github.com/culvertnet/culvert/saga"
)

// settleFor is how long one Append offers the same again while its answer is unknown or the server is away.
const settleFor = 5 * time.Second

// Append implements [saga.Journal] as one statement, which is one transaction and one sync.
func (j *Journal) Append(ctx context.Context, appends []saga.Append) []saga.Result {
	out := make([]saga.Result, len(appends))
	b := batch{}
	for i, a := range appends {
		if err := b.add(i, a); err != nil {
			out[i].Err = fmt.Errorf("append to %s after %d: %w", a.Key, a.After, err)
		}
	}
	if len(b.keys) == 0 {
		return out
	}
	words, err := j.land(ctx, b)
	for n, i := range b.index {
		a := appends[i]
		if err == nil {
			if out[i].Err = verdicts[words[n]]; out[i].Err == nil {
				out[i].Version = a.After + 1
				j.h.room.grow(len(a.Facts) + len(a.Snapshot))
				continue
			}
		} else {
			out[i].Err = err
		}
		out[i].Err = fmt.Errorf("append to %s after %d: %w", a.Key, a.After, out[i].Err)
	}
	return out
}

// verdicts are what culvert_append answers.
var verdicts = map[string]error{
	"landed":     nil,
	"conflict":   saga.ErrConflict,
	"full":       saga.ErrFull,
	"nosnapshot": fmt.Errorf("no snapshot after %d records without one", saga.SnapshotEvery),
}

// land is the one place that deals with an answer that did not come: offering the same again settles it, because an
// append that has landed answers a repeat of its id as landed, and a late first one is refused by its expected version.
// Only when that cannot be done for long enough is the outcome unknown.
func (j *Journal) land(ctx context.Context, b batch) (words []string, err error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("%w: %w", saga.ErrUnknown, err)
	}
	admitting, err := j.h.room.admits(ctx, j.h)
	if err != nil {
		return nil, err
	}
	pause := backoff.NewExponentialBackOff(
		backoff.WithInitialInterval(20*time.Millisecond), backoff.WithMaxInterval(time.Second),
		backoff.WithMaxElapsedTime(settleFor))
	err = backoff.Retry(func() error {
		var err error
		if words, err = j.offer(ctx, b, admitting); err == nil {
			return nil
		}
		switch told, answered := answer(err); {
		case answered && told.full():
			return backoff.Permanent(fmt.Errorf("%w: %w", saga.ErrFull, err))
		case answered && !told.passing():
			return backoff.Permanent(err)
		}
		return err
	}, backoff.WithContext(pause, ctx))
	if _, answered := answer(err); err != nil && !answered {
		err = fmt.Errorf("%w: %w", saga.ErrUnknown, err)
	}
	return words, err
}

// offer makes one try.
func (j *Journal) offer(ctx context.Context, b batch, admitting bool) ([]string, error) {
	rows, err := j.h.pool.Query(ctx, `SELECT * FROM culvert_append($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		b.keys, b.names, b.afters, b.ids, b.kinds, b.statuses, b.summaries, b.facts, b.snapshots, b.admits, admitting,
		saga.SnapshotEvery)
	if err != nil {
		return nil, err
	}
	words, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err == nil && len(words) != len(b.keys) {
		err = errors.New("the server answered another number of appends than it was offered")
	}
	return words, err
}

// batch is many appends by column, as culvert_append takes them; index leads back to each.
type batch struct {
	index                                        []int
	keys, names, ids, kinds, statuses, summaries []string
	afters                                       []int64
	facts, snapshots                             [][]byte
	admits                                       []bool
}

func (b *batch) add(i int, a saga.Append) error {
	if err := a.Key.Validate(); err != nil {
		return err
	}
	if len(a.Facts) > saga.MaxFacts {
		return fmt.Errorf("facts are %d bytes, at most %d fit", len(a.Facts), saga.MaxFacts)
	}
	summary, err := json.Marshal(a.Summary)
	if err != nil {
		return fmt.Errorf("encode summary: %w", err)
	}
	facts := a.Facts
	if facts == nil {
		facts = []byte{}
	}
	b.index = append(b.index, i)
	b.keys, b.names, b.afters, b.ids = append(b.keys, a.Key.String()), append(b.names, a.Key.Name),
		append(b.afters, int64(a.After)), append(b.ids, a.ID)
	b.kinds, b.statuses = append(b.kinds, a.Summary.Kind), append(b.statuses, string(a.Summary.Status))
	b.summaries, b.facts, b.snapshots = append(b.summaries, string(summary)), append(b.facts, facts),
		append(b.snapshots, a.Snapshot)
	b.admits = append(b.admits, a.Admits)
	return nil
}
