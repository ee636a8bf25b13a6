package gcp

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
	cloudfunctions "google.golang.org/api/cloudfunctions/v2"
	"google.golang.org/api/run/v2"

	"github.com/culvertnet/culvert/events/reach"
	"github.com/culvertnet/culvert/workers"
)

// Users implements [egress.Connectors]. A function shows as itself and not as the Run service behind it. App Engine's
// versions are not seen.
func (c connectors) Users(ctx context.Context, name string, projects ...string) ([]string, error) {
	got, err := c.read(ctx, name)
	if err != nil {
		return nil, gone(err)
	}
	// The vendor's field is output only and often empty, so the connector's own project is always asked.
	projects = set(slices.Concat(projects, got.GetConnectedProjects(), []string{segment(name, "projects")}))
	found := make([][]string, len(projects))
	g, ctx := errgroup.WithContext(ctx)
	for i, project := range projects {
		g.Go(func() (err error) {
			found[i], err = c.usersIn(ctx, fmt.Sprintf("projects/%s/locations/%s", project, segment(name, "locations")),
				name)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return slices.Compact(slices.Sorted(slices.Values(slices.Concat(found...)))), nil
}

func (c connectors) usersIn(ctx context.Context, parent, connector string) ([]string, error) {
	var users []string
	behind := map[string]bool{}
	err := c.functions.Projects.Locations.Functions.List(parent).
		Pages(ctx, func(page *cloudfunctions.ListFunctionsResponse) error {
			if len(page.Unreachable) > 0 {
				return unreachable("functions", page.Unreachable)
			}
			for _, f := range page.Functions {
				if f.ServiceConfig != nil && sameConnector(f.ServiceConfig.VpcConnector, connector) {
					users = append(users, f.Name)
					behind[f.ServiceConfig.Service] = true
				}
			}
			return nil
		})
	if err != nil {
		return nil, c.fail(call{name: "functions.list"}, err)
	}
	var services []*run.GoogleCloudRunV2Service
	err = c.run.Projects.Locations.Services.List(parent).PageSize(pageOfRun).
		Pages(ctx, func(page *run.GoogleCloudRunV2ListServicesResponse) error {
			if len(page.Unreachable) > 0 {
				return unreachable("services", page.Unreachable)
			}
			services = append(services, page.Services...)
			return nil
		})
	if err != nil {
		return nil, c.fail(call{name: "services.list"}, err)
	}
	for _, s := range services {
		if behind[s.Name] {
			continue
		}
		uses, err := c.sendsBy(ctx, s, connector)
		if err != nil {
			return nil, err
		}
		if uses {
			users = append(users, s.Name)
		}
	}
	others, err := c.workloads(ctx, parent, connector)
	return append(users, others...), err
}

// sendsBy tells whether a service uses the connector: by its template, or by a revision that serves although it is not
// the latest one.
func (c connectors) sendsBy(ctx context.Context, s *run.GoogleCloudRunV2Service, connector string) (bool, error) {
	if sameConnector(runBinding(s).Connector, connector) {
		return true, nil
	}
	one := servingService{c.Client, c.speller(ctx, segment(s.Name, "projects")), s.Name, s}
	if one.settled() {
		return false, nil
	}
	var of source
	ways := one.revisions(ctx, &of)
	if slices.ContainsFunc(ways, func(way *run.GoogleCloudRunV2VpcAccess) bool {
		return way != nil && sameConnector(way.Connector, connector)
	}) {
		if s.Reconciling || s.Generation != s.ObservedGeneration { // traffic is moving, perhaps away from it
			return false, workers.Retry("in-use", 0, fmt.Errorf("%s moves its traffic, and a revision that serves "+
				"uses connector %s", s.Name, connector))
		}
		return true, nil
	}
	if len(of.gaps) == 0 {
		return false, nil
	}
	why := fmt.Errorf("list revisions of %s: %s", s.Name, of.gaps[0].Why)
	if of.gaps[0].Cause == reach.NotAllowedToRead {
		return false, workers.Refuse("permission", "%w", why)
	}
	return false, workers.Retry("unreachable", 0, why)
}

// workloads lists the jobs and worker pools that use the connector.
func (c connectors) workloads(ctx context.Context, parent, connector string) ([]string, error) {
	var users []string
	uses := func(name string, access *run.GoogleCloudRunV2VpcAccess) {
		if access != nil && sameConnector(access.Connector, connector) {
			users = append(users, name)
		}
	}
	err := c.run.Projects.Locations.Jobs.List(parent).PageSize(pageOfRun).
		Pages(ctx, func(page *run.GoogleCloudRunV2ListJobsResponse) error {
			for _, j := range page.Jobs {
				if j.Template != nil && j.Template.Template != nil {
					uses(j.Name, j.Template.Template.VpcAccess)
				}
			}
			return nil
		})
	if err != nil {
		return nil, c.fail(call{name: "jobs.list"}, err)
	}
	err = c.run.Projects.Locations.WorkerPools.List(parent).PageSize(pageOfRun).
		Pages(ctx, func(page *run.GoogleCloudRunV2ListWorkerPoolsResponse) error {
			for _, w := range page.WorkerPools {
				if w.Template != nil {
					uses(w.Name, w.Template.VpcAccess)
				}
			}
			return nil
		})
	return users, c.fail(call{name: "workerPools.list"}, err)
}

// unreachable: a listing that leaves a place out does not say that nobody there uses the connector.
func unreachable(what string, places []string) error {
	return workers.Retry("unreachable", 0, fmt.Errorf("list %s: %v could not be reached", what, places))
}

// sameConnector compares two full names. Services may name the project by its number (run discovery document,
// VpcAccess.connector), which cannot be told from an id here: then the rest of the name decides, because a user too
// many only stops a deletion.
func sameConnector(a, b string) bool {
	if a != "" && !strings.Contains(a, "/") { // a short name: whose project's is not told, so it may be this one
		return a == base(b)
	}
	if a == "" || segment(a, "locations") != segment(b, "locations") || segment(a, "connectors") != segment(b,
		"connectors") {
		return false
	}
	pa, pb := segment(a, "projects"), segment(b, "projects")
	return pa == pb || isNumber(pa) != isNumber(pb)
}
