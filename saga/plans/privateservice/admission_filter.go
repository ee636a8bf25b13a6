package privateservice

import (
	"slices"
	"strconv"
	"strings"
)

const (
	maxAllowed = 100
	// maxFQDNPortRange is the widest range of an Aviatrix FQDN rule ("must be within the caped limit of:100").
	maxFQDNPortRange = 100
	maxPort          = 65535
)

// wildcardPorts are the only ports on which an Aviatrix FQDN rule knows wildcards.
var wildcardPorts = []string{"80", "443"}

// at is the field of an array's element.
func at(field string, i int) string { return field + "/" + strconv.Itoa(i) }

func (a *admission) filter(f Filter, e Egress) {
	const field = "/egress/filter"
	a.need(len(f.Allow) <= maxAllowed, field+"/allow", "filter-limit", "%d rules, more than %d", len(f.Allow),
		maxAllowed)
	if f.Via == ViaGCPFirewall {
		a.need(f.Gateway == "" && !f.AcceptGatewayWide, field+"/gateway", "filter-gateway",
			"a firewall policy has no gateway: leave gateway and acceptGatewayWide out")
		tagged := e.Direct != nil && len(e.Direct.Tags) > 0
		a.need(!tagged, "/egress/direct/tags", "filter-tags",
			"a firewall policy does not match network tags; it would filter the whole subnetwork")
	} else {
		a.need(f.Gateway != "", field+"/gateway", "filter-gateway", "a filter via %s needs the gateway it is on", f.Via)
		if f.Gateway != "" {
			a.knownGateway(field+"/gateway", f.Gateway)
		}
	}
	for i, rule := range f.Allow {
		open := f.Default != "allow" && rule.CIDR.IsValid() && rule.CIDR.Bits() == 0 && rule.Protocol == "all"
		a.need(!open, at(field+"/allow", i)+"/cidr", "filter-cidr",
			"%s with protocol all allows everything: such a filter decides nothing", rule.CIDR)
		a.allow(at(field+"/allow", i), rule, f.Via)
	}
}

func (a *admission) allow(field string, r Allow, via Via) {
	a.need(count(r.FQDN != "", r.CIDR.IsValid()) == 1, field, "filter-destination", "give exactly one of fqdn and cidr")
	if r.CIDR.IsValid() {
		a.need(r.CIDR.Masked() == r.CIDR, field+"/cidr", "filter-cidr", "%s has host bits; the range is %s", r.CIDR,
			r.CIDR.Masked())
		a.need(r.Protocol != "icmp" || !touches(r.CIDR), field+"/protocol", "icmp-internal",
			"ICMP from a serverless service reaches external addresses only, and %s is internal", r.CIDR)
	}
	for i, port := range r.Ports {
		a.port(at(field+"/ports", i), port)
	}
	switch via {
	case ViaGCPFirewall:
		a.need(!strings.Contains(r.FQDN, "*"), field+"/fqdn", "filter-wildcard",
			"a firewall policy knows no wildcards in names")
		a.numericPorts(field, r)
	case ViaAviatrixFQDN:
		a.fqdnTag(field, r)
	case ViaAviatrixWebGroup:
		a.need(r.FQDN == "" || r.Protocol == "tcp", field+"/protocol", "webgroup-protocol",
			"a web group matches names in TLS and HTTP, so only tcp")
		a.numericPorts(field, r)
	}
}

// numericPorts holds where ports are numbers: they belong to tcp and udp.
func (a *admission) numericPorts(field string, r Allow) {
	carries := r.Protocol == "tcp" || r.Protocol == "udp"
	a.need(carries || len(r.Ports) == 0, field+"/ports", "filter-ports", "%s has no ports", r.Protocol)
	for i, port := range r.Ports {
		a.need(!carries || port != "ping" && port != "all", at(field+"/ports", i), "filter-ports",
			"%q is a word of aviatrix-fqdn; leave ports out for all of them", port)
	}
}

// fqdnTag holds what an Aviatrix FQDN tag takes.
func (a *admission) fqdnTag(field string, r Allow) {
	// guess: whether a tag takes ranges in place of names is not documented; names it does.
	a.need(!r.CIDR.IsValid(), field+"/cidr", "filter-cidr", "an FQDN tag filters by name; give fqdn")
	wildcard := strings.Contains(r.FQDN, "*")
	var word string // the only port that goes with the protocol
	switch r.Protocol {
	case "icmp":
		word = "ping"
	case "all":
		word = "all"
	}
	if word != "" {
		a.need(slices.Equal(r.Ports, []string{word}), field+"/ports", "filter-ports", "with protocol %s the port is %q",
			r.Protocol, word)
	} else {
		a.need(len(r.Ports) > 0, field+"/ports", "filter-ports", "an FQDN tag needs the ports of %s", r.Protocol)
	}
	for i, port := range r.Ports {
		here := at(field+"/ports", i)
		a.need(!wildcard || slices.Contains(wildcardPorts, port), here, "filter-wildcard",
			"an FQDN tag knows wildcards on ports 80 and 443 only")
		a.need(word != "" || port != "ping" && port != "all", here, "filter-ports", "%q does not go with protocol %s",
			port, r.Protocol)
		first, last, ok := portRange(port)
		a.need(!ok || last-first < maxFQDNPortRange, here, "filter-port-width", "%s is wider than %d ports", port,
			maxFQDNPortRange)
	}
}

// port judges a number or a range by itself; words are judged with their filter.
func (a *admission) port(field, port string) {
	if port == "ping" || port == "all" {
		return
	}
	first, last, ok := portRange(port)
	a.need(ok && first >= 1 && first <= last && last <= maxPort, field, "filter-port",
		"%q is not a port from 1 to %d, nor a range that goes up", port, maxPort)
}

// portRange reads "443" or "8000-8080"; a single port is a range of one.
func portRange(port string) (first, last int, ok bool) {
	from, to, ranged := strings.Cut(port, "-")
	if !ranged {
		to = from
	}
	first, errFirst := strconv.Atoi(from)
	last, errLast := strconv.Atoi(to)
	return first, last, errFirst == nil && errLast == nil
}
