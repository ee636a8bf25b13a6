package workers_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/events/wiretest"
	"github.com/culvertnet/culvert/workers"
)

func TestFamiliesAreReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		family := rapid.SampledFrom([]workers.Family{
			workers.FamilyList, workers.FamilyCounted, workers.FamilyOwn, workers.FamilyAttribute, workers.FamilyUses,
			workers.FamilyPool, workers.FamilyNumbers, workers.FamilyPresence, workers.FamilyCursor,
			workers.FamilySpeakers,
		}).Draw(t, "family")
		resource := family.Resource(wiretest.Names().Draw(t, "a"), wiretest.Names().Draw(t, "b"))
		if got := workers.FamilyOf(resource); got != family || !strings.HasPrefix(resource, family.Prefix()) {
			t.Errorf("%q is of family %q, want %q", resource, got, family)
		}
		own := family == workers.FamilyPresence || family == workers.FamilyCursor ||
			family == workers.FamilySpeakers
		if workers.BackendsOwn(resource) != own {
			t.Errorf("%q is the backend's own: %t", resource, !own)
		}
	})
}

// TestHoldersAreReadBack: a hold knows its connection, whatever the step is called, and an object's owner text too.
func TestHoldersAreReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k := events.Key{Tenant: wiretest.Names().Draw(t, "tenant"), Name: wiretest.Names().Draw(t, "name")}
		if k.Validate() != nil {
			return
		}
		other := events.Key{Tenant: k.Tenant, Name: k.Name + "-2"}
		holder := workers.Holder{Connection: k, Step: wiretest.Names().Draw(t, "step"), Generation: 3}.String()
		h := workers.Hold{Holder: holder}
		if h.Connection() != k.String() || !h.Of(k) || h.Of(other) {
			t.Errorf("%q is of %q", holder, h.Connection())
		}
		if owner := workers.Owner(holder); !workers.OwnedBy(k, owner) || workers.OwnedBy(other, owner) ||
			workers.OwnedBy(k, holder) {
			t.Errorf("an object of %q is not told from others'", owner)
		}
		r := workers.Record{
			Holds: []workers.Hold{h, {Holder: holder, Value: "b"}, {Holder: "default_gone/s/1", Dropped: true}},
		}
		if !r.HeldBy(k) || r.HeldBy(other) || len(r.Connections()) != 1 || r.Connections()[0] != k.String() {
			t.Errorf("connections are %q", r.Connections())
		}
	})
}
