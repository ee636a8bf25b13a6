package egress

import "github.com/culvertnet/culvert/events/reach"

// Kinds of this capability's steps.
const (
	KindCheck           = "egress.check"
	KindAttachConnector = "egress.attach-connector"
	KindBindService     = "egress.bind-service"
	KindGrantInvoker    = "egress.grant-invoker"
	KindRestrictIngress = "egress.restrict-ingress"
)

// CheckIn is what check-egress reads about before anything has an effect (intents.md B: service, binding, connector).
type CheckIn struct {
	Service ServiceRef `json:"service"`
	// FollowTraffic accepts traffic pinned to a named revision; Takeover a binding that is somebody else's.
	FollowTraffic bool `json:"followTraffic,omitempty"`
	Takeover      bool `json:"takeover,omitempty"`
	// Binds says that the connection will set the service's binding.
	Binds bool `json:"binds,omitempty"`
	// Existing is the connector to use that is not ours.
	Existing string `json:"existing,omitempty"`
	// Holds says why the connector to be needs the range of the one that stands; it is refused before anything is made.
	Holds string `json:"holds,omitempty"`
	// Hostnames must be the service's own.
	Hostnames []string `json:"hostnames,omitempty"`
	// Withdrawing asks for the checks before a removal only: a foreign user of our connector refuses.
	Withdrawing bool   `json:"withdrawing,omitempty"`
	Connector   string `json:"connector,omitempty"`
}

// CheckOut is what check-egress found.
type CheckOut struct {
	// Hostnames are those to map: the wanted ones, or all that are the service's alone.
	Hostnames []string `json:"hostnames"`
	// Sender is the service's name in the lists of those who send from a range.
	Sender string `json:"sender,omitempty"`
	// Source is where packets of an existing connector come from.
	Source Source `json:"source,omitzero"`
	// Admits is whom the service lets in before anything is done.
	Admits Admits `json:"admits,omitzero"`
}

// Admits is what a service lets in: its ingress setting, and the network that it sends to already. SendsTo is empty
// where it sends to none, and where nobody can tell to which (Unsure).
type Admits struct {
	Ingress string `json:"ingress,omitempty"`
	SendsTo string `json:"sendsTo,omitempty"`
	Unsure  bool   `json:"unsure,omitempty"`
	// OpenInvoker tells that the invoker check is off: whoever comes in may call.
	OpenInvoker bool `json:"openInvoker,omitempty"`
}

// A Source is where a connector's packets come from. Kind tells a connector on a subnetwork from one that was made from
// a bare range: rules may bind the one and not the other.
type Source struct {
	CIDR string     `json:"cidr"`
	Kind reach.Kind `json:"kind"`
}

// AttachConnectorIn asks for a connector of the connection's own, or adopts an existing one without owning it.
type AttachConnectorIn struct {
	Project string `json:"project" change:"replace"`
	Region  string `json:"region" change:"replace"`
	Network string `json:"network,omitempty" change:"replace"`
	CIDR    string `json:"cidr,omitempty" change:"replace"`
	// Subnet is a full name of a /28.
	Subnet string `json:"subnet,omitempty" change:"replace"`
	// Existing is the full name of a connector that is not ours; then nothing is made or removed.
	Existing    string `json:"existing,omitempty" change:"replace"`
	Min         int    `json:"min" change:"grow"`
	Max         int    `json:"max" change:"grow"`
	MachineType string `json:"machineType"`
}

// AttachConnectorOut is the connector.
type AttachConnectorOut struct {
	// Name is full; ID is the last part; CIDR the range its instances have; Tag its network tag.
	Name  string `json:"name"`
	ID    string `json:"id"`
	CIDR  string `json:"cidr"`
	Tag   string `json:"tag"`
	State string `json:"state"`
}

// BindServiceIn asks that a service sends its traffic into a VPC.
type BindServiceIn struct {
	Service ServiceRef `json:"service" change:"replace"`
	To      Binding    `json:"to"`
	// Takeover replaces a binding that is not ours; the found one is put back when this is undone.
	Takeover bool `json:"takeover,omitempty" change:"ignore"`
	// FollowTraffic accepts traffic that is pinned to a revision: it keeps its old way.
	FollowTraffic bool `json:"followTraffic,omitempty" change:"ignore"`
	// Behind are filters that must be in force first; naming them here orders this step after them.
	Behind []string `json:"behind,omitempty" change:"ignore"`
}

// BindServiceOut tells what is bound and what was found.
type BindServiceOut struct {
	To    Binding `json:"to"`
	Found Binding `json:"found"`
	// Serving says that the service has settled with the binding on all its traffic.
	Serving bool `json:"serving"`
	// Pinned is the revision that part of the traffic is pinned to. It goes on the way that the revision was made with.
	Pinned string `json:"pinned,omitempty"`
	// Unchecked names the service when its invoker check is off.
	Unchecked string `json:"unchecked,omitempty"`
}

// GrantInvokerIn asks that members may invoke the service (IAM member forms, sorted).
//
// Other members are a new generation: it holds its own grants before the old one's are released, so a member of both
// never loses the role and nothing of an abandoned change is left.
type GrantInvokerIn struct {
	Service ServiceRef `json:"service" change:"replace"`
	Members []string   `json:"members" change:"replace"`
}

// GrantInvokerOut tells who was added by us.
type GrantInvokerOut struct {
	Added []string `json:"added"`
	Have  []string `json:"have"`
}

// RestrictIngressIn asks that the service is reached from inside only ("internal").
type RestrictIngressIn struct {
	Service ServiceRef `json:"service" change:"replace"`
	Ingress string     `json:"ingress"`
	// Restore opens it again on withdrawal as found; otherwise the restriction is retained.
	Restore bool `json:"restore" change:"ignore"`
}

// RestrictIngressOut tells the setting and what was found.
type RestrictIngressOut struct {
	Ingress string `json:"ingress"`
	Found   string `json:"found"`
	// Unchecked names the service when its invoker check is off.
	Unchecked string `json:"unchecked,omitempty"`
}
