package policy

import "github.com/culvertnet/culvert/events/reach"

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

// Destination is the rule's destination in the model's terms.
func (r Rule) Destination() reach.Allowed {
	return reach.Allowed{FQDN: r.FQDN, CIDR: r.CIDR, Protocol: r.Protocol, Ports: r.Ports}
}

// Effect is what the filter does to the facts of reach, in the policy that is on the network; the caller says on which
// priorities. It is nil for the filters of a gateway, of which no effect is told yet.
func (in FilterEgressIn) Effect(step string) *reach.Effect {
	if in.Via != ViaGCPFirewall {
		return nil
	}
	return &reach.Effect{Step: step, Network: reach.Realm(in.Network), Filter: &reach.FilterEffect{
		Source: in.Source, Closed: in.Closes(), Allow: in.LetOut(),
	}}
}
