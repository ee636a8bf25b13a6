package memory

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/culvertnet/culvert/workers"
)

// Claims implements [workers.Claims] in memory. Records are kept as JSON, as every other store keeps them. Every process
// of a test uses the same value; safe for concurrent use.
type Claims struct {
	mu     sync.Mutex
	stored map[string]claim
}

type claim struct {
	version uint64
	json    []byte
}

var _ workers.Claims = (*Claims)(nil)

// NewClaims makes an empty store.
func NewClaims() *Claims { return &Claims{stored: map[string]claim{}} }

// Load implements [workers.Claims].
func (c *Claims) Load(ctx context.Context, resource string) (workers.Record, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return workers.Record{}, fmt.Errorf("load claims of %s: %w", resource, err)
	}
	return c.stored[resource].record()
}

func (c claim) record() (workers.Record, error) {
	r := workers.Record{Version: c.version}
	if c.version == 0 {
		return r, nil
	}
	if err := json.Unmarshal(c.json, &r); err != nil {
		return r, fmt.Errorf("decode claims: %w", err)
	}
	return r, nil
}

// Store implements [workers.Claims].
func (c *Claims) Store(ctx context.Context, resource string, r workers.Record) error {
	if len(r.Holds) > workers.MaxHolds {
		return fmt.Errorf("store claims of %s: %d holds, at most %d fit", resource, len(r.Holds), workers.MaxHolds)
	}
	body, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("store claims of %s: %w", resource, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("store claims of %s: %w", resource, err)
	}
	if is := c.stored[resource].version; is != r.Version {
		return fmt.Errorf("store claims of %s at version %d of %d: %w", resource, r.Version, is, workers.ErrClaimConflict)
	}
	c.stored[resource] = claim{version: r.Version + 1, json: body}
	return nil
}

// Find implements [workers.Claims]: in order of the resources' names.
func (c *Claims) Find(ctx context.Context, q workers.ClaimQuery) (workers.ClaimPage, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var page workers.ClaimPage
	if err := ctx.Err(); err != nil {
		return page, fmt.Errorf("find claims: %w", err)
	}
	limit := q.Limit
	if limit <= 0 {
		limit = 100
	}
	for _, name := range slices.Sorted(maps.Keys(c.stored)) {
		if name <= q.After && q.After != "" || !strings.HasPrefix(name, q.Prefix) {
			continue
		}
		r, err := c.stored[name].record()
		if err != nil {
			return page, fmt.Errorf("find claims: %s: %w", name, err)
		}
		if !holds(r, q) {
			continue
		}
		if len(page.Items) == limit {
			page.Next = page.Items[limit-1].Resource
			break
		}
		page.Items = append(page.Items, workers.Claimed{Resource: name, Record: r})
	}
	return page, nil
}

// holds tells whether the query's connection, if it names one, has a live hold.
func holds(r workers.Record, q workers.ClaimQuery) bool {
	if q.Connection.Name == "" && q.Connection.Tenant == "" {
		return true
	}
	return slices.ContainsFunc(r.Holds, func(h workers.Hold) bool {
		return !h.Dropped && strings.HasPrefix(h.Holder, q.Connection.String()+"/")
	})
}
