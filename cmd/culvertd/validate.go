package main

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// validate tells every flag that cannot be meant.
func (c Config) validate() error {
	var errs []error
	need := func(good bool, format string, args ...any) {
		if !good {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	need(c.Data != "", "--data is empty: state needs a folder")
	for flag, address := range map[string]string{"--http": c.HTTP, "--nats": c.NATS} {
		_, _, err := net.SplitHostPort(address)
		need(err == nil, "%s %q is not host:port: %v", flag, address, err)
	}
	_, _, err := net.SplitHostPort(c.NATSMonitor)
	need(c.NATSMonitor == "" || err == nil, "--nats-monitor %q is not host:port: %v", c.NATSMonitor, err)
	need(c.SimSpeed > 0 && c.SimSpeed <= 10000, "--sim-speed %v is not between 0 and 10000", c.SimSpeed)
	need(c.CheckpointEvery > 0, "--checkpoint-every %s is not positive", c.CheckpointEvery)
	need(slices.Contains(roles, c.Role), "--role %q is none of %s", c.Role, strings.Join(roles, ", "))
	for i, name := range c.Capabilities {
		need(slices.Contains(capabilities, name), "--capabilities: %q is none of %s", name, strings.Join(capabilities, ", "))
		need(!slices.Contains(c.Capabilities[:i], name), "--capabilities: %s is there twice", name)
	}
	need(c.World == "" || c.World == noWorld || isURL(c.World, "http", "https"), "--world %q is not the URL of a world", c.World)
	for address := range strings.SplitSeq(c.NATSURL, ",") {
		need(c.NATSURL == "" || isURL(address, "nats", "tls", "ws", "wss"), "--nats-url %q is not the URL of a NATS server", address)
	}
	for _, monitor := range c.NATSMonitors {
		need(isURL(monitor, "http", "https"), "--nats-monitors: %q is not a URL", monitor)
	}
	need((c.PostgresURL == "") == (c.PubSubProject == ""), "--postgres-url and --pubsub-project go together: the Google home is both")
	need(c.PostgresURL == "" || isURL(c.PostgresURL, "postgres", "postgresql"), "--postgres-url is not the URL of a PostgreSQL database")
	need(c.NATSURL == "" || c.PostgresURL == "", "--nats-url and --postgres-url are two homes: give one")
	need(c.Role == roleAll || c.Role == roleWorld || c.NATSURL != "" || c.PostgresURL != "" || !slices.Contains(roles, c.Role),
		"--role %s needs --nats-url, or --postgres-url and --pubsub-project: only role all has a home of its own", c.Role)
	_, known := c.File.Speakers[c.Speaker]
	need(c.Role != roleSpeaker || known, "--speaker %q is not in the configuration's speakers", c.Speaker)
	slices.SortFunc(errs, func(a, b error) int { return cmp.Compare(a.Error(), b.Error()) })
	return errors.Join(errs...)
}

var statusReader = regexp.MustCompile(`^[a-z0-9-]+$`)

func isURL(text string, schemes ...string) bool {
	u, err := url.Parse(text)
	return err == nil && slices.Contains(schemes, u.Scheme) && u.Host != ""
}

// validate tells every field of the file that cannot be meant, by its path.
func (f File) validate() error {
	var errs []error
	need := func(good bool, format string, args ...any) {
		if !good {
			errs = append(errs, fmt.Errorf("configuration: %s", fmt.Sprintf(format, args...)))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(f.Operator.Pools)) {
		at, ranges := "operator.pools."+name, f.Operator.Pools[name].Ranges
		need(len(ranges) > 0, "%s.ranges is empty", at)
		for _, r := range ranges {
			need(r.Addr().Is4() && r.Masked() == r, "%s.ranges: %s is not an IPv4 range without host bits", at, r)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(f.Operator.Gateways)) {
		controller := f.Operator.Gateways[name].Controller
		_, known := f.Controllers[controller]
		need(known, "operator.gateways.%s.controller: %q is not in controllers", name, controller)
	}
	for _, name := range slices.Sorted(maps.Keys(f.Controllers)) {
		c := f.Controllers[name]
		need(c.Username != "", "controllers.%s.username is empty", name)
		need(c.URL == "" || isURL(c.URL, "https", "http"), "controllers.%s.url: %q is not a URL", name, c.URL)
		need(c.URL == "" || c.PasswordFile != "", "controllers.%s.passwordFile is empty", name)
	}
	need(slices.Contains([]int{0, 1, 3, 5}, f.NATS.Replicas), "nats.replicas: %d is none of 1, 3, 5", f.NATS.Replicas)
	need(f.Postgres.LimitBytes >= 0, "postgres.limitBytes: %d is negative", f.Postgres.LimitBytes)
	for i, name := range f.PubSub.StatusReaders {
		need(statusReader.MatchString(name), "pubsub.statusReaders[%d]: %q is not [a-z0-9-]+", i, name)
	}
	need(f.Google.Endpoint == "" || isURL(f.Google.Endpoint, "https", "http"), "google.endpoint: %q is not a URL", f.Google.Endpoint)
	for _, name := range slices.Sorted(maps.Keys(f.Speakers)) {
		if err := f.Speakers[name].validate("speakers." + name); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func (s SpeakerConfig) validate(at string) error {
	var errs []error
	need := func(good bool, format string, args ...any) {
		if !good {
			errs = append(errs, fmt.Errorf("configuration: %s.%s", at, fmt.Sprintf(format, args...)))
		}
	}
	id, err := netip.ParseAddr(s.RouterID)
	need(err == nil && id.Is4(), "routerId: %q is not an IPv4 address", s.RouterID)
	need(s.ASN > 0, "asn is missing")
	if s.GRPC != "" {
		_, _, err := net.SplitHostPort(s.GRPC)
		need(err == nil, "grpc: %q is not host:port", s.GRPC)
	}
	for i, p := range s.Peers {
		_, err := netip.ParseAddr(p.Address)
		need(err == nil, "peers[%d].address: %q is not an address", i, p.Address)
		need(p.Port >= 0 && p.Port <= 65535, "peers[%d].port: %d is no port", i, p.Port)
		need(p.ASN > 0, "peers[%d].asn is missing", i)
	}
	return errors.Join(errs...)
}
