package privateservice

import (
	"strings"

	"github.com/culvertnet/culvert/events/reach"
	"github.com/culvertnet/culvert/saga"
	"github.com/culvertnet/culvert/workers/network"
)

// offer adds the names of a connection that lets nothing out to what is asked.
func (d *departure) offer(r *recipe) {
	if r.Ingress.Names == nil {
		return
	}
	scope := r.scope()
	d.scope.ConnectorProjects = append(d.scope.ConnectorProjects, scope.ConnectorProjects...)
	d.at(scope.Network, scope.Regions...)
	d.own(r)
	d.offered(r)
}

// offered are the names, at the endpoint that will be: where they lead now may be lost to others. The endpoint is asked
// about for the names alone. Its address, which nobody has yet, is one of the operator's.
func (q *reachQuestion) offered(r *recipe) {
	if r.Ingress == nil || r.Ingress.Names == nil {
		return
	}
	at := r.endpointIn().Effect("create-endpoint")
	at.Consented = true
	switch in := r.Ingress.Address; {
	case in.IP.IsValid():
		at.Endpoint.IP = in.IP.String()
	case in.Subnet != "":
		q.binds = append(q.binds, saga.Fill(&at.Endpoint.IP,
			saga.Field(r.checkNetwork, func(o *network.CheckOut) *string { return &o.SubnetCIDR })))
	default:
		at.Endpoint.IP = strings.Join(r.poolRanges(), ",")
	}
	q.Effects = append(q.Effects, at)
	q.lead(r).Endpoint = at.Endpoint.Object
}

// named are the names at the endpoint that is there.
func (q *reachQuestion) named(r *recipe) {
	if r.Ingress == nil || r.Ingress.Names == nil {
		return
	}
	to := q.lead(r)
	q.binds = append(q.binds, saga.Fill(&to.IP,
		saga.Field(r.address, func(o *network.ReserveAddressOut) *string { return &o.IP })))
}

// lead adds what the names will do, but for where they lead.
func (q *reachQuestion) lead(r *recipe) *reach.NamesEffect {
	e := network.MapNamesIn{Network: r.Network}.Effect("map-names")
	q.binds = append(q.binds, r.hostnames(&e.Names.Hostnames)...)
	q.Effects = append(q.Effects, e)
	return e.Names
}
