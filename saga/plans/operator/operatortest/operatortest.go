// Package operatortest is the operator's configuration that the tests of all intent kinds share.
package operatortest

import (
	"net/netip"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/saga/plans/operator"
)

// Config is what the examples are written against: the default configuration of the daemon has at least this, and there
// are things of another tenant, "partner", beside it. Each call gives a new one, which the caller may change.
func Config() operator.Config {
	ours := []string{events.DefaultTenant}
	partner := []string{"partner"}
	return operator.Config{
		Pools: map[string]operator.Pool{
			"psc-frankfurt": {Ranges: []netip.Prefix{netip.MustParsePrefix("10.200.0.0/20")}, Tenants: ours},
			"psc-partner":   {Ranges: []netip.Prefix{netip.MustParsePrefix("10.201.0.0/20")}, Tenants: partner},
		},
		Gateways: map[string]operator.Gateway{
			"gcp-spoke-1": {Controller: "avx-82", Tenants: ours, Labels: map[string]string{"edge": "yes"}},
			"gcp-spoke-2": {
				Controller: "avx-82", Tenants: ours, Labels: map[string]string{"edge": "yes", "site": "west"},
			},
			"gcp-spoke-10": {Controller: "avx-100", Tenants: ours},
			"gcp-spoke-p":  {Controller: "avx-82", Tenants: partner, Labels: map[string]string{"edge": "yes"}},
		},
		Speakers: map[string]operator.Speaker{"site-edge": {Tenants: ours}, "site-partner": {Tenants: partner}},
		Openings: []operator.Opening{{
			Network: "projects/acme-net/global/networks/spoke-vpc", CIDR: netip.MustParsePrefix("10.30.0.53/32"),
			Protocol: "udp", Ports: []string{"53"},
		}},
	}
}
