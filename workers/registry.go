package workers

import (
	"fmt"
	"maps"
	"slices"

	"github.com/culvertnet/culvert/events"
)

// A Registry is the explicit list of all steps that a process can run. It does not change once made and is safe for
// concurrent use.
type Registry struct {
	byKind       map[string]Handler
	byCapability map[string][]Handler
}

// NewRegistry makes a registry. Two handlers of one kind, and a kind that events.ParseStepKind refuses, are errors:
// the program must not start with them.
func NewRegistry(handlers ...Handler) (*Registry, error) {
	r := &Registry{byKind: map[string]Handler{}, byCapability: map[string][]Handler{}}
	for _, h := range handlers {
		kind := h.Kind()
		parsed, err := events.ParseStepKind(kind)
		if err != nil {
			return nil, fmt.Errorf("register step: %w", err)
		}
		if _, twice := r.byKind[kind]; twice {
			return nil, fmt.Errorf("register step %q: registered twice", kind)
		}
		r.byKind[kind] = h
		r.byCapability[parsed.Capability] = append(r.byCapability[parsed.Capability], h)
	}
	return r, nil
}

// Lookup gives the handler of a kind.
func (r *Registry) Lookup(kind string) (Handler, bool) {
	h, ok := r.byKind[kind]
	return h, ok
}

// Capability gives the handlers of a capability in order of registration.
func (r *Registry) Capability(name string) []Handler { return slices.Clone(r.byCapability[name]) }

// Capabilities lists the capabilities that have a step, sorted.
func (r *Registry) Capabilities() []string { return slices.Sorted(maps.Keys(r.byCapability)) }
