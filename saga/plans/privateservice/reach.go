package privateservice

import (
	"slices"
	"strings"

	"github.com/culvertnet/culvert/events/reach"
	"github.com/culvertnet/culvert/saga"
	"github.com/culvertnet/culvert/saga/plans/operator"
	"github.com/culvertnet/culvert/workers/egress"
	"github.com/culvertnet/culvert/workers/network"
	"github.com/culvertnet/culvert/workers/observe"
	"github.com/culvertnet/culvert/workers/policy"
)

// A plan with a way out asks the model of reach before anything has an effect (check-reach): do the service's packets
// pass and come back, is everything else closed, and does nobody else lose or gain a path? With a filter of the
// network's own prove-reach asks again of what is there, right before the service is bound, and at each look
// afterwards. Without one no destination is named: check-reach tells what is reached and finds no way back.

// A reachQuestion is what one step asks, with the values that other steps tell.
type reachQuestion struct {
	*observe.ReachIn
	binds []saga.Binding
}

// claimsReach tells whether the connection claims which destinations are reached: the filters of gateways tell no
// effect yet.
func (r *recipe) claimsReach() bool {
	return r.Egress != nil && r.Egress.Filter != nil && r.Egress.Filter.Via == ViaGCPFirewall
}

// addCheckReach asks about the world that the plan will make.
func (r *recipe) addCheckReach() {
	if r.Egress == nil { // what an earlier version let out goes
		gone := &removal{Withdrawal: Withdrawal{Accept: r.Accept}, op: r.op, b: r.b, standing: r.standing}
		d, err := gone.departs()
		if err != nil {
			r.errs = append(r.errs, err)
			return
		}
		d.offer(r)
		d.callers(r)
		d.add(r.b)
		return
	}
	q := r.question()
	q.effects(r)
	q.offered(r)
	q.callers(r)
	q.steers(r)
	saga.Add[observe.ReachOut](r.b, saga.Spec{Name: "check-reach", Kind: observe.KindCheck, Check: true}, q.ReachIn,
		q.binds...)
}

// addProveReach asks about the world as it is, once all that the service is bound behind stands.
func (r *recipe) addProveReach() {
	if !r.claimsReach() {
		return
	}
	q := r.question()
	if r.Egress.Connector != nil {
		for i := range q.Asks {
			from := &q.Asks[i].From
			from.Tags = append(from.Tags, "")
			q.binds = append(q.binds, saga.Fill(&from.Tags[len(from.Tags)-1],
				saga.Field(r.connector, func(o *egress.AttachConnectorOut) *string { return &o.Tag })))
		}
	}
	q.waysIn(r)
	q.made(r)
	q.named(r)
	h := saga.Add[observe.ReachOut](r.b, saga.Spec{Name: "prove-reach", Kind: observe.KindProveReach, Prefix: "reach",
		After: slices.Concat(r.bound, r.before)}, q.ReachIn, q.binds...)
	r.bound = append(r.bound, h.Name())
}

// scope is what of the network a question is about.
func (r *recipe) scope() observe.Scope {
	return observe.Scope{Network: r.Network, Regions: []string{r.Service.Region}, ConnectorProjects: r.projects()}
}

// own leaves out what becomes of the connection's own sender.
func (q *reachQuestion) own(r *recipe) {
	q.Own = append(q.Own, "")
	q.binds = append(q.binds, saga.Fill(&q.Own[len(q.Own)-1],
		saga.Field(r.checkEgress, func(o *egress.CheckOut) *string { return &o.Sender })))
}

// question has the connection's own claims: what the filter names passes and is answered, and nothing else does.
// Without a filter that is known by its effect, what arrives is answered.
func (r *recipe) question() *reachQuestion {
	q := &reachQuestion{ReachIn: &observe.ReachIn{
		Networks:    []observe.Scope{r.scope()},
		Controllers: controllers(r.op), Accept: slices.Clone(r.Accept),
	}}
	q.own(r)
	own := saga.Field(r.checkEgress, func(o *egress.CheckOut) *string { return &o.Sender })
	q.Asks = r.claims()
	for i := range q.Asks {
		at := &q.Asks[i].From
		q.binds = append(q.binds, saga.Fill(&at.Name, own))
		if c := r.Egress.Connector; c != nil && c.Existing != "" {
			q.binds = append(q.binds,
				saga.Fill(&at.Source, saga.Field(r.checkEgress,
					func(o *egress.CheckOut) *string { return &o.Source.CIDR })),
				saga.Fill(&at.Kind, saga.Field(r.checkEgress,
					func(o *egress.CheckOut) *reach.Kind { return &o.Source.Kind })))
		}
	}
	return q
}

// claims are what is asked about the packets of the service.
func (r *recipe) claims() (asks []reach.Ask) {
	sender := func() reach.Sender {
		from := r.sender()
		from.Tags = slices.Clone(from.Tags)
		return from
	}
	if !r.claimsReach() {
		return []reach.Ask{{About: "what arrives is answered", From: sender(), Want: reach.Answered}}
	}
	f := r.filterIn(r.Egress.Filter)
	for _, rule := range f.Rules {
		to := rule.Destination()
		asks = append(asks, reach.Ask{About: "out to " + words(to), From: sender(), Want: reach.Passes, Dest: &to})
	}
	return append(asks, reach.Ask{About: "everything else is closed", From: sender(), Want: reach.Closed,
		Except: slices.Concat(f.LetOut(), r.openings()), Firewall: true})
}

// openings are what the operator leaves open to everybody.
func (r *recipe) openings() []reach.Allowed {
	var out []reach.Allowed
	for _, o := range r.op.Open(r.Network) {
		out = append(out, reach.Allowed{CIDR: o.CIDR.String(), Protocol: o.Protocol, Ports: o.Ports})
	}
	return out
}

// words are a destination for people.
func words(to reach.Allowed) string {
	return strings.Join(append([]string{to.FQDN + to.CIDR, to.Protocol}, to.Ports...), " ")
}

// sender is who sends, as far as the intent tells: rules may ask for the kind of a sender as well as for its address.
func (r *recipe) sender() reach.Sender {
	e := r.Egress
	s := reach.Sender{Realm: reach.Realm(r.Network), Region: r.Service.Region,
		PrivateRangesOnly: e.VPCEgress == PrivateRangesOnly}
	if d := e.Direct; d != nil {
		s.Kind, s.Subnet, s.Tags = reach.DirectEgress, d.Subnetwork, d.Tags
		return s
	}
	s.Tags = []string{"vpc-connector"}
	if c := e.Connector; c.Subnet != "" {
		s.Kind, s.Subnet = reach.SubnetConnector, c.Subnet
	} else if c.IPCIDRRange.IsValid() {
		s.Kind, s.Source = reach.RangeConnector, c.IPCIDRRange.String()
	}
	return s
}

// effects are those of the plan's steps, in the order in which they happen.
func (q *reachQuestion) effects(r *recipe) {
	if c := r.Egress.Connector; c != nil {
		if e := r.connectorIn(c).Effect("attach-connector"); e != nil {
			q.Effects = append(q.Effects, *e)
		}
	}
	if g := r.Egress.GoogleAccess; g != nil && len(g.Subnetworks) > 0 {
		q.Effects = append(q.Effects, r.googleAccessIn(g).Effect("enable-google-access", r.Network))
	}
	q.Effects = append(q.Effects, r.gone()...)
	q.lessAccess(r)
	if r.Egress.Filter == nil {
		return
	}
	e := r.filterIn(r.Egress.Filter).Effect("filter-egress")
	if e.GatewayFilter != nil {
		q.source(r, &e.GatewayFilter.Source)
		q.Effects = append(q.Effects, *e)
		q.steering(r)
		return
	}
	q.binds = append(q.binds, saga.Fill(&e.Filter.Priorities,
		saga.Field(r.checkPolicy, func(o *policy.CheckOut) *[]int { return &o.Priorities })))
	e.Filter.Held = r.heldPriorities()
	q.source(r, &e.Filter.Source)
	q.Effects = append(q.Effects, *e)
	q.moved(r)
}

// steering is the route to the gateway of an FQDN tag, for everybody who has the network tag of a direct interface. It
// beats every other. A connector's own tag is nobody else's.
func (q *reachQuestion) steering(r *recipe) {
	d := r.Egress.Direct
	if r.Egress.Filter.Via != ViaAviatrixFQDN || d == nil || len(d.Tags) == 0 {
		return
	}
	route := &reach.RouteEffect{Object: "steer-egress", Dest: "0.0.0.0/0", Tags: d.Tags[:1]}
	q.binds = append(q.binds, saga.Fill(&route.NextHopIP,
		saga.Field(r.checkPolicy, func(o *policy.CheckOut) *string { return &o.NextHopIP })))
	q.Effects = append(q.Effects, reach.Effect{Step: "steer-egress", Network: reach.Realm(r.Network), Route: route})
}

// made is the filter as it is: who came to its range since the check before is hurt by it.
func (q *reachQuestion) made(r *recipe) {
	e := r.filterIn(r.Egress.Filter).Effect("filter-egress")
	q.binds = append(q.binds, saga.Fill(&e.Filter.Source,
		saga.Field(r.filtered, func(o *policy.FilterEgressOut) *string { return &o.Source })),
		saga.Fill(&e.Filter.Priorities,
			saga.Field(r.filtered, func(o *policy.FilterEgressOut) *[]int { return &o.Priorities })))
	q.Effects = append(q.Effects, *e)
}

// source fills in the range that the filter is for, before its connector is made.
func (q *reachQuestion) source(r *recipe, to *string) {
	var from saga.Value[string]
	switch c := r.Egress.Connector; {
	case c == nil:
		from = saga.Field(r.checkNetwork, func(o *network.CheckOut) *string { return &o.DirectCIDR })
	case c.Subnet != "":
		from = saga.Field(r.checkNetwork, func(o *network.CheckOut) *string { return &o.ConnectorCIDR })
	case c.Existing != "":
		from = saga.Field(r.checkEgress, func(o *egress.CheckOut) *string { return &o.Source.CIDR })
	default:
		*to = c.IPCIDRRange.String()
		return
	}
	q.binds = append(q.binds, saga.Fill(to, from))
}

// projects are those in which others may send from the same ranges.
func (r *recipe) projects() []string {
	all := []string{r.NetworkProject(), r.Service.Project}
	if r.Egress != nil && r.Egress.Connector != nil {
		all = append(all, r.ConnectorProject())
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// controllers are all that the operator has: packets may pass their gateways though the intent names none.
func controllers(op operator.Config) []string {
	var all []string
	for _, g := range op.Gateways {
		all = append(all, g.Controller)
	}
	slices.Sort(all)
	return slices.Compact(all)
}
