package aviatrix_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/culvertnet/culvert/adapters/simcloud/aviatrix"
	"github.com/culvertnet/culvert/adapters/simcloud/world"
)

const (
	qa = `[{"fqdn":"QA1.backend.example","proto":"tcp","port":"443","verdict":"Allow"}]`
)

func (r *rig) judge(f aviatrix.Flow) aviatrix.Verdict {
	r.t.Helper()
	var v aviatrix.Verdict
	if err := r.w.Do(func(tx *world.Tx) error { v = aviatrix.Judge(tx, f); return nil }); err != nil {
		r.t.Fatal(err)
	}
	return v
}

func (r *rig) steered(gateway string, tags ...string) (is bool) {
	r.t.Helper()
	if err := r.w.Do(func(tx *world.Tx) error {
		is = aviatrix.Steered(tx, "avx-82", gateway, tags)
		return nil
	}); err != nil {
		r.t.Fatal(err)
	}
	return is
}

func flow(source, fqdn string) aviatrix.Flow {
	return aviatrix.Flow{
		Controller: "avx-82", Gateway: "spoke-1", Source: netip.MustParsePrefix(source), FQDN: fqdn, Protocol: "tcp",
		Port: 443,
	}
}

func (r *rig) expect(want aviatrix.Verdict, f aviatrix.Flow) {
	r.t.Helper()
	if got := r.judge(f); got != want {
		r.t.Errorf("%s to %q %s port %d through %s: want %s, got %s", f.Source, f.FQDN, f.Target, f.Port, f.Gateway,
			want, got)
	}
}

func TestATagFromBirthToEnd(t *testing.T) {
	r := newRig(t, "")
	c := r.login("avx-82")
	c.must("add_fqdn_filter_tag", "tag_name", "ours")
	c.refused("already exists", "add_fqdn_filter_tag", "tag_name", "ours")
	c.must("add_fqdn_policies_to_tag", "tag_name", "ours", "policies", qa)
	if rules := c.must("list_fqdn_filter_tag_domain_names", "tag_name", "ours").rows(); len(rules) != 1 ||
		rules[0]["fqdn"] != "qa1.backend.example" {
		t.Errorf("names are kept in lower case: %v", rules)
	}
	c.refused("is not attached to gateway", "update_fqdn_filter_tag_source_ip_filters", "tag_name", "ours",
		"gateway_name", "spoke-1", "source_ips", `["10.8.0.0/28"]`)
	r.expect(aviatrix.Unfiltered, flow("10.8.0.0/28", "evil.example"))
	c.must("attach_fqdn_filter_tag_to_gw", "tag_name", "ours", "gw_name", "spoke-1")
	if !r.steered("spoke-1", "avx-snat-noip") || r.steered("spoke-1", "vpc-connector-europe-west3-x") {
		t.Error("the controller's default route is for one network tag, which a connector cannot carry")
	}
	c.must("set_fqdn_filter_tag_state", "tag_name", "ours", "status", "enabled")
	c.must("update_fqdn_filter_tag_source_ip_filters", "tag_name", "ours", "gateway_name", "spoke-1", "source_ips",
		`["10.8.0.0/28"]`)
	r.changed("added fqdnTag avx-82/ours", "added fqdnDomain avx-82/ours/qa1.backend.example:tcp:443:Allow",
		"added fqdnAttachment avx-82/ours/spoke-1",
		"added fqdnSource avx-82/ours/spoke-1/10.8.0.0/28", "changed gatewayFlag avx-82/spoke-1/fqdn_filtered",
		"added vpcRoute avx-82/spoke-vpc~-~acme-net/avx-snat-noip/spoke-1")
	r.expect(aviatrix.Allowed, flow("10.8.0.0/28", "qa1.backend.example"))
	r.expect(aviatrix.Denied, flow("10.8.0.0/28", "evil.example"))
	r.expect(aviatrix.Denied, flow("10.10.0.7/32", "qa1.backend.example"))
	got := c.must("list_fqdn_filter_tag_source_ip_filters", "tag_name", "ours", "gateway_name", "spoke-1").object()
	if s := texts(got["configured_ips"]); len(s) != 1 || !strings.HasPrefix(s[0], "10.8.0.0/28~~") {
		t.Errorf("sources come back with a label: %v", got)
	}
	c.refused("is attached to gateway spoke-1", "del_fqdn_filter_tag", "tag_name", "ours")
	c.must("detach_fqdn_filter_tag_from_gw", "tag_name", "ours", "gw_name", "spoke-1")
	c.must("del_fqdn_filter_tag", "tag_name", "ours")
	r.clean()
	var calls []string
	for _, e := range r.w.Effects() {
		calls = append(calls, e.Call+" "+e.Kind+" "+e.Effect)
	}
	want := []string{
		"add_fqdn_filter_tag fqdnTag create", "add_fqdn_policies_to_tag fqdnTag update",
		"attach_fqdn_filter_tag_to_gw fqdnAttachment create",
		"set_fqdn_filter_tag_state fqdnTag update", "update_fqdn_filter_tag_source_ip_filters fqdnAttachment update",
		"detach_fqdn_filter_tag_from_gw fqdnAttachment delete", "del_fqdn_filter_tag fqdnTag delete",
	}
	if !slices.Equal(calls, want) {
		t.Errorf("ledger: %v", calls)
	}
}

func TestTheSecondSourceCutsTheFirstOff(t *testing.T) {
	r := newRig(t, "")
	c := r.login("avx-82")
	for _, tag := range []string{"one", "two"} {
		c.must("add_fqdn_filter_tag", "tag_name", tag)
		c.must("add_fqdn_policies_to_tag", "tag_name", tag, "policies", qa)
		c.must("set_fqdn_filter_tag_state", "tag_name", tag, "status", "enabled")
	}
	source := func(tag, cidr string) {
		c.must("update_fqdn_filter_tag_source_ip_filters", "tag_name", tag, "gateway_name", "spoke-1", "source_ips",
			`["`+cidr+`"]`)
	}
	a, b := flow("10.8.0.0/28", "qa1.backend.example"), flow("10.8.0.16/28", "qa1.backend.example")
	c.must("attach_fqdn_filter_tag_to_gw", "tag_name", "one", "gw_name", "spoke-1")
	r.expect(aviatrix.Allowed, a)
	source("one", "10.8.0.0/28")
	source("one", "10.8.0.16/28")
	r.expect(aviatrix.Denied, a)
	c.must("attach_fqdn_filter_tag_to_gw", "tag_name", "two", "gw_name", "spoke-1")
	source("two", "10.8.0.0/28")
	r.expect(aviatrix.Allowed, a)
	r.expect(aviatrix.Allowed, b)
	c.must("update_fqdn_filter_tag_source_ip_filters", "tag_name", "two", "gateway_name", "spoke-1")
	r.expect(aviatrix.Allowed, flow("10.10.0.7/32", "qa1.backend.example")) // cleared: the tag is for everybody
}

func TestColoursMustAgree(t *testing.T) {
	r := newRig(t, "")
	c := r.login("avx-82")
	c.must("add_fqdn_filter_tag", "tag_name", "ours")
	c.refused("same color", "attach_fqdn_filter_tag_to_gw", "tag_name", "ours", "gw_name", "spoke-black")
	c.must("attach_fqdn_filter_tag_to_gw", "tag_name", "ours", "gw_name", "spoke-2")
	c.refused("same color", "set_fqdn_filter_tag_color", "tag_name", "ours", "color", "black")
	c.refused("when it is down", "attach_fqdn_filter_tag_to_gw", "tag_name", "ours", "gw_name", "spoke-down")
}

func TestRulesAreChecked(t *testing.T) {
	c := newRig(t, "").login("avx-82")
	c.must("add_fqdn_filter_tag", "tag_name", "ours")
	for _, tc := range []struct{ fqdn, proto, port, text string }{
		{"a.example", "tcp", "22-220", "port[22-220] range must be within the caped limit of:100"},
		{"*.example", "tcp", "8443", "wildcard"},
		{"a.example", "icmp", "443", "needs port[ping]"},
		{"a.example", "all", "443", "needs port[all]"},
		{"a.example", "gre", "1", "protocol[gre]"},
		{"a.example", "tcp", "https", "port[https] is invalid"},
	} {
		rule := fmt.Sprintf(`[{"fqdn":%q,"proto":%q,"port":%q}]`, tc.fqdn, tc.proto, tc.port)
		c.refused(tc.text, "add_fqdn_policies_to_tag", "tag_name", "ours", "policies", rule)
	}
	c.must("set_fqdn_filter_tag_domain_names", "tag_name", "ours", "domain_names[0][fqdn]", "*.a.example",
		"domain_names[0][proto]", "tcp",
		"domain_names[0][port]", "443", "domain_names[0][verdict]", "Allow")
	c.must("add_fqdn_policies_to_tag", "tag_name", "ours", "policies", qa)
	c.refused("already exists", "add_fqdn_policies_to_tag", "tag_name", "ours", "policies", qa)
	c.must("delete_fqdn_policies_to_tag", "tag_name", "ours", "policies", qa)
	c.refused("the following rules were not found", "delete_fqdn_policies_to_tag", "tag_name", "ours", "policies", qa)
	c.must("set_fqdn_filter_tag_domain_names", "tag_name", "ours")
	if rules := c.must("list_fqdn_filter_tag_domain_names", "tag_name", "ours").rows(); len(rules) != 0 {
		t.Errorf("the whole list was replaced by nothing: %v", rules)
	}
}

func TestPrivateDestinationsAreNotLookedAt(t *testing.T) {
	r := newRig(t, "")
	c := r.login("avx-82")
	inside := aviatrix.Flow{Controller: "avx-82", Gateway: "spoke-2", Source: netip.MustParsePrefix("10.20.0.0/28"),
		Target: netip.MustParseAddr("10.99.0.4"), Protocol: "tcp", Port: 80}
	r.expect(aviatrix.Unfiltered, inside)
	c.must("enable_fqdn_on_private_networks")
	c.refused("No change in", "enable_fqdn_on_private_networks")
	r.expect(aviatrix.Denied, inside)
	if got := c.must("get_fqdn_private_network_filtering_status").object(); got["private_sub_filter"] != "enabled" {
		t.Errorf("status: %v", got)
	}
	c.must("disable_fqdn_on_custom_networks", "source_ips", `["10.99.0.0/16"]`)
	r.expect(aviatrix.Unfiltered, inside)
	c.must("disable_fqdn_on_private_networks")
	r.clean()
	named := inside
	named.Target, named.FQDN, named.Port = netip.Addr{}, "", 443
	r.expect(aviatrix.Allowed, named) // no server name: the exception rule lets it through
	c.must("disable_fqdn_exception_rule")
	r.expect(aviatrix.Denied, named)
	named.FQDN = "old-updates.example.com.evil.example"
	r.expect(aviatrix.Allowed, named) // a rule is a substring
	c.must("enable_fqdn_exact_match")
	r.expect(aviatrix.Denied, named)
}

func TestTheBlackTagAndPassThrough(t *testing.T) {
	r := newRig(t, "")
	c := r.login("avx-82")
	f := flow("10.30.0.0/28", "bad.example")
	f.Gateway = "spoke-black"
	r.expect(aviatrix.Denied, f)
	f.FQDN = "fine.example"
	r.expect(aviatrix.Allowed, f)
	c.refused("is not enabled", "update_fqdn_pass_through_cidrs", "gateway_name", "spoke-1", "source_cidrs",
		`["10.10.0.0/28"]`)
	c.must("update_fqdn_pass_through_cidrs", "gateway_name", "spoke-black", "source_cidrs", `["10.30.0.0/24"]`)
	r.expect(aviatrix.Unfiltered, f)
}

func TestTheNewControllerHasNoTags(t *testing.T) {
	c := newRig(t, "").login("avx-100")
	for _, action := range []string{"add_fqdn_filter_tag", "list_fqdn_filter_tags", "attach_fqdn_filter_tag_to_gw"} {
		c.refused("Invalid action", action, "tag_name", "x")
	}
}
