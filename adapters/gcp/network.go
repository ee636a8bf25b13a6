package gcp

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"

	"cloud.google.com/go/compute/apiv1/computepb"
	"golang.org/x/sync/errgroup"
	"google.golang.org/api/dns/v1"
	"google.golang.org/api/iterator"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
	"github.com/culvertnet/culvert/workers/network"
)

// vpcs reads VPCs and switches Private Google Access.
type vpcs struct{ *Client }

var _ network.Networks = vpcs{}

// Networks is the port to VPCs and their subnets.
func (c *Client) Networks() network.Networks { return vpcs{c} }

// bundleQuota is how many PSC endpoints for Google APIs one network takes. It is a quota per network, which projects.get
// need not list (the discovery document's Quota.metric does not name it): where it is not listed no limit is known.
const bundleQuota = "PSC_GOOGLE_APIS_FORWARDING_RULES_PER_NETWORK"

// Describe asks many small questions at once.
func (n vpcs) Describe(ctx context.Context, name string) (network.Network, error) {
	project, id, err := splitNetwork(name)
	if err != nil {
		return network.Network{}, err
	}
	name = networkName(project, id)
	vpc, err := n.networks.Get(ctx, &computepb.GetNetworkRequest{Project: project, Network: id}, once())
	if err != nil {
		return network.Network{}, n.fail(call{name: "networks.get"}, err)
	}
	d := description{Client: n.Client, project: project, name: name}
	d.out = network.Network{Name: name, AutoMode: vpc.GetAutoCreateSubnetworks(), AddressesLeft: -1, BundleQuota: math.MaxInt32}
	g, ctx := errgroup.WithContext(ctx)
	for _, ask := range []func(context.Context) error{d.subnets, d.routes, d.allocated, d.endpoints, d.quotas, d.policies} {
		g.Go(func() error { return ask(ctx) })
	}
	for _, p := range vpc.GetPeerings() {
		if p.GetState() == "ACTIVE" {
			g.Go(func() error { return d.peering(ctx, p) })
		}
	}
	if err := g.Wait(); err != nil {
		return network.Network{}, err
	}
	return d.out, nil
}

// A description is a Network while its parts come in.
type description struct {
	*Client
	project, name string

	mu  sync.Mutex
	out network.Network
}

func (d *description) add(to *[]network.Range, ranges ...network.Range) {
	d.mu.Lock()
	defer d.mu.Unlock()
	*to = append(*to, ranges...)
}

func (d *description) subnets(ctx context.Context) error {
	found, err := d.subnetsOf(ctx, d.name)
	d.add(&d.out.Subnets, found...)
	return err
}

// subnetsOf lists primary and secondary ranges of a network in all regions.
func (c *Client) subnetsOf(ctx context.Context, name string) ([]network.Range, error) {
	var out []network.Range
	req := &computepb.AggregatedListSubnetworksRequest{Project: segment(name, "projects")}
	it := c.subnetworks.AggregatedList(ctx, req, once())
	for {
		scope, err := it.Next()
		if errors.Is(err, iterator.Done) {
			return out, nil
		}
		if err != nil {
			return nil, c.fail(call{name: "subnetworks.aggregatedList"}, err)
		}
		for _, s := range scope.Value.GetSubnetworks() {
			if relative(s.GetNetwork()) != name {
				continue
			}
			from := "subnet " + relative(s.GetSelfLink())
			out = append(out, network.Range{CIDR: canonical(s.GetIpCidrRange()), From: from})
			for _, second := range s.GetSecondaryIpRanges() {
				out = append(out, network.Range{CIDR: canonical(second.GetIpCidrRange()), From: from + " range " + second.GetRangeName()})
			}
		}
	}
}

// routes lists static routes. The subnets' own and those of a peering's subnets are not static; the latter are kept as
// subnets, because they may be all that is readable of the peer.
func (d *description) routes(ctx context.Context) error {
	all, err := d.routesOf(ctx, d.name)
	for _, r := range all {
		at := network.Range{CIDR: canonical(r.GetDestRange()), From: "route " + r.GetName()}
		switch {
		case r.GetNextHopNetwork() != "":
		case r.GetNextHopPeering() != "":
			at.From = "peering " + r.GetNextHopPeering()
			d.add(&d.out.Subnets, at)
		default:
			d.add(&d.out.Routes, at)
		}
	}
	return err
}

func (c *Client) routesOf(ctx context.Context, name string) ([]*computepb.Route, error) {
	var out []*computepb.Route
	it := c.routes.List(ctx, &computepb.ListRoutesRequest{Project: segment(name, "projects")}, once())
	for {
		r, err := it.Next()
		if errors.Is(err, iterator.Done) {
			return out, nil
		}
		if err != nil {
			return nil, c.fail(call{name: "routes.list"}, err)
		}
		if relative(r.GetNetwork()) == name {
			out = append(out, r)
		}
	}
}

// peering adds what comes over one peering: the peer's subnets, from the peer itself where we may read it, else from the
// routes that the peering lists; and the static routes it imports.
func (d *description) peering(ctx context.Context, p *computepb.NetworkPeering) error {
	peer := relative(p.GetNetwork())
	found, err := d.subnetsOf(ctx, peer)
	if err == nil {
		d.add(&d.out.Subnets, found...)
		err = d.peerMode(ctx, peer)
	}
	readable := err == nil
	if !readable && !refused(err) {
		return err
	}
	if readable && !p.GetImportCustomRoutes() {
		return nil
	}
	return d.imported(ctx, p.GetName())
}

// refused tells an answer that will not change: the peer is another's, or gone.
func refused(err error) bool {
	return errors.Is(err, workers.ErrNotFound) || workers.Outcome(err, events.Unsure).Class == events.Refuse
}

func (d *description) peerMode(ctx context.Context, peer string) error {
	project, id, err := splitNetwork(peer)
	if err != nil {
		return err
	}
	vpc, err := d.networks.Get(ctx, &computepb.GetNetworkRequest{Project: project, Network: id}, once())
	if err != nil {
		return d.fail(call{name: "networks.get"}, err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.out.AutoMode = d.out.AutoMode || vpc.GetAutoCreateSubnetworks()
	return nil
}

// imported lists a peering's incoming routes in every region that this network has subnets in: subnet and static routes
// are the same in each, the region matters for dynamic ones.
func (d *description) imported(ctx context.Context, peering string) error {
	own, err := d.subnetsOf(ctx, d.name)
	if err != nil {
		return err
	}
	seen := map[network.Range]bool{}
	for _, region := range regionsOf(own) {
		it := d.networks.ListPeeringRoutes(ctx, &computepb.ListPeeringRoutesNetworksRequest{
			Project: d.project, Network: base(d.name), PeeringName: &peering, Region: &region, Direction: new("INCOMING"),
		}, once())
		for {
			r, err := it.Next()
			if errors.Is(err, iterator.Done) {
				break
			}
			if err != nil {
				return d.fail(call{name: "networks.listPeeringRoutes"}, err)
			}
			at := network.Range{CIDR: canonical(r.GetDestRange()), From: "peering " + peering}
			if seen[at] {
				continue
			}
			seen[at] = true
			if r.GetType() == "SUBNET_PEERING_ROUTE" {
				d.add(&d.out.Subnets, at)
			} else if r.GetImported() {
				d.add(&d.out.Routes, at)
			}
		}
	}
	return nil
}

func regionsOf(subnets []network.Range) []string {
	var out []string
	seen := map[string]bool{}
	for _, s := range subnets {
		if r := segment(s.From, "regions"); r != "" && !seen[r] {
			seen[r] = true
			out = append(out, r)
		}
	}
	return out
}

// allocated lists the ranges of private services access.
func (d *description) allocated(ctx context.Context) error {
	it := d.globalAddresses.List(ctx, &computepb.ListGlobalAddressesRequest{Project: d.project}, once())
	for {
		a, err := it.Next()
		if errors.Is(err, iterator.Done) {
			return nil
		}
		if err != nil {
			return d.fail(call{name: "globalAddresses.list"}, err)
		}
		if a.GetPurpose() == "VPC_PEERING" && relative(a.GetNetwork()) == d.name {
			cidr := fmt.Sprintf("%s/%d", a.GetAddress(), a.GetPrefixLength())
			d.add(&d.out.Allocated, network.Range{CIDR: canonical(cidr), From: "allocation " + a.GetName()})
		}
	}
}

// endpoints counts the PSC endpoints for Google APIs.
func (d *description) endpoints(ctx context.Context) error {
	it := d.globalRules.List(ctx, &computepb.ListGlobalForwardingRulesRequest{Project: d.project}, once())
	count := 0
	for {
		r, err := it.Next()
		if errors.Is(err, iterator.Done) {
			break
		}
		if err != nil {
			return d.fail(call{name: "globalForwardingRules.list"}, err)
		}
		if isBundle(r.GetTarget()) && relative(r.GetNetwork()) == d.name {
			count++
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.out.BundleEndpoints = count
	return nil
}

func (d *description) quotas(ctx context.Context) error {
	p, err := d.projects.Get(ctx, &computepb.GetProjectRequest{Project: d.project}, once())
	if err != nil {
		return d.fail(call{name: "projects.get"}, err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, q := range p.GetQuotas() {
		switch q.GetMetric() {
		case bundleQuota:
			d.out.BundleQuota = int(q.GetLimit())
		case "GLOBAL_INTERNAL_ADDRESSES":
			d.out.AddressesLeft = max(0, int(q.GetLimit()-q.GetUsage()))
		}
	}
	return nil
}

// policies reads the DNS server policies that bind the network.
func (d *description) policies(ctx context.Context) error {
	err := d.dns.Policies.List(d.project).Pages(ctx, func(page *dns.PoliciesListResponse) error {
		for _, p := range page.Policies {
			for _, n := range p.Networks {
				if relative(n.NetworkUrl) != d.name {
					continue
				}
				alternative := p.AlternativeNameServerConfig
				d.mu.Lock()
				d.out.InboundDNS = d.out.InboundDNS || p.EnableInboundForwarding
				d.out.AlternativeDNS = d.out.AlternativeDNS || alternative != nil && len(alternative.TargetNameServers) > 0
				d.mu.Unlock()
			}
		}
		return nil
	})
	return d.fail(call{name: "policies.list"}, err)
}
