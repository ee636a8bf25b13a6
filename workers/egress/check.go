package egress

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
)

// check looks up what would refuse a later step, before anything has an effect.
type check struct{ Drivers }

// Checks tells a check before the first effect, which shares what it reads with the others.
func (check) Checks(in CheckIn) bool { return !in.Withdrawing }

// Do reads and refuses.
func (s check) Do(ctx context.Context, run workers.Run, in CheckIn, _ *CheckOut) (CheckOut, error) {
	if in.Withdrawing {
		return CheckOut{Hostnames: []string{}}, s.removable(ctx, in)
	}
	if in.Holds != "" {
		return CheckOut{}, workers.Refuse("immutable", "%s", in.Holds)
	}
	have, err := s.service(ctx, in.Service)
	if err != nil {
		return CheckOut{}, err
	}
	if have.Reconciling {
		return CheckOut{}, workers.Wait("settling", 0)
	}
	out, err := hostnames(in, have)
	if err != nil {
		return out, err
	}
	if in.Binds {
		if err := s.bindable(ctx, run, in, have); err != nil {
			return out, err
		}
	}
	out.Sender, out.Admits = have.sender(in.Service), s.admits(ctx, in, have)
	out.Source, err = s.usable(ctx, in)
	return out, err
}

// admits tells whom the service lets in. A connection that binds it decides itself where it sends to.
func (s check) admits(ctx context.Context, in CheckIn, have Service) Admits {
	out := Admits{Ingress: have.Ingress, OpenInvoker: have.OpenInvoker, SendsTo: have.Binding.Network}
	if in.Binds || have.Binding.Connector == "" {
		return out
	}
	c, err := s.Connectors.Get(ctx, have.Binding.Connector)
	out.SendsTo, out.Unsure = c.Network, err != nil || c.Network == ""
	return out
}

// auto asks for all host names that the service has.
const auto = "auto"

// hostnames refuses names that the service has not got, and resolves those that were not named.
func hostnames(in CheckIn, have Service) (CheckOut, error) {
	if len(in.Hostnames) == 0 || slices.Equal(in.Hostnames, []string{auto}) {
		own := slices.DeleteFunc(slices.Clone(have.Hostnames), manyServices)
		if len(own) == 0 {
			own = have.Hostnames
		}
		return CheckOut{Hostnames: slices.Sorted(slices.Values(own))}, nil
	}
	for _, host := range in.Hostnames {
		if !slices.Contains(have.Hostnames, host) {
			return CheckOut{}, workers.Refuse("hostname", "%s is not a host name of %s, which has %s",
				host, in.Service.key(), strings.Join(have.Hostnames, ", "))
		}
	}
	return CheckOut{Hostnames: slices.Sorted(slices.Values(in.Hostnames))}, nil
}

// manyServices tells whether a host name is one of many services': REGION-PROJECT.cloudfunctions.net serves every
// function of the project and region by its path, so a zone of one connection would answer for all of them, and the
// next function's connection could not have one. Whoever wants it names it.
func manyServices(host string) bool { return strings.HasSuffix(host, ".cloudfunctions.net") }

// bindable refuses a service on which a new binding would not serve, or would replace somebody else's.
func (s check) bindable(ctx context.Context, run workers.Run, in CheckIn, have Service) error {
	if have.Deployer != "" {
		return workers.Refuse("deployer",
			"service %s is deployed by %s: a binding made here is lost with its next deploy; bind the function "+
				"(platform cloud-functions)",
			in.Service.key(), have.Deployer)
	}
	if have.Pinned != "" && !in.FollowTraffic {
		return workers.Refuse("pinned",
			"all or part of the traffic of %s is pinned to revision %s: a new binding would not serve",
			in.Service.key(), have.Pinned)
	}
	r, err := s.Claims.Load(ctx, s.binding(in.Service).Resource)
	if err != nil {
		return workers.Retry("claims", 0, err)
	}
	onIt := in.Existing != "" && sameResource(have.Binding.Connector, in.Existing)
	if holder, found := otherHolder(r, run); found && !onIt {
		return workers.Refuse("foreign", "the binding of %s belongs to %s", in.Service.key(), holder)
	}
	own := r.HeldBy(run.Connection)
	if have.Binding.none() || in.Takeover || own || onIt {
		return nil
	}
	return workers.Refuse("foreign", "service %s is bound to %s by another owner", in.Service.key(), have.Binding.way())
}

// usable tells where the packets of an existing connector come from. It refuses one that is not there, not ready or in
// another region.
func (s check) usable(ctx context.Context, in CheckIn) (Source, error) {
	if in.Existing == "" {
		return Source{}, nil
	}
	if parts := strings.Split(in.Existing, "/"); len(parts) != 6 || parts[3] != in.Service.Region {
		return Source{}, workers.Refuse(
			"invalid", "connector %s is not in the service's region %s", in.Existing, in.Service.Region,
		)
	}
	have, err := s.readyConnector(ctx, in.Existing)
	return have.source(), err
}

// removable refuses a withdrawal that would delete a connector which others use. Our own service is unbound before.
func (s check) removable(ctx context.Context, in CheckIn) error {
	if in.Connector == "" || in.Existing != "" {
		return nil
	}
	var projects []string
	if in.Service.Project != "" {
		projects = append(projects, in.Service.Project)
	}
	users, err := s.Connectors.Users(ctx, in.Connector, projects...)
	if errors.Is(err, workers.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if len(users) == 0 {
		return nil
	}
	var have Service
	if in.Service.Name != "" { // a withdrawal that goes on after the unbinding knows of no service any more
		have, err = s.Services.Get(ctx, in.Service)
	}
	if err != nil && !errors.Is(err, workers.ErrNotFound) {
		return err
	}
	foreign := slices.DeleteFunc(users, func(user string) bool { return in.Service.is(user, have.RunService) })
	if len(foreign) > 0 {
		return workers.Refuse("in-use", "connector %s is used by %s", in.Connector, strings.Join(foreign, ", "))
	}
	return nil
}

// is tells whether a user's full name means this service, or the Cloud Run service behind it.
func (r ServiceRef) is(user, behind string) bool {
	place := "projects/" + r.Project + "/locations/" + r.Region
	return user == place+"/services/"+r.Name || user == place+"/functions/"+r.Name || behind != "" &&
		(user == behind || user == place+"/services/"+behind)
}

// sender is the service's name in the lists of those who send from a range: a function shows as the service behind it,
// where there is one.
func (s Service) sender(ref ServiceRef) string {
	place, name := "projects/"+ref.Project+"/locations/"+ref.Region, ref.Name
	switch {
	case strings.Contains(s.RunService, "/"):
		return s.RunService
	case s.RunService != "":
		name = s.RunService
	case ref.Platform == "cloud-functions":
		return place + "/functions/" + name
	}
	return place + "/services/" + name
}

// Look repeats what the check found: it has no object, so there is nothing to compare.
func (s check) Look(_ context.Context, _ workers.Run, _ CheckIn, prior *CheckOut) (workers.Seen[CheckOut], error) {
	if prior == nil { // nothing was found yet, and a Look finds nothing: the check has to be done
		return workers.Seen[CheckOut]{Presence: events.Absent}, nil
	}
	return workers.Seen[CheckOut]{Presence: events.Present, Out: *prior}, nil
}

// Undo has nothing to take away.
func (s check) Undo(context.Context, workers.Run, CheckIn, *CheckOut) (workers.Undone, error) {
	return workers.Undone{}, nil
}
