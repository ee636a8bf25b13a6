package aviatrix_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	sim "github.com/culvertnet/culvert/adapters/simcloud/aviatrix"
	"github.com/culvertnet/culvert/adapters/simcloud/world"
	"github.com/culvertnet/culvert/workers"
	"github.com/culvertnet/culvert/workers/policy"
)

func webFilter() policy.Filter {
	return policy.Filter{
		Via: "aviatrix-webgroup", Name: "filterabc234", Network: "projects/acme-net/global/networks/spoke-vpc",
		Controller: newer,
		Gateway:    "gcp-spoke-10", Source: source, Region: "europe-west3", Default: "deny", KeepOpen: true,
		Rules: []policy.Rule{
			{FQDN: "QA1.Backend.example", Protocol: "tcp", Ports: []string{"443"}},
			{FQDN: "*.api.example", Protocol: "tcp", Ports: []string{"443"}},
			{CIDR: "10.20.0.4/32", Protocol: "tcp", Ports: []string{"443", "8000-8010"}},
			{CIDR: "10.30.0.0/16", Protocol: "all"},
		},
	}
}

// inForce puts a filter's groups and its rules beside what the shared set has.
func (r *rig) inForce(f policy.Filter) {
	r.t.Helper()
	d := r.client.WebGroups()
	must(r.t, d.Filters.Put(r.t.Context(), uuid.New(), f))
	own, err := d.Rules.Rules(r.t.Context(), f)
	must(r.t, err)
	must(r.t, d.Rules.Write(r.t.Context(), uuid.New(), f.Controller, append(r.foreign(f), own...)))
}

// foreign are the lines of the shared set that are not the filter's.
func (r *rig) foreign(f policy.Filter) []string {
	r.t.Helper()
	lines, err := r.client.WebGroups().Rules.Read(r.t.Context(), f.Controller)
	must(r.t, err)
	return slices.DeleteFunc(lines, func(l string) bool { return strings.Contains(l, `"name":"`+f.Name) })
}

func (r *rig) removeWeb(f policy.Filter) {
	r.t.Helper()
	d := r.client.WebGroups()
	must(r.t, d.Rules.Write(r.t.Context(), uuid.New(), f.Controller, r.foreign(f)))
	must(r.t, d.Filters.Remove(r.t.Context(), uuid.New(), f))
}

func TestWebGroupLife(t *testing.T) {
	r := newRig(t)
	d, f := r.client.WebGroups(), webFilter()
	place, err := d.Filters.Check(t.Context(), f)
	if want := (policy.Place{NextHopIP: place.NextHopIP, Policy: "TERRAFORM_BEFORE_UI_MANAGED"}); err != nil ||
		place.NextHopIP == "" || !cmp.Equal(place, want) {
		t.Fatalf("place: got %+v, %v, want %+v", place, err, want)
	}
	if _, err := d.Filters.Get(t.Context(), f); !errors.Is(err, workers.ErrNotFound) {
		t.Errorf("before: got %v, want not found", err)
	}
	must(t, d.Filters.Put(t.Context(), uuid.New(), f))
	got, err := d.Filters.Get(t.Context(), f)
	if err != nil || got.InForce || got.Source != source || !cmp.Equal(got.Rules, f.Rules) {
		t.Errorf("without rules: got %+v, %v", got, err)
	}
	r.inForce(f)
	got, err = d.Filters.Get(t.Context(), f)
	if err != nil || !got.InForce || got.Void != "" || got.Source != source || !cmp.Equal(got.Rules, f.Rules) {
		t.Errorf("in force: got %+v, %v", got, err)
	}
	for target, want := range map[string]sim.Verdict{
		"qa1.backend.example": sim.Allowed, "x.api.example": sim.Allowed, "evil.example": sim.Denied,
		"10.20.0.4": sim.Allowed, "10.20.0.5": sim.Denied, "10.30.7.7": sim.Allowed,
	} {
		if v := r.verdict(newer, f.Gateway, source, target); v != want {
			t.Errorf("%s: got %s, want %s", target, v, want)
		}
	}
	calls := len(r.calls())
	r.inForce(f) // again: nothing to do
	if n := len(r.calls()); n != calls {
		t.Errorf("the second time made calls %v", r.calls()[calls:])
	}
	r.removeWeb(f)
	must(t, d.Filters.Remove(t.Context(), uuid.New(), f))
	r.clean()
}

// TestForeignRulesStay: what others have in the shared set comes back untouched, ids and all.
func TestForeignRulesStay(t *testing.T) {
	r := newRig(t)
	before, err := r.client.WebGroups().Rules.Read(t.Context(), newer)
	if err != nil || len(before) == 0 {
		t.Fatalf("the scenario has no foreign rules: %v, %v", before, err)
	}
	r.inForce(webFilter())
	for _, d := range r.w.Resources() {
		if d.Change != "added" && d.Change != "changed" || !strings.Contains(d.Name, "filterabc234") {
			t.Errorf("changed beside ours: %+v", d)
		}
	}
	r.removeWeb(webFilter())
	r.clean()
}

func TestWebGroupChange(t *testing.T) {
	r := newRig(t)
	d, f := r.client.WebGroups(), webFilter()
	r.inForce(f)
	changed := f
	changed.Rules = []policy.Rule{
		{FQDN: "other.example", Protocol: "tcp", Ports: []string{"443"}},
		{CIDR: "10.20.0.4/32", Protocol: "tcp", Ports: []string{"80"}},
	}
	got, err := d.Filters.Get(t.Context(), changed)
	if err != nil || got.InForce || cmp.Equal(got.Rules, changed.Rules) {
		t.Errorf("get with other rules: got %+v, %v", got, err)
	}
	r.inForce(changed)
	for target, want := range map[string]sim.Verdict{"other.example": sim.Allowed, "qa1.backend.example": sim.Denied,
		"10.30.7.7": sim.Denied} {
		if v := r.verdict(newer, f.Gateway, source, target); v != want {
			t.Errorf("%s: got %s, want %s", target, v, want)
		}
	}
	r.inForce(changed) // now that no rule names them, the groups of the old rules go
	for _, item := range r.w.Resources() {
		if strings.Contains(item.Name, "cidr-all") {
			t.Errorf("a group of the old rules is left: %+v", item)
		}
	}
	r.removeWeb(changed)
	r.clean()
}

func TestOwnSetOnAnEmptyPoint(t *testing.T) {
	r := newRig(t)
	f := webFilter()
	d := r.client.WebGroups()
	lines, err := d.Rules.Read(t.Context(), newer)
	must(t, err)
	must(t, d.Rules.Write(t.Context(), uuid.New(), newer, nil)) // a foreign set stays, empty
	if got, err := d.Rules.Read(t.Context(), newer); err != nil || len(got) != 0 {
		t.Errorf("emptied set: got %v, %v", got, err)
	}
	must(t, d.Rules.Write(t.Context(), uuid.New(), newer, lines))
	r.inForce(f)
	r.removeWeb(f)
}

func TestWebGroupCheckRefuses(t *testing.T) {
	r := newRig(t)
	with := func(change func(*policy.Filter)) policy.Filter {
		f := webFilter()
		change(&f)
		return f
	}
	rule := func(rules ...policy.Rule) policy.Filter { return with(func(f *policy.Filter) { f.Rules = rules }) }
	for name, tc := range map[string]struct {
		f      policy.Filter
		reason string
	}{
		"older controller": {
			with(func(f *policy.Filter) { f.Controller, f.Gateway = old, "gcp-spoke-1" }), "unsupported",
		},
		"transit":    {with(func(f *policy.Filter) { f.Gateway = "gcp-transit-10" }), "not-a-spoke"},
		"no gateway": {with(func(f *policy.Filter) { f.Gateway = "nowhere" }), "no-gateway"},
		"other network": {
			with(func(f *policy.Filter) { f.Network = "projects/acme-net/global/networks/plain-vpc" }), "wrong-network",
		},
		"names over udp": {rule(policy.Rule{FQDN: "a.example", Protocol: "udp", Ports: []string{"53"}}), "invalid"},
		"ports of icmp":  {rule(policy.Rule{CIDR: "10.0.0.0/8", Protocol: "icmp", Ports: []string{"1"}}), "invalid"},
		"no range":       {rule(policy.Rule{CIDR: "x", Protocol: "tcp"}), "invalid"},
	} {
		_, err := r.client.WebGroups().Filters.Check(t.Context(), tc.f)
		wantClass(t, name, err, "refuse "+tc.reason)
	}
	r.clean()
}

// TestVoid: a foreign rule before ours that lets everything pass is told; one behind ours is not.
func TestVoid(t *testing.T) {
	r := newRig(t)
	d, f := r.client.WebGroups(), webFilter()
	r.inForce(f)
	const everything = `{"name":"open","action":"PERMIT","priority":%d,"protocol":"ANY",` +
		`"src_ads":["def000ad-0000-0000-0000-000000000000"],"dst_ads":["def000ad-0000-0000-0000-000000000000"]}`
	before, err := d.Rules.Read(t.Context(), newer)
	must(t, err)
	for priority, void := range map[int]bool{5: true, 5000: false} {
		must(t, d.Rules.Write(
			t.Context(), uuid.New(), newer, append(slices.Clone(before), fmt.Sprintf(everything, priority)),
		))
		got, err := d.Filters.Get(t.Context(), f)
		if err != nil || !got.InForce || (got.Void != "") != void {
			t.Errorf("open rule at %d: got %+v, %v", priority, got, err)
		}
	}
	must(t, d.Rules.Write(t.Context(), uuid.New(), newer, before))
	wantClass(t, "a rule without a name", d.Rules.Write(t.Context(), uuid.New(), newer, append(before, "{}")),
		"refuse invalid")
}

func TestGroupsInUseGoLater(t *testing.T) {
	r := newRig(t)
	f := webFilter()
	r.inForce(f)
	err := r.client.WebGroups().Filters.Remove(t.Context(), uuid.New(), f)
	wantClass(t, "remove groups before their rules", err, "retry in-use")
	r.removeWeb(f)
	r.clean()
}

// TestWebGroupCutOff: cut off at any call, the same calls made again end the same, and removing ends clean.
func TestWebGroupCutOff(t *testing.T) {
	for _, call := range []string{"app-domains.create", "policy-list3.update"} {
		for _, mode := range []string{world.FailBefore, world.LoseReply} {
			t.Run(fmt.Sprintf("%s/%s", call, mode), func(t *testing.T) {
				r := newRig(t)
				d, f := r.client.WebGroups(), webFilter()
				r.fault(call, mode)
				err := d.Filters.Put(t.Context(), uuid.New(), f)
				if call != "app-domains.create" {
					must(t, err)
					own, rendered := d.Rules.Rules(t.Context(), f)
					must(t, rendered)
					err = d.Rules.Write(t.Context(), uuid.New(), newer, append(r.foreign(f), own...))
				}
				wantClass(t, call, err, "unsure")
				r.inForce(f)
				if got, err := d.Filters.Get(t.Context(), f); err != nil || !got.InForce || got.Void != "" {
					t.Errorf("in force: got %+v, %v", got, err)
				}
				r.removeWeb(f)
				r.clean()
			})
		}
	}
}
