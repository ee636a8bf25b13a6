package wiring

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/culvertnet/culvert/adapters/aviatrix"
	"github.com/culvertnet/culvert/adapters/gcp"
	"github.com/culvertnet/culvert/adapters/gobgp"
	"github.com/culvertnet/culvert/adapters/simcloud/control"
	"github.com/culvertnet/culvert/workers"
	"github.com/culvertnet/culvert/workers/egress"
	"github.com/culvertnet/culvert/workers/network"
	"github.com/culvertnet/culvert/workers/observe"
	"github.com/culvertnet/culvert/workers/policy"
	"github.com/culvertnet/culvert/workers/routing"
)

// drivers are the vendors' adapters and what the steps share.
type drivers struct {
	google   *gcp.Client
	aviatrix *aviatrix.Client
	bgp      *gobgp.Client
	claims   workers.Claims
	times    workers.ClaimTimes
	pace     float64
}

// drivers makes the adapters: against the simulated world their endpoints are the world's, and nothing else differs.
func (p Parts) drivers(ctx context.Context) (*drivers, error) {
	d := &drivers{claims: p.Claims, pace: p.Pace(), times: claimTimes(p.Pace())}
	controllers, proxy, err := p.endpoints(ctx)
	if err != nil {
		return nil, err
	}
	if d.google, err = gcp.New(ctx, p.google()); err != nil {
		return nil, err
	}
	fabric := aviatrix.Options{Controllers: controllers, Pace: d.pace, Now: p.Now}
	if d.aviatrix, err = aviatrix.New(fabric); err != nil {
		return nil, err
	}
	speakers := map[string]gobgp.Remote{}
	for name, s := range p.File.Speakers {
		remote := s.remote()
		if proxy != "" {
			remote.Address = ""
		}
		speakers[name] = remote
	}
	if d.bgp, err = gobgp.New(gobgp.Options{Proxy: proxy, Speakers: speakers}); err != nil {
		return nil, err
	}
	return d, nil
}

// google says where Google is. A simulated world has no other endpoints and knows no credentials.
func (p Parts) google() gcp.Options {
	o := gcp.Options{Pace: p.Pace(), Now: p.Now, Budget: p.File.Google.budget()}
	if p.World != "" {
		o.Endpoint = p.World
		return o
	}
	g := p.File.Google
	o.Endpoint, o.Endpoints, o.UniverseDomain = g.Endpoint, g.Endpoints, g.UniverseDomain
	o.Identity = g.Identity.identity()
	for _, i := range g.Identities {
		o.Identities = append(o.Identities,
			gcp.ProjectIdentity{Identity: i.GoogleIdentity.identity(), Projects: i.Projects})
	}
	return o
}

// budget is how many calls a minute all workers together make.
func (g Google) budget() *gcp.Budget {
	b := &gcp.Budget{PerMinute: g.RatePerMinute, Projects: map[string]map[string]int{}}
	for id, p := range g.Projects {
		b.Projects[id] = p.RatePerMinute
	}
	return b
}

func (i GoogleIdentity) identity() gcp.Identity {
	return gcp.Identity{ServiceAccount: i.ImpersonateServiceAccount, Delegates: i.Delegates,
		QuotaProject: i.QuotaProject}
}

// endpoints gives the controllers, and the fault proxy of the speakers when the world is simulated.
func (p Parts) endpoints(ctx context.Context) (map[string]aviatrix.Controller, string, error) {
	var world control.Endpoints
	if p.World != "" {
		var err error
		if world, err = (control.Client{URL: p.World}).Endpoints(ctx); err != nil {
			return nil, "", fmt.Errorf("find the simulated controllers: %w", err)
		}
	}
	all := map[string]aviatrix.Controller{}
	for name, c := range p.File.Controllers {
		controller := aviatrix.Controller{URL: c.URL, Username: c.Username, CAFile: c.CAFile,
			Password: password(c.PasswordFile)}
		if url := world.Controllers[name]; url != "" {
			controller.URL, controller.Password = url, simulatedPassword
		}
		all[name] = controller
	}
	return all, world.BGP, nil
}

// password reads the secret at each login, so that a rotated one is found.
func password(file string) func(context.Context) (string, error) {
	return func(context.Context) (string, error) {
		b, err := os.ReadFile(file)
		return strings.TrimSpace(string(b)), err
	}
}

// simulatedPassword is what examples/world.yaml gives its controllers; it opens nothing else.
func simulatedPassword(context.Context) (string, error) { return "simulated", nil }

// claimTimes are the clocks of claims. Those that wait for a vendor shrink with a faster world, down to a floor that
// our own processes need.
func claimTimes(pace float64) workers.ClaimTimes {
	scaled := func(d, floor time.Duration) time.Duration { return max(time.Duration(float64(d)/pace), floor) }
	return workers.ClaimTimes{
		Quiet: scaled(15*time.Second, time.Second), Skew: scaled(2*time.Second, 200*time.Millisecond),
		Lease: scaled(time.Minute, 2*time.Second), Linger: scaled(15*time.Minute, 0),
	}
}

// A capability is a set of steps that workers serve together.
type capability struct {
	name string
	// steps makes them of the drivers, each by its via.
	steps func(*drivers) []workers.Handler
}

// served are all capabilities, one line each. The configuration, the topics of Pub/Sub, the API and role
// worker take their names from here.
var served = []capability{
	{"network", (*drivers).network},
	{"egress", (*drivers).egress},
	{"routing", (*drivers).routing},
	{"policy", (*drivers).policy},
	{"observe", (*drivers).observe},
}

// Capabilities are the names of all capabilities.
func Capabilities() []string {
	var names []string
	for _, c := range served {
		names = append(names, c.name)
	}
	return names
}

// handlers lists the steps of some capabilities, by name.
func (d *drivers) handlers(names []string) []workers.Handler {
	var handlers []workers.Handler
	for _, c := range served {
		if slices.Contains(names, c.name) {
			handlers = append(handlers, c.steps(d)...)
		}
	}
	return handlers
}

func (d *drivers) network() []workers.Handler {
	return network.Steps(network.Drivers{
		Networks: d.google.Networks(), Addresses: d.google.Addresses(), Endpoints: d.google.Endpoints(),
		Names: d.google.Names(), Claims: d.claims, Times: d.times, Pace: d.pace,
	})
}

func (d *drivers) egress() []workers.Handler {
	return egress.Steps(egress.Drivers{
		Connectors: d.google.Connectors(), Services: d.google.Services(), Claims: d.claims, Times: d.times,
	})
}

func (d *drivers) routing() []workers.Handler {
	return routing.Steps(routing.Drivers{
		Announcements: map[string]routing.Announcements{
			routing.ViaCloudRouter: d.google.Routers(), routing.ViaAviatrix: d.aviatrix.Announcements(),
			routing.ViaBGP: d.bgp,
		},
		Routes: d.google.Routes(), Claims: d.claims, Times: d.times,
	})
}

func (d *drivers) policy() []workers.Handler {
	return policy.Steps(policy.Drivers{
		Filters: map[string]policy.Driver{
			policy.ViaGCPFirewall:      {Filters: d.google.Firewall()},
			policy.ViaAviatrixFQDN:     {Filters: d.aviatrix.FQDN()},
			policy.ViaAviatrixWebGroup: d.aviatrix.WebGroups(),
		},
		Claims: d.claims, Times: d.times,
	})
}

func (d *drivers) observe() []workers.Handler {
	return observe.Steps(observe.Drivers{
		Networks: d.google.NetworkFacts(), Gateways: d.aviatrix.Gateways(), Claims: d.claims, Times: d.times,
	})
}

// vendorLimits bound the verbs that one process asks of vendors that count no calls. Aviatrix announces no limit
// (aviatrix reference, A.4), so it gets little. Google counts: its calls have a budget (google.ratePerMinute).
var vendorLimits = map[string]workers.Limit{
	"aviatrix": {PerSecond: 5, Burst: 10}, "bgp": {PerSecond: 50, Burst: 50},
}

// worker makes the runtime that serves the registry's steps. In a faster world the vendors' seconds are shorter.
func (p Parts) worker(registry *workers.Registry, d *drivers) (*workers.Worker, error) {
	limits := map[string]workers.Limit{}
	for vendor, l := range vendorLimits {
		limits[vendor] = workers.Limit{PerSecond: l.PerSecond * d.pace, Burst: l.Burst}
	}
	preflight, err := d.google.Preflight(p.File.Google.ByPart())
	if err != nil {
		return nil, err
	}
	return workers.New(workers.Options{
		Preflight: preflight, Budget: d.google.Budget(),
		Bus: p.Bus, Marks: p.Marks, Registry: registry, Limits: limits, Name: ProcessName(), Logger: p.Log,
		Operations: map[string]workers.Operations{"gcp": d.google.Operations(), "aviatrix": d.aviatrix.Operations()},
		Parallel:   64, Pace: d.pace, Clock: p.Now, Presence: &workers.Presence{Claims: p.Claims, Release: p.Release},
	})
}
