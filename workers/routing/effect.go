package routing

import "github.com/culvertnet/culvert/events/reach"

// Effect is what the step has done to the facts of reach: its priority is found only when the route is made. It is nil
// where the gateway's own route serves.
func (in SteerEgressIn) Effect(step string, out SteerEgressOut) *reach.Effect {
	if !out.Made {
		return nil
	}
	return &reach.Effect{Step: step, Network: reach.Realm(in.Network), Route: &reach.RouteEffect{Object: out.Route,
		Dest: anywhere, NextHopIP: in.NextHopIP, Tags: []string{in.Tag}, Priority: int64(out.Priority)}}
}
