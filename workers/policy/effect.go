package policy

import (
	"slices"

	"github.com/culvertnet/culvert/events/reach"
)

// ConnectorRules are what a connector's instances must reach whatever the filter says (Connecting to a VPC network,
// firewall rules): the serverless side and its health checks. The addresses of Google's APIs are none of it: by SNI or
// Host they are every Google API, so only an intent opens them.
func ConnectorRules() []Rule {
	out := []Rule{
		{CIDR: "35.199.224.0/19", Protocol: "tcp", Ports: []string{"667"}},
		{CIDR: "35.199.224.0/19", Protocol: "udp", Ports: []string{"665-666"}},
		{CIDR: "35.199.224.0/19", Protocol: "icmp"},
	}
	for _, health := range []string{"35.191.0.0/16", "35.191.192.0/18", "130.211.0.0/22"} {
		out = append(out, Rule{CIDR: health, Protocol: "tcp", Ports: []string{"667"}})
	}
	return out
}

// Closes tells whether the filter denies what its rules do not name.
func (in FilterEgressIn) Closes() bool { return in.Default != "allow" }

// LetOut are the destinations that a closing filter leaves open, with what a connector needs for itself.
func (in FilterEgressIn) LetOut() []reach.Allowed {
	var out []reach.Allowed
	if in.KeepOpen && in.Via == ViaGCPFirewall {
		for _, r := range ConnectorRules() {
			out = append(out, r.Destination())
		}
	}
	for _, r := range in.Rules {
		out = append(out, r.Destination())
	}
	return out
}

// Destination is the rule's destination in the model's terms. The words that a tag has for ports say no more than the
// protocol.
func (r Rule) Destination() reach.Allowed {
	words := func(port string) bool { return port == "ping" || port == "all" }
	return reach.Allowed{FQDN: r.FQDN, CIDR: r.CIDR, Protocol: r.Protocol,
		Ports: slices.DeleteFunc(slices.Clone(r.Ports), words)}
}

// webPriority is the first number of the filter's rules in a rule set (adapters/aviatrix has the same).
const webPriority = 100

// Effect is what the filter does to the facts of reach: in the policy that is on the network, where the caller says on
// which priorities, or at a gateway. What a filter for everybody behind the gateway does to them is consented to.
func (in FilterEgressIn) Effect(step string) *reach.Effect {
	if in.Via != ViaGCPFirewall {
		e := &reach.GatewayFilterEffect{Object: step, Gateway: in.Gateway, Source: in.Source, Closed: in.Closes(),
			Allow: in.LetOut()}
		if in.Via == ViaAviatrixWebGroup {
			e.Set, e.Priority = step, webPriority
		}
		return &reach.Effect{Step: step, Network: reach.Realm(in.Network), GatewayFilter: e,
			Consented: in.GatewayWide && in.Via == ViaAviatrixFQDN}
	}
	return &reach.Effect{Step: step, Network: reach.Realm(in.Network), Filter: &reach.FilterEffect{
		Source: in.Source, Closed: in.Closes(), Allow: in.LetOut(),
	}}
}
