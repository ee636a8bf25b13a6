package aviatrix

import (
	"slices"
	"strings"
)

// snatTag is the network tag a Google VM must carry for the default route that an attach writes (Aviatrix FireNet FAQ).
// Connectors cannot carry it.
const snatTag = "avx-snat-noip"

// attachTag puts a tag on a gateway. It rewrites the VPC's default route to the gateway and turns source NAT on where
// it is off; from the first tag in force on, everybody behind the gateway is filtered.
func attachTag(c *call) (any, error) {
	t, err := c.tag()
	if err != nil {
		return nil, err
	}
	gw, err := c.gateway("gw_name", "gateway_name")
	if err != nil {
		return nil, err
	}
	if err := usable(gw); err != nil {
		return nil, err
	}
	if c.tx.Has(Vendor, kindTagOn, c.key(t.Name, gw.Name)) {
		return nil, refuse("FQDN filter tag %s is already attached to gateway %s.", t.Name, gw.Name) // guess: the text
	}
	if err := c.oneColor(t, gw.Name); err != nil {
		return nil, err
	}
	c.put(kindTagOn, FQDNAttach{Tag: t.Name, Gateway: gw.Name}, t.Name, gw.Name)
	if !gw.SourceNAT { // guess: it stays on after the detach
		gw.SourceNAT = true
		c.quiet(kindGateway, gw, gw.Name)
	}
	c.settleFilter(gw.Name)
	return nil, nil
}

// detachTag takes a tag off; the last one gives the VPC its default route back.
func detachTag(c *call) (any, error) {
	t, err := c.tag()
	if err != nil {
		return nil, err
	}
	name := c.in.get("gw_name", "gateway_name")
	if !c.tx.Has(Vendor, kindTagOn, c.key(t.Name, name)) {
		return nil, refuse("FQDN filter tag %s is not attached to gateway %s.", t.Name, name)
	}
	if gw, ok := load[Gateway](c, kindGateway, name); ok {
		if err := usable(gw); err != nil {
			return nil, err
		}
	}
	c.remove(kindTagOn, t.Name, name)
	c.settleFilter(name)
	return nil, nil
}

// settleFilter brings what follows from the attachments up to date: the gateway's state and the controller's own
// default route.
func (c *call) settleFilter(gateway string) {
	gw, ok := load[Gateway](c, kindGateway, gateway)
	if !ok {
		return
	}
	tags := c.tagsOn(gateway)
	gw.FQDNFiltered = slices.ContainsFunc(tags, func(t FQDNTag) bool { return t.State == enabled })
	c.quiet(kindGateway, gw, gw.Name)
	if len(tags) == 0 {
		c.tx.QuietDelete(Vendor, kindVPCRoute, c.key(gw.VPC, snatTag, gw.Name))
		return
	}
	c.quiet(kindVPCRoute, VPCRoute{
		VPC: gw.VPC, Destination: "0.0.0.0/0", Tag: snatTag, Gateway: gw.Name, Priority: 1000,
	},
		gw.VPC, snatTag, gw.Name)
}

func (c *call) attached() (FQDNAttach, Gateway, error) {
	t, err := c.tag()
	if err != nil {
		return FQDNAttach{}, Gateway{}, err
	}
	gw, err := c.gateway("gateway_name", "gw_name")
	if err != nil {
		return FQDNAttach{}, gw, err
	}
	on, ok := load[FQDNAttach](c, kindTagOn, t.Name, gw.Name)
	if !ok {
		return on, gw, refuse("FQDN filter tag %s is not attached to gateway %s.", t.Name, gw.Name)
	}
	return on, gw, nil
}

// setTagSources writes the whole source list of a tag on a gateway; without the field it is cleared and the tag is for
// everybody again. While any tag of the gateway has sources, packets from elsewhere are dropped: see Judge.
func setTagSources(c *call) (any, error) {
	on, _, err := c.attached()
	if err != nil {
		return nil, err
	}
	var plain []string
	for _, source := range c.in.list("source_ips") {
		cidr, _, _ := strings.Cut(source, "~~")
		plain = append(plain, cidr)
	}
	if on.Sources, err = cidrs(plain); err != nil {
		return nil, err
	}
	c.put(kindTagOn, on, on.Tag, on.Gateway)
	return nil, nil
}

// listTagSources shows each source as CIDR~~label (guess: the label is the subnet's name, else the word custom).
func listTagSources(c *call) (any, error) {
	on, gw, err := c.attached()
	if err != nil {
		return nil, err
	}
	network, _, _ := strings.Cut(gw.VPC, "~-~")
	label := func(cidr string) string {
		if slices.Contains(gw.VPCCIDRs, cidr) {
			return cidr + "~~" + network + "-" + cidr
		}
		return cidr + "~~custom"
	}
	configured, subnets := []string{}, []string{}
	for _, cidr := range on.Sources {
		configured = append(configured, label(cidr))
	}
	for _, cidr := range without(gw.VPCCIDRs, on.Sources) {
		subnets = append(subnets, label(cidr))
	}
	return map[string]any{"configured_ips": configured, "vpc_subnets": subnets}, nil
}

// setPassThrough writes the sources that bypass every tag of a gateway, whole; it needs a tag.
func setPassThrough(c *call) (any, error) {
	gw, err := c.gateway("gateway_name")
	if err != nil {
		return nil, err
	}
	if len(c.tagsOn(gw.Name)) == 0 {
		return nil, refuse("FQDN filter is not enabled on gateway %s.", gw.Name)
	}
	if gw.PassThru, err = cidrs(c.in.list("source_cidrs")); err != nil {
		return nil, err
	}
	c.put(kindGateway, gw, gw.Name)
	return nil, nil
}

func listPassThrough(c *call) (any, error) {
	gw, err := c.gateway("gateway_name")
	if err != nil {
		return nil, err
	}
	return map[string]any{"configured_ips": list(gw.PassThru)}, nil
}
