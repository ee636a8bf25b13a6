package reach

// A Realm is where an address has a meaning: a network by its full name, a domain, a site. Partners overlap, so that an
// address without a realm is nothing.
type Realm string

const (
	// Internet is where public addresses have a meaning.
	Internet Realm = "internet"
	// Google is behind the addresses of Google's APIs, in whatever way they are reached.
	Google Realm = "google"
)

// A Place is a realm, and who sends or receives there.
type Place struct {
	Realm Realm
	Who   Identity
}

// A Kind says what an identity is, where a rule depends on it.
type Kind string

// Kinds of identity.
const (
	// Unknown is whoever is there: rules that ask who it is may fit.
	Unknown Kind = "unknown"
	// Instance is an interface of a machine.
	Instance Kind = "instance"
	// GatewayKind is a gateway of the controller, whose machine forwards.
	GatewayKind Kind = "gateway"
	// DirectEgress is a service with its own interface in a subnetwork.
	DirectEgress Kind = "direct-egress"
	// SubnetConnector is a connector on a subnetwork of its own, RangeConnector one that was made from a bare range.
	SubnetConnector Kind = "subnet-connector"
	RangeConnector  Kind = "range-connector"
	// Balancer is an internal load balancer.
	Balancer Kind = "load-balancer"
	// Site is whoever is behind a tunnel or an attachment.
	Site Kind = "site"
)

// An Identity is what rules and routes may ask about besides an address.
type Identity struct {
	Kind             Kind
	Name             string
	Tags, SecureTags []string
	// SecureTagsUnread tells that nobody has read which secure tags a machine has.
	SecureTagsUnread bool
	Account, Region  string
	// External4 and External6 tell that it has an external address of the family.
	External4, External6 bool
	// NoForwarding is a machine that sends with its own addresses only.
	NoForwarding bool
	// PrivateRangesOnly is a serverless source whose other destinations do not enter the network.
	PrivateRangesOnly bool
}

// maybe is a truth that may be open.
type maybe int

const (
	no maybe = iota
	perhaps
	yes
)

func (m maybe) or(o maybe) maybe  { return max(m, o) }
func (m maybe) and(o maybe) maybe { return min(m, o) }

func truth(b bool) maybe {
	if b {
		return yes
	}
	return no
}
