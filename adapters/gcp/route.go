package gcp

import (
	"cmp"
	"context"
	"slices"

	"cloud.google.com/go/compute/apiv1/computepb"
	"github.com/google/uuid"

	"github.com/culvertnet/culvert/workers/routing"
)

// routes keeps static routes.
type routes struct{ *Client }

var _ routing.Routes = routes{}

// Routes is the port to static routes.
func (c *Client) Routes() routing.Routes { return routes{c} }

const anywhere = "0.0.0.0/0"

// Get reads one.
func (r routes) Get(ctx context.Context, project, name string) (routing.Route, error) {
	got, err := r.read(ctx, project, name)
	if err != nil {
		return routing.Route{}, err
	}
	return r.routeOf(ctx, project, got)
}

func (r routes) read(ctx context.Context, project, name string) (*computepb.Route, error) {
	got, err := r.routes.Get(ctx, &computepb.GetRouteRequest{Project: project, Route: name}, once())
	return got, r.fail(call{name: "routes.get"}, err)
}

// routeOf reads a next hop that is an instance (a gateway's VM) as the instance's address; where it may not be read,
// the next hop stays empty.
func (r routes) routeOf(ctx context.Context, project string, got *computepb.Route) (routing.Route, error) {
	out := routing.Route{
		Project: project, Name: got.GetName(), Network: relative(got.GetNetwork()), Dest: canonical(got.GetDestRange()),
		NextHopIP: got.GetNextHopIp(), Tags: slices.Clone(got.GetTags()), Priority: int(got.GetPriority()),
		Owner: got.GetDescription(),
	}
	via := relative(got.GetNextHopInstance())
	if out.NextHopIP != "" || via == "" {
		return out, nil
	}
	req := &computepb.GetInstanceRequest{
		Project: segment(via, "projects"), Zone: segment(via, "zones"), Instance: base(via),
	}
	vm, err := r.instances.Get(ctx, req, once())
	if err = r.fail(call{name: "instances.get"}, err); err != nil {
		if refused(err) {
			err = nil
		}
		return out, err
	}
	for _, nic := range vm.GetNetworkInterfaces() {
		if relative(nic.GetNetwork()) == out.Network {
			out.NextHopIP = nic.GetNetworkIP()
		}
	}
	return out, nil
}

// Create makes a route to an address. The owner goes into the description.
func (r routes) Create(ctx context.Context, req uuid.UUID, want routing.Route) error {
	insert := &computepb.InsertRouteRequest{Project: want.Project, RouteResource: &computepb.Route{
		Name: &want.Name, Network: &want.Network, DestRange: &want.Dest, NextHopIp: &want.NextHopIP,
		Tags: want.Tags, Priority: new(uint32(want.Priority)), Description: &want.Owner,
	}}
	return r.mutate(mutation{
		call: "routes.insert", project: want.Project, req: req, request: insert,
		send: func(id *string) (started, error) {
			insert.RequestId = id
			return fromProto(r.routes.Insert(ctx, insert))
		},
		took: func() (bool, error) {
			_, err := r.read(ctx, want.Project, want.Name)
			return exists(err)
		},
	})
}

// Delete removes a route.
func (r routes) Delete(ctx context.Context, req uuid.UUID, project, name string) error {
	del := &computepb.DeleteRouteRequest{Project: project, Route: name}
	return gone(r.mutate(mutation{
		call: "routes.delete", removes: true, project: project, req: req, request: del,
		send: func(id *string) (started, error) {
			del.RequestId = id
			return fromProto(r.routes.Delete(ctx, del))
		},
		took: func() (bool, error) {
			_, err := r.read(ctx, project, name)
			return isGone(err)
		},
	}))
}

// Default lists the routes to anywhere.
func (r routes) Default(ctx context.Context, vpc string) ([]routing.Route, error) {
	project, id, err := splitNetwork(vpc)
	if err != nil {
		return nil, err
	}
	all, err := r.routesOf(ctx, networkName(project, id))
	if err != nil {
		return nil, err
	}
	var out []routing.Route
	for _, got := range all {
		if got.GetDestRange() != anywhere {
			continue
		}
		route, err := r.routeOf(ctx, project, got)
		if err != nil {
			return nil, err
		}
		out = append(out, route)
	}
	slices.SortFunc(out, func(a, b routing.Route) int {
		return cmp.Or(cmp.Compare(a.Priority, b.Priority), cmp.Compare(a.Name, b.Name))
	})
	return out, nil
}
