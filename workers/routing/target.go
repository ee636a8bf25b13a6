package routing

import (
	"fmt"

	"github.com/culvertnet/culvert/workers"
)

// The ways to announce.
const (
	ViaCloudRouter = "cloud-router"
	ViaAviatrix    = "aviatrix"
	ViaBGP         = "bgp"
)

// routerLimit is the most custom advertised routes a BGP session of a Cloud Router takes (quotas and limits of Cloud
// Router, a hard limit). The other ways tell no limit.
const routerLimit = 200

// ID names the target's list, the same for every connection: "<via>/<its place>".
func (t Target) ID() string {
	switch t.Via {
	case ViaCloudRouter:
		return fmt.Sprintf("%s/%s/%s/%s", t.Via, t.Project, t.Region, t.Router)
	case ViaAviatrix:
		return fmt.Sprintf("%s/%s/%s", t.Via, t.Controller, t.Gateway)
	default:
		return t.Via + "/" + t.Speaker
	}
}

// ListResource is the claim record of the target's list. A BGP speaker that starts fills itself from the Values of the
// record of its name.
func (t Target) ListResource() string { return workers.FamilyList.Resource(t.ID()) }

// entry is how the target's list spells a prefix.
func (t Target) entry(prefix string) string {
	if t.Via == ViaBGP {
		return prefix + "@" + t.NextHop
	}
	return prefix
}

// vendor is whose rate limit a call about the target is charged to.
func (t Target) vendor() string {
	if t.Via == ViaCloudRouter {
		return "gcp"
	}
	return t.Via
}

// driver finds who speaks to the target.
func (d Drivers) driver(t Target) (Announcements, error) {
	a, ok := d.Announcements[t.Via]
	if !ok {
		return nil, workers.Refuse("via", "no driver announces via %q", t.Via)
	}
	return a, nil
}
