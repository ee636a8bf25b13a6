package routing

import "github.com/culvertnet/culvert/workers"

// Drivers are what the steps of this capability stand on. Announcements are by Target.Via.
type Drivers struct {
	Announcements map[string]Announcements
	Routes        Routes
	Claims        workers.Claims
	Times         workers.ClaimTimes
}

// Steps is the list of this capability's steps.
func Steps(d Drivers) []workers.Handler {
	return []workers.Handler{
		workers.Handle(KindCheck, nil, check{d}),
		workers.Handle(KindAnnounce, func(in AnnounceIn) string { return in.Target.vendor() }, announce{d}),
		workers.Handle(KindSteerEgress, func(SteerEgressIn) string { return "gcp" }, steerEgress{d}),
	}
}

// reliance records that a run relies on something that it has not made and will not remove: it is all that such a step
// leaves behind, so that a Look can tell "done" from "undone".
func (d Drivers) reliance(on string) workers.Attribute {
	return workers.Attribute{Claims: d.Claims, Times: d.Times, Resource: workers.FamilyUses.Resource(on)}
}
