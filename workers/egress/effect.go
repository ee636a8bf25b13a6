package egress

import "github.com/culvertnet/culvert/events/reach"

// Effect is what a connector does to the facts of reach: one with a range of its own brings a hidden subnetwork. It is
// nil where the range is there already.
func (in AttachConnectorIn) Effect(step string) *reach.Effect {
	if in.CIDR == "" {
		return nil
	}
	return &reach.Effect{Step: step, Network: reach.Realm(in.Network), Range: &reach.RangeEffect{
		Object: step, Region: in.Region, CIDR: in.CIDR,
	}}
}
