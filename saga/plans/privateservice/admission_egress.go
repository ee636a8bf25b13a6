package privateservice

import (
	"regexp"
)

const connectorBits = 28

// existingName is what an existing connector may be called: the compute grammar, and at most 25 characters as Terraform
// documents. The stricter count of the manual (under 21, a hyphen counts two) holds for the names that we make.
var existingName = regexp.MustCompile(`^[a-z]([-a-z0-9]{0,23}[a-z0-9])?$`)

func (a *admission) egress(e Egress) {
	a.need(count(e.Connector != nil, e.Direct != nil) == 1, "/egress", "egress-form",
		"give exactly one of connector and direct")
	if e.Connector != nil {
		a.connector(*e.Connector)
	}
	if e.Direct != nil {
		a.subnet("/egress/direct/subnetwork", e.Direct.Subnetwork, a.payload.Service.Region, "the service")
	}
	if e.GoogleAccess != nil {
		for i, full := range e.GoogleAccess.Subnetworks {
			a.subnet(at("/egress/googleAccess/subnetworks", i), full, "", "")
		}
	}
	if e.Filter != nil {
		a.need(e.VPCEgress == AllTraffic, "/egress/vpcEgress", "filter-all-traffic",
			"a filter sees only what passes it: vpcEgress must be %s", AllTraffic)
		a.filter(*e.Filter, e)
	}
}

func (a *admission) connector(c Connector) {
	const field = "/egress/connector"
	made := count(c.IPCIDRRange.IsValid(), c.Subnet != "")
	a.need(made+count(c.Existing != "") == 1, field, "connector-form",
		"give exactly one of ipCidrRange, subnet and existing")
	if c.Existing != "" {
		a.need(existingName.MatchString(c.Existing), field+"/existing", "connector-name",
			"%q cannot be the name of a connector", c.Existing)
		sized := c.MinInstances != 0 || c.MaxInstances != 0 || c.MachineType != ""
		a.need(!sized, field+"/existing", "connector-existing",
			"an existing connector keeps its own sizes: leave minInstances, maxInstances and machineType out")
		return
	}
	if c.IPCIDRRange.IsValid() {
		a.connectorRange(c, field+"/ipCidrRange")
	}
	if c.Subnet != "" {
		a.subnet(field+"/subnet", c.Subnet, a.payload.Service.Region, "the service")
	}
	a.need(c.MinInstances < c.MaxInstances, field+"/minInstances", "connector-instances",
		"minInstances %d is not less than maxInstances %d", c.MinInstances, c.MaxInstances)
}

// connectorRange holds the vendor's rules for a connector's own range, and ours that it takes nothing from a pool.
func (a *admission) connectorRange(c Connector, field string) {
	r := c.IPCIDRRange
	a.need(r.Bits() == connectorBits, field, "connector-range", "%s is a /%d; a connector takes exactly a /%d", r,
		r.Bits(), connectorBits)
	a.need(r.Masked() == r, field, "connector-range", "%s has host bits; the range is %s", r, r.Masked())
	a.need(within(r), field, "connector-range", "%s is outside of RFC 1918 and RFC 6598", r)
	pool, overlaps := a.operator.Overlap(r)
	a.need(!overlaps, field, "connector-pool-overlap", "%s shares addresses with pool %q", r, pool)
}
