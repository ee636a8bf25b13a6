package gcp

import (
	"net/netip"
	"slices"

	"google.golang.org/api/networkconnectivity/v1"

	"github.com/culvertnet/culvert/events/reach"
)

// policyRoutes translates policy-based routes.
//
// Discovery document of networkconnectivity/v1, PolicyBasedRoute: priority 100 by default; empty ranges are 0.0.0.0/0,
// for IPv6 ::/0; without machines and attachments a route is for every machine, tunnel and attachment.
func (r *survey) policyRoutes() reach.Listing[reach.PolicyRoute] {
	of := r.byPolicy.source
	var out []reach.PolicyRoute
	for _, got := range r.byPolicy.items {
		if !r.same(got.Network, r.network, &of) {
			continue
		}
		if got.InterconnectAttachment != nil {
			of.lack(reach.ListNotWhole, "%s is for packets from attachments of %q, which the model does not tell apart",
				got.Name, got.InterconnectAttachment.Region)
			continue
		}
		out = append(out, r.policyRoute(got, &of))
	}
	return listing(of, out)
}

func (r *survey) policyRoute(got *networkconnectivity.PolicyBasedRoute, of *source) reach.PolicyRoute {
	out := reach.PolicyRoute{Object: r.name(got.Name, of), Priority: got.Priority}
	if out.Priority == 0 {
		out.Priority = 1000 // discovery document of networkconnectivity/v1, PolicyBasedRoute.priority
	}
	f := got.Filter
	if f == nil {
		f = &networkconnectivity.Filter{}
	}
	every := everyIPv4()
	if f.ProtocolVersion == "IPV6" {
		every = reach.RangesOf(netip.PrefixFrom(netip.IPv6Unspecified(), 0))
	}
	out.Src, out.Dst = every, every
	if f.SrcRange != "" {
		out.Src = of.ranges(out.Object, f.SrcRange)
	}
	if f.DestRange != "" {
		out.Dst = of.ranges(out.Object, f.DestRange)
	}
	layer4 := reach.EveryProtocol()
	if protocol := f.IpProtocol; protocol != "" && protocol != "ALL" {
		var err error
		if layer4, err = layer4Of(protocol, nil); err != nil {
			of.lack(reach.ListNotWhole, "%s: %v", out.Object, err)
			layer4 = reach.EveryProtocol()
		}
	}
	out.Layer4 = []reach.Layer4{layer4}
	if got.VirtualMachine != nil {
		out.Tags = slices.Clone(got.VirtualMachine.Tags)
	}
	switch {
	case got.NextHopOtherRoutes == "DEFAULT_ROUTING":
		out.Others = true
	case got.NextHopIlbIp != "":
		out.Next = reach.NextHop{Kind: reach.ToUnread, Name: "load balancer " + got.NextHopIlbIp, State: reach.Up}
	default:
		out.Next = reach.NextHop{Kind: reach.ToUnread, Name: "next hop of " + out.Object, State: reach.Up}
	}
	return out
}
