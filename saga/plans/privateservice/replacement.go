package privateservice

import (
	"encoding/json"
	"fmt"

	"github.com/culvertnet/culvert/workers/egress"
	"github.com/culvertnet/culvert/workers/policy"
)

// held says why a connector cannot be replaced: the new one needs the range that the standing one holds, and the old
// one goes only after the new version stands. It is empty where nothing is in the way.
func (r *recipe) held(c *Connector) string {
	want := r.connectorIn(c)
	for _, s := range r.standing {
		var have egress.AttachConnectorIn
		if s.Kind != egress.KindAttachConnector || json.Unmarshal(s.Input, &have) != nil || have.Existing != "" {
			continue
		}
		where := have.CIDR + have.Subnet
		if want.Existing != "" || where == "" || want.CIDR != have.CIDR || want.Subnet != have.Subnet {
			continue
		}
		why := "it cannot shrink"
		switch {
		case want.Project != have.Project || want.Region != have.Region || want.Network != have.Network:
			why = "it cannot move to another region, project or network"
		case want.Min >= have.Min && want.Max >= have.Max:
			continue
		}
		return fmt.Sprintf("the connector on %s stands and %s: a new one needs another range. Give the connector "+
			"another ipCidrRange or subnet, or keep its %d to %d instances in %s",
			where, why, have.Min, have.Max, have.Region)
	}
	return ""
}

// heldPriorities are those of the filter that stands in the network's firewall policy: a filter of the same source is
// changed in place.
func (r *recipe) heldPriorities() []int {
	for _, s := range r.standing {
		var in policy.FilterEgressIn
		var out policy.FilterEgressOut
		if s.Kind == policy.KindFilterEgress && s.Committed && json.Unmarshal(s.Input, &in) == nil &&
			json.Unmarshal(s.Output, &out) == nil && in.Via == string(ViaGCPFirewall) && in.Network == r.Network {
			return out.Priorities
		}
	}
	return nil
}
