package egress

import (
	"reflect"
	"slices"

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
	b.Tags, c.Tags = slices.Sorted(slices.Values(b.Tags)), slices.Sorted(slices.Values(c.Tags))
	return slices.Equal(b.Tags, c.Tags) && reflect.DeepEqual(b.untagged(), c.untagged())
}

func (b Binding) untagged() Binding { b.Tags = nil; return b }

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
