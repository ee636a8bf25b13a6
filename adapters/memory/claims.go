package memory

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/culvertnet/culvert/workers"
)

// Claims implements [workers.Claims] in memory. Records are kept as JSON, as every other store keeps them. Every
// process of a test uses the same value; safe for concurrent use.
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
	return c.stored[resource].record(resource)
}

func (c claim) record(resource string) (workers.Record, error) {
	if c.version == 0 {
		return workers.Record{}, nil
	}
	return workers.DecodeRecord(resource, c.version, c.json)
}

// Store implements [workers.Claims].
func (c *Claims) Store(ctx context.Context, resource string, r workers.Record) error {
	body, err := workers.EncodeRecord(resource, r)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("store claims of %s: %w", resource, err)
	}
	if is := c.stored[resource].version; is != r.Version {
		return fmt.Errorf(
			"store claims of %s at version %d of %d: %w", resource, r.Version, is, workers.ErrClaimConflict,
		)
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
	limit := q.Page()
	for _, name := range slices.Sorted(maps.Keys(c.stored)) {
		if !q.Names(name) {
			continue
		}
		r, err := c.stored[name].record(name)
		if err != nil {
			return page, fmt.Errorf("find claims: %w", err)
		}
		if !q.Selects(r) {
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
