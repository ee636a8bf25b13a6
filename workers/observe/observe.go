// Package observe is the capability of reading what decides about packets. It changes nothing.
//
// It is for facts about Google networks, about the gateways of a controller and about services, each list with the call
// that told it, its time, and whether it is whole; and for the steps that ask the model of reach about them. It is not
// for deciding how packets go (events/reach does), nor for making anything.
//
// Read this file for the ports, then reading.go for what is read, and world.go for how facts of several vendors become
// one world.
package observe

import (
	"context"

	"github.com/culvertnet/culvert/events/reach"
)

// All ports are safe for concurrent use and keep no argument.
//
// A port translates and does not judge: names of objects become full names in one spelling, each default of the vendor
// is filled in, each list has its call, its scope, the time before it was read, and whether it is whole. A list that
// could not be read, or only in part, is no error: it is a listing that is not whole, with a gap that names the call
// and, where the vendor told it, the permission (reach.NotAllowedToRead), or what was missing (reach.ListNotWhole). A
// setting that stands alone and could not be read is told by the list that depends on it, as the model's facts say.
// What the vendor answers and the port does not understand (a new kind of next hop, an unknown key) is a gap as well,
// never left out.

// Networks reads Google networks.
type Networks interface {
	// Network reads what decides about packets in a network. It answers workers.ErrNotFound when there is no such
	// network, and a classified failure only when the network itself could not be read.
	Network(ctx context.Context, s Scope) (reach.Network, error)
	// Senders reads who may send in a network and what its firewall lets out: subnetworks, ranges of connectors,
	// interfaces, tenants, firewall and peers. No other list is read. It answers as Network does.
	Senders(ctx context.Context, s Scope) (reach.Network, error)
	// Hidden reads the ranges of connectors in a network that no list of subnetworks shows, and nothing else of it. It
	// fails only when ctx has ended or the network has no full name.
	Hidden(ctx context.Context, s Scope) (reach.Listing[reach.Subnet], error)
}

// A Scope says what of a network is asked about.
type Scope struct {
	// Network is a full name: projects/PROJECT/global/networks/NAME. It becomes the realm.
	Network string `json:"network"`
	// Regions are where senders and receivers are: routers, NAT, regional policies, connectors and learned routes of
	// other regions are not read. At least one.
	Regions []string `json:"regions"`
	// AllRegions adds every region in which the network has a subnetwork.
	AllRegions bool `json:"-"`
	// ConnectorProjects are the projects whose connectors may stand in the network, besides the network's own.
	ConnectorProjects []string `json:"connectorProjects,omitempty"`
	// Names are those that the question has. A zone that holds none of them, nor one of the firewall's rules, is told
	// without its records, as one that others answer for; nil reads the records of every zone.
	Names []string `json:"-"`
}

// Gateways reads a controller with its gateways.
type Gateways interface {
	// Fabric reads the controller, and each gateway that packets from or to one of the networks may pass: the spokes in
	// them, and whatever is attached to or peered with those, in turn.
	Fabric(ctx context.Context, controller string, networks []reach.Realm) (Fabric, error)
	// Through reads the same, but only of the gateways whose machines have one of some addresses, and of those that
	// their tables lead to. Where none is the controller's, nothing more is read, and the answer is empty.
	Through(ctx context.Context, controller string, m Machines) (Fabric, error)
}

// Machines are machines of some networks by their addresses.
type Machines struct {
	Networks  []reach.Realm
	Addresses reach.Ranges
	// Toward are the addresses that packets in question have at either end: only the lines for them are followed from
	// table to table. Empty follows every gateway that is attached to or peered with another.
	Toward reach.Ranges
}

// A Fabric is what one controller knows.
type Fabric struct {
	Controller reach.Controller
	Gateways   []reach.Gateway
	// Networks are those of other clouds, as far as the controller shows them; what it does not show of them (their own
	// firewalls) is not whole. Sites are the far ends of its connections; nobody reads their tables here.
	Networks []reach.Network
	Sites    []reach.FarSideFacts
	// Beyond are the names of gateways that are attached to or peered with these, and that no line in question led to.
	Beyond []string
}

// Services reads a service as its callers meet it.
type Services interface {
	// Service reads ingress, invokers and the networks that serving revisions send to. It answers workers.ErrNotFound
	// when there is no such service, and a classified failure only when the service itself could not be read.
	Service(ctx context.Context, ref ServiceRef) (reach.Service, error)
}

// A ServiceRef names a service. Platform is "cloud-run" or "cloud-functions".
type ServiceRef struct{ Platform, Project, Region, Name string }

// NetworkRealm is the realm of a Google network.
func NetworkRealm(project, name string) reach.Realm {
	return reach.Realm("projects/" + project + "/global/networks/" + name)
}

// SiteRealm is the realm behind one peer or connection of a router, gateway or speaker: owner is its full name. Several
// ways to one site are several realms, until an operator says that they are one.
func SiteRealm(owner, peer string) reach.Realm { return reach.Realm("site/" + owner + "/" + peer) }
