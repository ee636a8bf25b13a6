package gcp_test

import (
	"testing"

	"github.com/culvertnet/culvert/workers/policy"
	"github.com/culvertnet/culvert/workers/policy/policytest"
)

func TestFilters(t *testing.T) {
	policytest.Run(t, func(t *testing.T) policytest.Subject {
		c := simulated(t)
		changed, turned, other, nowhere := filter(), filter(), filter(), filter()
		turned.Default = "allow"
		changed.Rules = []policy.Rule{{CIDR: "10.20.0.0/24", Protocol: "tcp", Ports: []string{"80", "8080-8090"}}}
		other.Name, other.Source = "filterxyz", "10.8.0.16/28"
		for i := range other.Priorities {
			other.Priorities[i] += 100
		}
		nowhere.Network = "projects/acme-net/global/networks/plain-vpc"
		return policytest.Subject{
			Driver: policy.Driver{Filters: c.Firewall()}, Operations: c.Operations(),
			Filter: filter(), Changed: changed, Turned: turned, Other: other, Refused: []policy.Filter{nowhere},
		}
	})
}
