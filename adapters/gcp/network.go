package gcp

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"cloud.google.com/go/compute/apiv1/computepb"
	"golang.org/x/sync/errgroup"
	"google.golang.org/api/dns/v1"
	"google.golang.org/api/iterator"

	"github.com/culvertnet/culvert/workers/network"
)

// vpcs reads VPCs and switches Private Google Access.
type vpcs struct{ *Client }

var _ network.Networks = vpcs{}

// Networks is the port to VPCs and their subnets.
func (c *Client) Networks() network.Networks { return vpcs{c} }

// Describe asks many small questions at once.
func (n vpcs) Describe(ctx context.Context, name string) (network.Network, error) {
	return n.describe(ctx, name, func(d *description) []func(context.Context) error {
		return []func(context.Context) error{d.endpoints, d.addresses, d.bundles, d.policies}
	})
}

// Space asks fewer.
func (n vpcs) Space(ctx context.Context, name string) (network.Network, error) {
	return n.describe(ctx, name, func(*description) []func(context.Context) error { return nil })
}

// describe asks for the ranges of a network, and for more.
func (n vpcs) describe(
	ctx context.Context, name string, more func(*description) []func(context.Context) error,
) (network.Network, error) {
	project, id, err := splitNetwork(name)
	if err != nil {
		return network.Network{}, err
	}
	name = networkName(project, id)
	vpc, err := n.vpc(ctx, name)
	if err != nil {
		return network.Network{}, err
	}
	d := description{Client: n.Client, project: project, name: name, vpc: vpc}
	d.out = network.Network{Name: name, AutoMode: vpc.GetAutoCreateSubnetworks(), AddressesLeft: -1}
	g, ctx := errgroup.WithContext(ctx)
	for _, ask := range append(more(&d), d.subnets, d.routes, d.allocated) {
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
	vpc           *computepb.Network

	mu  sync.Mutex
	out network.Network
}

func (d *description) add(to *[]network.Range, ranges ...network.Range) {
	d.mu.Lock()
	defer d.mu.Unlock()
	*to = append(*to, ranges...)
}

// vpc reads a network by its full name.
func (c *Client) vpc(ctx context.Context, name string) (*computepb.Network, error) {
	project, id, err := splitNetwork(name)
	if err != nil {
		return nil, err
	}
	got, err := c.networks.Get(ctx, &computepb.GetNetworkRequest{Project: project, Network: id}, once())
	return got, c.fail(call{name: "networks.get"}, err)
}

func (d *description) subnets(ctx context.Context) error {
	found, err := d.subnetsOf(ctx, d.name, d.vpc)
	d.add(&d.out.Subnets, found...)
	return err
}

// subnetsOf lists primary and secondary ranges of a network, region by region as the network names them: a project may
// have thousands of subnetworks of other networks.
func (c *Client) subnetsOf(ctx context.Context, name string, vpc *computepb.Network) ([]network.Range, error) {
	var mu sync.Mutex
	var out []network.Range
	g, ctx := errgroup.WithContext(ctx)
	for _, region := range regionsOf(vpc) {
		g.Go(func() error {
			found, err := c.subnetsIn(ctx, name, region)
			mu.Lock()
			defer mu.Unlock()
			out = append(out, found...)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	slices.SortFunc(out, func(a, b network.Range) int { return strings.Compare(a.From, b.From) })
	return out, nil
}

func regionsOf(vpc *computepb.Network) []string {
	var out []string
	for _, link := range vpc.GetSubnetworks() {
		out = append(out, segment(relative(link), "regions"))
	}
	return set(out)
}

func (c *Client) subnetsIn(ctx context.Context, name, region string) ([]network.Range, error) {
	var out []network.Range
	ctx = c.bounded(ctx)
	it := c.subnetworks.List(ctx, &computepb.ListSubnetworksRequest{Project: segment(name, "projects"), Region: region},
		once())
	for {
		s, err := it.Next()
		if errors.Is(err, iterator.Done) {
			return out, nil
		}
		if err != nil {
			return nil, c.fail(call{name: "subnetworks.list"}, err)
		}
		if relative(s.GetNetwork()) != name {
			continue
		}
		from := "subnet " + relative(s.GetSelfLink())
		out = append(out, network.Range{CIDR: canonical(s.GetIpCidrRange()), From: from})
		for _, second := range s.GetSecondaryIpRanges() {
			out = append(out, network.Range{
				CIDR: canonical(second.GetIpCidrRange()), From: from + " range " + second.GetRangeName(),
			})
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
	ctx = c.bounded(ctx)
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

// Overrides asks the route table, which has a route to each subnet and to each of a peer's. An endpoint beats every
// wider static route and every learned one (About accessing Google APIs through endpoints).
func (n vpcs) Overrides(ctx context.Context, name, ip string) (string, error) {
	project, id, err := splitNetwork(name)
	if err != nil {
		return "", err
	}
	all, err := n.routesOf(ctx, networkName(project, id))
	if err != nil {
		return "", err
	}
	host := canonical(ip)
	for _, r := range all {
		system := r.GetNextHopNetwork() != "" || r.GetNextHopPeering() != ""
		if dest := canonical(r.GetDestRange()); dest == host || system && inside(host, []string{dest}) {
			return "route " + r.GetName() + " (" + dest + ")", nil
		}
	}
	return "", nil
}

// allocated lists the ranges of private services access.
func (d *description) allocated(ctx context.Context) error {
	it := d.globalAddresses.List(d.bounded(ctx), &computepb.ListGlobalAddressesRequest{Project: d.project}, once())
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
	it := d.globalRules.List(d.bounded(ctx), &computepb.ListGlobalForwardingRulesRequest{Project: d.project}, once())
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

// policies reads the DNS server policies that bind the network.
func (d *description) policies(ctx context.Context) error {
	err := d.dns.Policies.List(d.project).Pages(ctx, func(page *dns.PoliciesListResponse) error {
		for _, p := range page.Policies {
			for _, n := range p.Networks {
				if d.named(ctx, n.NetworkUrl) != d.name {
					continue
				}
				alternative := p.AlternativeNameServerConfig
				d.mu.Lock()
				d.out.InboundDNS = d.out.InboundDNS || p.EnableInboundForwarding
				d.out.AlternativeDNS = d.out.AlternativeDNS || alternative != nil && len(
					alternative.TargetNameServers,
				) > 0
				d.mu.Unlock()
			}
		}
		return nil
	})
	return d.fail(call{name: "policies.list"}, err)
}
