package gcp

import (
	"cloud.google.com/go/compute/apiv1/computepb"
	"cloud.google.com/go/vpcaccess/apiv1/vpcaccesspb"

	"github.com/culvertnet/culvert/events/reach"
)

// ownSubnets are the network's subnetworks, of all that were listed.
func (r *survey) ownSubnets() told[*computepb.Subnetwork] {
	list := joined("subnetworks.list", r.network, r.subnets...)
	own := told[*computepb.Subnetwork]{}
	for _, s := range list.items {
		if r.same(s.GetNetwork(), r.network, &list.source) {
			own.items = append(own.items, s)
		}
	}
	own.source = list.source
	return own
}

// subnetRanges has every range of a subnetwork, whatever its purpose: routes lead to all of them.
//
// Discovery document of compute/v1: privateIpv6GoogleAccess is for internal use, privateIpGoogleAccess is the setting.
func (r *survey) subnetRanges() reach.Listing[reach.Subnet] {
	own := r.ownSubnets()
	var out []reach.Subnet
	for _, s := range own.items {
		texts := []string{s.GetIpCidrRange(), s.GetExternalIpv6Prefix(), s.GetInternalIpv6Prefix(),
			s.GetIpv6CidrRange()}
		for _, second := range s.GetSecondaryIpRanges() {
			texts = append(texts, second.GetIpCidrRange())
		}
		out = append(out, reach.Subnet{
			Object: r.subnetName(s, &own.source), Region: base(s.GetRegion()),
			Ranges: own.ranges(s.GetName(), texts...), PrivateGoogle: s.GetPrivateIpGoogleAccess(),
			External6: s.GetIpv6AccessType() == "EXTERNAL",
		})
	}
	return listing(own.source, out)
}

func (r *survey) subnetName(s *computepb.Subnetwork, of *source) string {
	if link := s.GetSelfLink(); link != "" {
		return r.name(link, of)
	}
	return "projects/" + r.project + "/regions/" + base(s.GetRegion()) + "/subnetworks/" + s.GetName()
}

// ranges reads the ranges of an object of the list. Empty texts are left out.
func (s *source) ranges(object string, texts ...string) reach.Ranges {
	var given []string
	for _, text := range texts {
		if text != "" {
			given = append(given, text)
		}
	}
	out, bad := rangesOf(given)
	for _, text := range bad {
		s.lack(reach.ListNotWhole, "the range %q of %s was not understood", text, object)
	}
	return out
}

// hiddenRanges are those of connectors that were made from a bare range: page "VPC with connectors" says that their
// subnetwork is hidden. Connectors have no mark for an incomplete list, so that an error of any location is a gap.
func (r *survey) hiddenRanges() reach.Listing[reach.Subnet] {
	list := joined("connectors.list", r.network, r.hidden...)
	var out []reach.Subnet
	for _, c := range list.items {
		if c.GetIpCidrRange() == "" || c.GetSubnet().GetName() != "" || !r.connectorHere(c, &list.source) {
			continue
		}
		name := r.name(c.GetName(), &list.source)
		out = append(out, reach.Subnet{Object: name, Region: segment(name, "locations"),
			Ranges: list.ranges(name, c.GetIpCidrRange())})
	}
	return listing(list.source, out)
}

// connectorHere tells whether a connector is in the network. A short name is one of the connector's own project.
func (r *survey) connectorHere(c *vpcaccesspb.Connector, of *source) bool {
	network := c.GetNetwork()
	if network != "" && base(network) == network {
		network = networkName(segment(c.GetName(), "projects"), network)
	}
	return r.same(network, r.network, of)
}
