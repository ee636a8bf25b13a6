package privateservice

import (
	"errors"
	"fmt"
	"slices"

	"github.com/culvertnet/culvert/saga"
	"github.com/culvertnet/culvert/saga/plans/operator"
	"github.com/culvertnet/culvert/workers/egress"
	"github.com/culvertnet/culvert/workers/network"
	"github.com/culvertnet/culvert/workers/policy"
	"github.com/culvertnet/culvert/workers/routing"
)

// A recipe is one plan in the making. The graph, from left to right:
//
//	checks → reserve-address → create-endpoint → announce[each] ────────────┐
//	       → attach-connector → filter-egress → steer-egress → prove-reach
//	         → bind-service ────────────────────────────────────────────────┼→ map-names → restrict-ingress
//	       → enable-google-access (before bind-service), grant-invoker ─────┘
//
// Names are the cutover and come last: a route to an unused address harms nobody, a name without a route cuts clients.
type recipe struct {
	Payload
	op operator.Config
	b  *saga.Builder
	// standing is what earlier versions have made.
	standing []saga.Standing
	// errs are why there is no plan.
	errs []error

	service      egress.ServiceRef
	checkEgress  saga.Handle[egress.CheckOut]
	checkNetwork saga.Handle[network.CheckOut]
	checkRouting saga.Handle[routing.CheckOut]
	checkPolicy  saga.Handle[policy.CheckOut]
	address      saga.Handle[network.ReserveAddressOut]
	endpoint     saga.Handle[network.CreateEndpointOut]
	connector    saga.Handle[egress.AttachConnectorOut]
	filtered     saga.Handle[policy.FilterEgressOut]
	// before are the steps that must be done before the names point here; bound those before the service is bound.
	before, bound []string
}

func (r *recipe) plan() (saga.Plan, error) {
	s := r.Service
	r.service = egress.ServiceRef{Platform: string(s.Platform), Project: s.Project, Region: s.Region, Name: s.Name}
	r.checks()
	if r.Ingress != nil {
		r.wayIn()
	}
	if r.Egress != nil {
		r.wayOut()
	}
	if r.Ingress != nil {
		r.cutover()
	}
	if err := errors.Join(r.errs...); err != nil {
		return saga.Plan{}, err
	}
	return r.b.Build()
}

// shared names the counted record of the endpoint that a network and bundle share; empty for one of its own.
func (r *recipe) shared() string {
	if r.Ingress == nil || r.Ingress.Endpoint != SharedEndpoint {
		return ""
	}
	n, _ := parseResource(r.Network)
	return network.SharedResource(n.project, n.name, r.Ingress.Target.GoogleApisBundle)
}

// wayIn makes the address, the endpoint on it and its announcements.
func (r *recipe) wayIn() {
	in := r.Ingress
	address := &network.ReserveAddressIn{
		Project: r.NetworkProject(), Network: r.Network, Region: r.attachmentRegion(), Subnet: in.Address.Subnet,
		Pool: in.Address.Pool, Ranges: r.poolRanges(), Shared: r.shared(),
	}
	if in.Address.IP.IsValid() {
		address.IP = in.Address.IP.String()
	}
	var known []saga.Binding
	if len(in.Announce) > 0 {
		known = append(known, saga.Fill(
			&address.Known, saga.Field(r.checkRouting, func(o *routing.CheckOut) *[]string { return &o.Known }),
		))
	}
	r.address = saga.Add[network.ReserveAddressOut](r.b,
		saga.Spec{Name: "reserve-address", Kind: network.KindReserveAddress, Prefix: "addr"}, address, known...)

	endpoint := r.endpointIn()
	r.endpoint = saga.Add[network.CreateEndpointOut](r.b,
		saga.Spec{Name: "create-endpoint", Kind: network.KindCreateEndpoint, Prefix: "psc"}, endpoint,
		saga.Fill(&endpoint.AddressName, saga.Field(
			r.address, func(o *network.ReserveAddressOut) *string { return &o.FullName },
		)),
		saga.Fill(
			&endpoint.AddressIP, saga.Field(r.address, func(o *network.ReserveAddressOut) *string { return &o.IP }),
		))
	r.before = append(r.before, r.endpoint.Name())
	for i, a := range in.Announce {
		r.announce(fmt.Sprintf("announce-%d", i), a)
	}
}

func (r *recipe) endpointIn() *network.CreateEndpointIn {
	in := r.Ingress
	return &network.CreateEndpointIn{
		Project: r.NetworkProject(), Network: r.Network, Region: r.attachmentRegion(), Subnet: in.Address.Subnet,
		Target: in.Target.GoogleApisBundle + in.Target.ServiceAttachment, Shared: r.shared(),
	}
}

// announce tells one announcer of the address, or of the pool's ranges that hold it.
func (r *recipe) announce(name string, a Announce) {
	add := func(name, prefix string) {
		in := &routing.AnnounceIn{Target: r.target(a), Prefix: prefix, Shared: r.shared()}
		binds := []saga.Binding{
			saga.Fill(
				&in.Endpoint, saga.Field(r.endpoint, func(o *network.CreateEndpointOut) *string { return &o.IP }),
			),
		}
		if prefix == "" {
			binds = append(binds, saga.Fill(
				&in.Prefix, saga.Field(r.address, func(o *network.ReserveAddressOut) *string { return &o.Prefix }),
			))
		}
		if r.attachmentRegion() != "" {
			binds = append(binds, saga.Fill(
				&in.SubnetCIDR, saga.Field(r.checkNetwork, func(o *network.CheckOut) *string { return &o.SubnetCIDR }),
			))
		}
		saga.Add[routing.AnnounceOut](r.b, saga.Spec{Name: name, Kind: routing.KindAnnounce, Prefix: "ann"}, in,
			binds...)
		r.before = append(r.before, name)
	}
	if r.Ingress.Advertise != Aggregate {
		add(name, "")
		return
	}
	for i, cidr := range r.poolRanges() {
		add(fmt.Sprintf("%s-%d", name, i), cidr)
	}
}

func (r *recipe) target(a Announce) routing.Target {
	t := routing.Target{
		Via: string(a.Via), Project: a.Project, Region: a.Region, Router: a.Router, Network: r.Network,
		Gateway: a.SpokeGateway, Connections: slices.Clone(a.Connections), Speaker: a.Speaker,
		Controller: r.op.Gateways[a.SpokeGateway].Controller,
	}
	slices.Sort(t.Connections)
	if a.NextHop.IsValid() {
		t.NextHop = a.NextHop.String()
	}
	return t
}

// wayOut makes the connector, the filter that binds its traffic, the route to it, and last the binding.
func (r *recipe) wayOut() {
	out := r.Egress
	if c := out.Connector; c != nil {
		r.attachConnector(c)
		r.bound = append(r.bound, r.connector.Name())
	}
	if out.Filter != nil {
		r.filter(out.Filter)
	}
	if g := out.GoogleAccess; g != nil && len(g.Subnetworks) > 0 {
		in := r.googleAccessIn(g)
		h := saga.Add[network.EnableGoogleAccessOut](r.b,
			saga.Spec{Name: "enable-google-access", Kind: network.KindEnableGoogleAccess, Prefix: "pga"}, in)
		r.bound = append(r.bound, h.Name())
	}
	r.addProveReach()
	r.bind()
}

func (r *recipe) googleAccessIn(g *GoogleAccess) *network.EnableGoogleAccessIn {
	return &network.EnableGoogleAccessIn{
		Subnets: slices.Sorted(slices.Values(g.Subnetworks)), Restore: r.OnWithdraw == Restore,
	}
}

func (r *recipe) attachConnector(c *Connector) {
	in := r.connectorIn(c)
	r.connector = saga.Add[egress.AttachConnectorOut](r.b,
		saga.Spec{Name: "attach-connector", Kind: egress.KindAttachConnector, Prefix: "conn"}, in)
}

func (r *recipe) connectorIn(c *Connector) *egress.AttachConnectorIn {
	in := &egress.AttachConnectorIn{
		Project: r.ConnectorProject(), Region: r.Service.Region, Subnet: c.Subnet, Min: c.MinInstances,
		Max:         c.MaxInstances,
		MachineType: c.MachineType,
	}
	switch {
	case c.Existing != "":
		in.Existing = "projects/" + in.Project + "/locations/" + in.Region + "/connectors/" + c.Existing
	case c.IPCIDRRange.IsValid():
		in.Network, in.CIDR = r.Network, c.IPCIDRRange.String()
	}
	return in
}

// filter puts the filter in force for the source's range before any traffic is bound to it, and for an Aviatrix gateway
// steers the source's traffic there: a filter on a gateway binds only what is routed to it.
func (r *recipe) filter(f *Filter) {
	in := r.filterIn(f)
	source := saga.Fill(
		&in.Source, saga.Field(r.checkNetwork, func(o *network.CheckOut) *string { return &o.DirectCIDR }),
	)
	if r.Egress.Connector != nil {
		source = saga.Fill(
			&in.Source, saga.Field(r.connector, func(o *egress.AttachConnectorOut) *string { return &o.CIDR }),
		)
	}
	h := saga.Add[policy.FilterEgressOut](r.b,
		saga.Spec{Name: "filter-egress", Kind: policy.KindFilterEgress, Prefix: "fltr"}, in, source)
	r.filtered = h
	r.bound = append(r.bound, h.Name())
	if f.Via == ViaGCPFirewall {
		return
	}
	steer := &routing.SteerEgressIn{Project: r.NetworkProject(), Network: r.Network}
	binds := []saga.Binding{
		saga.Fill(
			&steer.NextHopIP, saga.Field(r.checkPolicy, func(o *policy.CheckOut) *string { return &o.NextHopIP }),
		),
		saga.Fill(&steer.Filter, saga.Field(h, func(o *policy.FilterEgressOut) *string { return &o.Name })),
	}
	switch { // controllers up to 8.2 want a tagged route; from 9.0 the gateway's own untagged one serves
	case f.Via != ViaAviatrixFQDN:
	case r.Egress.Connector != nil:
		binds = append(binds, saga.Fill(
			&steer.Tag, saga.Field(r.connector, func(o *egress.AttachConnectorOut) *string { return &o.Tag }),
		))
	case len(r.Egress.Direct.Tags) > 0:
		steer.Tag = r.Egress.Direct.Tags[0]
	}
	s := saga.Add[routing.SteerEgressOut](r.b,
		saga.Spec{Name: "steer-egress", Kind: routing.KindSteerEgress, Prefix: "route"}, steer, binds...)
	r.bound = append(r.bound, s.Name())
}

func (r *recipe) filterIn(f *Filter) *policy.FilterEgressIn {
	return &policy.FilterEgressIn{
		Via: string(f.Via), Project: r.NetworkProject(), Network: r.Network, Region: r.Service.Region,
		Gateway: f.Gateway, Controller: r.op.Gateways[f.Gateway].Controller, GatewayWide: f.AcceptGatewayWide,
		Default: f.Default, Rules: rules(f), KeepOpen: r.Egress.Connector != nil,
	}
}

func (r *recipe) bind() {
	in := &egress.BindServiceIn{
		Service: r.service, Takeover: r.Egress.Takeover, FollowTraffic: r.Service.FollowTraffic,
		To: egress.Binding{Egress: string(r.Egress.VPCEgress)},
	}
	var binds []saga.Binding
	if d := r.Egress.Direct; d != nil {
		in.To.Network, in.To.Subnet, in.To.Tags = r.Network, d.Subnetwork, slices.Clone(d.Tags)
	} else {
		binds = append(binds, saga.Fill(
			&in.To.Connector, saga.Field(r.connector, func(o *egress.AttachConnectorOut) *string { return &o.Name }),
		))
	}
	h := saga.Add[egress.BindServiceOut](r.b,
		saga.Spec{Name: "bind-service", Kind: egress.KindBindService, Prefix: "bind", After: r.bound}, in, binds...)
	r.before = append(r.before, h.Name())
}

// cutover lets the invokers in, points the names at the endpoint, and closes the public way, in this order.
func (r *recipe) cutover() {
	in := r.Ingress
	if len(in.Invokers) > 0 {
		grant := &egress.GrantInvokerIn{Service: r.service, Members: slices.Sorted(slices.Values(in.Invokers))}
		h := saga.Add[egress.GrantInvokerOut](r.b,
			saga.Spec{Name: "grant-invoker", Kind: egress.KindGrantInvoker, Prefix: "grant"}, grant)
		r.before = append(r.before, h.Name())
	}
	r.addProveWayIn()
	last := r.before
	if in.Names != nil {
		names := &network.MapNamesIn{Project: r.NetworkProject(), Network: r.Network, TTL: in.Names.TTL.Seconds()}
		binds := append(r.hostnames(&names.Hostnames),
			saga.Fill(&names.IP, saga.Field(r.address, func(o *network.ReserveAddressOut) *string { return &o.IP })))
		h := saga.Add[network.MapNamesOut](r.b,
			saga.Spec{Name: "map-names", Kind: network.KindMapNames, Prefix: "zone", After: r.before}, names, binds...)
		last = []string{h.Name()}
	}
	if in.PublicAccess == ForbidPublic {
		restrict := &egress.RestrictIngressIn{Service: r.service, Ingress: "internal", Restore: r.OnWithdraw == Restore}
		saga.Add[egress.RestrictIngressOut](r.b, saga.Spec{
			Name: "restrict-ingress", Kind: egress.KindRestrictIngress, Prefix: "ingr", After: last, UndoLast: true,
		}, restrict)
	}
}

// attached tells whether the endpoint leads to a service attachment.
func (r *recipe) attached() bool { return r.Ingress.Target.ServiceAttachment != "" }

// attachmentRegion is where the endpoint of a service attachment is; empty for a bundle, whose endpoint is global.
func (r *recipe) attachmentRegion() string {
	a, _ := parseResource(r.Ingress.Target.ServiceAttachment)
	return a.region
}

func (r *recipe) poolRanges() []string {
	var ranges []string
	for _, p := range r.op.Pools[r.Ingress.Address.Pool].Ranges {
		ranges = append(ranges, p.String())
	}
	return ranges
}

func rules(f *Filter) []policy.Rule {
	var list []policy.Rule
	for _, a := range f.Allow {
		rule := policy.Rule{FQDN: a.FQDN, Protocol: a.Protocol, Ports: a.Ports}
		if a.CIDR.IsValid() {
			rule.CIDR = a.CIDR.String()
		}
		list = append(list, rule)
	}
	return list
}
