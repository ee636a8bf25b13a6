package gcp

import (
	"context"

	"cloud.google.com/go/compute/apiv1/computepb"
	"github.com/google/uuid"

	"github.com/culvertnet/culvert/workers/network"
)

// endpoints keeps Private Service Connect endpoints: forwarding rules without a load balancer.
type endpoints struct{ *Client }

var _ network.Endpoints = endpoints{}

// Endpoints is the port to Private Service Connect endpoints.
func (c *Client) Endpoints() network.Endpoints { return endpoints{c} }

// isBundle tells the targets that are bundles of Google APIs.
func isBundle(target string) bool { return base(target) == "all-apis" || base(target) == "vpc-sc" }

// Get reads one.
func (e endpoints) Get(ctx context.Context, ref network.Ref) (network.Endpoint, error) {
	got, err := e.read(ctx, ref)
	if err != nil {
		return network.Endpoint{}, err
	}
	out := network.Endpoint{
		Ref: ref, Network: e.named(ctx, got.GetNetwork()), Subnet: e.named(ctx, got.GetSubnetwork()),
		AddressIP: got.GetIPAddress(),
		Target:    e.named(ctx, got.GetTarget()), Owner: got.GetDescription(), Connection: got.GetPscConnectionStatus(),
	}
	if isBundle(out.Target) {
		out.Target = base(out.Target)
	}
	return out, nil
}

func (e endpoints) read(ctx context.Context, ref network.Ref) (*computepb.ForwardingRule, error) {
	if ref.Region == "" {
		req := &computepb.GetGlobalForwardingRuleRequest{Project: ref.Project, ForwardingRule: ref.Name}
		got, err := e.globalRules.Get(ctx, req, once())
		return got, e.fail(call{name: "globalForwardingRules.get"}, err)
	}
	req := &computepb.GetForwardingRuleRequest{Project: ref.Project, Region: ref.Region, ForwardingRule: ref.Name}
	got, err := e.rules.Get(ctx, req, once())
	return got, e.fail(call{name: "forwardingRules.get"}, err)
}

// Create makes the rule. The load balancing scheme is an empty string that must be sent; labels are refused at insert
// for these rules, so the owner is in the description.
func (e endpoints) Create(ctx context.Context, req uuid.UUID, want network.Endpoint) error {
	address := want.AddressName
	if address == "" {
		address = want.AddressIP
	}
	body := &computepb.ForwardingRule{
		Name: &want.Name, IPAddress: &address, Network: &want.Network, Target: &want.Target,
		LoadBalancingScheme: new(""), Description: &want.Owner,
	}
	m := mutation{project: want.Project, region: want.Region, req: req}
	m.took = func() (bool, error) {
		_, err := e.read(ctx, want.Ref)
		return exists(err)
	}
	if want.Region == "" {
		insert := &computepb.InsertGlobalForwardingRuleRequest{Project: want.Project, ForwardingRuleResource: body}
		m.call, m.request = "globalForwardingRules.insert", insert
		m.send = func(id *string) (started, error) {
			insert.RequestId = id
			return fromProto(e.globalRules.Insert(ctx, insert))
		}
		return e.mutate(m)
	}
	insert := &computepb.InsertForwardingRuleRequest{
		Project: want.Project, Region: want.Region, ForwardingRuleResource: body,
	}
	m.call, m.request = "forwardingRules.insert", insert
	m.send = func(id *string) (started, error) {
		insert.RequestId = id
		return fromProto(e.rules.Insert(ctx, insert))
	}
	return e.mutate(m)
}

// Delete removes the rule; the address stays.
func (e endpoints) Delete(ctx context.Context, req uuid.UUID, ref network.Ref) error {
	m := mutation{removes: true, project: ref.Project, region: ref.Region, req: req}
	m.took = func() (bool, error) {
		_, err := e.read(ctx, ref)
		return isGone(err)
	}
	if ref.Region == "" {
		del := &computepb.DeleteGlobalForwardingRuleRequest{Project: ref.Project, ForwardingRule: ref.Name}
		m.call, m.request = "globalForwardingRules.delete", del
		m.send = func(id *string) (started, error) {
			del.RequestId = id
			return fromProto(e.globalRules.Delete(ctx, del))
		}
		return gone(e.mutate(m))
	}
	del := &computepb.DeleteForwardingRuleRequest{Project: ref.Project, Region: ref.Region, ForwardingRule: ref.Name}
	m.call, m.request = "forwardingRules.delete", del
	m.send = func(id *string) (started, error) {
		del.RequestId = id
		return fromProto(e.rules.Delete(ctx, del))
	}
	return gone(e.mutate(m))
}
