package aviatrix_test

import (
	"testing"

	"github.com/culvertnet/culvert/workers/policy"
	"github.com/culvertnet/culvert/workers/policy/policytest"
	"github.com/culvertnet/culvert/workers/routing"
	"github.com/culvertnet/culvert/workers/routing/routingtest"
)

func TestAnnouncementsSuite(t *testing.T) {
	for name, target := range map[string]routing.Target{
		"default list":         spoke("gcp-spoke-1", "site-1", "site-3"),
		"list of others":       spoke("gcp-spoke-2", "site-3"),
		"without a connection": spoke("gcp-spoke-1"),
		"spoke with BGP":       spoke("gcp-spoke-bgp", "site-2"),
		"newer controller":     {Via: routing.ViaAviatrix, Controller: newer, Gateway: "gcp-spoke-11"},
		"newer, by group name": {Via: routing.ViaAviatrix, Controller: newer, Gateway: "spokes-10"},
	} {
		t.Run(name, func(t *testing.T) {
			routingtest.RunAnnouncements(t, func(t *testing.T) routingtest.Lists {
				r := newRealRig(t)
				missing, transit, down := target, target, target
				missing.Gateway, transit.Gateway, down.Gateway = "nobody", "gcp-transit-1", "gcp-spoke-down"
				return routingtest.Lists{
					Announcements: r.client.Announcements(), Operations: r.client.Operations(), Target: target,
					Missing: missing,
					Refused: []routing.Target{transit, down}, Prefixes: [2]string{"10.200.0.5/32", "10.200.0.6/32"},
				}
			})
		})
	}
}

// subject is a filter with its variations.
func subject(f policy.Filter) policytest.Subject {
	s := policytest.Subject{Filter: f, Changed: f, Turned: f, Other: f}
	if s.Turned.Default = "allow"; f.Default == "allow" {
		s.Turned.Default = "deny"
	}
	s.Changed.Rules = []policy.Rule{{FQDN: "other.example", Protocol: "tcp", Ports: []string{"80", "443"}}, f.Rules[1]}
	s.Other.Name, s.Other.Source = "filterother567", "10.8.0.16/28"
	for _, gateway := range []string{"nobody", "gcp-transit-1", "gcp-transit-10", "gcp-spoke-down"} {
		bad := f
		bad.Gateway = gateway
		s.Refused = append(s.Refused, bad)
	}
	return s
}

func TestFQDNSuite(t *testing.T) {
	for _, gateway := range []string{"gcp-spoke-1", "gcp-spoke-2"} {
		t.Run(gateway, func(t *testing.T) {
			policytest.Run(t, func(t *testing.T) policytest.Subject {
				r := newRealRig(t)
				s := subject(tagFilter(gateway))
				s.TurnRefused = gateway == "gcp-spoke-2" // a foreign white tag is on it
				s.Driver.Filters, s.Operations = r.client.FQDN(), r.client.Operations()
				return s
			})
		})
	}
	t.Run("black", func(t *testing.T) {
		policytest.Run(t, func(t *testing.T) policytest.Subject {
			r := newRealRig(t)
			f := tagFilter("gcp-spoke-black")
			f.Default = "allow"
			s := subject(f)
			s.TurnRefused = true // a foreign black tag is on it
			s.Driver.Filters, s.Operations = r.client.FQDN(), r.client.Operations()
			return s
		})
	})
}

func TestWebGroupSuite(t *testing.T) {
	for _, standard := range []string{"deny", "allow"} {
		t.Run(standard, func(t *testing.T) {
			policytest.Run(t, func(t *testing.T) policytest.Subject {
				r := newRealRig(t)
				f := webFilter()
				f.Default = standard
				s := subject(f)
				s.Driver, s.Operations = r.client.WebGroups(), r.client.Operations()
				return s
			})
		})
	}
}
