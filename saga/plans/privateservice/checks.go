package privateservice

import (
	"slices"

	"github.com/culvertnet/culvert/saga"
	"github.com/culvertnet/culvert/workers/egress"
	"github.com/culvertnet/culvert/workers/network"
	"github.com/culvertnet/culvert/workers/policy"
	"github.com/culvertnet/culvert/workers/routing"
)

// checks adds the read-only steps: one a capability, all done before anything has an effect.
func (r *recipe) checks() {
	r.addCheckEgress()
	r.addCheckNetwork()
	if r.Ingress != nil && len(r.Ingress.Announce) > 0 {
		in := &routing.CheckIn{Shared: r.shared()}
		for _, a := range r.Ingress.Announce {
			in.Targets = append(in.Targets, r.target(a))
		}
		r.checkRouting = saga.Add[routing.CheckOut](
			r.b, saga.Spec{Name: "check-routing", Kind: routing.KindCheck, Check: true}, in,
		)
	}
	if r.Egress != nil && r.Egress.Filter != nil {
		f := r.Egress.Filter
		in := &policy.CheckIn{
			Via: string(f.Via), Network: r.Network, Gateway: f.Gateway, Controller: r.op.Gateways[f.Gateway].Controller,
			GatewayWide: f.AcceptGatewayWide, Default: f.Default, Rules: rules(f), Direct: r.Egress.Direct != nil,
		}
		if r.Egress.Direct != nil {
			in.Tags = r.Egress.Direct.Tags
		}
		r.checkPolicy = saga.Add[policy.CheckOut](
			r.b, saga.Spec{Name: "check-policy", Kind: policy.KindCheck, Check: true}, in,
		)
	}
	r.addCheckReach()
}

func (r *recipe) addCheckEgress() {
	in := &egress.CheckIn{Service: r.service, FollowTraffic: r.Service.FollowTraffic}
	if r.Egress != nil {
		in.Binds, in.Takeover = true, r.Egress.Takeover
		if r.Egress.Connector != nil {
			in.Holds = r.held(r.Egress.Connector)
		}
		if c := r.Egress.Connector; c != nil && c.Existing != "" {
			in.Existing = "projects/" + r.ConnectorProject() + "/locations/" + r.Service.Region + "/connectors/" +
				c.Existing
		}
	}
	if r.Ingress != nil && r.Ingress.Names != nil && !r.attached() {
		in.Hostnames = r.Ingress.Names.Hostnames.List
	}
	r.checkEgress = saga.Add[egress.CheckOut](r.b, saga.Spec{Name: "check-egress", Kind: egress.KindCheck, Check: true},
		in)
}

// addCheckNetwork comes after check-egress where names are mapped, because "auto" takes the names that check found.
func (r *recipe) addCheckNetwork() {
	in := &network.CheckIn{Network: r.Network}
	var binds []saga.Binding
	if g := r.Ingress; g != nil {
		in.Target, in.Region = g.Target.GoogleApisBundle+g.Target.ServiceAttachment, r.attachmentRegion()
		in.Subnet, in.Shared, in.PoolRanges = g.Address.Subnet, r.shared(), r.poolRanges()
		if g.Address.IP.IsValid() {
			in.IP = g.Address.IP.String()
		}
		if g.Names != nil {
			for _, to := range g.Names.VisibleTo {
				in.Inbound = in.Inbound || to == ToInboundPolicy
			}
			binds = append(binds, r.hostnames(&in.Hostnames)...)
		}
	}
	if e := r.Egress; e != nil {
		if e.Connector != nil && e.Connector.IPCIDRRange.IsValid() {
			in.Connector = e.Connector.IPCIDRRange.String()
		}
		if e.Connector != nil && e.Connector.Subnet != "" {
			in.ConnectorSubnet, in.ConnectorRegion = e.Connector.Subnet, r.Service.Region
		}
		if e.Direct != nil {
			in.DirectSubnet = e.Direct.Subnetwork
		}
		if e.GoogleAccess != nil {
			in.AccessNets = e.GoogleAccess.Subnetworks
		}
	}
	r.checkNetwork = saga.Add[network.CheckOut](
		r.b, saga.Spec{Name: "check-network", Kind: network.KindCheck, Check: true}, in, binds...,
	)
}

// hostnames fills in the names to map: those that check-egress found to be the service's, or, for a service attachment,
// the producer's, which the intent lists and nobody here can look up.
func (r *recipe) hostnames(to *[]string) []saga.Binding {
	if r.attached() {
		*to = slices.Sorted(slices.Values(r.Ingress.Names.Hostnames.List))
		return nil
	}
	return []saga.Binding{
		saga.Fill(to, saga.Field(r.checkEgress, func(o *egress.CheckOut) *[]string { return &o.Hostnames })),
	}
}
