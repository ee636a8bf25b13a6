package egress

import (
	"slices"
	"strconv"
	"strings"

	"github.com/culvertnet/culvert/workers"
)

// Drivers is what the steps of this capability work with.
type Drivers struct {
	Connectors Connectors
	Services   Services
	Claims     workers.Claims
	Times      workers.ClaimTimes
}

// Steps lists the steps of this capability.
func Steps(d Drivers) []workers.Handler {
	return []workers.Handler{
		workers.Handle(KindCheck, vendor[CheckIn], check{d}),
		workers.Handle(KindAttachConnector, vendor[AttachConnectorIn], attachConnector{d}),
		workers.Handle(KindBindService, vendor[BindServiceIn], bindService{d}),
		workers.Handle(KindGrantInvoker, vendor[GrantInvokerIn], grantInvoker{d}),
		workers.Handle(KindRestrictIngress, vendor[RestrictIngressIn], restrictIngress{d}),
	}
}

// vendor is whose rate limits this capability is charged to.
func vendor[In any](In) string { return "gcp" }

// key names a service in claims. A function and the Cloud Run service behind it are one thing, so the platform is left
// out.
func (r ServiceRef) key() string { return r.Project + "/" + r.Region + "/" + r.Name }

// same compares bindings; the order of tags means nothing.
func (b Binding) same(c Binding) bool {
	return b.sameWay(c) && b.Egress == c.Egress &&
		slices.Equal(slices.Sorted(slices.Values(b.Tags)), slices.Sorted(slices.Values(c.Tags)))
}

// sameWay tells whether two bindings lead the same way. It decides whose a binding is: on a way of ours, any other part
// that differs has drifted from what we wrote.
func (b Binding) sameWay(c Binding) bool {
	if b.Connector != "" || c.Connector != "" {
		return sameResource(b.Connector, c.Connector)
	}
	return sameResource(b.Network, c.Network) && sameResource(b.Subnet, c.Subnet)
}

// sameResource compares full names. A vendor gives a project's number where somebody set it so, and an adapter that may
// not look the number up leaves it: then the rest of the name decides.
func sameResource(a, b string) bool {
	if a == b {
		return true
	}
	pa, pb := strings.Split(a, "/"), strings.Split(b, "/")
	if len(pa) != len(pb) || len(pa) < 2 || pa[0] != "projects" || pb[0] != "projects" ||
		!slices.Equal(pa[2:], pb[2:]) {
		return false
	}
	return isNumber(pa[1]) != isNumber(pb[1])
}

func isNumber(project string) bool {
	_, err := strconv.ParseUint(project, 10, 64)
	return err == nil
}

// none tells whether the binding is none. A vendor may keep an egress setting without a way.
func (b Binding) none() bool { return b.Connector == "" && b.Network == "" && b.Subnet == "" }

// way says in words where a binding leads.
func (b Binding) way() string {
	switch {
	case b.none():
		return "nothing"
	case b.Connector != "":
		return b.Connector
	default:
		return b.Network + " " + b.Subnet
	}
}

// words says where a binding leads, and how.
func (b Binding) words() string {
	if b.none() {
		return b.way()
	}
	text := b.way() + " for " + b.Egress
	if len(b.Tags) > 0 {
		text += " with the tags " + strings.Join(b.Tags, ", ")
	}
	return text
}
