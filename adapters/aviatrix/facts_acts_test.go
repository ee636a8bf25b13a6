package aviatrix_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	sim "github.com/culvertnet/culvert/adapters/simcloud/aviatrix"
	"github.com/culvertnet/culvert/adapters/simcloud/world"
	"github.com/culvertnet/culvert/events/reach"
	"github.com/culvertnet/culvert/workers/observe"
)

// openLists are the lists of a fabric that are not whole, with the objects of their gaps.
func openLists(f observe.Fabric) map[string][]string {
	out := map[string][]string{}
	add := func(name string, whole bool, gaps []reach.Gap) {
		if whole {
			return
		}
		for _, g := range gaps {
			out[name] = append(out[name], g.Object)
		}
	}
	add("sets", f.Controller.Sets.Whole, f.Controller.Sets.Gaps)
	for _, g := range f.Gateways {
		add("table "+g.Name, g.Table.Whole, g.Table.Gaps)
		add("tags "+g.Name, g.Tags.Whole, g.Tags.Gaps)
	}
	for _, n := range f.Networks {
		add("subnets "+string(n.Realm), n.Subnets.Whole, n.Subnets.Gaps)
		add("routes "+string(n.Realm), n.Routes.Whole, n.Routes.Gaps)
	}
	return out
}

// TestEachActFailing: a list that depends on an act that fails is not whole, and no other.
func TestEachActFailing(t *testing.T) {
	tables := func(names ...string) (out []string) {
		for _, n := range names {
			out = append(out, "table "+n)
		}
		return out
	}
	tags := func(names ...string) (out []string) {
		for _, n := range names {
			out = append(out, "tags "+n)
		}
		return out
	}
	older := []string{"gcp-spoke-1", "gcp-spoke-2", "gcp-spoke-2-hagw", "gcp-spoke-bgp", "gcp-spoke-black",
		"gcp-spoke-down", "gcp-spoke-nonat", "gcp-transit-1"}
	azure := []string{"vpc/AZURE/acme/azure-backend-vnet", "vpc/AZURE/acme/azure-transit-vnet"}
	tagged := tags("gcp-spoke-2", "gcp-spoke-2-hagw", "gcp-spoke-black")
	for _, c := range []struct {
		controller, call, match string
		act                     string // as the gap names it; empty: the call's name
		want                    []string
	}{
		{old, "list_inter_transit_gateway_peering", "", "", tables("gcp-transit-1")},
		{old, "list_site2cloud_conn", "", "", tables(older...)},
		{old, "get_site2cloud_conn_detail", "site-3", "", tables("gcp-transit-1")},
		{old, "get_site2cloud_conn_detail", "site-1", "", tables("gcp-spoke-1")},
		{old, "list_multi_cloud_domain_attachments", "", "", tables(older...)},
		{old, "list_multi_cloud_security_domain_connection_policy", "", "", tables(older...)},
		{old, "get_transit_or_spoke_gateway_details", "gcp-spoke-1", "", tables("gcp-spoke-1")},
		{old, "get_controller_feature", "", "", []string{"sets"}},
		{old, "policy-list3.list", "", "GET microseg/policy-list3", []string{"sets"}},
		{old, "policy-list.get", "", "GET microseg/policy-list", []string{"sets"}},
		{old, "attachment-points.list", "", "GET microseg/attachment-points", []string{"sets"}},
		{old, "default-action-policy.get", "", "GET microseg/default-action-policy", []string{"sets"}},
		{old, "intra-vpc.get", "", "GET microseg/intra-vpc", []string{"sets"}},
		{old, "deploy-policy.get", "", "GET microseg/deploy-policy", []string{"sets"}},
		{old, "app-domains.list", "", "GET app-domains", []string{"sets"}},
		{old, "list_fqdn_filter_tags", "", "", tags(older...)},
		{old, "list_fqdn_filter_tag_attached_gws", "foreign-black", "", tags(older...)},
		{old, "list_fqdn_filter_tag_domain_names", "foreign-black", "", tags("gcp-spoke-black")},
		{old, "list_fqdn_filter_tag_source_ip_filters", "gcp-spoke-black", "", tags("gcp-spoke-black")},
		{old, "list_fqdn_pass_through_cidrs", "gcp-spoke-black", "", tags("gcp-spoke-black")},
		{old, "get_fqdn_exception_rule_status", "", "", tagged},
		{old, "get_fqdn_exact_match_status", "", "", tagged},
		{old, "get_fqdn_private_network_filtering_status", "", "", tagged},
		{newer, "cloud_network_info", "", "", []string{"subnets " + azure[0], "subnets " + azure[1]}},
		{newer, "get_transit_or_spoke_gateway_details", "azure-spoke-10", "",
			[]string{"routes " + azure[0], "table azure-spoke-10"}},
		{newer, "app-domains.list", "", "GET app-domains", []string{"sets"}},
	} {
		t.Run(c.controller+"/"+c.call+"/"+c.match, func(t *testing.T) {
			r := newRig(t)
			read := func() map[string][]string {
				f, err := r.client.Gateways().Fabric(t.Context(), c.controller, []reach.Realm{spokeVPC})
				must(t, err)
				return openLists(f)
			}
			before := read()
			_, err := r.w.AddFault(world.Fault{Vendor: sim.Vendor, Call: c.call, Mode: world.Refuse, Match: c.match,
				Times: world.Always})
			must(t, err)
			if c.act == "" {
				c.act = c.call
			}
			var got []string
			for name, objects := range read() {
				if slices.Contains(objects, c.act) && !slices.Contains(before[name], c.act) ||
					len(objects) > len(before[name]) {
					got = append(got, name)
				}
				if len(objects) > len(before[name]) && !slices.Contains(objects, c.act) {
					t.Errorf("%s: no gap names the act: %v", name, objects)
				}
			}
			slices.Sort(got)
			want := slices.DeleteFunc(c.want, func(name string) bool { return slices.Contains(before[name], c.act) })
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("lists that are not whole (- want, + got):\n%s", diff)
			}
		})
	}
}

// TestWhatCannotBeReadAtAll: without the list of gateways there is nothing to say.
func TestWhatCannotBeReadAtAll(t *testing.T) {
	for _, call := range []string{"list_version_info", "list_vpcs_summary"} {
		r := newRig(t)
		r.fault(call, world.Refuse)
		_, err := r.client.Gateways().Fabric(t.Context(), old, []reach.Realm{spokeVPC})
		wantClass(t, call, err, "refuse refused")
	}
	r := newRig(t)
	_, err := r.client.Gateways().Fabric(t.Context(), "nobody", nil)
	wantClass(t, "unknown controller", err, "refuse unknown-controller")
}

// TestFollowIsBounded: a network without gateways has none, and one gateway brings what it is joined to, once.
func TestFollowIsBounded(t *testing.T) {
	r := newRig(t)
	for realm, want := range map[reach.Realm]string{
		observe.NetworkRealm("acme-net", "plain-vpc"): "",
		observe.NetworkRealm("acme-net", "partner-vpc"): "azure-spoke-10 azure-transit-10 gcp-spoke-10 gcp-spoke-11 " +
			"gcp-transit-10",
		"vpc/AZURE/acme/azure-backend-vnet": "azure-spoke-10 azure-transit-10 gcp-spoke-10 gcp-spoke-11 " +
			"gcp-transit-10",
	} {
		f, err := r.client.Gateways().Fabric(t.Context(), newer, []reach.Realm{realm})
		must(t, err)
		var names []string
		for _, g := range f.Gateways {
			names = append(names, g.Name)
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("%s: got %s, want %s", realm, got, want)
		}
	}
}
