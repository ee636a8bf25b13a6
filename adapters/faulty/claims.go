package faulty

import (
	"context"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
)

// Claims wraps a claim store for a process. Stores are points, named by the kind of the resource.
func (p *Process) Claims(c workers.Claims) workers.Claims { return claims{p, c} }

type claims struct {
	p *Process
	c workers.Claims
}

// Load implements [workers.Claims].
func (c claims) Load(ctx context.Context, resource string) (workers.Record, error) {
	if err := c.p.alive(); err != nil {
		return workers.Record{}, err
	}
	return c.c.Load(ctx, resource)
}

// Store implements [workers.Claims].
func (c claims) Store(ctx context.Context, resource string, r workers.Record) error {
	if workers.BackendsOwn(resource) { // bookkeeping by the clock, whose order with the rest is nobody's
		if err := c.p.alive(); err != nil {
			return err
		}
		return c.c.Store(ctx, resource, r)
	}
	return c.p.Call(
		ctx, "store claim "+string(workers.FamilyOf(resource)), func() error { return c.c.Store(ctx, resource, r) },
	)
}

// Find implements [workers.Claims].
func (c claims) Find(ctx context.Context, q workers.ClaimQuery) (workers.ClaimPage, error) {
	if err := c.p.alive(); err != nil {
		return workers.ClaimPage{}, err
	}
	return c.c.Find(ctx, q)
}

// Marks wraps the marks for a process.
func (p *Process) Marks(m workers.Marks) workers.Marks { return marks{p, m} }

type marks struct {
	p *Process
	m workers.Marks
}

// Take implements [workers.Marks].
func (m marks) Take(ctx context.Context, command, worker string) (first bool, err error) {
	err = m.p.Call(ctx, "mark "+events.StepOfCommand(command), func() error {
		var err error
		first, err = m.m.Take(ctx, command, worker)
		return err
	})
	return first, err
}
