package observe

import (
	"context"
	"slices"

	"github.com/culvertnet/culvert/events/reach"
	"github.com/culvertnet/culvert/workers"
)

// Drivers are what the steps of this capability stand on. They only read.
type Drivers struct {
	Networks Networks
	Gateways Gateways
	Claims   workers.Claims
	Times    workers.ClaimTimes
}

// Steps is the list of this capability's steps.
func Steps(d Drivers) []workers.Handler {
	vendor := func(ReachIn) string { return "gcp" }
	return []workers.Handler{
		workers.Handle(KindCheck, vendor, check{d}), workers.Handle(KindProveReach, vendor, prove{d}),
	}
}

// World reads all that a question may be about: its networks with those that are peered, then the controllers with the
// gateways that packets from or to any of them may pass.
func (d Drivers) World(ctx context.Context, in ReachIn) (reach.World, error) {
	r := reading{Drivers: d, in: in}
	if err := r.begin(ctx); err != nil {
		return reach.World{}, err
	}
	err := r.everything(ctx)
	return r.world(), err
}

// joinGateways makes one thing of what two vendors know under two names: a machine of a network that is a gateway of a
// controller has the gateway's name everywhere. It is found by its address, because the name of a machine is not ours.
func joinGateways(w *reach.World) {
	for i := range w.Networks {
		n := &w.Networks[i]
		names := gatewaysAmong(n, w.Gateways)
		n.Routes, n.Dynamic = named(n.Routes, names), named(n.Dynamic, names)
		n.Policies.Items = slices.Clone(n.Policies.Items)
		for j := range n.Policies.Items {
			n.Policies.Items[j].Next = renamed(n.Policies.Items[j].Next, names)
		}
	}
}

// gatewaysAmong gives the machines of a network that are gateways the gateways' names, gives the gateways what the
// network says of their machines, and tells each machine's gateway.
func gatewaysAmong(n *reach.Network, gateways []reach.Gateway) map[string]string {
	names := map[string]string{}
	n.Interfaces.Items = slices.Clone(n.Interfaces.Items)
	for i, at := range n.Interfaces.Items {
		for j, g := range gateways {
			if g.Realm != n.Realm || !g.Address.Overlaps(at.Addresses) {
				continue
			}
			names[at.Who.Name] = g.Name
			who := at.Who
			who.Kind, who.Name = reach.GatewayKind, g.Name
			n.Interfaces.Items[i].Who, gateways[j].Who = who, who
		}
	}
	return names
}

// named are routes whose next hops have the gateways' names.
func named(l reach.Listing[reach.Route], names map[string]string) reach.Listing[reach.Route] {
	l.Items = slices.Clone(l.Items)
	for i := range l.Items {
		l.Items[i].Next = renamed(l.Items[i].Next, names)
	}
	return l
}

func renamed(next reach.NextHop, names map[string]string) reach.NextHop {
	if name, ok := names[next.Name]; ok && next.Kind == reach.ToGateway {
		next.Name = name
	}
	return next
}
