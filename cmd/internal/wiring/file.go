package wiring

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/netip"
	"os"
	"slices"

	_ "embed"

	"go.yaml.in/yaml/v4"

	"github.com/culvertnet/culvert/saga/plans/operator"
)

// simulated is the configuration for the default simulated world.
//
//go:embed simulated.yaml
var simulated []byte

// Simulated is the built-in configuration, for the default simulated world. The copy is the caller's.
func Simulated() []byte { return slices.Clone(simulated) }

// File is the daemon's configuration file (--config).
type File struct {
	Operator Operator `yaml:"operator"`
	Google   Google   `yaml:"google"`
	// NATS says on how many servers of an external cluster each stream is kept: 1, or 3.
	NATS struct {
		Replicas int `yaml:"replicas"`
	} `yaml:"nats"`
	// Postgres bounds the database of the Google backend: new work is refused from four fifths of LimitBytes on.
	Postgres struct {
		LimitBytes int64 `yaml:"limitBytes"`
	} `yaml:"postgres"`
	// PubSub names who reads the status events from a subscription of his own.
	PubSub struct {
		StatusReaders []string `yaml:"statusReaders"`
	} `yaml:"pubsub"`
	Controllers map[string]Controller    `yaml:"controllers"`
	Speakers    map[string]SpeakerConfig `yaml:"speakers"`
}

// Google says how Google Cloud is reached, and which projects are used.
type Google struct {
	// Endpoint is the root of a simulated world that speaks all of Google's APIs, called without credentials; empty for
	// Google itself. EndpointIsSimulated allows one that is not on this machine.
	Endpoint            string `yaml:"endpoint"`
	EndpointIsSimulated bool   `yaml:"endpointIsSimulated"`
	// Endpoints are the roots of single APIs of Google's, called with credentials, by the names of gcp.APIs.
	Endpoints map[string]string `yaml:"endpoints"`
	// UniverseDomain is empty for googleapis.com.
	UniverseDomain string `yaml:"universeDomain"`
	// Identity is as whom calls are made; Identities are those for single projects, the first that fits.
	Identity   GoogleIdentity          `yaml:"identity"`
	Identities []GoogleProjectIdentity `yaml:"identities"`
	// RatePerMinute is how many calls a minute all workers together make in one project, by the groups of gcp.Groups.
	RatePerMinute map[string]int `yaml:"ratePerMinute"`
	// Projects are by id. Intents may name others: these are what a preflight without an intent asks about.
	Projects map[string]GoogleProject `yaml:"projects"`
}

// GoogleIdentity is as whom calls are made: nothing in it is the process's own account.
type GoogleIdentity struct {
	ImpersonateServiceAccount string   `yaml:"impersonateServiceAccount"`
	Delegates                 []string `yaml:"delegates"`
	QuotaProject              string   `yaml:"quotaProject"`
}

// GoogleProjectIdentity is the identity of the calls for what is in some projects: ids, or patterns with "*".
type GoogleProjectIdentity struct {
	Projects       []string `yaml:"projects"`
	GoogleIdentity `yaml:",inline"`
}

// GoogleProject is one of Google's projects, with the parts that it plays.
type GoogleProject struct {
	Plays []string `yaml:"plays"`
	// RatePerMinute are the project's own numbers.
	RatePerMinute map[string]int `yaml:"ratePerMinute"`
}

// plays are the parts that a project can play: it has the networks, the connectors or the services, or a network that
// is peered with one of ours.
var plays = []string{"network", "connector", "service", "peer"}

// ByPart are the projects by the part that they play.
func (g Google) ByPart() map[string][]string {
	by := map[string][]string{}
	for _, id := range slices.Sorted(maps.Keys(g.Projects)) {
		for _, part := range g.Projects[id].Plays {
			by[part] = append(by[part], id)
		}
	}
	return by
}

// Operator is what intents may name, by tenant.
type Operator struct {
	Pools map[string]struct {
		Ranges  []netip.Prefix `yaml:"ranges"`
		Tenants []string       `yaml:"tenants"`
	} `yaml:"pools"`
	Gateways map[string]struct {
		Controller string   `yaml:"controller"`
		Tenants    []string `yaml:"tenants"`
		// Labels are what intents select gateways by.
		Labels map[string]string `yaml:"labels"`
	} `yaml:"gateways"`
	// Openings are destinations that the operator's own rules let everybody reach, in spite of any filter.
	Openings []struct {
		Network  string       `yaml:"network"`
		CIDR     netip.Prefix `yaml:"cidr"`
		Protocol string       `yaml:"protocol"`
		Ports    []string     `yaml:"ports"`
	} `yaml:"openings"`
}

// Controller is an Aviatrix controller. The password is in a file, never here.
type Controller struct {
	URL          string `yaml:"url"`
	Username     string `yaml:"username"`
	PasswordFile string `yaml:"passwordFile"`
	CAFile       string `yaml:"caFile"`
}

// SpeakerConfig is a BGP speaker of ours.
type SpeakerConfig struct {
	Tenants  []string `yaml:"tenants"`
	ASN      uint32   `yaml:"asn"`
	RouterID string   `yaml:"routerId"`
	// Subnets are ranges whose addresses it may announce besides the pools of its tenants: those of endpoints for
	// service attachments.
	Subnets []netip.Prefix `yaml:"subnets"`
	// GRPC is where the speaker's own interface listens, and where workers reach it.
	GRPC  string       `yaml:"grpc"`
	Peers []PeerConfig `yaml:"peers"`
}

// ReadFile reads a configuration file strictly; no name stands for the built-in configuration. What the fields mean is
// judged by Validate.
func ReadFile(name string) (f File, err error) {
	raw := simulated
	if name != "" {
		if raw, err = os.ReadFile(name); err != nil {
			return File{}, fmt.Errorf("read configuration: %w", err)
		}
	}
	d := yaml.NewDecoder(bytes.NewReader(raw))
	d.KnownFields(true)
	if err := d.Decode(&f); err != nil && !errors.Is(err, io.EOF) {
		return File{}, fmt.Errorf("read configuration %s: %w", name, err)
	}
	if err := d.Decode(new(any)); !errors.Is(err, io.EOF) {
		return File{}, fmt.Errorf("read configuration %s: it has more than one document", name)
	}
	return f, nil
}

// Announces are the ranges that a speaker may announce from: the pools of every tenant that may use it, and its
// subnets.
func (f File) Announces(speaker string) []netip.Prefix {
	s := f.Speakers[speaker]
	ranges := slices.Clone(s.Subnets)
	for _, name := range slices.Sorted(maps.Keys(f.Operator.Pools)) {
		pool := f.Operator.Pools[name]
		if slices.ContainsFunc(pool.Tenants, func(t string) bool { return slices.Contains(s.Tenants, t) }) {
			ranges = append(ranges, pool.Ranges...)
		}
	}
	return ranges
}

// PlansOperator is the operator's configuration as the intent kinds need it.
func (f File) PlansOperator() operator.Config {
	op := operator.Config{
		Pools:    map[string]operator.Pool{},
		Gateways: map[string]operator.Gateway{},
		Speakers: map[string]operator.Speaker{},
	}
	for name, p := range f.Operator.Pools {
		op.Pools[name] = operator.Pool{Ranges: p.Ranges, Tenants: p.Tenants}
	}
	for name, g := range f.Operator.Gateways {
		op.Gateways[name] = operator.Gateway{Controller: g.Controller, Tenants: g.Tenants, Labels: g.Labels}
	}
	for _, o := range f.Operator.Openings {
		op.Openings = append(op.Openings,
			operator.Opening{Network: o.Network, CIDR: o.CIDR, Protocol: o.Protocol, Ports: o.Ports})
	}
	for name, s := range f.Speakers {
		op.Speakers[name] = operator.Speaker{Tenants: s.Tenants}
	}
	return op
}
