package reach

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/culvertnet/culvert/events/reach"
	"github.com/culvertnet/culvert/workers/observe"
)

// sender is who sends from a place, and with which addresses.
func (o observation) sender(text string, v6 bool) (reach.Place, reach.Ranges, error) {
	kind, rest, _ := strings.Cut(text, ":")
	parts := strings.Split(rest, "/")
	switch {
	case kind == "network" && len(parts) == 3:
		at := observe.NetworkRealm(parts[0], parts[1])
		src, err := reach.ParseRanges(parts[2])
		return reach.Place{Realm: at, Who: o.at(at, src)}, src, err
	case kind == "machine" && len(parts) == 2:
		return o.find(v6, func(n reach.Network, i reach.Interface) bool {
			return last(i.Who.Name) == parts[1] && strings.Contains(i.Who.Name, "projects/"+parts[0]+"/")
		})
	case kind == "service" && len(parts) == 3:
		return o.find(v6, func(n reach.Network, i reach.Interface) bool {
			return last(i.Who.Name) == parts[2] && strings.Contains(i.Who.Name, "projects/"+parts[0]+"/locations/")
		})
	case kind == "connector" && len(parts) == 3:
		return o.connector(parts)
	case kind == "subnetwork" && len(parts) == 3:
		return o.direct("projects/"+parts[0]+"/regions/"+parts[1]+"/subnetworks/"+parts[2], parts[1], v6)
	case kind == "gateway" && len(parts) == 3:
		src, err := reach.ParseRanges(parts[2])
		return o.behind(parts[1], src), src, err
	case kind == "site" && len(parts) == 2:
		at, err := o.site(parts[0])
		if err != nil {
			return reach.Place{}, reach.Ranges{}, err
		}
		src, err := reach.ParseRanges(parts[1])
		return reach.Place{Realm: at, Who: reach.Identity{Kind: reach.Site, Name: parts[0]}}, src, err
	}
	return reach.Place{}, reach.Ranges{}, fmt.Errorf("from %s: %w", text, errPlace)
}

// behind is a machine in the network of an Aviatrix gateway.
func (o observation) behind(gateway string, a reach.Ranges) reach.Place {
	for _, g := range o.world.Gateways {
		if g.Name == gateway {
			return reach.Place{Realm: g.Realm, Who: o.at(g.Realm, a)}
		}
	}
	return reach.Place{}
}

// site is the realm of a site by its name. One that is several, by several peers, is none.
func (o observation) site(name string) (reach.Realm, error) {
	found := map[reach.Realm]bool{}
	add := func(r reach.Realm) {
		if strings.HasPrefix(string(r), "site/") && last(string(r)) == name {
			found[r] = true
		}
	}
	for _, s := range o.world.Sites {
		add(s.Realm)
	}
	for _, n := range o.world.Networks {
		for _, r := range slices.Concat(n.Routes.Items, n.Dynamic.Items) {
			add(r.Next.Realm)
		}
	}
	for r := range found {
		if len(found) == 1 {
			return r, nil
		}
	}
	return "", fmt.Errorf("site %s is %d realms: %w", name, len(found), errPlace)
}

// at is who has an address of a network: whom a list shows there, a machine without tags where a whole list shows
// nobody, and anybody where the list is not whole.
func (o observation) at(realm reach.Realm, a reach.Ranges) reach.Identity {
	nobody := reach.Identity{Kind: reach.Instance, Name: a.String()}
	for _, n := range o.world.Networks {
		if n.Realm == realm && !n.Interfaces.Whole {
			nobody.Kind = reach.Unknown
		}
		for _, i := range n.Interfaces.Items {
			if n.Realm == realm && i.Addresses.Covers(a) {
				return i.Who
			}
		}
		for _, s := range n.Subnets.Items {
			if n.Realm == realm && s.Ranges.Covers(a) {
				nobody.Region = s.Region
				nobody.External6 = external6(s)
			}
		}
	}
	return nobody
}

// external6 tells whether a subnetwork has an external IPv6 range, as whose part every interface there has an external
// address, that of a service too. Page "Subnets", IPv6: internal ranges are unique local addresses. Page "Configure
// dual-stack resources" (docs.cloud.google.com/run/docs/configuring/vpc-dual-stack-subnet): subnetworks with external
// IPv6.
func external6(s reach.Subnet) bool {
	six := s.Ranges.Family(false)
	return !six.Empty() && !reach.RangesOf(netip.MustParsePrefix("fd00::/8")).Covers(six)
}

func (o observation) find(
	v6 bool, is func(reach.Network, reach.Interface) bool,
) (reach.Place, reach.Ranges, error) {
	for _, n := range o.world.Networks {
		for _, i := range slices.Concat(n.Interfaces.Items, n.Tenants.Items) {
			if is(n, i) {
				return reach.Place{Realm: n.Realm, Who: i.Who}, i.Addresses.Family(!v6), nil
			}
		}
	}
	return reach.Place{}, reach.Ranges{}, fmt.Errorf("a sender that no list shows: %w", errPlace)
}

func (o observation) connector(parts []string) (reach.Place, reach.Ranges, error) {
	name := "projects/" + parts[0] + "/locations/" + parts[1] + "/connectors/" + parts[2]
	who := reach.Identity{Kind: reach.RangeConnector, Name: name, Region: parts[1],
		Tags: []string{"vpc-connector", "vpc-connector-" + parts[1] + "-" + parts[2]}}
	for _, n := range o.world.Networks {
		for _, h := range n.Hidden.Items {
			if h.Object == name {
				return reach.Place{Realm: n.Realm, Who: who}, h.Ranges, nil
			}
		}
		for _, s := range n.Subnets.Items {
			if s.Object == o.onSubnet[name] {
				who.Kind = reach.SubnetConnector
				return reach.Place{Realm: n.Realm, Who: who}, s.Ranges.Family(true), nil
			}
		}
	}
	return reach.Place{}, reach.Ranges{}, fmt.Errorf("a connector that is in no list of ranges: %w", errPlace)
}

// direct is a service that sends from a subnetwork.
func (o observation) direct(subnet, region string, v6 bool) (reach.Place, reach.Ranges, error) {
	for _, n := range o.world.Networks {
		for _, s := range n.Subnets.Items {
			if s.Object == subnet {
				who := reach.Identity{Kind: reach.DirectEgress, Name: "service", Region: region,
					External6: external6(s)}
				return reach.Place{Realm: n.Realm, Who: who}, s.Ranges.Family(!v6), nil
			}
		}
	}
	return reach.Place{}, reach.Ranges{}, fmt.Errorf("a subnetwork that no list shows: %w", errPlace)
}

// receiver is where a packet is to arrive: a realm and addresses, or a name.
func (o observation) receiver(text string, v6 bool) (to reach.Realm, dst reach.Ranges, name string, err error) {
	if a, err := netip.ParseAddr(text); err == nil {
		return "", reach.RangesOf(netip.PrefixFrom(a, a.BitLen())), "", nil
	}
	kind, rest, found := strings.Cut(text, ":")
	parts := strings.Split(rest, "/")
	switch {
	case !found:
		return "", reach.EveryAddress().Family(!v6), text, nil
	case kind == "network" && len(parts) == 3:
		dst, err = reach.ParseRanges(parts[2])
		return observe.NetworkRealm(parts[0], parts[1]), dst, "", err
	case kind == "internet":
		dst, err = reach.ParseRanges(rest)
		return reach.Internet, dst, "", err
	case kind == "gateway" && len(parts) == 3:
		dst, err = reach.ParseRanges(parts[2])
		return o.behind(parts[1], dst).Realm, dst, "", err
	case kind == "site" && len(parts) == 2:
		if to, err = o.site(parts[0]); err != nil {
			return "", reach.Ranges{}, "", err
		}
		dst, err = reach.ParseRanges(parts[1])
		return to, dst, "", err
	case kind == "machine":
		place, at, err := o.sender(text, v6)
		return place.Realm, at, "", err
	}
	return "", reach.Ranges{}, "", fmt.Errorf("to %s: %w", text, errPlace)
}
