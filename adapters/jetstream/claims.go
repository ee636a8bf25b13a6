package jetstream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/nats-io/nats.go"
	js "github.com/nats-io/nats.go/jetstream"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
)

// Claims implements [workers.Claims]: a stream that keeps the newest record of each resource's subject. A record's version
// is its sequence in the stream. Safe for concurrent use.
type Claims struct{ h *Home }

var _ workers.Claims = (*Claims)(nil)

// Load implements [workers.Claims]. It reads from the stream's leader.
func (c *Claims) Load(ctx context.Context, resource string) (workers.Record, error) {
	m, err := leaderGet(ctx, c.h.nc, claimsStream, get{Last: claimsSubject + tokens(resource)})
	if errors.Is(err, errNone) {
		return workers.Record{}, nil
	}
	if err != nil {
		return workers.Record{}, fmt.Errorf("load claims of %s: %w", resource, err)
	}
	return readClaim(m)
}

func readClaim(m stored) (workers.Record, error) {
	var r workers.Record
	if err := json.Unmarshal(m.body, &r); err != nil {
		return r, fmt.Errorf("decode claims %d of %s: %w", m.sequence, m.subject, err)
	}
	r.Version = m.sequence
	return r, nil
}

// Store implements [workers.Claims].
func (c *Claims) Store(ctx context.Context, resource string, r workers.Record) error {
	if len(r.Holds) > workers.MaxHolds {
		return fmt.Errorf("store claims of %s: %d holds, at most %d fit", resource, len(r.Holds), workers.MaxHolds)
	}
	ctx, done, err := c.h.whileWritable(ctx)
	defer done()
	if err != nil {
		return fmt.Errorf("store claims of %s: %w", resource, err)
	}
	body, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("store claims of %s: %w", resource, err)
	}
	m := nats.NewMsg(claimsSubject + tokens(resource))
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

// Find implements [workers.Claims]: it walks the whole stream, or the part of it below the whole segments of the prefix, and
// sorts by name. Any replica answers, each as far as it has come; the walk goes on until it has met the newest record that
// the leader had at its start.
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
		resource, err := name(strings.TrimPrefix(m.subject, claimsSubject))
		if err != nil {
			bad = err
			return false
		}
		if !strings.HasPrefix(resource, q.Prefix) || q.After != "" && resource <= q.After {
			return true
		}
		r, err := readClaim(m)
		if bad = err; bad != nil {
			return false
		}
		// A record that is stored again during the walk is met again, later in the stream.
		if delete(found, resource); holds(r, q.Connection) {
			found[resource] = r
		}
		return true
	})
	if err := errors.Join(err, bad); err != nil {
		return page, fmt.Errorf("find claims: %w", err)
	}
	limit := q.Limit
	if limit <= 0 {
		limit = 100
	}
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

// claimsFilter covers at least every resource with the prefix: its whole segments and what is below them.
func claimsFilter(prefix string) string {
	if cut := strings.LastIndexByte(prefix, '/'); cut >= 0 {
		return claimsSubject + tokens(prefix[:cut]) + ".>"
	}
	return claimsSubject + ">"
}

// holds tells whether the connection, if there is one, has a live hold.
func holds(r workers.Record, k events.Key) bool {
	if k == (events.Key{}) {
		return true
	}
	return slices.ContainsFunc(r.Holds, func(h workers.Hold) bool {
		return !h.Dropped && strings.HasPrefix(h.Holder, k.String()+"/")
	})
}
