package gcp

import (
	"context"
	"errors"

	"cloud.google.com/go/compute/apiv1/computepb"
	"google.golang.org/api/iterator"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
	"github.com/culvertnet/culvert/workers/network"
)

// peering adds what comes over one peering: the peer's subnets, from the peer itself where we may read it, else from
// the routes that the peering lists; and the static routes it imports.
func (d *description) peering(ctx context.Context, p *computepb.NetworkPeering) error {
	err := d.peer(ctx, relative(p.GetNetwork()))
	if err != nil && !refused(err) {
		return err
	}
	if err == nil && !p.GetImportCustomRoutes() {
		return nil
	}
	return d.imported(ctx, p.GetName())
}

// refused tells an answer that will not change: the peer is another's, or gone.
func refused(err error) bool {
	return errors.Is(err, workers.ErrNotFound) || workers.Outcome(err, events.Unsure).Class == events.Refuse
}

// peer reads the peer network itself.
func (d *description) peer(ctx context.Context, name string) error {
	vpc, err := d.Client.vpc(ctx, name)
	if err != nil {
		return err
	}
	found, err := d.subnetsOf(ctx, name, vpc)
	if err != nil {
		return err
	}
	d.add(&d.out.Subnets, found...)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.out.AutoMode = d.out.AutoMode || vpc.GetAutoCreateSubnetworks()
	return nil
}

// imported lists a peering's incoming routes in every region that this network has subnets in: subnet and static routes
// are the same in each, the region matters for dynamic ones.
func (d *description) imported(ctx context.Context, peering string) error {
	seen := map[network.Range]bool{}
	for _, region := range regionsOf(d.vpc) {
		it := d.networks.ListPeeringRoutes(d.bounded(ctx), &computepb.ListPeeringRoutesNetworksRequest{
			Project: d.project, Network: base(d.name), PeeringName: &peering, Region: &region,
			Direction: new("INCOMING"),
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
