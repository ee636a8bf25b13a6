package gcp

import (
	"context"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"
	cloudfunctions "google.golang.org/api/cloudfunctions/v2"
	"google.golang.org/api/run/v2"
)

// Users lists who uses the connector, in every project that the vendor says is connected. A function shows as itself and
// not as the Run service behind it.
func (c connectors) Users(ctx context.Context, name string) ([]string, error) {
	got, err := c.read(ctx, name)
	if err != nil {
		return nil, gone(err)
	}
	projects := slices.Compact(slices.Sorted(slices.Values(got.ConnectedProjects)))
	found := make([][]string, len(projects))
	g, ctx := errgroup.WithContext(ctx)
	for i, project := range projects {
		g.Go(func() (err error) {
			found[i], err = c.usersIn(ctx, fmt.Sprintf("projects/%s/locations/%s", project, segment(name, "locations")), name)
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
	err := c.functions.Projects.Locations.Functions.List(parent).Pages(ctx, func(page *cloudfunctions.ListFunctionsResponse) error {
		for _, f := range page.Functions {
			if f.ServiceConfig != nil && f.ServiceConfig.VpcConnector == connector {
				users = append(users, f.Name)
				behind[f.ServiceConfig.Service] = true
			}
		}
		return nil
	})
	if err != nil {
		return nil, c.fail(call{name: "functions.list"}, err)
	}
	err = c.run.Projects.Locations.Services.List(parent).Pages(ctx, func(page *run.GoogleCloudRunV2ListServicesResponse) error {
		for _, s := range page.Services {
			if runBinding(s).Connector == connector && !behind[s.Name] {
				users = append(users, s.Name)
			}
		}
		return nil
	})
	return users, c.fail(call{name: "services.list"}, err)
}
