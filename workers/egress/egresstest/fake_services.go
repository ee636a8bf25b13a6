package egresstest

import (
	"context"
	"reflect"
	"slices"

	"github.com/google/uuid"

	"github.com/culvertnet/culvert/workers"
	"github.com/culvertnet/culvert/workers/egress"
)

// Services is the world's egress.Services; its methods share names with Connectors', so it is a type of its own.
type Services struct{ World *World }

// Services gives the port.
func (w *World) Services() Services { return Services{World: w} }

// PutService places a service and its invokers as they are; an empty etag gets a new one.
func (w *World) PutService(s egress.Service, invokers ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if s.Etag == "" {
		s.Etag = w.nextEtag()
	}
	w.services[s.Ref] = &service{Service: s, invokers: invokers, policy: w.nextEtag()}
}

// Service reads a service and its invokers without the port.
func (w *World) Service(ref egress.ServiceRef) (egress.Service, []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.services[ref]
	return s.Service, sorted(s.invokers)
}

// RemoveService takes a service away, as its owner would.
func (w *World) RemoveService(ref egress.ServiceRef) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.services, ref)
}

// Get implements egress.Services.
func (p Services) Get(ctx context.Context, ref egress.ServiceRef) (egress.Service, error) {
	if err := ctx.Err(); err != nil {
		return egress.Service{}, err
	}
	p.World.mu.Lock()
	defer p.World.mu.Unlock()
	s, ok := p.World.services[ref]
	if !ok {
		return egress.Service{}, workers.ErrNotFound
	}
	got := s.Service
	got.Hostnames = slices.Clone(got.Hostnames)
	return got, nil
}

// Bind implements egress.Services.
func (p Services) Bind(ctx context.Context, _ uuid.UUID, ref egress.ServiceRef, to egress.Binding, etag string) error {
	return p.change(ctx, "services.bind", ref, etag, func(s *service) bool {
		same := reflect.DeepEqual(s.Binding, to)
		s.Binding = to
		return !same
	})
}

// SetIngress implements egress.Services.
func (p Services) SetIngress(ctx context.Context, _ uuid.UUID, ref egress.ServiceRef, ingress, etag string) error {
	return p.change(ctx, "services.ingress", ref, etag, func(s *service) bool {
		same := s.Ingress == ingress
		s.Ingress = ingress
		return !same
	})
}

// change writes a service on its etag and lets it reconcile.
func (p Services) change(
	ctx context.Context, call string, ref egress.ServiceRef, etag string, write func(*service) bool,
) error {
	w := p.World
	return w.Act(ctx, call, fullName(ref), func() (func(), error) {
		s, ok := w.services[ref]
		if !ok {
			return nil, workers.Refuse("invalid", "service %s is not there", fullName(ref))
		}
		if s.Etag != etag {
			return nil, stale(s.Etag, etag)
		}
		if !write(s) {
			return nil, nil
		}
		s.Etag, s.Reconciling = w.nextEtag(), true
		return func() { s.Reconciling = false }, nil
	})
}

// Invokers implements egress.Services.
func (p Services) Invokers(ctx context.Context, ref egress.ServiceRef) (members []string, etag string, err error) {
	if err := ctx.Err(); err != nil {
		return nil, "", err
	}
	p.World.mu.Lock()
	defer p.World.mu.Unlock()
	s, ok := p.World.services[ref]
	if !ok {
		return nil, "", workers.ErrNotFound
	}
	return slices.Clone(s.invokers), s.policy, nil
}

// SetInvokers implements egress.Services. A policy is in force at once.
func (p Services) SetInvokers(ctx context.Context, ref egress.ServiceRef, members []string, etag string) error {
	w := p.World
	return w.ActAtOnce(ctx, "services.setInvokers", fullName(ref), func() (func(), error) {
		s, ok := w.services[ref]
		if !ok {
			return nil, workers.Refuse("invalid", "service %s is not there", fullName(ref))
		}
		if s.policy != etag {
			return nil, stale(s.policy, etag)
		}
		if slices.Equal(sorted(s.invokers), sorted(members)) {
			return nil, nil
		}
		s.invokers, s.policy = slices.Clone(members), w.nextEtag()
		return func() {}, nil
	})
}
