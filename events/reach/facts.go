package reach

// A World is what was observed. Its parts are relations with every reference resolved and every default filled in; the
// model fills in none.
type World struct {
	Networks    []Network
	Gateways    []Gateway
	Controllers []Controller
	Sites       []FarSideFacts
	// Settled are the switches whose answer is known; each other one is tried both ways.
	Settled map[Switch]bool
}

// A Network is a VPC network.
type Network struct {
	Realm    Realm
	Project  string
	Firewall Firewall
	Names    NameService
	// Peers are the networks that it is peered with. They are told with the network itself.
	Peers []Peering
	// Subnets have every range of a subnetwork. Hidden are those of connectors with a range of their own, which are in
	// no list of subnetworks.
	Subnets, Hidden Listing[Subnet]
	// Routes are the static routes and those of subnetworks, peered ones included. Dynamic are those that were learned.
	Routes, Dynamic Listing[Route]
	Policies        Listing[PolicyRoute]
	Endpoints       Listing[Endpoint]
	NATs            Listing[NAT]
	Interfaces      Listing[Interface]
	// Tenants are senders whose addresses nobody can see: services, functions, jobs and worker pools that send from a
	// subnetwork or through a connector. Their Addresses are the whole range, of which they may have any.
	Tenants Listing[Interface]
}

// A Peering is one with another network. While it is up each has the other's subnetworks.
type Peering struct {
	Realm Realm
	State State
}

// network finds a network by its realm.
func (w World) network(r Realm) (Network, bool) {
	for _, n := range w.Networks {
		if n.Realm == r {
			return n, true
		}
	}
	return Network{}, false
}

// A Firewall is all that decides about connections of one network. The lists that hold for some regions only have the
// region in each policy.
type Firewall struct {
	// PoliciesFirst is BEFORE_CLASSIC_FIREWALL: network policies are asked before VPC rules.
	PoliciesFirst bool
	// Hierarchical has the organisation's policy first, then the folders' from the top down.
	Hierarchical Listing[Policy]
	// System are the regional policies that Google manages.
	System           Listing[Policy]
	Global, Regional Listing[Policy]
	Rules            Listing[Rule]
}

// A Policy is an ordered set of rules. An empty Region means all.
type Policy struct {
	Object, Region string
	Rules          []Rule
}

// A Rule is one rule of a policy or of the network itself.
type Rule struct {
	// Object is how people find the rule: policy and priority, or its name.
	Object   string
	Priority int64
	// In tells a rule about connections that arrive from one about connections that leave.
	In       bool
	Act      Act
	Disabled bool
	Src, Dst Peer
	Layer4   []Layer4
	Target   Target
}

// A Peer is one end that a rule asks for. It fits when any of its parts does.
type Peer struct {
	Ranges Ranges
	Names  []Name
	// Tags, SecureTags and Accounts are of a source in the same network.
	Tags, SecureTags, Accounts []string
	// Unread are parts that no call shows as ranges: address groups, threat lists, region codes.
	Unread []Gap
	// Context narrows the rest to a kind of network: "INTERNET", "NON_INTERNET" and others.
	Context string
}

// A Target says whose connections a rule is about.
type Target struct {
	All                        bool
	Tags, SecureTags, Accounts []string
	// Networks narrows the rule to some networks; empty means all below the policy.
	Networks []Realm
}
