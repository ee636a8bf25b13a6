package operator_test

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/culvertnet/culvert/events"
	// its flag -update, which make golden gives to every package here
	_ "github.com/culvertnet/culvert/saga/plans/kind/kindtest"
	"github.com/culvertnet/culvert/saga/plans/operator"
	"github.com/culvertnet/culvert/saga/plans/operator/operatortest"
)

func TestASelectorChoosesByEveryLabelAndTenant(t *testing.T) {
	c := operatortest.Config()
	for _, want := range []struct {
		selector operator.Selector
		text     string
		tenant   string
		names    []string
	}{
		{operator.Selector{"edge": "yes"}, "edge=yes", events.DefaultTenant, []string{"gcp-spoke-1", "gcp-spoke-2"}},
		{operator.Selector{"site": "west", "edge": "yes"}, "edge=yes,site=west", events.DefaultTenant,
			[]string{"gcp-spoke-2"}},
		{operator.Selector{"edge": "yes"}, "edge=yes", "partner", []string{"gcp-spoke-p"}},
		{operator.Selector{"edge": "yes"}, "edge=yes", "nobody", nil},
		{operator.Selector{"edge": ""}, "edge=", events.DefaultTenant, nil},
		{operator.Selector{}, "", events.DefaultTenant, nil},
	} {
		if got := c.Select(want.selector, want.tenant); !slices.Equal(got, want.names) ||
			want.selector.String() != want.text {
			t.Errorf("%q chooses %v for %s, want %v", want.selector, got, want.tenant, want.names)
		}
	}
}

func TestTenantsHaveTheirOwnThings(t *testing.T) {
	c := operatortest.Config()
	mine, theirs := netip.MustParseAddr("10.200.1.1"), netip.MustParseAddr("10.201.1.1")
	if !c.Holds(mine, events.DefaultTenant) || c.Holds(theirs, events.DefaultTenant) || !c.Holds(theirs, "partner") {
		t.Error("an address is in a pool of the wrong tenant")
	}
	if name, found := c.Overlap(netip.MustParsePrefix("10.201.15.0/28")); !found || name != "psc-partner" {
		t.Errorf("a range overlaps %q, %t; another tenant's pool counts too", name, found)
	}
	if _, known := c.Pool("psc-partner", events.DefaultTenant); known {
		t.Error("another tenant's pool is given out")
	}
	if _, known := c.Gateway("gcp-spoke-p", events.DefaultTenant); known ||
		c.Speaker("site-partner", events.DefaultTenant) {
		t.Error("another tenant's gateway or speaker is given out")
	}
}
