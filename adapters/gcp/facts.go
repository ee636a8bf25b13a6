package gcp

import (
	"context"
	"slices"

	"cloud.google.com/go/compute/apiv1/computepb"
	"cloud.google.com/go/vpcaccess/apiv1/vpcaccesspb"
	"golang.org/x/sync/errgroup"
	"google.golang.org/api/dns/v1"
	"google.golang.org/api/networkconnectivity/v1"

	"github.com/culvertnet/culvert/events/reach"
	"github.com/culvertnet/culvert/workers"
	"github.com/culvertnet/culvert/workers/observe"
)

// networkFacts reads what decides about packets in a network. First everything is read (facts_read.go), then it is
// translated, one file for each fact.
type networkFacts struct{ *Client }

var _ observe.Networks = networkFacts{}

// NetworkFacts is the port that reads what decides about packets in networks.
func (c *Client) NetworkFacts() observe.Networks { return networkFacts{c} }

// A survey is one reading of a network: what each call has told, in the vendor's words.
type survey struct {
	*Client
	speller
	scope observe.Scope
	// network is the full name, project its project's id.
	network, project string
	vpc              *computepb.Network

	effective told[*computepb.NetworksGetEffectiveFirewallsResponse]
	regional  []told[regionalRules]
	subnets   []told[*computepb.Subnetwork]
	fixed     told[*computepb.Route]
	peered    []told[peeredRoute]
	elsewhere source
	edges     []told[*computepb.Router]
	statuses  []told[routerStatus]
	byPolicy  told[*networkconnectivity.PolicyBasedRoute]
	fronts    []told[*computepb.ForwardingRule]
	machines  told[*computepb.Instance]
	hidden    []told[*vpcaccesspb.Connector]
	workloads []told[workload]
	zones     told[*dns.ManagedZone]
	records   []told[zoneRecord]
	opened    map[string]bool // zones whose records were read
	outbound  told[*dns.Policy]
	responses told[*dns.ResponsePolicy]
	answers   []told[*dns.ResponsePolicyRule]
}

// Network reads the network itself first: without it there is nothing to say.
func (f networkFacts) Network(ctx context.Context, s observe.Scope) (reach.Network, error) {
	r, err := f.survey(ctx, s)
	if err != nil {
		return reach.Network{}, err
	}
	r.read(r.bounded(ctx))
	out := r.translate()
	// What was not read because nobody waits any more is no gap.
	return out, ctx.Err()
}

// Senders reads the network itself first, too.
func (f networkFacts) Senders(ctx context.Context, s observe.Scope) (reach.Network, error) {
	r, err := f.survey(ctx, s)
	if err != nil {
		return reach.Network{}, err
	}
	together(r.ofSenders(r.bounded(ctx))...)
	return r.translateSenders(), ctx.Err()
}

// survey begins one with the network itself.
func (f networkFacts) survey(ctx context.Context, s observe.Scope) (*survey, error) {
	project, id, err := splitNetwork(s.Network)
	if err != nil {
		return nil, err
	}
	if len(s.Regions) == 0 {
		return nil, workers.Refuse("invalid", "read network %s: no region is named", s.Network)
	}
	home, err := f.projectID(ctx, project)
	if err != nil {
		return nil, f.fail(call{name: "projects.get"}, err)
	}
	r := &survey{Client: f.Client, speller: f.speller(ctx, home), scope: s, network: networkName(home, id),
		project: home}
	if r.vpc, err = f.vpc(ctx, r.network); err == nil {
		r.spread()
	}
	return r, err
}

// Hidden reads the connectors alone.
func (f networkFacts) Hidden(ctx context.Context, s observe.Scope) (reach.Listing[reach.Subnet], error) {
	project, id, err := splitNetwork(s.Network)
	if err != nil {
		return reach.Listing[reach.Subnet]{}, err
	}
	r := &survey{Client: f.Client, speller: f.speller(ctx, project), scope: s, network: networkName(project, id),
		project: project}
	if s.AllRegions {
		if r.vpc, err = f.vpc(ctx, r.network); err != nil {
			out := told[*vpcaccesspb.Connector]{source: r.source("networks.get", r.network)}
			out.failed(r.Client, err)
			r.hidden = append(r.hidden, out)
			return r.hiddenRanges(), ctx.Err()
		}
		r.spread()
	}
	together(r.ofConnectors(r.bounded(ctx))...)
	return r.hiddenRanges(), ctx.Err()
}

// spread adds the regions of the network's subnetworks to those in question, where all are.
func (r *survey) spread() {
	if r.scope.AllRegions {
		r.scope.Regions = set(slices.Concat(regionsOf(r.vpc), r.scope.Regions))
	}
}

// atOnce bounds the calls of one reading that are under way at a time.
const atOnce = 8

// together carries out reads side by side. None of them errs: what a call did not tell is in its list.
func together(reads ...func()) {
	var g errgroup.Group
	g.SetLimit(atOnce)
	for _, read := range reads {
		g.Go(func() error {
			read()
			return nil
		})
	}
	_ = g.Wait() // none errs
}

// translate puts all that was told into the model's words.
func (r *survey) translate() reach.Network {
	out := r.translateSenders()
	out.Names, out.Routes, out.Dynamic = r.nameService(), r.staticRoutes(), r.learnedRoutes()
	out.Policies, out.Endpoints, out.NATs = r.policyRoutes(), r.privateEndpoints(), r.nats()
	return out
}

// translateSenders does so with what tells who sends.
func (r *survey) translateSenders() reach.Network {
	return reach.Network{
		Realm: reach.Realm(r.network), Project: r.project, Peers: r.peerings(), Firewall: r.firewall(),
		Subnets: r.subnetRanges(), Hidden: r.hiddenRanges(), Interfaces: r.interfaces(), Tenants: r.tenants(),
	}
}
