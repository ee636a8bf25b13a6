package gcp

import (
	"slices"
	"strconv"
	"strings"

	"cloud.google.com/go/compute/apiv1/computepb"

	"github.com/culvertnet/culvert/events/reach"
)

// interfaces are who has an address in the network: machines, and load balancers. Which secure tags a machine has is
// the Resource Manager's to say, and is not read.
func (r *survey) interfaces() reach.Listing[reach.Interface] {
	list := r.machines
	var out []reach.Interface
	for _, m := range list.items {
		for _, nic := range m.GetNetworkInterfaces() {
			if r.same(nic.GetNetwork(), r.network, &list.source) {
				out = append(out, r.interfaceOf(m, nic, &list.source))
			}
		}
	}
	balancers := r.balancers()
	list.add(balancers.source)
	return listing(list.source, append(out, balancers.items...))
}

func (r *survey) interfaceOf(m *computepb.Instance, nic *computepb.NetworkInterface, of *source) reach.Interface {
	six := external6(nic)
	texts := append(slices.Clone(six), nic.GetNetworkIP(),
		withLength(nic.GetIpv6Address(), nic.GetInternalIpv6PrefixLength()))
	for _, alias := range nic.GetAliasIpRanges() {
		texts = append(texts, alias.GetIpCidrRange())
	}
	for _, alias := range nic.GetAliasIpv6Ranges() {
		texts = append(texts, alias.GetIpCidrRange())
	}
	who := reach.Identity{
		Kind: reach.Instance, Name: r.name(m.GetSelfLink(), of), Tags: m.GetTags().GetItems(), SecureTagsUnread: true,
		Region: regionOfZone(segment(relative(m.GetSelfLink()), "zones")), External4: len(nic.GetAccessConfigs()) > 0,
		NoForwarding: !m.GetCanIpForward(),
		External6:    len(nic.GetIpv6AccessConfigs()) > 0 || nic.GetIpv6AccessType() == "EXTERNAL",
	}
	if accounts := m.GetServiceAccounts(); len(accounts) > 0 {
		who.Account = accounts[0].GetEmail()
	}
	return reach.Interface{Addresses: of.ranges(m.GetName(), texts...), Who: who, Stopped: stopped(m.GetStatus()),
		Public: of.ranges(m.GetName(), append(external4(nic), six...)...)}
}

// external6 are the external IPv6 addresses of an interface, external4 those of IPv4.
func external6(nic *computepb.NetworkInterface) (texts []string) {
	for _, c := range nic.GetIpv6AccessConfigs() {
		texts = append(texts, withLength(c.GetExternalIpv6(), c.GetExternalIpv6PrefixLength()))
	}
	return texts
}

func external4(nic *computepb.NetworkInterface) (texts []string) {
	for _, c := range nic.GetAccessConfigs() {
		texts = append(texts, c.GetNatIP())
	}
	return texts
}

// stopped tells a machine that answers nobody: it was stopped or suspended. On its way there, or up, it may answer.
//
// Page "Compute Engine instance lifecycle", instance states.
func stopped(status string) bool { return status == "TERMINATED" || status == "SUSPENDED" }

// withLength is the range that an interface has of IPv6; without a length it is the address alone.
func withLength(address string, length int32) string {
	if address == "" || length == 0 {
		return address
	}
	return address + "/" + strconv.Itoa(int(length))
}

// regionOfZone cuts the last part off a zone's name.
func regionOfZone(zone string) string {
	if i := strings.LastIndexByte(zone, '-'); i > 0 {
		return zone[:i]
	}
	return zone
}
