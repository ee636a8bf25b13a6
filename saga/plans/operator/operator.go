// Package operator is the operator's configuration as every intent kind may read it: what an intent may name, and who
// may name it.
//
// It is data with questions about it. The daemon fills it from its configuration file; nothing in here belongs to one
// kind. A tenant that is not listed for a pool, a gateway or a speaker may not use it: an empty list lets nobody.
package operator

import (
	"maps"
	"net/netip"
	"slices"
	"strings"
)

// A Config is everything that intents may name, by name. It is filled once and never changed afterwards, so it is safe
// for concurrent use.
type Config struct {
	// Pools are where addresses come from.
	Pools map[string]Pool
	// Gateways are the gateways that announce or filter.
	Gateways map[string]Gateway
	// Speakers are the BGP speakers, each at a site of the operator's.
	Speakers map[string]Speaker
	// Openings are what the operator leaves open to everybody in a network, such as its name servers. A filter cannot
	// close them: rules that are asked before it let them pass.
	Openings []Opening
}

// An Opening is one destination in one network, which it names in full. Ports are as a filter names them; none means
// all.
type Opening struct {
	Network  string
	CIDR     netip.Prefix
	Protocol string
	Ports    []string
}

// A Pool is a set of IPv4 ranges whose addresses are unused anywhere.
type Pool struct {
	Ranges  []netip.Prefix
	Tenants []string
}

// A Gateway is known to one controller. Labels are the operator's own words for it, by which intents select.
type Gateway struct {
	Controller string
	Tenants    []string
	Labels     map[string]string
}

// A Speaker announces host routes to the operator's sites.
type Speaker struct {
	Tenants []string
}

// Pool gives the pool if the tenant may take from it.
func (c Config) Pool(name, tenant string) (Pool, bool) {
	p, known := c.Pools[name]
	return p, known && slices.Contains(p.Tenants, tenant)
}

// Gateway gives the gateway if the tenant may use it.
func (c Config) Gateway(name, tenant string) (Gateway, bool) {
	g, known := c.Gateways[name]
	return g, known && slices.Contains(g.Tenants, tenant)
}

// Speaker tells whether the speaker exists and the tenant may use it.
func (c Config) Speaker(name, tenant string) bool {
	return slices.Contains(c.Speakers[name].Tenants, tenant)
}

// Holds tells whether an address is in one of the tenant's pools.
func (c Config) Holds(ip netip.Addr, tenant string) bool {
	for _, p := range c.Pools {
		if slices.Contains(p.Tenants, tenant) && slices.ContainsFunc(p.Ranges,
			func(r netip.Prefix) bool { return r.Contains(ip) }) {
			return true
		}
	}
	return false
}

// Open lists what is open to everybody in a network.
func (c Config) Open(network string) []Opening {
	return slices.DeleteFunc(slices.Clone(c.Openings), func(o Opening) bool { return o.Network != network })
}

// Overlap names the first pool, of whichever tenant, that shares addresses with a range.
func (c Config) Overlap(with netip.Prefix) (name string, found bool) {
	for pool, p := range c.Pools {
		if slices.ContainsFunc(p.Ranges, with.Overlaps) && (!found || pool < name) {
			name, found = pool, true
		}
	}
	return name, found
}

// A Selector chooses gateways by labels: a gateway must have every one of them. An empty selector chooses none.
type Selector map[string]string

// String is the selector as a plan keeps it: "edge=yes,site=west".
func (s Selector) String() string {
	var pairs []string
	for _, key := range slices.Sorted(maps.Keys(s)) {
		pairs = append(pairs, key+"="+s[key])
	}
	return strings.Join(pairs, ",")
}

// Select lists the gateways that the tenant may use and that the selector chooses, sorted. What it answers changes with
// the configuration; a plan therefore records it (saga.Builder.Resolve).
func (c Config) Select(s Selector, tenant string) []string {
	var names []string
	for name, g := range c.Gateways {
		if len(s) > 0 && slices.Contains(g.Tenants, tenant) && s.chooses(g.Labels) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func (s Selector) chooses(labels map[string]string) bool {
	for key, value := range s {
		if got, has := labels[key]; !has || got != value {
			return false
		}
	}
	return true
}
