package gcp

import (
	"context"

	"cloud.google.com/go/compute/apiv1/computepb"
	"github.com/google/uuid"

	"github.com/culvertnet/culvert/workers/network"
)

// Subnet reads a subnetwork.
func (n vpcs) Subnet(ctx context.Context, name string) (network.Subnet, error) {
	ref, err := splitSubnet(name)
	if err != nil {
		return network.Subnet{}, err
	}
	s, err := n.subnet(ctx, ref)
	if err != nil {
		return network.Subnet{}, err
	}
	return network.Subnet{
		Name: ref.String(), Network: relative(s.GetNetwork()), Region: ref.region, CIDR: canonical(s.GetIpCidrRange()),
		Purpose: s.GetPurpose(), GoogleAccess: s.GetPrivateIpGoogleAccess(),
	}, nil
}

func (c *Client) subnet(ctx context.Context, ref subnetRef) (*computepb.Subnetwork, error) {
	req := &computepb.GetSubnetworkRequest{Project: ref.project, Region: ref.region, Subnetwork: ref.name}
	s, err := c.subnetworks.Get(ctx, req, once())
	return s, c.fail(call{name: "subnetworks.get"}, err)
}

// SetGoogleAccess switches Private Google Access. The request id contains the subnetwork's fingerprint, because the
// flag may be set, taken back and set again in one saga.
func (n vpcs) SetGoogleAccess(ctx context.Context, req uuid.UUID, name string, on bool) error {
	ref, err := splitSubnet(name)
	if err != nil {
		return err
	}
	s, err := n.subnet(ctx, ref)
	if err != nil {
		return absent(err)
	}
	if s.GetPrivateIpGoogleAccess() == on {
		return nil
	}
	set := &computepb.SetPrivateIpGoogleAccessSubnetworkRequest{
		Project: ref.project, Region: ref.region, Subnetwork: ref.name,
		SubnetworksSetPrivateIpGoogleAccessRequestResource: &computepb.SubnetworksSetPrivateIpGoogleAccessRequest{
			PrivateIpGoogleAccess: &on,
		},
	}
	return n.mutate(mutation{
		call: "subnetworks.setPrivateIpGoogleAccess", project: ref.project, region: ref.region,
		req: req, request: set, before: s.GetFingerprint(),
		send: func(id *string) (started, error) {
			set.RequestId = id
			return fromProto(n.subnetworks.SetPrivateIpGoogleAccess(ctx, set))
		},
		took: func() (bool, error) {
			now, err := n.subnet(ctx, ref)
			return now.GetPrivateIpGoogleAccess() == on, err
		},
	})
}
