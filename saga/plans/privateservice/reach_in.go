package privateservice

import (
	"slices"

	"github.com/culvertnet/culvert/events/reach"
	"github.com/culvertnet/culvert/saga"
	"github.com/culvertnet/culvert/workers/egress"
	"github.com/culvertnet/culvert/workers/network"
	"github.com/culvertnet/culvert/workers/observe"
	"github.com/culvertnet/culvert/workers/policy"
	"github.com/culvertnet/culvert/workers/routing"
)

// addProveWayIn asks, where no way out is proved, who would lose what the names lead to, right before they lead to
// the endpoint, and whether what sites send to an announced endpoint arrives and is answered. Where prove-reach has
// done so, nothing but the binding has happened since.
func (r *recipe) addProveWayIn() {
	if r.Egress != nil && r.claimsReach() {
		return
	}
	spec := saga.Spec{Name: "prove-reach", Kind: observe.KindProveReach, Prefix: "reach", After: slices.Clone(r.before)}
	q := &reachQuestion{ReachIn: &observe.ReachIn{Networks: []observe.Scope{r.scope()},
		Controllers: controllers(r.op), Asks: []reach.Ask{}, Accept: slices.Clone(r.Accept)}}
	q.Networks[0].Regions = r.regions()
	if r.Ingress.Names != nil {
		spec.Name, spec.Prefix = "prove-names", "named"
		q.own(r)
		q.named(r)
	}
	if q.waysIn(r); len(q.In)+len(q.Effects) == 0 {
		return
	}
	h := saga.Add[observe.ReachOut](r.b, spec, q.ReachIn, q.binds...)
	r.before = append(r.before, h.Name())
}

// regions are those of the service and of whoever announces its endpoint.
func (r *recipe) regions() []string {
	all := []string{r.Service.Region}
	for _, a := range r.Ingress.Announce {
		if a.Region != "" {
			all = append(all, a.Region)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// waysIn are the announcements over which sites reach the endpoint: what they send arrives and is answered. A speaker
// tells no more than its neighbours, of which nobody knows where they are.
func (q *reachQuestion) waysIn(r *recipe) {
	if r.Ingress == nil {
		return
	}
	for _, a := range r.Ingress.Announce {
		t := r.target(a)
		way := observe.WayIn{Network: r.Network}
		switch t.Via {
		case routing.ViaCloudRouter:
			way.Router, way.Region = "projects/"+t.Project+"/regions/"+t.Region+"/routers/"+t.Router, t.Region
		case routing.ViaAviatrix:
			way.Controller, way.Gateway, way.Connections = t.Controller, t.Gateway, t.Connections
		default:
			continue
		}
		q.In = append(q.In, way)
	}
	for i := range q.In {
		q.binds = append(q.binds, saga.Fill(&q.In[i].Address,
			saga.Field(r.address, func(o *network.ReserveAddressOut) *string { return &o.IP })))
	}
}

// hasCallers tells whether the connection claims who reaches its service. A producer's service is not ours to read.
func (r *recipe) hasCallers() bool { return r.Ingress != nil && !r.attached() }

// callers asks whether the service lets in whom the connection is for, with the network that it will send to.
func (q *reachQuestion) callers(r *recipe) {
	if !r.hasCallers() {
		return
	}
	s := r.Service
	c := &observe.Callers{Service: "service " + s.Project + "/" + s.Region + "/" + s.Name, Project: s.Project,
		Network: r.Network, Home: r.NetworkProject(),
		Invokers: slices.Sorted(slices.Values(r.Ingress.Invokers))}
	if r.Ingress.PublicAccess == ForbidPublic {
		c.Becomes = "internal"
	}
	q.Callers = c
	of := func(field func(*egress.Admits) *string) func(*egress.CheckOut) *string {
		return func(o *egress.CheckOut) *string { return field(&o.Admits) }
	}
	q.binds = append(q.binds,
		saga.Fill(&c.Ingress, saga.Field(r.checkEgress, of(func(a *egress.Admits) *string { return &a.Ingress }))),
		saga.Fill(&c.OpenInvoker, saga.Field(r.checkEgress, func(o *egress.CheckOut) *bool {
			return &o.Admits.OpenInvoker
		})))
	if r.Egress != nil {
		c.SendsTo = r.Network
		return
	}
	q.binds = append(q.binds,
		saga.Fill(&c.SendsTo, saga.Field(r.checkEgress, of(func(a *egress.Admits) *string { return &a.SendsTo }))),
		saga.Fill(&c.Unsure, saga.Field(r.checkEgress, func(o *egress.CheckOut) *bool { return &o.Admits.Unsure })))
}

// steers asks for the route to the gateway of a filter by groups: controllers from 9.0 on make it themselves.
func (q *reachQuestion) steers(r *recipe) {
	f := r.Egress.Filter
	if f == nil || f.Via != ViaAviatrixWebGroup {
		return
	}
	q.Steers = &observe.Steer{From: r.sender(), Gateway: f.Gateway}
	q.binds = append(q.binds, saga.Fill(&q.Steers.Address,
		saga.Field(r.checkPolicy, func(o *policy.CheckOut) *string { return &o.NextHopIP })))
}
