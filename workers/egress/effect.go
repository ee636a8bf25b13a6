package egress

import (
	"strings"

	"github.com/culvertnet/culvert/events/reach"
)

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

// sender is the service's name in the lists of those who send from a range: a function shows as the service behind it,
// where there is one.
func (s Service) sender(ref ServiceRef) string {
	place, name := "projects/"+ref.Project+"/locations/"+ref.Region, ref.Name
	switch {
	case strings.Contains(s.RunService, "/"):
		return s.RunService
	case s.RunService != "":
		name = s.RunService
	case ref.Platform == "cloud-functions":
		return place + "/functions/" + name
	}
	return place + "/services/" + name
}
