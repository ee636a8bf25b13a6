package privateservice

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/culvertnet/culvert/events/reach"
	"github.com/culvertnet/culvert/saga"
	"github.com/culvertnet/culvert/saga/plans/operator/operatortest"
	"github.com/culvertnet/culvert/workers/policy"
)

// A plan over a filter that stands tells the model the numbers that it has: it is changed in place, and what it no
// longer names is closed.
func TestAChangedFilterTellsItsNumbers(t *testing.T) {
	const network = "projects/acme-net/global/networks/spoke-vpc"
	for name, c := range map[string]struct {
		via, network string
		committed    bool
		want         []int
	}{
		"stands":                {"gcp-firewall", network, true, []int{1000, 1001}},
		"was left behind":       {"gcp-firewall", network, false, nil},
		"stands at a gateway":   {"aviatrix-fqdn", network, true, nil},
		"is in another network": {"gcp-firewall", network + "-2", true, nil},
	} {
		in, err := json.Marshal(policy.FilterEgressIn{Via: c.via, Network: c.network})
		if err != nil {
			t.Fatal(err)
		}
		out, err := json.Marshal(policy.FilterEgressOut{Priorities: []int{1000, 1001}})
		if err != nil {
			t.Fatal(err)
		}
		have := saga.Standing{Step: "filter-egress", Kind: policy.KindFilterEgress, Committed: c.committed, Input: in,
			Output: out}
		p, err := New(operatortest.Config()).Engine().Plan(saga.Planning{
			Intent: apply(ways("", "", connector+","+firewall)), Standing: []saga.Standing{have}})
		if err != nil {
			t.Fatal(err)
		}
		asks, _ := asked(t, p, "check-reach")
		at := slices.IndexFunc(asks.Effects, func(e reach.Effect) bool { return e.Filter != nil && !e.Undone })
		if got := asks.Effects[at].Filter.Held; !slices.Equal(got, c.want) {
			t.Errorf("a filter that %s: told %v, want %v", name, got, c.want)
		}
	}
}
