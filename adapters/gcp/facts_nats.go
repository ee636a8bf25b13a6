package gcp

import (
	"slices"

	"cloud.google.com/go/compute/apiv1/computepb"

	"github.com/culvertnet/culvert/events/reach"
)

const (
	privateNAT = "PRIVATE"
	// allRanges is in a NAT's list of subnetworks as well as in the word for all of them.
	allRanges = "ALL_IP_RANGES"
)

// nats are the Cloud NATs that translate to public addresses.
//
// Discovery document of compute/v1, RouterNat: type PUBLIC and endpoints ENDPOINT_TYPE_VM by default. What covers a
// subnetwork is IPv4; of NAT64 the model knows nothing.
func (r *survey) nats() reach.Listing[reach.NAT] {
	of := joined("routers.list", r.network, r.edges...)
	subnets := r.ownSubnets()
	statuses := joined("", "", r.statuses...)
	var out []reach.NAT
	for _, router := range of.items {
		if !r.same(router.GetNetwork(), r.network, &of.source) {
			continue
		}
		region := base(router.GetRegion())
		name := routerStatus{router: router, region: region}.name(r.project)
		for _, nat := range router.GetNats() {
			types, object := nat.GetEndpointTypes(), name+"/"+nat.GetName()
			if word := nat.GetSourceSubnetworkIpRangesToNat64(); word != "" {
				of.lack(reach.ListNotWhole, "%s translates IPv6 to IPv4, which the model does not follow", object)
			}
			if nat.GetType() == privateNAT || len(types) > 0 && !slices.Contains(types, "ENDPOINT_TYPE_VM") {
				continue
			}
			out = append(out, reach.NAT{Object: object, Region: region,
				Covers:    r.covered(nat, region, subnets.items, &of.source),
				Addresses: of.ranges(object, publicAddresses(name, nat, r.project, statuses.items)...)})
		}
	}
	of.add(subnets.source)
	return listing(of.source, out)
}

// covered are the internal ranges that a NAT translates. Page "Cloud NAT", subnetworks that are for other purposes have
// no machines to translate for.
func (r *survey) covered(nat *computepb.RouterNat, region string, subnets []*computepb.Subnetwork,
	of *source) (out reach.Ranges) {
	for _, s := range subnets {
		if base(s.GetRegion()) != region || s.GetPurpose() != "" && s.GetPurpose() != "PRIVATE" {
			continue
		}
		var texts []string
		switch word := nat.GetSourceSubnetworkIpRangesToNat(); word {
		case "ALL_SUBNETWORKS_ALL_IP_RANGES":
			texts = append(secondary(s, nil), s.GetIpCidrRange())
		case "ALL_SUBNETWORKS_ALL_PRIMARY_IP_RANGES":
			texts = []string{s.GetIpCidrRange()}
		case "LIST_OF_SUBNETWORKS":
			texts = r.listed(nat, s, of)
		case "":
		default:
			of.lack(reach.ListNotWhole, "NAT %s covers %q, which was not understood", nat.GetName(), word)
		}
		out = out.Union(of.ranges(s.GetName(), texts...))
	}
	return out
}

// listed are the ranges of one subnetwork that a NAT names.
func (r *survey) listed(nat *computepb.RouterNat, s *computepb.Subnetwork, of *source) (texts []string) {
	name := r.subnetName(s, of)
	for _, entry := range nat.GetSubnetworks() {
		if !r.same(entry.GetName(), name, of) {
			continue
		}
		for _, word := range entry.GetSourceIpRangesToNat() {
			switch word {
			case allRanges:
				texts = append(texts, append(secondary(s, nil), s.GetIpCidrRange())...)
			case "PRIMARY_IP_RANGE":
				texts = append(texts, s.GetIpCidrRange())
			case "LIST_OF_SECONDARY_IP_RANGES":
				texts = append(texts, secondary(s, entry.GetSecondaryIpRangeNames())...)
			default:
				of.lack(reach.ListNotWhole, "NAT %s covers %q, which was not understood", nat.GetName(), word)
			}
		}
	}
	return texts
}

// secondary are the secondary ranges of a subnetwork that have one of some names; nil are all.
func secondary(s *computepb.Subnetwork, names []string) (texts []string) {
	for _, second := range s.GetSecondaryIpRanges() {
		if names == nil || slices.Contains(names, second.GetRangeName()) {
			texts = append(texts, second.GetIpCidrRange())
		}
	}
	return texts
}

// publicAddresses are those that a NAT of a router has now, where the router's status was told.
func publicAddresses(router string, nat *computepb.RouterNat, project string, told []routerStatus) (texts []string) {
	for _, of := range told {
		for _, s := range of.status.GetNatStatus() {
			if of.name(project) == router && s.GetName() == nat.GetName() {
				texts = slices.Concat(texts, s.GetAutoAllocatedNatIps(), s.GetUserAllocatedNatIps())
			}
		}
	}
	return texts
}
