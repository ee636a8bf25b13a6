package network

import "github.com/culvertnet/culvert/events/reach"

// Effect is what the flags do to the facts of reach, in the network that has the subnetworks.
func (in EnableGoogleAccessIn) Effect(step, of string) reach.Effect {
	return reach.Effect{
		Step: step, Network: reach.Realm(of), GoogleAccess: &reach.GoogleAccessEffect{Subnets: in.Subnets},
	}
}

// Effect is what the endpoint does to the facts of reach, once its address is known: before, a plan would have to ask
// about all of the pool that it is taken from.
func (in CreateEndpointIn) Effect(step string) reach.Effect {
	e := &reach.EndpointEffect{Object: step, IP: in.AddressIP, Region: in.Region, Restricted: in.Target == "vpc-sc",
		Bundle: in.Target == "vpc-sc" || in.Target == "all-apis"}
	if !e.Bundle {
		e.Producer = reach.Realm(in.Target)
	}
	return reach.Effect{Step: step, Network: reach.Realm(in.Network), Endpoint: e}
}

// Effect is what the zones do to the facts of reach, in the network that sees them.
func (in MapNamesIn) Effect(step string) reach.Effect {
	return reach.Effect{Step: step, Network: reach.Realm(in.Network),
		Names: &reach.NamesEffect{Hostnames: in.Hostnames, IP: in.IP}}
}
