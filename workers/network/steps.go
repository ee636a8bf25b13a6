package network

import (
	"github.com/culvertnet/culvert/workers"
)

// Drivers is what the steps of this capability work with.
type Drivers struct {
	Networks  Networks
	Addresses Addresses
	Endpoints Endpoints
	Names     Names
	Claims    workers.Claims
	Times     workers.ClaimTimes
	// Pace divides waits for a name's time to live, where the world runs faster than real time; zero means 1.
	Pace float64
}

// Steps lists the steps of this capability.
func Steps(d Drivers) []workers.Handler {
	if d.Pace <= 0 {
		d.Pace = 1
	}
	return []workers.Handler{
		workers.Handle(KindCheck, vendor[CheckIn], check{d}),
		workers.Handle(KindReserveAddress, vendor[ReserveAddressIn], reserveAddress{d}),
		workers.Handle(KindCreateEndpoint, vendor[CreateEndpointIn], createEndpoint{d}),
		workers.Handle(KindMapNames, vendor[MapNamesIn], mapNames{d}),
		workers.Handle(KindEnableGoogleAccess, vendor[EnableGoogleAccessIn], enableGoogleAccess{d}),
	}
}

// vendor is whose rate limits this capability is charged to.
func vendor[In any](In) string { return "gcp" }
