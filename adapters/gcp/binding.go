package gcp

import (
	"context"
	"errors"
	"slices"

	"github.com/culvertnet/culvert/workers"
	"github.com/culvertnet/culvert/workers/egress"
)

// bound brings a binding that was read to its one form: full names, projects by their ids, and what was left out filled
// in as the vendor does (run/v2 discovery document, NetworkInterface: without a subnetwork it is the one with the
// network's name, without a network it is the subnetwork's).
func (s services) bound(ctx context.Context, ref egress.ServiceRef, b egress.Binding) (egress.Binding, error) {
	place := "projects/" + ref.Project
	b.Connector = s.full(ctx, b.Connector, place+"/locations/"+ref.Region+"/connectors")
	b.Network = s.full(ctx, b.Network, place+"/global/networks")
	b.Subnet = s.full(ctx, b.Subnet, place+"/regions/"+ref.Region+"/subnetworks")
	b.Tags = slices.Sorted(slices.Values(b.Tags))
	switch {
	case b.Subnet == "" && b.Network != "":
		b.Subnet = subnetRef{segment(b.Network, "projects"), ref.Region, base(b.Network)}.String()
	case b.Network == "" && b.Subnet != "":
		at, err := splitSubnet(b.Subnet)
		if err != nil {
			return b, nil // not a name of ours to take apart: it is compared as it is
		}
		got, err := s.subnet(ctx, at)
		if err != nil && !errors.Is(err, workers.ErrNotFound) {
			return b, err
		}
		b.Network = s.named(ctx, got.GetNetwork())
	}
	return b, nil
}
