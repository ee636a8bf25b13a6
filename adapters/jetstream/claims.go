package jetstream

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/nats-io/nats.go"
	js "github.com/nats-io/nats.go/jetstream"

	"github.com/culvertnet/culvert/workers"
)

// Claims implements [workers.Claims]: a stream that keeps the newest record of each resource's subject. A record's
// version is its sequence in the stream. Safe for concurrent use.
type Claims struct{ h *Backend }

var _ workers.Claims = (*Claims)(nil)

// Load implements [workers.Claims]. It reads from the stream's leader.
func (c *Claims) Load(ctx context.Context, resource string) (workers.Record, error) {
	m, err := leaderGet(ctx, c.h.nc, claimsStream, get{Last: claimSubject(resource)})
	if errors.Is(err, errNone) {
		return workers.Record{}, nil
	}
	if err != nil {
		return workers.Record{}, fmt.Errorf("load claims of %s: %w", resource, err)
	}
	return workers.DecodeRecord(resource, m.sequence, m.body)
}

// Store implements [workers.Claims].
func (c *Claims) Store(ctx context.Context, resource string, r workers.Record) error {
	body, err := workers.EncodeRecord(resource, r)
	if err != nil {
		return err
	}
	ctx, done, err := c.h.whileWritable(ctx)
	defer done()
	if err != nil {
		return fmt.Errorf("store claims of %s: %w", resource, err)
	}
	m := nats.NewMsg(claimSubject(resource))
	m.Header.Set(js.ExpectedLastSubjSeqHeader, strconv.FormatUint(r.Version, 10))
	m.Data = body
	if _, err := publish(ctx, c.h.nc, m); err != nil {
		if fateOf(err) == fateStale {
			err = fmt.Errorf("%w: %w", workers.ErrClaimConflict, err)
		} else if ctx.Err() != nil {
			err = fmt.Errorf("%w: %w", context.Cause(ctx), err)
		}
		return fmt.Errorf("store claims of %s at version %d: %w", resource, r.Version, err)
	}
	return nil
}

// claimsAtATime is how many records one answer of Find's walk holds at most.
const claimsAtATime = 256

// Find implements [workers.Claims]: it walks the whole stream, or the part of it below the whole segments of the
// prefix, and sorts by name. Any replica answers, each as far as it has come; the walk goes on until it has met the
// newest record that the leader had at its start.
func (c *Claims) Find(ctx context.Context, q workers.ClaimQuery) (workers.ClaimPage, error) {
	var page workers.ClaimPage
	found := map[string]workers.Record{}
	var bad error
	newest, err := leaderGet(ctx, c.h.nc, claimsStream, get{Last: claimsFilter(q.Prefix)})
	if errors.Is(err, errNone) {
		return page, nil
	}
	if err != nil {
		return page, fmt.Errorf("find claims: %w", err)
	}
	from := get{Next: claimsFilter(q.Prefix), Sequence: 1, Batch: claimsAtATime, to: newest.sequence}
	err = walkTo(ctx, c.h.nc, claimsStream, from, func(m stored) bool {
		resource, err := claimOf(m.subject)
		if err != nil {
			bad = err
			return false
		}
		if !q.Names(resource) {
			return true
		}
		r, err := workers.DecodeRecord(resource, m.sequence, m.body)
		if bad = err; bad != nil {
			return false
		}
		// A record that is stored again during the walk is met again, later in the stream.
		if delete(found, resource); q.Selects(r) {
			found[resource] = r
		}
		return true
	})
	if err := errors.Join(err, bad); err != nil {
		return page, fmt.Errorf("find claims: %w", err)
	}
	limit := q.Page()
	names := make([]string, 0, len(found))
	for n := range found {
		names = append(names, n)
	}
	slices.Sort(names)
	for _, n := range names {
		if len(page.Items) == limit {
			page.Next = page.Items[limit-1].Resource
			break
		}
		page.Items = append(page.Items, workers.Claimed{Resource: n, Record: found[n]})
	}
	return page, nil
}
