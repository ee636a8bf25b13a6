package networktest

import (
	"cmp"
	"context"
	"regexp"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/culvertnet/culvert/workers"
	"github.com/culvertnet/culvert/workers/network"
)

type endpoints struct{ w *World }

// Endpoints gives the port.
func (w *World) Endpoints() network.Endpoints { return endpoints{w} }

// bundleName is what a vendor takes as the name of an endpoint for Google APIs (compute: ForwardingRule.name).
var bundleName = regexp.MustCompile(`^[a-z][a-z0-9]{0,19}$`)

// Attachment places a service attachment with what it says to every endpoint: ACCEPTED, PENDING, REJECTED or CLOSED.
// Endpoints that are there get the new word.
func (w *World) Attachment(name, verdict string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.verdicts[name] = verdict
	for ref, e := range w.endpoints {
		if e.Target == name {
			e.Connection = verdict
			w.endpoints[ref] = e
		}
	}
}

// PutEndpoint places an endpoint as it is, whoever made it.
func (w *World) PutEndpoint(e network.Endpoint) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.endpoints[e.Ref] = e
}

// AllEndpoints lists the endpoints by name.
func (w *World) AllEndpoints() []network.Endpoint {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []network.Endpoint
	for _, e := range w.endpoints {
		all = append(all, e)
	}
	slices.SortFunc(all, func(a, b network.Endpoint) int { return compare(a.Ref, b.Ref) })
	return all
}

func compare(a, b network.Ref) int {
	return cmp.Or(cmp.Compare(a.Project, b.Project), cmp.Compare(a.Region, b.Region), cmp.Compare(a.Name, b.Name))
}

func (p endpoints) Get(ctx context.Context, ref network.Ref) (network.Endpoint, error) {
	if err := ctx.Err(); err != nil {
		return network.Endpoint{}, err
	}
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	e, ok := p.w.endpoints[ref]
	if !ok {
		return network.Endpoint{}, workers.ErrNotFound
	}
	return e, nil
}

// Create leaves an endpoint that is there already as it is.
func (p endpoints) Create(ctx context.Context, req uuid.UUID, e network.Endpoint) error {
	return p.w.Act(ctx, "forwardingRules.insert", e.Name, func() (func(), error) {
		p.w.requested("forwardingRules.insert", req)
		if _, ok := p.w.endpoints[e.Ref]; ok {
			return nil, nil
		}
		if e.Region == "" && !bundleName.MatchString(e.Name) {
			return nil, workers.Refuse("invalid", "name %q is not %s", e.Name, bundleName)
		}
		if !p.w.reserved(e) {
			return nil, workers.Refuse("invalid", "address %s is not reserved as %s", e.AddressIP, e.AddressName)
		}
		if strings.Contains(e.Target, "/") {
			verdict, ok := p.w.verdicts[e.Target]
			if !ok {
				return nil, workers.Refuse("not-found", "service attachment %s is not there", e.Target)
			}
			e.Connection = verdict
		}
		p.w.endpoints[e.Ref] = e
		return done, nil
	})
}

// reserved tells whether the endpoint's address is there.
func (w *World) reserved(e network.Endpoint) bool {
	for ref, a := range w.addresses {
		if AddressName(ref) == e.AddressName && a.IP == e.AddressIP {
			return true
		}
	}
	return false
}

func (p endpoints) Delete(ctx context.Context, _ uuid.UUID, ref network.Ref) error {
	return p.w.Act(ctx, "forwardingRules.delete", ref.Name, func() (func(), error) {
		if _, ok := p.w.endpoints[ref]; !ok {
			return nil, nil
		}
		return func() { delete(p.w.endpoints, ref) }, nil
	})
}
