package aviatrix

import (
	"net/netip"
	"slices"
	"strings"
)

// secondSuffix ends the name of the second gateway of a pair; the first's name stands before it (provider: spoke and
// transit gateways with high availability).
const secondSuffix = "-hagw"

// pairOf finds a gateway by its name, or by the name of the second one of its pair.
func (c *call) pairOf(name string) (gw Gateway, second, ok bool) {
	if gw, ok := load[Gateway](c, kindGateway, name); ok {
		return gw, false, true
	}
	first, isSecond := strings.CutSuffix(name, secondSuffix)
	gw, ok = load[Gateway](c, kindGateway, first)
	return gw, true, isSecond && ok && gw.HA
}

// either is gateway for reads: they take the second one of a pair by its own name. Changes are made to the first one
// only. guess: a change to the second one is refused as one to no gateway.
func (c *call) either(fieldNames ...string) (gw Gateway, second bool, err error) {
	if gw, second, ok := c.pairOf(c.in.get(fieldNames...)); ok {
		return gw, second, nil
	}
	gw, err = c.gateway(fieldNames...)
	return gw, false, err
}

// secondSummary is the row of the second gateway of a pair: its own name and addresses, everything else as the first.
func (c *call) secondSummary(gw Gateway) map[string]any {
	row := c.summary(gw)
	row["vpc_name"], row["is_hagw"] = gw.Name+secondSuffix, "yes"
	row["public_ip"], row["private_ip"] = gw.SecondPublicIP, gw.SecondPrivateIP
	delete(row, "hagw_details")
	return row
}

// secondTable is what the second gateway of a pair reaches: all that the first one does. The connections of this world
// end at the first one (ha_status disabled), so what they have learned goes by it. guess: that it is shown so.
func (c *call) secondTable(gw Gateway) []route {
	connections := all[Connection](c, kindConnection, gw.Name)
	out := c.effective(gw)
	for i := range out {
		if slices.ContainsFunc(connections, func(conn Connection) bool { return conn.Name == out[i].Target }) {
			out[i].Target = gw.Name
		}
	}
	return out
}

// withSecond completes a gateway of a world file with the addresses of the second one of its pair.
func (c *controller) withSecond(gw Gateway) Gateway {
	if !gw.HA {
		return gw
	}
	var taken []string
	for _, other := range c.conf.Gateways {
		taken = append(taken, other.PublicIP, other.PrivateIP, other.SecondPublicIP, other.SecondPrivateIP)
	}
	for own, first := range map[*string]string{
		&gw.SecondPublicIP: gw.PublicIP, &gw.SecondPrivateIP: gw.PrivateIP,
	} {
		a, err := netip.ParseAddr(first)
		if *own != "" || err != nil {
			continue
		}
		for a = a.Next(); slices.Contains(taken, a.String()); {
			a = a.Next()
		}
		*own = a.String()
	}
	return gw
}
