package privateservice

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/culvertnet/culvert/events/reach"
	"github.com/culvertnet/culvert/saga"
	"github.com/culvertnet/culvert/saga/plans/operator"
	"github.com/culvertnet/culvert/workers/egress"
	"github.com/culvertnet/culvert/workers/network"
	"github.com/culvertnet/culvert/workers/observe"
	"github.com/culvertnet/culvert/workers/policy"
	"github.com/culvertnet/culvert/workers/routing"
)

// A removal is the plan of a withdrawal in the making: what must hold before anything is removed. What is removed is
// what stands, so everything is taken from there, and each thing from the step that has made it: a withdrawal that goes
// on after a stuck one finds fewer of them.
type removal struct {
	Withdrawal
	op       operator.Config
	b        *saga.Builder
	standing []saga.Standing
}

// withdrawal plans one.
func withdrawal(p saga.Planning, op operator.Config) (saga.Plan, error) {
	r := &removal{op: op, b: saga.NewBuilder(Name, PlanVersion), standing: p.Standing}
	var err error
	if r.Withdrawal, err = CheckWithdrawal(p.Intent.Data); err != nil {
		return saga.Plan{}, err
	}
	if err := r.checkConnectors(); err != nil {
		return saga.Plan{}, err
	}
	d, err := r.departs()
	if err != nil {
		return saga.Plan{}, err
	}
	d.add(r.b)
	return r.b.Build()
}

// made reads what a standing step was asked for and, where it was known to be there, what it answered.
func made[In, Out any](s saga.Standing) (in In, out *Out, err error) {
	if err := json.Unmarshal(s.Input, &in); err != nil {
		return in, nil, fmt.Errorf("plan: input of %s: %w", s.Step, err)
	}
	if s.Output == nil {
		return in, nil, nil
	}
	if err := json.Unmarshal(s.Output, &out); err != nil {
		return in, nil, fmt.Errorf("plan: output of %s: %w", s.Step, err)
	}
	return in, out, nil
}

// checkConnectors refuses to delete a connector that others use.
func (r *removal) checkConnectors() error {
	for _, s := range r.standing {
		if s.Kind != egress.KindAttachConnector || s.Output == nil {
			continue
		}
		in, out, err := made[egress.AttachConnectorIn, egress.AttachConnectorOut](s)
		if err != nil {
			return err
		}
		if in.Existing != "" {
			continue
		}
		check := &egress.CheckIn{Withdrawing: true, Connector: out.Name, Service: serviceOf(r.standing)}
		name := fmt.Sprintf("check-connector-%d", s.Generation)
		saga.Add[egress.CheckOut](r.b, saga.Spec{Name: name, Kind: egress.KindCheck, Check: true}, check)
	}
	return nil
}

// serviceOf is the service that stands bound, whose own use of what is removed is no foreign one.
func serviceOf(standing []saga.Standing) egress.ServiceRef {
	for _, s := range standing {
		var in egress.BindServiceIn
		if s.Kind == egress.KindBindService && json.Unmarshal(s.Input, &in) == nil {
			return in.Service
		}
	}
	return egress.ServiceRef{}
}

// A departure is the question what others lose, or gain, when a connection goes.
type departure struct {
	reachQuestion
	// scope is the network of all that goes; access are the subnetworks whose Private Google Access may go off.
	scope  observe.Scope
	access []string
	// region is the service's, for what goes and is in no region.
	region string
}

// departs asks about the filter and Private Google Access: whoever came into the same range after the connection lives
// by them as well.
func (r *removal) departs() (*departure, error) {
	d := &departure{reachQuestion: reachQuestion{ReachIn: &observe.ReachIn{
		Accept: slices.Clone(r.Accept), Controllers: controllers(r.op)}}}
	service := serviceOf(r.standing)
	if service.Name != "" {
		place := "projects/" + service.Project + "/locations/" + service.Region
		d.Own = []string{place + "/services/" + service.Name, place + "/functions/" + service.Name}
		d.scope.ConnectorProjects, d.region = []string{service.Project}, service.Region
	}
	for _, s := range r.standing {
		if err := d.goes(s); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// add puts the question into a plan, where there is one.
func (d *departure) add(b *saga.Builder) {
	if len(d.Effects) == 0 && d.Callers == nil {
		return
	}
	d.scope.ConnectorProjects = slices.Compact(slices.Sorted(slices.Values(d.scope.ConnectorProjects)))
	if len(d.scope.Regions) == 0 && len(d.access) == 0 && d.region != "" {
		d.scope.Regions = []string{d.region}
	}
	if d.Networks = []observe.Scope{d.scope}; len(d.Effects) == 0 { // then nothing is read
		d.Networks, d.Asks = []observe.Scope{}, []reach.Ask{}
	}
	if len(d.access) > 0 {
		d.bindAccess(b)
	}
	saga.Add[observe.ReachOut](b, saga.Spec{Name: "check-reach", Kind: observe.KindCheck, Check: true}, d.ReachIn,
		d.binds...)
}

// goes takes one standing step into the question.
func (d *departure) goes(s saga.Standing) error {
	switch s.Kind {
	case observe.KindProveReach:
		asked, _, err := made[observe.ReachIn, observe.ReachOut](s)
		if err != nil || len(asked.Networks) == 0 {
			return err
		}
		d.Own = append(d.Own, asked.Own...)
		d.scope.ConnectorProjects = append(d.scope.ConnectorProjects, asked.Networks[0].ConnectorProjects...)
		d.at(asked.Networks[0].Network, asked.Networks[0].Regions...)
	case policy.KindFilterEgress:
		in, out, err := made[policy.FilterEgressIn, policy.FilterEgressOut](s)
		if err != nil || out == nil {
			return err
		}
		e := without(in, *out)
		e.Step = "removal of " + s.Step
		d.Effects = append(d.Effects, *e)
		d.at(in.Network, in.Region)
	case routing.KindSteerEgress:
		in, out, err := made[routing.SteerEgressIn, routing.SteerEgressOut](s)
		if err != nil || out == nil {
			return err
		}
		e := withoutRoute(in, *out)
		if e == nil {
			return nil
		}
		e.Step = "removal of " + s.Step
		d.Effects = append(d.Effects, *e)
		d.at(string(e.Network))
	case network.KindEnableGoogleAccess:
		in, out, err := made[network.EnableGoogleAccessIn, network.EnableGoogleAccessOut](s)
		if err != nil || out == nil || !in.Restore {
			return err
		}
		d.access = append(d.access, in.Subnets...)
		d.Effects = append(d.Effects,
			reach.Effect{Step: "removal of " + s.Step, Undone: true, GoogleAccess: &reach.GoogleAccessEffect{}})
	}
	return nil
}

// without is the effect of a filter that goes.
func without(in policy.FilterEgressIn, out policy.FilterEgressOut) *reach.Effect {
	e := in.Effect("filter-egress")
	e.Undone = true
	if e.Filter != nil {
		e.Filter.Policy, e.Filter.Priorities = out.Policy, out.Priorities
	} else {
		e.GatewayFilter.Object = out.Name
	}
	return e
}

// withoutRoute is the effect of a route to a gateway that goes; nil where a step has made none.
func withoutRoute(in routing.SteerEgressIn, out routing.SteerEgressOut) *reach.Effect {
	e := in.Effect("steer-egress", out)
	if e != nil {
		e.Undone = true
	}
	return e
}

// at notes where something is that goes.
func (d *departure) at(network string, regions ...string) {
	d.scope.Network = network
	for _, region := range regions {
		if !slices.Contains(d.scope.Regions, region) {
			d.scope.Regions = append(d.scope.Regions, region)
		}
	}
}

// bindAccess takes the network, and whose access goes off, from what checkAccess finds.
func (d *departure) bindAccess(b *saga.Builder) {
	for _, subnet := range d.access {
		n, _ := parseResource(subnet)
		d.at(d.scope.Network, n.region)
	}
	d.Networks[0] = d.scope
	check := checkAccess(b, d.access)
	of := saga.Field(check, func(o *network.CheckOut) *string { return &o.AccessNetwork })
	d.binds = append(d.binds, saga.Fill(&d.Networks[0].Network, of))
	for _, e := range d.Effects {
		if e.GoogleAccess != nil {
			d.goesOff(check, e)
		}
	}
}
