package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/jackc/pgx/v5"

	"github.com/culvertnet/culvert/events"
)

// DeadLetters implements [events.DeadLetters].
type DeadLetters struct{ h *Backend }

// Keep adds a letter, synced on return. Origin names the rejected message: a letter of the same origin is kept once.
func (d *DeadLetters) Keep(ctx context.Context, origin string, l events.DeadLetter) error {
	header, err := json.Marshal(l.Header)
	if err != nil {
		return fmt.Errorf("keep dead letter: %w", err)
	}
	body := l.Body
	if body == nil {
		body = []byte{}
	}
	// A text of PostgreSQL has no NUL, so the reason travels as JSON, which escapes it.
	reason, err := json.Marshal(l.Reason)
	if err != nil {
		return fmt.Errorf("keep dead letter: %w", err)
	}
	_, err = d.h.pool.Exec(ctx, `INSERT INTO dead_letters (origin, subject, reason, at, header, body) VALUES ($1, $2, $3, clock_timestamp(), $4, $5)
		ON CONFLICT (origin) DO NOTHING`, origin, l.Subject, string(reason), string(header), body)
	if err != nil {
		return fmt.Errorf("keep dead letter: %w", err)
	}
	return nil
}

const letterColumns = `SELECT id, subject, reason, at, header, body FROM dead_letters `

func scanLetter(row pgx.CollectableRow) (events.DeadLetter, error) {
	var l events.DeadLetter
	var id int64
	var reason, header string
	if err := row.Scan(&id, &l.Subject, &reason, &l.At, &header, &l.Body); err != nil {
		return l, err
	}
	l.ID, l.At = letterID(id), l.At.UTC()
	return l, errors.Join(json.Unmarshal([]byte(reason), &l.Reason), json.Unmarshal([]byte(header), &l.Header))
}

// letterID sorts as its number does.
func letterID(n int64) string { return fmt.Sprintf("%020d", n) }

// number is the inverse; what is no id of ours is nobody's.
func number(id string) (int64, error) {
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil || letterID(n) != id {
		return 0, events.ErrNoDeadLetter
	}
	return n, nil
}

// List implements [events.DeadLetters].
func (d *DeadLetters) List(ctx context.Context, after string, limit int) ([]events.DeadLetter, error) {
	var from int64
	if after != "" {
		var err error
		if from, err = number(after); err != nil {
			return nil, fmt.Errorf("list dead letters after %q: %w", after, err)
		}
	}
	rows, err := d.h.pool.Query(ctx, letterColumns+`WHERE id > $1 ORDER BY id LIMIT $2`, from, limit)
	if err != nil {
		return nil, fmt.Errorf("list dead letters: %w", err)
	}
	list, err := pgx.CollectRows(rows, scanLetter)
	if err != nil {
		return nil, fmt.Errorf("list dead letters: %w", err)
	}
	return list, nil
}

// Get implements [events.DeadLetters].
func (d *DeadLetters) Get(ctx context.Context, id string) (events.DeadLetter, error) {
	n, err := number(id)
	if err != nil {
		return events.DeadLetter{}, fmt.Errorf("get dead letter %q: %w", id, errors.Join(ctx.Err(), err))
	}
	rows, err := d.h.pool.Query(ctx, letterColumns+`WHERE id = $1`, n)
	if err != nil {
		return events.DeadLetter{}, fmt.Errorf("get dead letter %q: %w", id, err)
	}
	l, err := pgx.CollectExactlyOneRow(rows, scanLetter)
	if errors.Is(err, pgx.ErrNoRows) {
		err = events.ErrNoDeadLetter
	}
	if err != nil {
		return events.DeadLetter{}, fmt.Errorf("get dead letter %q: %w", id, err)
	}
	return l, nil
}

// Remove implements [events.DeadLetters].
func (d *DeadLetters) Remove(ctx context.Context, id string) error {
	n, err := number(id)
	if err == nil {
		var done interface{ RowsAffected() int64 }
		if done, err = d.h.pool.Exec(ctx, `DELETE FROM dead_letters WHERE id = $1`, n); err == nil &&
			done.RowsAffected() == 0 {
			err = events.ErrNoDeadLetter
		}
	}
	if err != nil {
		return fmt.Errorf("remove dead letter %q: %w", id, err)
	}
	return nil
}
