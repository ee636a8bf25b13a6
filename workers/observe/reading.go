package observe

import (
	"context"
	"errors"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/culvertnet/culvert/events/reach"
	"github.com/culvertnet/culvert/workers"
)

// A reading is what one command has read of the world. It begins with the networks of the question. What their routes
// lead to is read when an answer depends on it: a network that no packet in question enters, and a controller none of
// whose gateways is on a way, decide nothing. No list is read twice.
type reading struct {
	Drivers
	in ReachIn
	// near are the networks of the question, in its order; peers are those that are peered with them.
	near  []reach.Network
	peers []neighbour
	// fabrics are what controllers know, in the order of the question; nil until the first gateway is asked for.
	fabrics []Fabric
	// passing are the addresses of the machines that were asked for; whole tells that nothing is left to ask.
	passing reach.Ranges
	whole   bool
}

// A neighbour is a network that is peered with one of the question. Until it is asked for, only its ranges of
// connectors are known: routes to them are in no list, and would be missed without a sign.
type neighbour struct {
	scope   Scope
	network reach.Network
	asked   bool
	// unread is one that was asked for and cannot be read: the model says of it that nothing is known.
	unread bool
}

// begin reads the networks of the question, side by side, and the hidden ranges of their peers.
func (r *reading) begin(ctx context.Context) error {
	if err := r.readNear(ctx, r.Networks.Network); err != nil {
		return err
	}
	return r.findPeers(ctx)
}

// readNear reads the networks of the question by one of the port's ways.
func (r *reading) readNear(ctx context.Context, read func(context.Context, Scope) (reach.Network, error)) error {
	r.near = make([]reach.Network, len(r.in.Networks))
	all, within := errgroup.WithContext(ctx)
	for i, s := range r.in.Networks {
		s.AllRegions = r.anywhere()
		all.Go(func() (err error) {
			r.near[i], err = read(within, s)
			if errors.Is(err, workers.ErrNotFound) {
				return workers.Refuse("not-found", "read network %s: %w", s.Network, err)
			}
			return workers.Reading(err)
		})
	}
	return all.Wait()
}

func (r *reading) findPeers(ctx context.Context) error {
	seen := map[reach.Realm]bool{}
	for _, n := range r.near {
		seen[n.Realm] = true
	}
	for i, n := range r.near {
		for _, p := range n.Peers {
			if seen[p.Realm] || p.State != reach.Up {
				continue
			}
			seen[p.Realm] = true
			r.peers = append(r.peers, neighbour{network: unasked(p.Realm), scope: Scope{Network: string(p.Realm),
				Regions: r.in.Networks[i].Regions, AllRegions: r.anywhere(), Names: r.in.Networks[i].Names}})
		}
	}
	all, within := errgroup.WithContext(ctx)
	for i := range r.peers {
		p := &r.peers[i]
		all.Go(func() (err error) {
			p.network.Hidden, err = r.Networks.Hidden(within, p.scope)
			return workers.Reading(err)
		})
	}
	return all.Wait()
}

// notAsked is why a list was left out on purpose; its object is the network.
const notAsked = "the network was not asked for"

// unasked is a network of which nothing was read yet.
func unasked(realm reach.Realm) reach.Network {
	gaps := []reach.Gap{{Cause: reach.ListNotWhole, Object: string(realm), Why: notAsked}}
	return reach.Network{Realm: realm, Subnets: reach.Listing[reach.Subnet]{Gaps: gaps},
		Routes: reach.Listing[reach.Route]{Gaps: gaps}, Dynamic: reach.Listing[reach.Route]{Gaps: gaps},
		Policies: reach.Listing[reach.PolicyRoute]{Gaps: gaps}, Endpoints: reach.Listing[reach.Endpoint]{Gaps: gaps},
		NATs: reach.Listing[reach.NAT]{Gaps: gaps}, Interfaces: reach.Listing[reach.Interface]{Gaps: gaps},
		Tenants: reach.Listing[reach.Interface]{Gaps: gaps}, Firewall: reach.Firewall{
			Hierarchical: reach.Listing[reach.Policy]{Gaps: gaps}, System: reach.Listing[reach.Policy]{Gaps: gaps},
			Global: reach.Listing[reach.Policy]{Gaps: gaps}, Regional: reach.Listing[reach.Policy]{Gaps: gaps},
			Rules: reach.Listing[reach.Rule]{Gaps: gaps}},
		Names: reach.NameService{Servers: reach.Listing[string]{Gaps: gaps},
			Responses: reach.Listing[reach.Response]{Gaps: gaps}, Zones: reach.Listing[reach.Zone]{Gaps: gaps}}}
}

// world is what was read so far, joined.
func (r *reading) world() reach.World {
	w := reach.World{Networks: slices.Clone(r.near)}
	for _, p := range r.peers {
		if !p.unread {
			w.Networks = append(w.Networks, p.network)
		}
	}
	for _, f := range r.fabrics {
		if f.Controller.Name == "" { // none of its gateways is in question
			continue
		}
		w.Controllers, w.Gateways = append(w.Controllers, f.Controller), append(w.Gateways, f.Gateways...)
		w.Sites = append(w.Sites, f.Sites...)
		for _, n := range f.Networks {
			if !slices.ContainsFunc(w.Networks, func(o reach.Network) bool { return o.Realm == n.Realm }) {
				w.Networks = append(w.Networks, n)
			}
		}
	}
	joinGateways(&w)
	return w
}

// everything reads all peers, and all gateways of the networks.
func (r *reading) everything(ctx context.Context) error {
	if r.whole {
		return nil
	}
	r.whole = true
	if err := r.readPeers(ctx, func(*neighbour) bool { return true }); err != nil {
		return err
	}
	realms := make([]reach.Realm, 0, len(r.near)+len(r.peers))
	for _, n := range r.world().Networks {
		realms = append(realms, n.Realm)
	}
	return r.readFabrics(ctx, func(ctx context.Context, c string) (Fabric, error) {
		return r.Gateways.Fabric(ctx, c, realms)
	})
}

// An answer is what the claims of the connection are in one world.
type answer struct {
	world reach.World
	own   []reach.Finding
	ways  ways
}

// answer asks about each claim in the world as it was read so far, once the effects have happened.
func (r *reading) answer() (a answer, err error) {
	a.world, a.own = r.world(), []reach.Finding{}
	after, err := a.world.After(r.in.Effects...)
	if err != nil {
		return a, workers.Refuse("invalid", "judge the plan: %w", err)
	}
	for _, ask := range r.in.Asks {
		f, err := after.Ask(ask)
		if err != nil {
			return a, workers.Refuse("invalid", "judge the plan: %w", err)
		}
		a.own = append(a.own, f)
	}
	a.ways, err = r.in.waysIn(a.world)
	return a, err
}

// enough reads on until no claim of the connection depends on something that was not asked for. It answers the claims.
func (r *reading) enough(ctx context.Context) (answer, error) {
	if !r.atHome() {
		if err := r.everything(ctx); err != nil {
			return answer{}, err
		}
	}
	for {
		a, err := r.answer()
		if r.whole || err != nil {
			return a, err
		}
		more, err := r.more(ctx, a)
		if !more || err != nil {
			return a, err
		}
	}
}

// atSource tells an effect that decides at its senders, who are in one subnetwork, or a few that it names.
func atSource(e reach.Effect) bool { return e.Filter != nil || e.GoogleAccess != nil }

// anywhere tells whether the effects decide about senders of regions that the question does not name: whatever is not
// made at its senders is there for all of a network.
func (r *reading) anywhere() bool {
	return slices.ContainsFunc(r.in.Effects, func(e reach.Effect) bool { return !atSource(e) })
}

// atHome tells whether the effects decide about nobody but who sends in the networks of the question, and the claims
// name their destinations. What is made for others, or at a gateway, and a claim about all there is, is asked of
// everything; where names lead to is asked of what is on the way: see waits.
func (r *reading) atHome() bool {
	if slices.ContainsFunc(r.in.Asks, func(a reach.Ask) bool { return a.Want == reach.Answered }) ||
		slices.ContainsFunc(r.in.In, func(i WayIn) bool { return i.Gateway != "" }) {
		return false
	}
	return !slices.ContainsFunc(r.in.Effects, func(e reach.Effect) bool {
		offered := e.Names != nil || e.Endpoint != nil && e.Consented
		return !atSource(e) && !offered
	})
}

// waits tells whether something is undecided for what was not asked for.
func (r *reading) waits(w reach.World, open []reach.Gap) bool {
	var objects []string
	for _, g := range open {
		objects = append(objects, g.Object)
	}
	passing, strangers := machinesOf(w, objects)
	return strangers || r.beyond(objects) || !passing.Subtract(r.passing).Empty() ||
		slices.ContainsFunc(r.peers, func(p neighbour) bool {
			return !p.asked && slices.Contains(objects, string(p.network.Realm))
		})
}

// more reads what the claims depend on, and tells whether there was something.
func (r *reading) more(ctx context.Context, a answer) (bool, error) {
	w, needs := a.world, r.dependsOn(a)
	objects, toward := needs.objects, needs.toward
	if needs.everywhere {
		toward = reach.Ranges{}
	}
	wanted := func(p *neighbour) bool { return !p.asked && slices.Contains(objects, string(p.network.Realm)) }
	passing, strangers := machinesOf(w, objects)
	switch {
	case strangers || r.beyond(objects) || r.fabrics != nil && !passing.Subtract(r.passing).Empty():
		return true, r.everything(ctx)
	case r.fabrics == nil && !passing.Empty():
		if err := r.readPassing(ctx, passing, toward); err != nil {
			return true, err
		}
		return true, r.readPeers(ctx, wanted)
	case slices.ContainsFunc(r.peers, func(p neighbour) bool { return wanted(&p) }):
		return true, r.readPeers(ctx, wanted)
	}
	return false, nil
}

// A need is what claims are undecided for: objects, and the addresses at both ends of the packets that wait for a
// machine on their way. Everywhere tells that nobody can tell these.
type need struct {
	objects    []string
	toward     reach.Ranges
	everywhere bool
}

// add notes what a finding depends on. named tells that its packets have the addresses in ends at either end.
func (n *need) add(w reach.World, f reach.Finding, ends reach.Ranges, named bool) {
	var of []string
	for _, g := range f.Open {
		of = append(of, g.Object)
	}
	n.objects = append(n.objects, of...)
	if passing, _ := machinesOf(w, of); !passing.Empty() {
		n.toward, n.everywhere = n.toward.Union(ends), n.everywhere || !named
	}
}

// dependsOn is what the claims are undecided for.
func (r *reading) dependsOn(a answer) (out need) {
	for i, f := range a.own {
		ends, named := r.ends(r.in.Asks[i])
		out.add(a.world, f, ends, named)
	}
	for _, f := range a.ways.findings {
		out.add(a.world, f, reach.Ranges{}, false)
	}
	return out
}

// ends are the addresses that the packets of a claim have at either end, where the claim names them.
func (r *reading) ends(a reach.Ask) (ends reach.Ranges, ok bool) {
	if a.Want != reach.Passes || a.Dest == nil || a.Dest.CIDR == "" {
		return ends, false
	}
	dst, err := reach.ParseRanges(a.Dest.CIDR)
	if err != nil {
		return ends, false
	}
	if a.From.Subnet == "" {
		src, err := reach.ParseRanges(strings.Split(a.From.Source, ",")...)
		return dst.Union(src), err == nil
	}
	for _, n := range r.near {
		for _, s := range n.Subnets.Items {
			if n.Realm == a.From.Realm && s.Object == a.From.Subnet {
				return dst.Union(s.Ranges), true
			}
		}
	}
	return ends, false
}

// beyond tells whether one of some objects is a gateway that no line in question led to.
func (r *reading) beyond(objects []string) bool {
	return slices.ContainsFunc(r.fabrics, func(f Fabric) bool {
		return slices.ContainsFunc(f.Beyond, func(name string) bool { return slices.Contains(objects, name) })
	})
}

// machinesOf are the addresses of the machines among some objects that routes lead to and that are no gateway yet.
// strangers tells of one that no list shows, whose address nobody knows.
func machinesOf(w reach.World, objects []string) (passing reach.Ranges, strangers bool) {
	for _, n := range w.Networks {
		var hops []reach.NextHop
		for _, one := range slices.Concat(n.Routes.Items, n.Dynamic.Items) {
			hops = append(hops, one.Next)
		}
		for _, one := range n.Policies.Items {
			hops = append(hops, one.Next)
		}
		for _, hop := range hops {
			known := slices.ContainsFunc(w.Gateways, func(g reach.Gateway) bool { return g.Name == hop.Name })
			if hop.Kind != reach.ToGateway || known || !slices.Contains(objects, hop.Name) {
				continue
			}
			i := slices.IndexFunc(n.Interfaces.Items, func(i reach.Interface) bool { return i.Who.Name == hop.Name })
			if i < 0 {
				strangers = true
				continue
			}
			passing = passing.Union(n.Interfaces.Items[i].Addresses)
		}
	}
	return passing, strangers
}

// readPassing asks every controller for those of its gateways that have one of some addresses, and for what their
// tables lead to.
func (r *reading) readPassing(ctx context.Context, machines, toward reach.Ranges) error {
	r.passing = machines
	var realms []reach.Realm
	for _, n := range r.near {
		realms = append(realms, n.Realm)
	}
	for _, p := range r.peers {
		realms = append(realms, p.network.Realm)
	}
	return r.readFabrics(ctx, func(ctx context.Context, c string) (Fabric, error) {
		return r.Gateways.Through(ctx, c, Machines{Networks: realms, Addresses: machines, Toward: toward})
	})
}

func (r *reading) readFabrics(ctx context.Context, read func(context.Context, string) (Fabric, error)) error {
	r.fabrics = make([]Fabric, len(r.in.Controllers))
	all, within := errgroup.WithContext(ctx)
	for i, c := range r.in.Controllers {
		all.Go(func() (err error) {
			r.fabrics[i], err = read(within, c)
			return workers.Reading(err)
		})
	}
	return all.Wait()
}

// readPeers reads some peers. One that cannot be read is left out.
func (r *reading) readPeers(ctx context.Context, which func(*neighbour) bool) error {
	var all errgroup.Group
	for i := range r.peers {
		p := &r.peers[i]
		if p.asked || !which(p) {
			continue
		}
		p.asked = true
		all.Go(func() error {
			n, err := r.Networks.Network(ctx, p.scope)
			if ctx.Err() != nil {
				return workers.Reading(err)
			}
			if p.unread = err != nil; err == nil {
				p.network = n
			}
			return nil
		})
	}
	return all.Wait()
}
