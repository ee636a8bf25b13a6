package network

import "github.com/culvertnet/culvert/events/reach"

// Effect is what the flags do to the facts of reach, in the network that has the subnetworks.
func (in EnableGoogleAccessIn) Effect(step, of string) reach.Effect {
	return reach.Effect{
		Step: step, Network: reach.Realm(of), GoogleAccess: &reach.GoogleAccessEffect{Subnets: in.Subnets},
	}
}
