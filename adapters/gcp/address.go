package gcp

import (
	"context"

	"cloud.google.com/go/compute/apiv1/computepb"
	"github.com/google/uuid"

	"github.com/culvertnet/culvert/workers/network"
)

// addresses keeps reserved internal addresses, global and regional.
type addresses struct{ *Client }

var _ network.Addresses = addresses{}

// Addresses is the port to reserved internal addresses.
func (c *Client) Addresses() network.Addresses { return addresses{c} }

// Get reads one.
func (a addresses) Get(ctx context.Context, ref network.Ref) (network.Address, error) {
	got, err := a.read(ctx, ref)
	if err != nil {
		return network.Address{}, err
	}
	out := network.Address{
		Ref: ref, IP: got.GetAddress(), Network: a.named(ctx, got.GetNetwork()),
		Subnet: a.named(ctx, got.GetSubnetwork()),
		Owner:  got.GetDescription(),
	}
	for _, user := range got.GetUsers() {
		out.InUseBy = append(out.InUseBy, relative(user))
	}
	return out, nil
}

func (a addresses) read(ctx context.Context, ref network.Ref) (*computepb.Address, error) {
	if ref.Region == "" {
		got, err := a.globalAddresses.Get(
			ctx, &computepb.GetGlobalAddressRequest{Project: ref.Project, Address: ref.Name}, once(),
		)
		return got, a.fail(call{name: "globalAddresses.get"}, err)
	}
	req := &computepb.GetAddressRequest{Project: ref.Project, Region: ref.Region, Address: ref.Name}
	got, err := a.Client.addresses.Get(ctx, req, once())
	return got, a.fail(call{name: "addresses.get"}, err)
}

// Reserve makes a global address for a bundle endpoint, or a regional one inside a subnet for a service attachment's.
// The owner goes into the description; labels are left to the customer.
func (a addresses) Reserve(ctx context.Context, req uuid.UUID, want network.Address) error {
	body := &computepb.Address{Name: &want.Name, AddressType: new("INTERNAL"), Description: &want.Owner}
	if want.IP != "" {
		body.Address = &want.IP
	}
	m := mutation{project: want.Project, region: want.Region, req: req}
	m.took = func() (bool, error) {
		_, err := a.read(ctx, want.Ref)
		return exists(err)
	}
	if want.Region == "" {
		body.Purpose, body.Network = new("PRIVATE_SERVICE_CONNECT"), &want.Network
		insert := &computepb.InsertGlobalAddressRequest{Project: want.Project, AddressResource: body}
		m.call, m.request = "globalAddresses.insert", insert
		m.send = func(id *string) (started, error) {
			insert.RequestId = id
			return fromProto(a.globalAddresses.Insert(ctx, insert))
		}
		return a.mutate(m)
	}
	body.Purpose, body.Subnetwork = new("GCE_ENDPOINT"), &want.Subnet
	insert := &computepb.InsertAddressRequest{Project: want.Project, Region: want.Region, AddressResource: body}
	m.call, m.request = "addresses.insert", insert
	m.send = func(id *string) (started, error) {
		insert.RequestId = id
		return fromProto(a.Client.addresses.Insert(ctx, insert))
	}
	return a.mutate(m)
}

// Release deletes one. While a rule that uses it is being deleted the vendor says in-use: a Retry.
func (a addresses) Release(ctx context.Context, req uuid.UUID, ref network.Ref) error {
	m := mutation{removes: true, project: ref.Project, region: ref.Region, req: req}
	m.took = func() (bool, error) {
		_, err := a.read(ctx, ref)
		return isGone(err)
	}
	if ref.Region == "" {
		del := &computepb.DeleteGlobalAddressRequest{Project: ref.Project, Address: ref.Name}
		m.call, m.request = "globalAddresses.delete", del
		m.send = func(id *string) (started, error) {
			del.RequestId = id
			return fromProto(a.globalAddresses.Delete(ctx, del))
		}
		return gone(a.mutate(m))
	}
	del := &computepb.DeleteAddressRequest{Project: ref.Project, Region: ref.Region, Address: ref.Name}
	m.call, m.request = "addresses.delete", del
	m.send = func(id *string) (started, error) {
		del.RequestId = id
		return fromProto(a.Client.addresses.Delete(ctx, del))
	}
	return gone(a.mutate(m))
}
