package privateservice

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/culvertnet/culvert/events/reach"
	"github.com/culvertnet/culvert/saga"
	"github.com/culvertnet/culvert/workers/egress"
	"github.com/culvertnet/culvert/workers/network"
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

// filters gives what earlier versions have made as filters.
func (r *recipe) filters(each func(in policy.FilterEgressIn, out policy.FilterEgressOut, committed bool)) {
	for _, s := range r.standing {
		if s.Kind != policy.KindFilterEgress {
			continue
		}
		in, out, err := made[policy.FilterEgressIn, policy.FilterEgressOut](s)
		if err != nil {
			r.errs = append(r.errs, err)
		} else if out != nil {
			each(in, *out, s.Committed)
		}
	}
}

// heldPriorities are those of the filter that is committed in the network's firewall policy: a filter of the same
// source is changed in place.
func (r *recipe) heldPriorities() (held []int) {
	r.filters(func(in policy.FilterEgressIn, out policy.FilterEgressOut, committed bool) {
		if committed && in.Via == policy.ViaGCPFirewall && in.Network == r.Network {
			held = out.Priorities
		}
	})
	return held
}

// gone are the effects of what earlier versions have made and this one has not: filters that go, because another kind
// of filter takes their place, or none does, and the route of one.
func (r *recipe) gone() (effects []reach.Effect) {
	f := r.Egress.Filter
	r.filters(func(in policy.FilterEgressIn, out policy.FilterEgressOut, _ bool) {
		if f == nil || string(f.Via) != in.Via || f.Gateway != in.Gateway {
			effects = append(effects, *without(in, out))
		}
	})
	if f != nil && f.Via == ViaAviatrixFQDN {
		return effects
	}
	for _, s := range r.standing {
		e, err := withoutRoute(s)
		if err != nil {
			r.errs = append(r.errs, err)
		} else if e != nil {
			effects = append(effects, *e)
		}
	}
	return effects
}

// moved adds the filters in the network's policy whose place this one takes. One with another source goes; one with the
// same is changed in place, and nothing goes.
func (q *reachQuestion) moved(r *recipe) {
	r.filters(func(in policy.FilterEgressIn, out policy.FilterEgressOut, committed bool) {
		if in.Via != policy.ViaGCPFirewall || in.Network != r.Network || !committed {
			return
		}
		e := without(in, out)
		q.source(r, &e.Filter.Kept)
		q.Effects = append(q.Effects, *e)
	})
}

// lessAccess adds the subnetworks whose Private Google Access may go off, because the intent names them no more.
func (q *reachQuestion) lessAccess(r *recipe) {
	var nets []string
	for _, s := range r.standing {
		if s.Kind != network.KindEnableGoogleAccess {
			continue
		}
		in, out, err := made[network.EnableGoogleAccessIn, network.EnableGoogleAccessOut](s)
		if err != nil {
			r.errs = append(r.errs, err)
		} else if out != nil && in.Restore {
			nets = append(nets, in.Subnets...)
		}
	}
	if g := r.Egress.GoogleAccess; g != nil {
		nets = slices.DeleteFunc(nets, func(s string) bool { return slices.Contains(g.Subnetworks, s) })
	}
	if nets = slices.Compact(slices.Sorted(slices.Values(nets))); len(nets) == 0 {
		return
	}
	check := saga.Add[network.CheckOut](r.b, saga.Spec{Name: "check-access", Kind: network.KindCheck, Check: true},
		&network.CheckIn{Withdrawing: true, AccessNets: nets})
	e := reach.Effect{Step: "removal of enable-google-access", Network: reach.Realm(r.Network), Undone: true,
		GoogleAccess: &reach.GoogleAccessEffect{}}
	q.binds = append(q.binds, saga.Fill(&e.GoogleAccess.Subnets,
		saga.Field(check, func(o *network.CheckOut) *[]string { return &o.AccessOff })))
	q.Effects = append(q.Effects, e)
}
