package policy

import "github.com/culvertnet/culvert/workers"

// The ways to filter.
const (
	ViaGCPFirewall      = "gcp-firewall"
	ViaAviatrixFQDN     = "aviatrix-fqdn"
	ViaAviatrixWebGroup = "aviatrix-webgroup"
)

// Drivers are what the steps of this capability stand on. Filters is by Filter.Via.
type Drivers struct {
	Filters map[string]Driver
	Claims  workers.Claims
	Times   workers.ClaimTimes
}

// Steps is the list of this capability's steps.
func Steps(d Drivers) []workers.Handler {
	return []workers.Handler{
		workers.Handle(KindCheck, func(in CheckIn) string { return vendor(in.Via) }, check{d}),
		workers.Handle(KindFilterEgress, func(in FilterEgressIn) string { return vendor(in.Via) }, filterEgress{d}),
	}
}

// vendor is whose rate limit a call is charged to.
func vendor(via string) string {
	if via == ViaGCPFirewall {
		return "gcp"
	}
	return "aviatrix"
}

// driver finds who filters this way.
func (d Drivers) driver(via string) (Driver, error) {
	got, ok := d.Filters[via]
	if !ok {
		return Driver{}, workers.Refuse("via", "no driver filters via %q", via)
	}
	return got, nil
}
