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
	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
	"github.com/culvertnet/culvert/workers/policy"
)

const source = "10.8.0.0/28"

func tagFilter(gateway string) policy.Filter {
	return policy.Filter{
		Via: "aviatrix-fqdn", Name: "filterabc234", Network: "projects/acme-net/global/networks/spoke-vpc",
		Controller: old,
		Gateway:    gateway, GatewayWide: true, Source: source, Region: "europe-west3", Default: "deny",
		Rules: []policy.Rule{
			{FQDN: "QA1.Backend.example", Protocol: "tcp", Ports: []string{"443", "8443"}},
			{FQDN: "*.api.example", Protocol: "tcp", Ports: []string{"443"}},
		},
	}
}

func TestTagLife(t *testing.T) {
	r := newRig(t)
	d, f := r.client.FQDN(), tagFilter("gcp-spoke-1")
	place, err := d.Check(t.Context(), f)
	if want := (policy.Place{NextHopIP: "10.10.0.2", Tagged: true}); err != nil || !cmp.Equal(place, want) {
		t.Fatalf("place: got %+v, %v, want %+v", place, err, want)
	}
	if _, err := d.Get(t.Context(), f); !errors.Is(err, workers.ErrNotFound) {
		t.Errorf("before: got %v, want not found", err)
	}
	must(t, d.Put(t.Context(), uuid.New(), f))
	wantOrder := []string{"add_fqdn_filter_tag", "add_fqdn_policies_to_tag", "attach_fqdn_filter_tag_to_gw",
		"update_fqdn_filter_tag_source_ip_filters", "set_fqdn_filter_tag_state"}
	if got := r.calls(); !slices.Equal(got, wantOrder) {
		t.Errorf("calls: got %v, want %v", got, wantOrder)
	}
	got, err := d.Get(t.Context(), f)
	if err != nil || !got.InForce || got.Void != "" || got.Source != source || got.Gateway != f.Gateway ||
		!cmp.Equal(got.Rules, f.Rules) {
		t.Errorf("after: got %+v, %v", got, err)
	}
	for name, want := range map[string]sim.Verdict{"qa1.backend.example": sim.Allowed, "x.api.example": sim.Allowed,
		"evil.example": sim.Denied} {
		if v := r.verdict(old, f.Gateway, source, name); v != want {
			t.Errorf("%s: got %s, want %s", name, v, want)
		}
	}
	must(t, d.Put(t.Context(), uuid.New(), f)) // again: nothing to do
	if n := len(r.calls()); n != len(wantOrder) {
		t.Errorf("a second put made %d calls", n-len(wantOrder))
	}
	must(t, d.Remove(t.Context(), uuid.New(), f))
	if got := r.calls()[len(wantOrder):]; !slices.Equal(got, []string{"detach_fqdn_filter_tag_from_gw",
		"del_fqdn_filter_tag"}) {
		t.Errorf("calls of the removal: %v", got)
	}
	must(t, d.Remove(t.Context(), uuid.New(), f))
	r.clean()
}

func TestTagChangesAndDrift(t *testing.T) {
	r := newRig(t)
	d, f := r.client.FQDN(), tagFilter("gcp-spoke-1")
	must(t, d.Put(t.Context(), uuid.New(), f))
	changed := f
	changed.Rules = []policy.Rule{{FQDN: "other.example", Protocol: "tcp", Ports: []string{"443"}}, f.Rules[1]}
	if got, err := d.Get(t.Context(), changed); err != nil || got.InForce || len(got.Rules) != 2 ||
		got.Rules[0].FQDN != "qa1.backend.example" {
		t.Errorf("get with other rules: got %+v, %v", got, err)
	}
	before := len(r.calls())
	must(t, d.Put(t.Context(), uuid.New(), changed))
	if got := r.calls()[before:]; !slices.Equal(got,
		[]string{"add_fqdn_policies_to_tag", "delete_fqdn_policies_to_tag"}) {
		t.Errorf("calls of the change: %v", got)
	}
	if v := r.verdict(old, f.Gateway, source, "qa1.backend.example"); v != sim.Denied {
		t.Errorf("a name that is no longer allowed: %s", v)
	}
	black := changed
	black.Default = "allow"
	must(t, d.Put(t.Context(), uuid.New(), black))
	if v := r.verdict(old, f.Gateway, source, "other.example"); v != sim.Denied {
		t.Errorf("a name that a black tag has: %s", v)
	}
	if v := r.verdict(old, f.Gateway, source, "any.example"); v != sim.Allowed {
		t.Errorf("a name that a black tag does not have: %s", v)
	}
}

// TestTagBesideForeign: our tag neither cuts the others' sources off nor lets ours use their rules.
func TestTagBesideForeign(t *testing.T) {
	r := newRig(t)
	d, f := r.client.FQDN(), tagFilter("gcp-spoke-2")
	f.GatewayWide = false // the foreign tag is in force there already
	if _, err := d.Check(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	must(t, d.Put(t.Context(), uuid.New(), f))
	for _, tc := range []struct {
		source, name string
		want         sim.Verdict
	}{
		{source, "qa1.backend.example", sim.Allowed}, {source, "deb.debian.org", sim.Denied},
		{"10.10.0.0/28", "deb.debian.org", sim.Allowed}, {"10.10.0.0/28", "qa1.backend.example", sim.Denied},
	} {
		if v := r.verdict(old, f.Gateway, tc.source, tc.name); v != tc.want {
			t.Errorf("%s to %s: got %s, want %s", tc.source, tc.name, v, tc.want)
		}
	}
	must(t, d.Remove(t.Context(), uuid.New(), f))
	r.clean()
}

func TestTagCheckRefuses(t *testing.T) {
	r := newRig(t)
	with := func(change func(*policy.Filter)) policy.Filter {
		f := tagFilter("gcp-spoke-1")
		change(&f)
		return f
	}
	rule := func(rules ...policy.Rule) policy.Filter { return with(func(f *policy.Filter) { f.Rules = rules }) }
	for name, tc := range map[string]struct {
		f      policy.Filter
		reason string
	}{
		"newer controller": {
			with(func(f *policy.Filter) { f.Controller, f.Gateway = newer, "gcp-spoke-10" }), "unsupported",
		},
		"no source NAT": {tagFilter("gcp-spoke-nonat"), "source-nat-off"},
		"other colour":  {tagFilter("gcp-spoke-black"), "colour"},
		"black beside white": {
			with(func(f *policy.Filter) { f.Gateway, f.Default = "gcp-spoke-2", "allow" }), "colour",
		},
		"first tag": {with(func(f *policy.Filter) { f.GatewayWide = false }), "gateway-wide"},
		"down":      {tagFilter("gcp-spoke-down"), "gateway-down"},
		"transit":   {tagFilter("gcp-transit-1"), "not-a-spoke"},
		"other network": {
			with(func(f *policy.Filter) { f.Network = "projects/acme-net/global/networks/plain-vpc" }), "wrong-network",
		},
		"private": {rule(policy.Rule{CIDR: "10.20.0.4/32", Protocol: "tcp", Ports: []string{"80"}}), "void"},
		"range": {
			rule(policy.Rule{CIDR: "198.51.100.0/24", Protocol: "tcp", Ports: []string{"80"}}), "invalid",
		},
		"no ports": {rule(policy.Rule{FQDN: "a.example", Protocol: "tcp"}), "invalid"},
		"wide ports": {
			rule(policy.Rule{FQDN: "a.example", Protocol: "tcp", Ports: []string{"1-200"}}), "invalid",
		},
		"wildcard": {
			rule(policy.Rule{FQDN: "*.a.example", Protocol: "tcp", Ports: []string{"22"}}), "invalid",
		},
		"protocol": {
			rule(policy.Rule{FQDN: "a.example", Protocol: "sctp", Ports: []string{"22"}}), "invalid",
		},
	} {
		_, err := r.client.FQDN().Check(t.Context(), tc.f)
		wantClass(t, name, err, "refuse "+tc.reason)
	}
	r.clean()
}

// TestTagCutOff: cut off at any call, in any way, the same call made again ends the same, and removing it ends clean.
func TestTagCutOff(t *testing.T) {
	makes := []string{"add_fqdn_filter_tag", "add_fqdn_policies_to_tag", "attach_fqdn_filter_tag_to_gw",
		"update_fqdn_filter_tag_source_ip_filters", "set_fqdn_filter_tag_state"}
	removes := []string{"detach_fqdn_filter_tag_from_gw", "del_fqdn_filter_tag"}
	for _, call := range slices.Concat(makes, removes) {
		for mode, want := range map[string]events.Class{world.FailBefore: events.Unsure, world.LoseReply: events.Unsure,
			world.Throttle: events.Retry} {
			t.Run(fmt.Sprintf("%s/%s", call, mode), func(t *testing.T) {
				r := newRig(t)
				d, f := r.client.FQDN(), tagFilter("gcp-spoke-1")
				r.fault(call, mode)
				err := d.Put(t.Context(), uuid.New(), f)
				if slices.Contains(removes, call) {
					must(t, err)
					err = d.Remove(t.Context(), uuid.New(), f)
				} else {
					wantClass(t, "put", err, string(want))
					if v := r.verdict(old, f.Gateway, "10.12.0.0/28", "any.example"); v == sim.Denied &&
						call != "set_fqdn_filter_tag_state" {
						t.Error("an unfinished tag is in force")
					}
					must(t, d.Put(t.Context(), uuid.New(), f))
					if got, err := d.Get(t.Context(), f); err != nil || !got.InForce {
						t.Errorf("after the second put: %+v, %v", got, err)
					}
					err = d.Remove(t.Context(), uuid.New(), f)
					must(t, err)
					r.clean()
					return
				}
				wantClass(t, "remove", err, string(want))
				must(t, d.Remove(t.Context(), uuid.New(), f))
				r.clean()
			})
		}
	}
}

func TestTagNamesAreLowerCase(t *testing.T) {
	r := newRig(t)
	d, f := r.client.FQDN(), tagFilter("gcp-spoke-1")
	must(t, d.Put(t.Context(), uuid.New(), f))
	for _, item := range r.w.Resources() {
		if strings.Contains(item.Name, "QA1") {
			t.Errorf("%s has upper-case letters", item.Name)
		}
	}
}
