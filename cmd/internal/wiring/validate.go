package wiring

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/events/reach"
)

// IsURL tells whether a text is the URL of a host, with one of some schemes.
func IsURL(text string, schemes ...string) bool {
	u, err := url.Parse(text)
	return err == nil && slices.Contains(schemes, u.Scheme) && u.Host != ""
}

// onThisMachine tells whether the host of a URL is this machine.
func onThisMachine(text string) bool {
	u, err := url.Parse(text)
	if err != nil {
		return false
	}
	address, err := netip.ParseAddr(u.Hostname())
	return u.Hostname() == "localhost" || err == nil && address.IsLoopback()
}

// Validate tells every field of the file that cannot be meant, by its path.
func (f File) Validate() error {
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
	for i, o := range f.Operator.Openings {
		at := fmt.Sprintf("operator.openings[%d]", i)
		need(strings.HasPrefix(o.Network, "projects/"), "%s.network: %q is not a network's full name", at, o.Network)
		need(o.CIDR.IsValid() && o.CIDR.Masked() == o.CIDR, "%s.cidr: %s is not a range without host bits", at, o.CIDR)
		_, err := reach.ParseLayer4(o.Protocol, o.Ports...)
		need(err == nil, "%s: %v", at, err)
	}
	for _, name := range slices.Sorted(maps.Keys(f.Controllers)) {
		c := f.Controllers[name]
		need(c.Username != "", "controllers.%s.username is empty", name)
		need(c.URL == "" || IsURL(c.URL, "https", "http"), "controllers.%s.url: %q is not a URL", name, c.URL)
		need(c.URL == "" || c.PasswordFile != "", "controllers.%s.passwordFile is empty", name)
	}
	need(slices.Contains([]int{0, 1, 3, 5}, f.NATS.Replicas), "invalid nats.replicas %d: want 1, 3 or 5",
		f.NATS.Replicas)
	need(f.Postgres.LimitBytes >= 0, "postgres.limitBytes: %d is negative", f.Postgres.LimitBytes)
	for i, name := range f.PubSub.StatusReaders {
		err := events.ParseSubscriptionName(name)
		need(err == nil, "pubsub.statusReaders[%d]: %v", i, err)
	}
	if err := f.Google.validate(); err != nil {
		errs = append(errs, err)
	}
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
	for _, r := range s.Subnets {
		need(r.Addr().Is4() && r.Masked() == r, "subnets: %s is not an IPv4 range without host bits", r)
	}
	seen := map[string]bool{}
	for i, p := range s.Peers {
		p.validate(s.ASN, need, fmt.Sprintf("peers[%d]", i))
		need(!seen[p.Address], "peers[%d].address: %s is there twice", i, p.Address)
		seen[p.Address] = true
	}
	return errors.Join(errs...)
}
