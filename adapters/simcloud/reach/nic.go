package reach

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// The kinds of senders in a Google network.
const (
	machineKind = "machine"
	rangeKind   = "connector by range"
	subnetKind  = "connector by subnetwork"
	directKind  = "direct egress"
)

// nic is an interface in a Google network: of a machine, of a connector's machines or of a service.
type nic struct {
	name     string
	kind     string
	net      string
	region   string
	v4, v6   netip.Addr
	external []netip.Addr
	tags     []string
	accounts []string
	subnet   *subnetwork // nil for a hidden one
	whole    string      // the range that a rule must hold to be about a serverless sender
	forward  bool
	running  bool
}

func (n *nic) setAddress(a netip.Addr) {
	if a.Is6() {
		n.v6 = a
		return
	}
	n.v4 = a
}

func (n nic) has(a netip.Addr) bool { return a.IsValid() && (n.v4 == a || n.v6 == a) }

func (n nic) leg(v6 bool) (leg, error) {
	l := leg{at: atNIC, net: n.net, nic: &n, region: n.region}
	l.src = n.v4
	if v6 {
		l.src = n.v6
	}
	if !l.src.IsValid() {
		return leg{}, fmt.Errorf("find place: %s has no address of this family", n.name)
	}
	return l, nil
}

func (s *Snapshot) machineNIC(m instance, net string) nic {
	n := nic{name: m.Name, kind: machineKind, net: net, tags: m.Tags.Items, forward: m.Forward,
		running: m.Status == "RUNNING"}
	zone := part(m.Name, "zones")
	n.region = zone[:max(0, strings.LastIndex(zone, "-"))]
	for _, a := range m.Accounts {
		n.accounts = append(n.accounts, a.Email)
	}
	for _, i := range m.NICs {
		if relative(i.Network, part(m.Name, "projects")) != net {
			continue
		}
		n.v4, _ = netip.ParseAddr(i.IP)
		n.v6, _ = netip.ParseAddr(i.V6)
		for _, e := range i.External {
			if a, err := netip.ParseAddr(e.IP); err == nil {
				n.external = append(n.external, a)
			}
		}
	}
	if sub, _, ok := s.subnetAt(net, n.v4); ok {
		n.subnet = &sub
	}
	return n
}

// some is an address of a range for a sender whose own nobody can tell: the third one.
func some(text string) netip.Addr {
	p, ok := prefixOf(text)
	if !ok {
		return netip.Addr{}
	}
	return p.Addr().Next().Next()
}

// connectorNIC is a machine of a connector. Its tags are the vendor's (pageConnector).
func (s *Snapshot) connectorNIC(name string) (nic, bool) {
	c, ok := s.connectors[name]
	if !ok {
		return nic{}, false
	}
	project, region := part(name, "projects"), part(name, "locations")
	n := nic{name: name, kind: rangeKind, region: region, net: relative(c.Network, project), v4: some(c.Range),
		whole: c.Range,
		tags:  []string{"vpc-connector", "vpc-connector-" + region + "-" + last(name)}, running: true}
	if c.Subnet.Name == "" {
		return n, true
	}
	if c.Subnet.Project != "" {
		project = c.Subnet.Project
	}
	full := "projects/" + project + "/regions/" + region + "/subnetworks/" + c.Subnet.Name
	i := slices.IndexFunc(s.subnets, func(sub subnetwork) bool { return sub.Name == full })
	if i < 0 {
		return nic{}, false
	}
	sub := s.subnets[i]
	n.kind, n.net, n.v4, n.subnet, n.whole = subnetKind, relative(sub.Network, ""), some(sub.Range), &sub, sub.Range
	return n, true
}

// directNIC is a service's own interface in a subnetwork.
func (s *Snapshot) directNIC(subnet string, tags []string) (nic, bool) {
	i := slices.IndexFunc(s.subnets, func(sub subnetwork) bool { return sub.Name == subnet })
	if i < 0 {
		return nic{}, false
	}
	sub := s.subnets[i]
	return nic{name: subnet, kind: directKind, net: relative(sub.Network, ""), region: part(subnet, "regions"),
		tags: tags,
		v4:   some(sub.Range), v6: some(sub.V6), subnet: &sub, whole: sub.Range, running: true}, true
}
