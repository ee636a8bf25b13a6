package workers

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// A Registry is the explicit list of all steps that a process can run. It does not change once made and is safe for
// concurrent use.
type Registry struct {
	byKind       map[string]Handler
	byCapability map[string][]Handler
}

var kindForm = regexp.MustCompile(`^[a-z]+\.[a-z][a-z-]*$`)

// NewRegistry makes a registry. Two handlers of one kind, and a kind that is not "<capability>.<noun-verb>", are errors:
// the program must not start with them.
func NewRegistry(handlers ...Handler) (*Registry, error) {
	r := &Registry{byKind: map[string]Handler{}, byCapability: map[string][]Handler{}}
	for _, h := range handlers {
		kind := h.Kind()
		if !kindForm.MatchString(kind) {
			return nil, fmt.Errorf("register step %q: the kind must be <capability>.<noun-verb>", kind)
		}
		if _, twice := r.byKind[kind]; twice {
			return nil, fmt.Errorf("register step %q: registered twice", kind)
		}
		capability, _, _ := strings.Cut(kind, ".")
		r.byKind[kind] = h
		r.byCapability[capability] = append(r.byCapability[capability], h)
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

// Kinds lists the kinds of all steps, sorted.
func (r *Registry) Kinds() []string { return slices.Sorted(maps.Keys(r.byKind)) }
