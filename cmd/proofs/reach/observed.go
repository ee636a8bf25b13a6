package reach

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/culvertnet/culvert/adapters/aviatrix"
	"github.com/culvertnet/culvert/adapters/gcp"
	"github.com/culvertnet/culvert/adapters/simcloud"
	"github.com/culvertnet/culvert/adapters/simcloud/world"
	"github.com/culvertnet/culvert/events/reach"
	"github.com/culvertnet/culvert/workers/observe"
)

// An observation is what the adapters have read of a world. onSubnet are the subnetworks of its connectors, which are
// no facts of reach while no service sends by them.
type observation struct {
	world    reach.World
	onSubnet map[string]string
}

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
		Connectors []struct {
			Project    string `yaml:"project"`
			Region     string `yaml:"region"`
			Name       string `yaml:"name"`
			Subnetwork string `yaml:"subnetwork"`
		} `yaml:"connectors"`
	} `yaml:"google"`
	Aviatrix struct {
		Controllers []struct {
			Name     string `yaml:"name"`
			Username string `yaml:"username"`
			Password string `yaml:"password"`
		} `yaml:"controllers"`
	} `yaml:"aviatrix"`
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
	read, s, err := reader(ctx, url, text, time.Now)
	if err != nil {
		return observation{}, err
	}
	w, err := read(ctx)
	return observation{w, s.onSubnet()}, err
}

// reader gives what reads every network of a world through the adapters, with a clock.
func reader(
	ctx context.Context, url string, text []byte, now func() time.Time,
) (func(context.Context) (reach.World, error), scenario, error) {
	var s scenario
	if err := yaml.NewDecoder(bytes.NewReader(text)).Decode(&s); err != nil {
		return nil, s, fmt.Errorf("read scenario: %w", err)
	}
	google, err := gcp.New(ctx, gcp.Options{Endpoint: url, Now: now})
	if err != nil {
		return nil, s, err
	}
	controllers, err := s.controllers(url, now)
	if err != nil {
		return nil, s, err
	}
	d := observe.Drivers{Networks: google.NetworkFacts(), Gateways: controllers.Gateways()}
	in := s.question()
	return func(ctx context.Context) (reach.World, error) { return d.World(ctx, in) }, s, nil
}

// question asks about all networks of a world.
func (s scenario) question() (in observe.ReachIn) {
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
	for _, c := range s.Aviatrix.Controllers {
		in.Controllers = append(in.Controllers, c.Name)
	}
	return in
}

// onSubnet has the full name of each connector's subnetwork by the connector's.
func (s scenario) onSubnet() map[string]string {
	out := map[string]string{}
	for _, c := range s.Google.Connectors {
		if c.Subnetwork != "" {
			in := "projects/" + c.Project
			out[in+"/locations/"+c.Region+"/connectors/"+c.Name] = in + "/regions/" + c.Region + "/subnetworks/" +
				c.Subnetwork
		}
	}
	return out
}

// controllers are clients of a world's controllers, with the accounts of its description.
func (s scenario) controllers(url string, now func() time.Time) (*aviatrix.Client, error) {
	all := map[string]aviatrix.Controller{}
	for _, c := range s.Aviatrix.Controllers {
		all[c.Name] = aviatrix.Controller{URL: url + "/controllers/" + c.Name, Username: c.Username,
			Password: func(context.Context) (string, error) { return c.Password, nil }}
	}
	return aviatrix.New(aviatrix.Options{Controllers: all, Now: now})
}
