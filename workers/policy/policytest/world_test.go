package policytest_test

import (
	"testing"

	"github.com/culvertnet/culvert/workers/policy"
	"github.com/culvertnet/culvert/workers/policy/policytest"
)

func TestWorld(t *testing.T) {
	for _, c := range []struct {
		name      string
		shared    bool
		slow      int
		neighbour string // gateway of a filter of others, where a gateway takes one default
	}{
		{"own rules", false, 0, ""}, {"own rules, slow", false, 2, ""}, {"shared rules", true, 0, ""},
		{"shared rules, slow", true, 2, ""},
		{"one default a gateway", false, 0, "another"}, {"the default is others'", false, 0, "gw"},
	} {
		t.Run(c.name, func(t *testing.T) {
			policytest.Run(t, func(*testing.T) policytest.Subject {
				w := policytest.NewWorld(policy.Place{Policy: "policy", TakenPriorities: []int{1000}})
				w.Refuse("elsewhere", "no policy")
				w.PutRule(`{"name":"foreign"}`)
				w.Slow(c.slow)
				if c.neighbour != "" {
					w.OneDefault()
					w.PutFilter(policy.Filter{Name: "others", Gateway: c.neighbour, Default: "deny"})
				}
				f := policy.Filter{
					Name: "fltrone", Owner: "culvert:default_orders/filter-egress/1", Network: "n", Controller: "c",
					Gateway: "gw", Source: "10.8.0.0/28",
					Default: "deny", Rules: []policy.Rule{{FQDN: "a.example", Protocol: "tcp", Ports: []string{"443"}}},
				}
				changed, turned, other, refused := f, f, f, f
				turned.Default = "allow"
				changed.Rules = []policy.Rule{{CIDR: "10.20.0.4/32", Protocol: "tcp", Ports: []string{"80"}}}
				other.Name, other.Source = "fltrtwo", "10.8.0.16/28"
				refused.Network = "elsewhere"
				s := policytest.Subject{
					Driver: w.Own(), Operations: w, Filter: f, Changed: changed, Turned: turned, Other: other,
					Refused: []policy.Filter{refused},
				}
				s.TurnRefused = c.neighbour == f.Gateway
				if c.shared {
					s.Driver = w.Shared()
				} else {
					s.Filter.Priorities, s.Changed.Priorities, s.Turned.Priorities = []int{1001, 1002},
						[]int{1001, 1002}, []int{1001, 1002}
					s.Other.Priorities = []int{1003, 1004}
				}
				return s
			})
		})
	}
}
