package main

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/culvertnet/culvert/cmd/internal/wiring"
)

// validate tells every flag that cannot be meant.
func (c Config) validate() error {
	var errs []error
	need := func(good bool, format string, args ...any) {
		if !good {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	need(c.Data != "", "invalid --data \"\": want a folder for state")
	for flag, address := range map[string]string{"--http": c.HTTP, "--nats": c.NATS} {
		_, _, err := net.SplitHostPort(address)
		need(err == nil, "%s %q is not host:port: %v", flag, address, err)
	}
	_, _, err := net.SplitHostPort(c.NATSMonitor)
	need(c.NATSMonitor == "" || err == nil, "--nats-monitor %q is not host:port: %v", c.NATSMonitor, err)
	need(c.SimSpeed > 0 && c.SimSpeed <= 10000, "--sim-speed %v is not between 0 and 10000", c.SimSpeed)
	need(c.CheckpointEvery > 0, "--checkpoint-every %s is not positive", c.CheckpointEvery)
	need(slices.Contains(roles, c.Role), "invalid --role %q: want one of %s", c.Role, strings.Join(roles, ", "))
	for i, name := range c.Capabilities {
		need(slices.Contains(capabilities, name), "invalid --capabilities %q: want some of %s", name,
			strings.Join(capabilities, ", "))
		need(!slices.Contains(c.Capabilities[:i], name), "--capabilities: %s is there twice", name)
	}
	need(c.World == "" || c.World == noWorld || wiring.IsURL(c.World, "http", "https"),
		"--world %q is not the URL of a world", c.World)
	for address := range strings.SplitSeq(c.NATSURL, ",") {
		need(c.NATSURL == "" || wiring.IsURL(address, "nats", "tls", "ws", "wss"),
			"--nats-url %q is not the URL of a NATS server", address)
	}
	for _, monitor := range c.NATSMonitors {
		need(wiring.IsURL(monitor, "http", "https"), "--nats-monitors: %q is not a URL", monitor)
	}
	need((c.PostgresURL == "") == (c.PubSubProject == ""),
		"--postgres-url and --pubsub-project go together: the Google backend needs both")
	need(c.PostgresURL == "" || wiring.IsURL(c.PostgresURL, "postgres", "postgresql"),
		"--postgres-url is not the URL of a PostgreSQL database")
	need(c.NATSURL == "" || c.PostgresURL == "", "--nats-url and --postgres-url are two backends: give one")
	need(c.Role == roleAll || c.Role == roleWorld || c.NATSURL != "" || c.PostgresURL != "" || !slices.Contains(roles,
		c.Role),
		"--role %s needs --nats-url, or --postgres-url and --pubsub-project: only role all has a backend of its own",
		c.Role)
	_, known := c.File.Speakers[c.Speaker]
	need(c.Role != roleSpeaker || known, "--speaker %q is not in the configuration's speakers", c.Speaker)
	slices.SortFunc(errs, func(a, b error) int { return cmp.Compare(a.Error(), b.Error()) })
	return errors.Join(errs...)
}
