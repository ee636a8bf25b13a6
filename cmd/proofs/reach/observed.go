package reach

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"go.yaml.in/yaml/v4"

	"github.com/culvertnet/culvert/adapters/gcp"
	"github.com/culvertnet/culvert/adapters/simcloud"
	"github.com/culvertnet/culvert/adapters/simcloud/world"
	"github.com/culvertnet/culvert/events/reach"
	"github.com/culvertnet/culvert/workers/observe"
)

// An observation is what the adapters have read of a world.
type observation struct{ world reach.World }

// scenario is what of a world's description says where to look.
type scenario struct {
	Google struct {
		Projects []struct {
			ID string `yaml:"id"`
		} `yaml:"projects"`
		Networks []struct {
			Project     string `yaml:"project"`
			Name        string `yaml:"name"`
			Subnetworks []struct {
				Region string `yaml:"region"`
			} `yaml:"subnetworks"`
		} `yaml:"networks"`
	} `yaml:"google"`
}

// inWorld starts a world, prepares it and gives it, with what was observed in it, to a proof.
func inWorld(
	ctx context.Context, text []byte, prepare func(*world.Tx) error, prove func(observation),
) (err error) {
	sim, err := simcloud.Start(ctx, simcloud.Options{Scenario: text, BGP: simcloud.BGP{Off: true}})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, sim.Close()) }()
	if err := sim.World.Do(prepare); err != nil {
		return err
	}
	seen, err := observed(ctx, sim.URL(), text)
	if err != nil {
		return err
	}
	prove(seen)
	return nil
}

// observed reads every network of a world through the adapters, as a worker would.
func observed(ctx context.Context, url string, text []byte) (observation, error) {
	var s scenario
	if err := yaml.NewDecoder(bytes.NewReader(text)).Decode(&s); err != nil {
		return observation{}, fmt.Errorf("read scenario: %w", err)
	}
	google, err := gcp.New(ctx, gcp.Options{Endpoint: url})
	if err != nil {
		return observation{}, err
	}
	in := observe.ReachIn{}
	var regions, projects []string
	for _, p := range s.Google.Projects {
		projects = append(projects, p.ID)
	}
	for _, n := range s.Google.Networks {
		for _, sub := range n.Subnetworks {
			if sub.Region != "" && !slices.Contains(regions, sub.Region) {
				regions = append(regions, sub.Region)
			}
		}
	}
	if len(regions) == 0 {
		regions = []string{"europe-west3"}
	}
	for _, n := range s.Google.Networks {
		in.Networks = append(in.Networks, observe.Scope{Network: string(observe.NetworkRealm(n.Project, n.Name)),
			Regions: regions, ConnectorProjects: projects})
	}
	w, err := observe.Drivers{Networks: google.NetworkFacts()}.World(ctx, in)
	return observation{w}, err
}
