package reach

import (
	"maps"
	"net/netip"
	"strings"

	"github.com/culvertnet/culvert/adapters/simcloud/aviatrix"
	"github.com/culvertnet/culvert/adapters/simcloud/world"
)

// The vendors' names in the world. The evaluator reads documents and asks no API of Google's or BGP's.
const (
	google = "gcp"
	speak  = "bgp"
	// Vendor is the owner of what is no vendor's: the switches, and the hosts and names outside.
	Vendor     = "outside"
	hostKind   = "host"
	nameKind   = "name"
	switchKind = "switch"
)

// Snapshot is the world of one moment. Answers of one snapshot never change. It is for one goroutine at a time.
type Snapshot struct {
	tx       *world.Tx
	settings Settings

	networks   map[string]network
	subnets    []subnetwork
	machines   []instance
	statics    []staticRoute
	policyWays []policyRoute
	routers    []router
	told       map[string]announced
	learned    map[string]map[string][]string
	connectors map[string]connector
	rules      []forwardingRule
	attached   map[string]attachment
	classic    []classicRule
	policies   []policy
	systems    []policy            // Google's own, of a region
	parents    map[string][]string // of a project, the organization first
	numbers    map[string]string   // ids of projects
	hosts      []host
	public     map[string][]string // the public names and their addresses

	plane       aviatrix.Plane
	gateways    map[string]aviatrix.Gateway
	connections map[string]aviatrix.Connection
	tables      map[string][]aviatrix.Line
}

// Read takes a snapshot of the world.
func Read(tx *world.Tx) *Snapshot {
	tx = tx.Freeze()
	s := &Snapshot{
		tx: tx, settings: Settings{}, networks: map[string]network{}, told: map[string]announced{},
		learned: map[string]map[string][]string{}, connectors: map[string]connector{},
		attached: map[string]attachment{},
		parents:  map[string][]string{}, numbers: map[string]string{}, public: map[string][]string{},
		tables: map[string][]aviatrix.Line{},
		plane:  aviatrix.NewPlane(tx),
	}
	s.gateways, s.connections = s.plane.Gateways(), s.plane.Connections()
	s.readGoogle()
	for _, doc := range tx.Scan(Vendor, hostKind, "") {
		s.hosts = append(s.hosts, decoded[host](doc))
	}
	for name, doc := range tx.Scan(Vendor, nameKind, "") {
		s.public[name] = decoded[struct{ Addresses []string }](doc).Addresses
	}
	for name, doc := range tx.Scan(Vendor, switchKind, "") {
		s.settings[name], _ = doc["on"].(bool)
	}
	return s
}

func (s *Snapshot) readGoogle() {
	each(s.tx, "networks", func(name string, n network) { n.Name = name; s.networks[name] = n })
	each(s.tx, "subnetworks", func(name string, n subnetwork) { n.Name = name; s.subnets = append(s.subnets, n) })
	each(s.tx, "instances", func(name string, m instance) { m.Name = name; s.machines = append(s.machines, m) })
	each(s.tx, "routes", func(name string, r staticRoute) { r.Name = name; s.statics = append(s.statics, r) })
	each(s.tx, "policyBasedRoutes", func(name string, r policyRoute) {
		r.Name = name
		s.policyWays = append(s.policyWays, r)
	})
	each(s.tx, "routers", func(name string, r router) { r.Name = name; s.routers = append(s.routers, r) })
	each(s.tx, "announcements", func(name string, a announced) { s.told[name] = a })
	each(s.tx, "learnedRoutes", func(name string, l map[string][]string) { s.learned[name] = l })
	each(s.tx, "connectors", func(name string, c connector) { c.Name = name; s.connectors[name] = c })
	each(s.tx, "forwardingRules", func(name string, f forwardingRule) { f.Name = name; s.rules = append(s.rules, f) })
	each(s.tx, "serviceAttachments", func(name string, a attachment) { a.Name = name; s.attached[name] = a })
	each(s.tx, "firewalls", func(name string, r classicRule) { r.Name = name; s.classic = append(s.classic, r) })
	each(s.tx, "firewallPolicies", func(name string, p policy) { p.Name = name; s.policies = append(s.policies, p) })
	each(s.tx, "systemPolicies", func(name string, p policy) { p.Name = name; s.systems = append(s.systems, p) })
	each(s.tx, "projects", func(name string, p struct {
		Number  string
		Parents []string
	}) {
		s.parents[name], s.numbers[p.Number] = p.Parents, name
	})
}

func each[T any](tx *world.Tx, kind string, visit func(string, T)) {
	for name, doc := range tx.Scan(google, kind, "") {
		visit(name, decoded[T](doc))
	}
}

// Under gives the same world with some of its switches set otherwise.
func (s *Snapshot) Under(other Settings) *Snapshot {
	under := *s
	under.settings = maps.Clone(s.settings)
	maps.Copy(under.settings, other)
	return &under
}

// Settings are the switches that are not at their default.
func (s *Snapshot) Settings() Settings { return s.settings }

func (s *Snapshot) service(name string) (service, bool) {
	doc, ok := s.tx.Get(google, "services", name)
	if !ok {
		return service{}, false
	}
	svc := decoded[service](doc)
	svc.Name = name
	if revision, ok := s.tx.Get(google, "revisions", svc.serving()); ok {
		svc.Template.Access = decoded[struct {
			Access access `json:"vpcAccess"`
		}](revision).Access
	}
	return svc, true
}

// serving is the revision that takes most of a service's requests: its template sends, whatever the service's own
// template says by now.
func (svc service) serving() string {
	best := target{Percent: -1}
	for _, t := range svc.Traffic {
		if t.Percent > best.Percent {
			best = t
		}
	}
	if best.Revision == "" {
		return svc.Ready
	}
	return svc.Name + "/revisions/" + best.Revision
}

// byID is a name with its project's id instead of its number: Google takes either.
func (s *Snapshot) byID(name string) string {
	number := part(name, "projects")
	if id := s.numbers[number]; id != "" && number != "" {
		return strings.Replace(name, "projects/"+number+"/", "projects/"+id+"/", 1)
	}
	return name
}

// named finds the service that answers to a host name.
func (s *Snapshot) named(hostName string) (service, bool) {
	for name, doc := range s.tx.Scan(google, "services", "") {
		urls, _ := doc["urls"].([]any)
		for _, u := range urls {
			text, _ := u.(string)
			served, _, _ := strings.Cut(strings.TrimPrefix(text, "https://"), "/")
			if served == hostName {
				return s.service(name)
			}
		}
	}
	return service{}, false
}

func (s *Snapshot) machineAt(net string, addr netip.Addr) (instance, bool) {
	for _, m := range s.machines {
		for _, nic := range m.NICs {
			if relative(nic.Network, part(m.Name, "projects")) != net {
				continue
			}
			if nic.IP == addr.String() || nic.V6 == addr.String() {
				return m, true
			}
		}
	}
	return instance{}, false
}

// subnetAt finds the subnetwork of a network that holds an address.
func (s *Snapshot) subnetAt(net string, addr netip.Addr) (subnetwork, netip.Prefix, bool) {
	for _, n := range s.subnets {
		if relative(n.Network, "") != net {
			continue
		}
		texts := []string{n.Range, n.V6}
		for _, second := range n.Secondary {
			texts = append(texts, second.Range)
		}
		for _, text := range texts {
			if p, ok := prefixOf(text); ok && p.Contains(addr) {
				return n, p, true
			}
		}
	}
	return subnetwork{}, netip.Prefix{}, false
}

// hidden finds the connector with a custom range of a network that holds an address.
func (s *Snapshot) hidden(net string, addr netip.Addr) (connector, netip.Prefix, bool) {
	for _, c := range s.connectors {
		if c.Range == "" || relative(c.Network, part(c.Name, "projects")) != net {
			continue
		}
		if p, ok := prefixOf(c.Range); ok && p.Contains(addr) {
			return c, p, true
		}
	}
	return connector{}, netip.Prefix{}, false
}

func (s *Snapshot) table(at string) []aviatrix.Line {
	t, read := s.tables[at]
	if !read {
		controller, gateway, _ := strings.Cut(at, "/")
		t = s.plane.Table(controller, gateway)
		s.tables[at] = t
	}
	return t
}
