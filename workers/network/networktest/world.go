package networktest

import (
	"fmt"
	"sync"

	"github.com/google/uuid"

	"github.com/culvertnet/culvert/workers/network"
	"github.com/culvertnet/culvert/workers/steptest"
)

// A World is a small cloud in memory: VPCs, addresses, endpoints, zones and their operations. Its methods give one port
// each, and every port passes the suite. Safe for concurrent use.
//
// Calls that can be set to fail are the vendor's own: "addresses.insert", "forwardingRules.delete",
// "subnetworks.setPrivateIpGoogleAccess", ..., and "zones.put", "zones.clear", "zones.delete".
type World struct {
	*steptest.Fake
	mu        sync.Mutex
	networks  map[string]network.Network
	subnets   map[string]network.Subnet
	addresses map[network.Ref]network.Address
	endpoints map[network.Ref]network.Endpoint
	verdicts  map[string]string
	zones     map[string]network.Zone
	requests  map[string][]string
}

// NewWorld makes an empty world.
func NewWorld() *World {
	w := &World{
		networks: map[string]network.Network{}, subnets: map[string]network.Subnet{},
		addresses: map[network.Ref]network.Address{}, endpoints: map[network.Ref]network.Endpoint{},
		verdicts: map[string]string{}, zones: map[string]network.Zone{},
		requests: map[string][]string{},
	}
	w.Fake = steptest.NewFake(&w.mu)
	return w
}

// Requests lists the roots of the request ids that calls of this name came with, in order.
func (w *World) Requests(call string) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string(nil), w.requests[call]...)
}

// requested remembers a request id; it runs under the lock.
func (w *World) requested(call string, req uuid.UUID) {
	w.requests[call] = append(w.requests[call], req.String())
}

// done is the end of a change that is complete with its start.
func done() {}

// Snapshot gives everything that there is as text, by kind and name, for comparing.
func (w *World) Snapshot() map[string]string {
	w.mu.Lock()
	defer w.mu.Unlock()
	all := map[string]string{}
	for name, n := range w.networks {
		all["network "+name] = fmt.Sprintf("%+v", n)
	}
	for name, s := range w.subnets {
		all["subnet "+name] = fmt.Sprintf("%+v", s)
	}
	for ref, a := range w.addresses {
		all["address "+AddressName(ref)] = fmt.Sprintf("%+v", a)
	}
	for ref, e := range w.endpoints {
		all["endpoint "+AddressName(ref)] = fmt.Sprintf("%+v", e)
	}
	for key, z := range w.zones {
		all["zone "+key] = fmt.Sprintf("%+v", z)
	}
	return all
}
