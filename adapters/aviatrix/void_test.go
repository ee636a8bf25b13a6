package aviatrix_test

import (
	"strings"
	"testing"

	"github.com/culvertnet/culvert/workers/policy"
)

// TestWebGroupCheckAsksWhatEnforces: a filter is refused where the firewall would not decide, with what to do.
func TestWebGroupCheckAsksWhatEnforces(t *testing.T) {
	const path = "/v2.5/api/microseg/"
	point := told{path + "attachment-points?name=TERRAFORM_BEFORE_UI_MANAGED": `[{"attachment_point_id":"p1",` +
		`"name":"TERRAFORM_BEFORE_UI_MANAGED"}]`}
	for name, c := range map[string]struct {
		more         told
		class, words string
	}{
		"source NAT is off": {told{"list_vpcs_summary": "[" + spokeRow(`{"enable_nat":"no"}`) + "]"},
			"refuse source-nat-off", "enable it"},
		"the feature is off": {told{"get_controller_feature": `{"enabled":false}`}, "refuse void", "enable it"},
		"not deployed to the cloud": {told{path + "deploy-policy": `{"providers":["AWS"]}`}, "refuse void",
			"not deployed to GCP"},
		"deployment may not be read": {told{path + "deploy-policy": "!403 no"}, "refuse permission", "deployment"},
		"all is well":                {told{}, "", ""},
		"deployed by default":        {told{path + "deploy-policy": `{"providers":[],"set_defaults":true}`}, "", ""},
	} {
		f := webFilter()
		f.Controller, f.Gateway, f.Network = "c", "gw", "projects/proj/global/networks/net"
		rec := &recorder{to: small().with(point).with(c.more)}
		_, err := rec.client(t).WebGroups().Filters.Check(t.Context(), f)
		if c.class == "" {
			must(t, err)
			continue
		}
		wantClass(t, name, err, c.class)
		if err == nil || !strings.Contains(err.Error(), c.words) {
			t.Errorf("%s: got %v, want words %q", name, err, c.words)
		}
	}
}

// TestVoidBySurroundings: a filter whose groups and rules are there is void where the firewall does not decide, or
// where a rule of an earlier place lets everything pass.
func TestVoidBySurroundings(t *testing.T) {
	const path = "/v2.5/api/microseg/"
	const before, after = "TERRAFORM_BEFORE_UI_MANAGED", "TERRAFORM_AFTER_UI_MANAGED"
	const open = `{"uuid":"o","name":"open","action":"PERMIT","priority":1,"protocol":"PROTOCOL_UNSPECIFIED",` +
		`"src_ads":["def000ad-0000-0000-0000-000000000000"],"dst_ads":["def000ad-0000-0000-0000-000000000000"]}`
	f := policy.Filter{Via: "aviatrix-webgroup", Name: "ours", Controller: "c", Gateway: "gw", Source: "10.8.0.0/28",
		Default: "deny", Rules: []policy.Rule{{FQDN: "a.example", Protocol: "tcp", Ports: []string{"443"}}}}
	groups := told{"/v2.5/api/app-domains": `{"app_domains":[
		{"uuid":"src","name":"ours-src","selector":{"any":[{"all":{"cidr":"10.8.0.0/28"}}]}},
		{"uuid":"web","name":"ours-web-tcp-443","selector":{"any":[{"all":{"snifilter":"a.example"}}]}}]}`,
		path + "attachment-points?name=" + before: `[{"attachment_point_id":"p1","name":"` + before + `"}]`,
		path + "attachment-points?name=" + after:  `[{"attachment_point_id":"p2","name":"` + after + `"}]`}
	lines, err := (&recorder{to: small().with(groups)}).client(t).WebGroups().Rules.Rules(t.Context(), f)
	must(t, err)
	sets := func(point, first string) told {
		return told{path + "policy-list3": `{"dcf_policies":[` + first +
			`{"uuid":"s","name":"shared","attach_to":"` + point + `","policies":[` + strings.Join(lines, ",") + `]}]}`}
	}
	down := told{"list_vpcs_summary": "[" + spokeRow(`{"vpc_state":"DOWN"}`) + "]"}
	second := told{"list_vpcs_summary": "[" + spokeRow(`{"vpc_state":"DOWN","hagw_details":{"vpc_name":"gw-hagw"}}`) +
		"]"}
	noNAT := told{"list_vpcs_summary": "[" + spokeRow(`{"enable_nat":"no"}`) + "]"}
	byHand := told{path + "policy-list": `{"policies":[` + open + `]}`}
	early := `{"uuid":"e","name":"early","attach_to":"p1","policies":[` + open + `]},`
	for name, c := range map[string]struct {
		point string
		sets  told
		more  told
		want  string
	}{
		"in force":                    {before, sets("p1", ""), nil, ""},
		"source NAT is off":           {before, sets("p1", ""), noNAT, "does not translate sources"},
		"the gateway is down":         {before, sets("p1", ""), down, "is DOWN"},
		"the first of a pair is down": {before, sets("p1", ""), second, ""},
		"not deployed": {before, sets("p1", ""), told{path + "deploy-policy": `{"providers":["AWS"]}`},
			"not deployed to GCP"},
		"the feature is off": {before, sets("p1", ""), told{"get_controller_feature": `{"enabled":"no"}`},
			"firewall of c is off"},
		"behind the first place":         {after, sets("p2", ""), nil, ""},
		"an open rule by hand":           {after, sets("p2", ""), byHand, "rule open of policy-list"},
		"an open rule in an earlier set": {after, sets("p2", early), nil, "rule open of early"},
		"an open rule behind ours":       {before, sets("p1", ""), byHand, ""},
	} {
		rec := &recorder{to: small().with(groups).with(c.sets).with(c.more)}
		got, err := rec.clientOn(t, c.point).WebGroups().Filters.Get(t.Context(), f)
		must(t, err)
		if !got.InForce || (c.want == "") != (got.Void == "") || !strings.Contains(got.Void, c.want) {
			t.Errorf("%s: in force %v, void %q; want %q", name, got.InForce, got.Void, c.want)
		}
	}
	unread := sets("p2", "").with(told{path + "policy-list": "!500 broken"})
	rec := &recorder{to: small().with(groups).with(unread)}
	_, err = rec.clientOn(t, after).WebGroups().Filters.Get(t.Context(), f)
	wantClass(t, "an earlier list cannot be read", err, "retry unreadable")
}
