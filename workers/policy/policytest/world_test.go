package policytest_test

import (
	"testing"

	"github.com/culvertnet/culvert/workers/policy"
	"github.com/culvertnet/culvert/workers/policy/policytest"
)

func TestWorld(t *testing.T) {
	for _, c := range []struct {
		name   string
		shared bool
		slow   int
	}{{"own rules", false, 0}, {"own rules, slow", false, 2}, {"shared rules", true, 0}, {"shared rules, slow", true, 2}} {
		t.Run(c.name, func(t *testing.T) {
			policytest.Run(t, func(*testing.T) policytest.Subject {
				w := policytest.NewWorld(policy.Place{Policy: "policy", TakenPriorities: []int{1000}})
				w.Refuse("elsewhere", "no policy")
				w.PutRule(`{"name":"foreign"}`)
				w.Slow(c.slow)
				f := policy.Filter{
					Name: "fltrone", Owner: "culvert:default_orders/filter-egress/1", Network: "n", Controller: "c", Source: "10.8.0.0/28",
					Default: "deny", Rules: []policy.Rule{{FQDN: "a.example", Protocol: "tcp", Ports: []string{"443"}}},
				}
				changed, other, refused := f, f, f
				changed.Rules = []policy.Rule{{CIDR: "10.20.0.4/32", Protocol: "tcp", Ports: []string{"80"}}}
				other.Name, other.Source = "fltrtwo", "10.8.0.16/28"
				refused.Network = "elsewhere"
				s := policytest.Subject{
					Driver: w.Own(), Operations: w, Filter: f, Changed: changed, Other: other, Refused: []policy.Filter{refused},
				}
				if c.shared {
					s.Driver = w.Shared()
				} else {
					s.Filter.Priorities, s.Changed.Priorities = []int{1001, 1002}, []int{1001, 1002}
					s.Other.Priorities = []int{1003, 1004}
				}
				return s
			})
		})
	}
}
