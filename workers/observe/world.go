package observe

import (
	"context"
	"errors"
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

// World reads what a question is about: its networks with those that are peered, then the controllers with the gateways
// that packets from or to any of them may pass.
func (d Drivers) World(ctx context.Context, in ReachIn) (reach.World, error) {
	var w reach.World
	for _, s := range in.Networks {
		n, err := d.Networks.Network(ctx, s)
		if errors.Is(err, workers.ErrNotFound) {
			return w, workers.Refuse("not-found", "read network %s: %w", s.Network, err)
		}
		if err != nil {
			return w, workers.Reading(err)
		}
		w.Networks = append(w.Networks, n)
	}
	if err := d.peers(ctx, in, &w); err != nil {
		return w, err
	}
	realms := make([]reach.Realm, 0, len(w.Networks))
	for _, n := range w.Networks {
		realms = append(realms, n.Realm)
	}
	for _, c := range in.Controllers {
		f, err := d.Gateways.Fabric(ctx, c, realms)
		if err != nil {
			return w, workers.Reading(err)
		}
		w.Controllers, w.Gateways = append(w.Controllers, f.Controller), append(w.Gateways, f.Gateways...)
		w.Sites = append(w.Sites, f.Sites...)
		for _, n := range f.Networks {
			if !slices.Contains(realms, n.Realm) {
				w.Networks = append(w.Networks, n)
			}
		}
	}
	joinGateways(&w)
	return w, nil
}

// peers reads the networks that are peered with those of the question. One that cannot be read is left out: the model
// says of it that nothing is known.
func (d Drivers) peers(ctx context.Context, in ReachIn, w *reach.World) error {
	seen := map[reach.Realm]bool{}
	for _, n := range w.Networks {
		seen[n.Realm] = true
	}
	for i, n := range w.Networks[:len(in.Networks):len(in.Networks)] {
		for _, p := range n.Peers {
			if seen[p.Realm] || p.State != reach.Up {
				continue
			}
			seen[p.Realm] = true
			peer, err := d.Networks.Network(ctx, Scope{Network: string(p.Realm), Regions: in.Networks[i].Regions})
			if ctx.Err() != nil {
				return workers.Reading(err)
			}
			if err == nil {
				w.Networks = append(w.Networks, peer)
			}
		}
	}
	return nil
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
