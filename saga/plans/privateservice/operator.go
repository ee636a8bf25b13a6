package privateservice

import (
	"net/netip"
	"slices"
)

// An Operator is the operator's configuration as this kind needs it: what intents may name. It is filled from the
// daemon's configuration and never changed afterwards. Whoever is not listed as a tenant may not use a thing: an empty
// list lets nobody.
type Operator struct {
	// Pools are where endpoints' addresses come from, by name.
	Pools map[string]Pool
	// Gateways are the gateways that announce or filter, by name.
	Gateways map[string]Gateway
	// Speakers are the BGP speakers, by name.
	Speakers map[string]Speaker
}

// A Pool is a set of IPv4 ranges whose addresses are unused anywhere.
type Pool struct {
	Ranges  []netip.Prefix
	Tenants []string
}

// A Gateway is known to one controller.
type Gateway struct {
	Controller string
	Tenants    []string
}

// A Speaker announces host routes to the operator's sites.
type Speaker struct {
	Tenants []string
}

// pool gives the pool if the tenant may take from it.
func (o Operator) pool(name, tenant string) (Pool, bool) {
	p, known := o.Pools[name]
	return p, known && slices.Contains(p.Tenants, tenant)
}

// gateway likewise.
func (o Operator) gateway(name, tenant string) (Gateway, bool) {
	g, known := o.Gateways[name]
	return g, known && slices.Contains(g.Tenants, tenant)
}

// speaker likewise.
func (o Operator) speaker(name, tenant string) bool {
	return slices.Contains(o.Speakers[name].Tenants, tenant)
}

// holds tells whether an address is in one of the tenant's pools.
func (o Operator) holds(ip netip.Addr, tenant string) bool {
	for _, p := range o.Pools {
		if slices.Contains(p.Tenants, tenant) && slices.ContainsFunc(p.Ranges, func(r netip.Prefix) bool { return r.Contains(ip) }) {
			return true
		}
	}
	return false
}

// overlap names the first pool, whoever's, that shares addresses with a range.
func (o Operator) overlap(with netip.Prefix) (name string, found bool) {
	for pool, p := range o.Pools {
		if slices.ContainsFunc(p.Ranges, with.Overlaps) && (!found || pool < name) {
			name, found = pool, true
		}
	}
	return name, found
}
