package policy_test

import (
	"testing"

	"github.com/culvertnet/culvert/events/reach"
	"github.com/culvertnet/culvert/workers/policy"
)

// TestEffectsOfGateways: whatever an FQDN tag takes for protocol and ports is a destination that the model reads, and
// only a tag for everybody behind the gateway is consented to.
func TestEffectsOfGateways(t *testing.T) {
	for _, via := range []string{policy.ViaAviatrixFQDN, policy.ViaAviatrixWebGroup} {
		for _, wide := range []bool{true, false} {
			for _, r := range []policy.Rule{
				{FQDN: "*.packages.example", Protocol: "tcp", Ports: []string{"443"}},
				{FQDN: "a.example", Protocol: "udp", Ports: []string{"53", "8000-8010"}},
				{FQDN: "a.example", Protocol: "icmp", Ports: []string{"ping"}},
				{FQDN: "a.example", Protocol: "all", Ports: []string{"all"}},
			} {
				in := policy.FilterEgressIn{Via: via, Network: "net", Gateway: "gw", GatewayWide: wide,
					Source: "10.8.0.0/28", Default: "deny", Rules: []policy.Rule{r}}
				e := in.Effect("filter-egress")
				w := reach.World{Networks: []reach.Network{{Realm: "net"}},
					Controllers: []reach.Controller{{Name: "c"}},
					Gateways:    []reach.Gateway{{Name: "gw", Controller: "c", Realm: "net"}}}
				if _, err := w.After(*e); err != nil {
					t.Errorf("%s, %+v: %v", via, r, err)
				}
				if want := wide && via == policy.ViaAviatrixFQDN; e.Consented != want {
					t.Errorf("%s: consented %v, want %v", via, e.Consented, want)
				}
			}
		}
	}
}
