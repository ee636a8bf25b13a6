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
	"github.com/culvertnet/culvert/workers/routing"
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

// eachStanding gives what the steps of a kind, of earlier versions, were asked for and what they have answered.
func eachStanding[In, Out any](r *recipe, kind string, take func(in In, out Out, s saga.Standing)) {
	for _, s := range r.standing {
		if s.Kind != kind {
			continue
		}
		in, out, err := made[In, Out](s)
		if err != nil {
			r.errs = append(r.errs, err)
		} else if out != nil {
			take(in, *out, s)
		}
	}
}

// filters gives the filters.
func (r *recipe) filters(take func(in policy.FilterEgressIn, out policy.FilterEgressOut, s saga.Standing)) {
	eachStanding(r, policy.KindFilterEgress, take)
}

// heldPriorities are those of the filter that is committed in the network's firewall policy: a filter of the same
// source is changed in place.
func (r *recipe) heldPriorities() (held []int) {
	r.filters(func(in policy.FilterEgressIn, out policy.FilterEgressOut, s saga.Standing) {
		if s.Committed && in.Via == policy.ViaGCPFirewall && in.Network == r.Network {
			held = out.Priorities
		}
	})
	return held
}

// gone are the effects of what earlier versions have made and this one has not: filters that go, because another kind
// of filter takes their place, or none does, and the route of one.
func (r *recipe) gone() (effects []reach.Effect) {
	f := r.Egress.Filter
	r.filters(func(in policy.FilterEgressIn, out policy.FilterEgressOut, _ saga.Standing) {
		if f == nil || string(f.Via) != in.Via || f.Gateway != in.Gateway {
			effects = append(effects, *without(in, out))
		}
	})
	if f != nil && f.Via == ViaAviatrixFQDN {
		return effects
	}
	eachStanding(r, routing.KindSteerEgress,
		func(in routing.SteerEgressIn, out routing.SteerEgressOut, _ saga.Standing) {
			if e := withoutRoute(in, out); e != nil {
				effects = append(effects, *e)
			}
		})
	return effects
}

// moved adds the filters in the network's policy whose place this one takes. One with another source goes; one with the
// same is changed in place, and nothing goes.
func (q *reachQuestion) moved(r *recipe) {
	r.filters(func(in policy.FilterEgressIn, out policy.FilterEgressOut, s saga.Standing) {
		if in.Via != policy.ViaGCPFirewall || in.Network != r.Network || !s.Committed {
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
	eachStanding(r, network.KindEnableGoogleAccess,
		func(in network.EnableGoogleAccessIn, _ network.EnableGoogleAccessOut, _ saga.Standing) {
			if in.Restore {
				nets = append(nets, in.Subnets...)
			}
		})
	if g := r.Egress.GoogleAccess; g != nil {
		nets = slices.DeleteFunc(nets, func(s string) bool { return slices.Contains(g.Subnetworks, s) })
	}
	if nets = slices.Compact(slices.Sorted(slices.Values(nets))); len(nets) == 0 {
		return
	}
	e := reach.Effect{Step: "removal of enable-google-access", Network: reach.Realm(r.Network), Undone: true,
		GoogleAccess: &reach.GoogleAccessEffect{}}
	q.goesOff(checkAccess(r.b, nets), e)
	q.Effects = append(q.Effects, e)
}

// checkAccess asks which subnetworks' access goes off, and in which network they are: others may hold it as well.
func checkAccess(b *saga.Builder, nets []string) saga.Handle[network.CheckOut] {
	return saga.Add[network.CheckOut](b, saga.Spec{Name: "check-access", Kind: network.KindCheck, Check: true},
		&network.CheckIn{Withdrawing: true, AccessNets: nets})
}

// goesOff fills in whose access goes off.
func (q *reachQuestion) goesOff(check saga.Handle[network.CheckOut], e reach.Effect) {
	q.binds = append(q.binds, saga.Fill(&e.GoogleAccess.Subnets,
		saga.Field(check, func(o *network.CheckOut) *[]string { return &o.AccessOff })))
}
