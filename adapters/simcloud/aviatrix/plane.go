package aviatrix

import (
	"slices"
	"strings"

	"github.com/culvertnet/culvert/adapters/simcloud/world"
)

// Plane reads what the controllers have made of their configuration: gateways, tables, filters. It changes nothing,
// lives as long as its transaction, and keeps what it has read: nobody must write meanwhile.
type Plane struct {
	tx    *world.Tx
	known map[string]any
}

// NewPlane reads through a transaction.
func NewPlane(tx *world.Tx) Plane { return Plane{tx, map[string]any{}} }

// Line is one route of a gateway: Target is "local", a connection or another gateway.
type Line struct{ Prefix, Target string }

func (p Plane) of(controllerName string) *call {
	return &call{tx: p.tx, known: p.known, ctl: &controller{conf: Controller{Name: controllerName}}}
}

// Gateways are all gateways by "CONTROLLER/NAME".
func (p Plane) Gateways() map[string]Gateway { return byFullName[Gateway](p.tx, kindGateway) }

// Connections are all connections by "CONTROLLER/GATEWAY/NAME".
func (p Plane) Connections() map[string]Connection {
	return byFullName[Connection](p.tx, kindConnection)
}

func byFullName[T any](tx *world.Tx, kind string) map[string]T {
	out := map[string]T{}
	for name, doc := range tx.Scan(Vendor, kind, "") {
		out[name] = fromDoc[T](doc)
	}
	return out
}

// Table is what a gateway can reach, or the second one of a pair by its own name. A route that a filter list of an
// attachment on the way takes out is not in it.
func (p Plane) Table(controllerName, gateway string) []Line {
	c := p.of(controllerName)
	gw, second, ok := c.pairOf(gateway)
	if !ok {
		return nil
	}
	table := c.effective
	if second {
		table = c.secondTable
	}
	var out []Line
	for _, r := range table(gw) {
		out = append(out, Line{r.Route, r.Target})
	}
	return out
}

// filteredOut tells whether a spoke's attachment keeps a route of another gateway from it, or the other's attachment
// keeps it from the transit: the lists name what is left out (manual: spoke to transit and transit to spoke filters).
func (c *call) filteredOut(gw Gateway, r route) bool {
	other, ok := load[Gateway](c, kindGateway, r.Target)
	if !ok {
		return false
	}
	for _, at := range all[Attachment](c, kindAttachment, gw.Name) {
		if slices.Contains(at.TransitToSpoke, r.Route) {
			return true
		}
	}
	for _, at := range all[Attachment](c, kindAttachment, other.Name) {
		if slices.Contains(at.SpokeToTransit, r.Route) {
			return true
		}
	}
	return false
}

// Transits names the transit gateways between two gateways, in order; none when they are one hop apart.
func (p Plane) Transits(controllerName, from, to string) []string {
	c := p.of(controllerName)
	a, _ := load[Gateway](c, kindGateway, from)
	b, _ := load[Gateway](c, kindGateway, to)
	between := func(names ...string) []string {
		return slices.DeleteFunc(names, func(n string) bool { return n == from || n == to })
	}
	for _, x := range c.hubs(a) {
		if slices.Contains(c.hubs(b), x) {
			return between(x)
		}
	}
	for _, x := range c.hubs(a) {
		for _, y := range c.hubs(b) {
			if slices.Contains(c.peersOf(x), y) {
				return between(x, y)
			}
		}
	}
	return nil
}

// Told is what a connection's neighbour is told.
func (p Plane) Told(controllerName string, conn Connection) []string {
	c := p.of(controllerName)
	gw, ok := load[Gateway](c, kindGateway, conn.Gateway)
	if !ok {
		return nil
	}
	return c.toNeighbour(conn, gw)
}

// Decide is Judge with the name of the tag or rule that decided; empty when none did.
func (p Plane) Decide(f Flow) (Verdict, string) {
	c := p.of(f.Controller)
	gw, ok := load[Gateway](c, kindGateway, f.Gateway)
	if !ok || gw.Role != spoke {
		return Unfiltered, ""
	}
	f.FQDN = strings.ToLower(f.FQDN)
	tags, byTag := c.judgeTags(gw, f)
	firewall, byRule := Unfiltered, ""
	if c.enforcedOn(gw) {
		firewall, byRule = c.judgeFirewall(f)
	}
	switch {
	case tags == Denied:
		return Denied, byTag
	case firewall == Denied:
		return Denied, byRule
	case tags == Unfiltered && firewall == Unfiltered:
		return Unfiltered, ""
	case firewall == Unfiltered:
		return Allowed, byTag
	}
	return Allowed, byRule
}

// ByName tells whether any filter of a gateway looks at names: such a filter has to see both directions.
func (p Plane) ByName(controllerName, gateway string) bool {
	c := p.of(controllerName)
	gw, _ := load[Gateway](c, kindGateway, gateway)
	return gw.FQDNFiltered || slices.ContainsFunc(c.inOrder(), func(r rule) bool { return len(r.WebFilters) > 0 })
}

// Enforced tells whether rules of the distributed firewall are applied to the gateway's cloud.
func (p Plane) Enforced(controllerName, gateway string) bool {
	c := p.of(controllerName)
	gw, _ := load[Gateway](c, kindGateway, gateway)
	return c.feature().Enabled && c.enforcedOn(gw)
}

// On tells whether the distributed firewall is switched on.
func (p Plane) On(controllerName string) bool { return p.of(controllerName).feature().Enabled }
