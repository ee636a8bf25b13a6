package routingtest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/culvertnet/culvert/workers/routing"
	"github.com/culvertnet/culvert/workers/steptest"
)

// A World is a small set of announcing targets and route tables in memory. Announcements and Routes give the ports,
// which pass the suites. Safe for concurrent use.
//
// Calls that can be set to fail are "check", "read", "write", "sight", "route.get", "route.create", "route.delete" and
// "route.default".
type World struct {
	*steptest.Fake
	mu      sync.Mutex
	targets map[string]*target
	routes  map[string]routing.Route
	writes  int
}

// target is one list with who hears of it.
type target struct {
	routing.Announced
	peers []string
	// deaf peers learn nothing.
	deaf map[string]bool
	// down are peers without a session.
	down    []routing.Absence
	known   []string
	limit   int
	refused string
	// stranded clients have no way back.
	stranded []string
}

// NewWorld makes an empty world.
func NewWorld() *World {
	w := &World{
		targets: map[string]*target{}, routes: map[string]routing.Route{},
	}
	w.Fake = steptest.NewFake(&w.mu)
	return w
}

// PutTarget adds a target with its list, the most entries it takes (0: any number) and its peers.
func (w *World) PutTarget(t routing.Target, a routing.Announced, limit int, peers ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if a.Owners == nil {
		a.Owners = map[string]string{}
	}
	w.targets[t.ID()] = &target{Announced: a, peers: peers, deaf: map[string]bool{}, limit: limit}
}

// RefuseTarget adds a target that cannot carry an announcement.
func (w *World) RefuseTarget(t routing.Target, why string) {
	w.PutTarget(t, routing.Announced{}, 0)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.targets[t.ID()].refused = why
}

// Deafen makes a peer learn nothing, or learn again.
func (w *World) Deafen(t routing.Target, peer string, deaf bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.targets[t.ID()].deaf[peer] = deaf
}

// Down makes a peer deaf, and tells why.
func (w *World) Down(t routing.Target, a routing.Absence) {
	w.Deafen(t, a.Peer, true)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.targets[t.ID()].down = append(w.targets[t.ID()].down, a)
}

// Strand makes the target's network have no route back to these prefixes.
func (w *World) Strand(t routing.Target, prefixes ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.targets[t.ID()].stranded = prefixes
}

// Change lets somebody else change a list.
func (w *World) Change(t routing.Target, by func(*routing.Announced)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	by(&w.targets[t.ID()].Announced)
}

// PutRoute adds a route of somebody else.
func (w *World) PutRoute(r routing.Route) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.routes[r.Project+"/"+r.Name] = r
}

// DropTarget removes a target with all it announces.
func (w *World) DropTarget(t routing.Target) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.targets, t.ID())
}

// Writes counts lists that were written.
func (w *World) Writes() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.writes
}

// State is all that is in the world, in one text: two equal texts are two equal worlds.
func (w *World) State() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var b strings.Builder
	for _, id := range slices.Sorted(maps.Keys(w.targets)) {
		t := w.targets[id]
		fmt.Fprintf(&b, "%s custom=%v %v\n", id, t.Custom, slices.Sorted(slices.Values(t.Entries)))
	}
	for _, id := range slices.Sorted(maps.Keys(w.routes)) {
		fmt.Fprintf(&b, "%s %+v\n", id, w.routes[id])
	}
	return b.String()
}
