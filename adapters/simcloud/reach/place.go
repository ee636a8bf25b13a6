package reach

import (
	"fmt"
	"net/netip"
	"strings"
)

// place is where an address has a meaning, with the address.
//
//	network:PROJECT/NETWORK/ADDRESS     an address of a Google network
//	machine:PROJECT/NAME                a machine; which of its addresses, the family tells
//	service:PROJECT/REGION/NAME         a Cloud Run service or function, as it sends
//	connector:PROJECT/REGION/NAME       a connector's machine
//	subnetwork:PROJECT/REGION/NAME      a service that sends directly from a subnetwork, without a tag
//	gateway:CONTROLLER/GATEWAY/ADDRESS  an address of the network behind an Aviatrix gateway
//	site:NAME/ADDRESS                   an address of a site
//	internet:ADDRESS                    a public address
type place struct {
	kind  string
	names []string
	addr  netip.Addr
}

// parts is how many names a place of each kind has, and whether an address follows.
var parts = map[string]struct {
	names   int
	address bool
}{
	"network": {2, true}, "machine": {2, false}, "service": {3, false}, "connector": {3, false},
	"subnetwork": {3, false}, "gateway": {2, true}, "site": {1, true}, "internet": {0, true},
}

// Place kinds, as people write them, for messages and help.
const placeForms = "network:PROJECT/NETWORK/ADDRESS, machine:PROJECT/NAME, service:PROJECT/REGION/NAME, " +
	"connector:PROJECT/REGION/NAME, subnetwork:PROJECT/REGION/NAME, gateway:CONTROLLER/GATEWAY/ADDRESS, " +
	"site:NAME/ADDRESS or internet:ADDRESS"

// parsePlace reads a place; ok is false for an address or a name without one.
func parsePlace(text string) (p place, ok bool, err error) {
	kind, rest, found := strings.Cut(text, ":")
	form, known := parts[kind]
	if !found || !known {
		return place{}, false, nil
	}
	bad := fmt.Errorf("invalid place %q: want %s", text, placeForms)
	p.kind = kind
	names := form.names
	if form.address {
		names++
	}
	p.names = strings.SplitN(rest, "/", names)
	if len(p.names) != names || rest == "" {
		return place{}, true, bad
	}
	if form.address {
		p.addr, err = netip.ParseAddr(p.names[names-1])
		if err != nil {
			return place{}, true, bad
		}
		p.names = p.names[:names-1]
	}
	return p, true, nil
}

func (p place) network() string { return "projects/" + p.names[0] + "/global/networks/" + p.names[1] }

// origin is the place as somebody who sends. The first leg starts there.
func (s *Snapshot) origin(p place, v6 bool) (leg, error) {
	switch p.kind {
	case "network":
		return s.inNetwork(p)
	case "machine":
		return s.machineNamed(p, v6)
	case "service":
		return s.serviceNamed(p, v6)
	case "connector":
		name := "projects/" + p.names[0] + "/locations/" + p.names[1] + "/connectors/" + p.names[2]
		who, ok := s.connectorNIC(name)
		if !ok {
			return leg{}, fmt.Errorf("find place: no connector %s", name)
		}
		return who.leg(v6)
	case "subnetwork":
		name := "projects/" + p.names[0] + "/regions/" + p.names[1] + "/subnetworks/" + p.names[2]
		who, ok := s.directNIC(name, nil)
		if !ok {
			return leg{}, fmt.Errorf("find place: no subnetwork %s", name)
		}
		return who.leg(v6)
	case "gateway":
		at := p.names[0] + "/" + p.names[1]
		if _, ok := s.gateways[at]; !ok {
			return leg{}, fmt.Errorf("find place: no gateway %s", at)
		}
		return leg{at: atGateway, gateway: at, from: fromVPC, packet: packet{src: p.addr}}, nil
	case "site":
		return leg{at: atSite, site: p.names[0], packet: packet{src: p.addr}}, nil
	}
	return leg{at: atInternet, packet: packet{src: p.addr}}, nil
}

func (s *Snapshot) inNetwork(p place) (leg, error) {
	net := p.network()
	if _, ok := s.networks[net]; !ok {
		return leg{}, fmt.Errorf("find place: no network %s", net)
	}
	if m, ok := s.machineAt(net, p.addr); ok {
		return s.machineNIC(m, net).leg(p.addr.Is6())
	}
	sub, _, ok := s.subnetAt(net, p.addr)
	if !ok {
		return leg{}, fmt.Errorf("find place: no subnetwork of %s has %s", net, p.addr)
	}
	// An address that no machine of the world has is a machine without tag and account.
	who := nic{name: net + "/" + p.addr.String(), net: net, region: part(sub.Name, "regions"), subnet: &sub,
		kind: machineKind, running: true}
	who.setAddress(p.addr)
	return who.leg(p.addr.Is6())
}

func (s *Snapshot) machineNamed(p place, v6 bool) (leg, error) {
	for _, m := range s.machines {
		if part(m.Name, "projects") == p.names[0] && last(m.Name) == p.names[1] && len(m.NICs) > 0 {
			return s.machineNIC(m, relative(m.NICs[0].Network, p.names[0])).leg(v6)
		}
	}
	return leg{}, fmt.Errorf("find place: no machine %s in project %s", p.names[1], p.names[0])
}

func (s *Snapshot) serviceNamed(p place, v6 bool) (leg, error) {
	svc, ok := s.service("projects/" + p.names[0] + "/locations/" + p.names[1] + "/services/" + p.names[2])
	if !ok {
		return leg{}, fmt.Errorf("find place: no service %s in region %s of project %s", p.names[2], p.names[1],
			p.names[0])
	}
	l := leg{at: atService, service: &svc}
	l.src = runAddress // until it enters a network
	if v6 {
		l.src = runAddress6
	}
	return l, nil
}
