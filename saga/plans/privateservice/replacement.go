package privateservice

import (
	"encoding/json"
	"fmt"

	"github.com/culvertnet/culvert/events/reach"
	"github.com/culvertnet/culvert/saga"
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

// filters gives what earlier versions have made as rules of a network's policy.
func (r *recipe) filters(each func(s saga.Standing, in policy.FilterEgressIn, out policy.FilterEgressOut)) {
	for _, s := range r.standing {
		if s.Kind != policy.KindFilterEgress {
			continue
		}
		in, out, err := made[policy.FilterEgressIn, policy.FilterEgressOut](s)
		switch {
		case err != nil:
			r.errs = append(r.errs, err)
		case out != nil && in.Via == policy.ViaGCPFirewall:
			each(s, in, *out)
		}
	}
}

// heldPriorities are those of the filter that is committed in the network's firewall policy: a filter of the same
// source is changed in place.
func (r *recipe) heldPriorities() (held []int) {
	r.filters(func(s saga.Standing, in policy.FilterEgressIn, out policy.FilterEgressOut) {
		if s.Committed && in.Network == r.Network {
			held = out.Priorities
		}
	})
	return held
}

// replaced are the effects of filters that go: one at a gateway takes their place, or nothing does.
func (r *recipe) replaced() (effects []reach.Effect) {
	r.filters(func(_ saga.Standing, in policy.FilterEgressIn, out policy.FilterEgressOut) {
		effects = append(effects, *without(in, out))
	})
	return effects
}
