package egresstest

import (
	"fmt"
	"sync"

	"github.com/culvertnet/culvert/workers"
	"github.com/culvertnet/culvert/workers/egress"
	"github.com/culvertnet/culvert/workers/steptest"
)

// A World is a small cloud in memory: connectors, services and their operations. It implements every port of egress and
// passes the suite. Safe for concurrent use.
//
// Calls that can be set to fail are "connectors.create", ".patch" and ".delete", "services.bind", ".ingress" and
// ".setInvokers".
type World struct {
	*steptest.Fake
	mu         sync.Mutex
	connectors map[string]egress.Connector
	services   map[egress.ServiceRef]*service
	etags      int
}

// service is a service with what the port tells apart.
type service struct {
	egress.Service
	invokers []string
	policy   string
}

var (
	_ egress.Connectors  = (*World)(nil)
	_ workers.Operations = (*World)(nil)
	_ egress.Services    = Services{}
)

// NewWorld makes an empty world.
func NewWorld() *World {
	w := &World{connectors: map[string]egress.Connector{}, services: map[egress.ServiceRef]*service{}}
	w.Fake = steptest.NewFake(&w.mu)
	return w
}

// nextEtag gives an etag that no object had.
func (w *World) nextEtag() string {
	w.etags++
	return fmt.Sprintf("etag-%d", w.etags)
}

// stale is the answer to a write on an old etag.
func stale(have, given string) error {
	return workers.Retry("conflict", 0, fmt.Errorf("etag is %q, not %q", have, given))
}

// Snapshot gives everything that there is as text, by kind and name, for comparing; etags are left out.
func (w *World) Snapshot() map[string]string {
	w.mu.Lock()
	defer w.mu.Unlock()
	all := map[string]string{}
	for name, c := range w.connectors {
		all["connector "+name] = fmt.Sprintf("%+v", c)
	}
	for ref, s := range w.services {
		plain := s.Service
		plain.Etag = ""
		all["service "+fullName(ref)] = fmt.Sprintf("%+v %q", plain, sorted(s.invokers))
	}
	return all
}
