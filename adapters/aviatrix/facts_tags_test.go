package aviatrix_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/culvertnet/culvert/events/reach"
)

// withTag is a controller of the old kind whose gateway has one tag with some rules.
func withTag(tag string, rules ...string) told {
	return small().with(told{
		"list_version_info":                 `{"current_version":"UserConnect-8.2.20"}`,
		"list_fqdn_filter_tags":             `{"tag":` + tag + `}`,
		"list_fqdn_filter_tag_domain_names": "[" + strings.Join(rules, ",") + "]",
	})
}

const (
	whiteTag = `{"wbmode":"white","state":"enabled"}`
	blackTag = `{"wbmode":"black","state":"enabled"}`
)

func TestFactsOfTags(t *testing.T) {
	name := func(more string) string {
		return merged(`{"fqdn":"A.example","proto":"tcp","port":"443","verdict":"Base Policy"}`, more)
	}
	exact := told{"get_fqdn_exact_match_status": `"enabled"`}
	const tls = " protocol 6 port 443"
	for about, c := range map[string]struct {
		tag, rule, want string
		more            told
		gap             bool
	}{
		"a name is looked for anywhere": {whiteTag, name(``), "allow *a.example*" + tls, nil, false},
		"with exact match it is not":    {whiteTag, name(``), "allow a.example" + tls, exact, false},
		"a wildcard": {whiteTag, name(`{"fqdn":"*.a.example"}`), "allow *.a.example" + tls, nil,
			false},
		"all names": {whiteTag, name(`{"fqdn":"*"}`), "allow *" + tls, nil, false},
		"black":     {blackTag, name(``), "deny *a.example*" + tls, nil, false},
		"denied":    {whiteTag, name(`{"verdict":"Deny"}`), "deny *a.example*" + tls, nil, false},
		"allowed":   {whiteTag, name(`{"verdict":"Allow"}`), "allow *a.example*" + tls, nil, false},
		"black but": {blackTag, name(`{"verdict":"Allow"}`), "allow *a.example*" + tls, nil, true},
		"ports": {whiteTag, name(`{"port":"8000-8099"}`),
			"allow *a.example* protocol 6 port 8000-8099", nil, false},
		"udp": {whiteTag, name(`{"proto":"udp"}`), "allow *a.example* protocol 17 port 443",
			nil, false},
		"all": {whiteTag, name(`{"proto":"all","port":"all"}`), "allow *a.example* any",
			nil, false},
		"icmp": {whiteTag, name(`{"proto":"icmp","port":"ping"}`),
			"allow *a.example* protocol 1", nil, false},
		"a protocol": {whiteTag, name(`{"proto":"gre"}`), "", nil, true},
		"a port":     {whiteTag, name(`{"port":"https"}`), "", nil, true},
		"a verdict":  {whiteTag, name(`{"verdict":"Maybe"}`), "", nil, true},
		"an address": {whiteTag, name(`{"fqdn":"203.0.113.9"}`), "", nil, true},
		"a colour": {`{"wbmode":"grey","state":"enabled"}`, name(``), "allow *a.example*" + tls,
			nil, true},
		"some private networks": {whiteTag, name(``), "allow *a.example*" + tls,
			told{"get_fqdn_private_network_filtering_status": `{"private_sub_filter":"custom"}`}, true},
		"exception rule in another word": {whiteTag, name(``), "allow *a.example*" + tls,
			told{"get_fqdn_exception_rule_status": `"partly"`}, true},
		"permission": {whiteTag, name(``), "", told{
			"list_fqdn_filter_tag_domain_names": "!User admin does not have permission to run this action."}, true},
	} {
		t.Run(about, func(t *testing.T) {
			f := withTag(c.tag, c.rule).with(c.more).facts(t)
			g := gatewayNamed(t, f, "gw")
			if len(g.Tags.Items) != 1 || !g.Tags.Items[0].Enabled ||
				g.Tags.Items[0].Sources.String() != "10.10.0.0/28" || g.PassThrough.String() != "10.9.0.0/24" ||
				f.Controller.Private {
				t.Fatalf("got %s", rendered(f))
			}
			var got []string
			for _, r := range g.Tags.Items[0].Rules {
				got = append(got, fmt.Sprintf("%s %s %s", r.Act, r.Name, layers([]reach.Layer4{r.Layer4})))
			}
			if strings.Join(got, "; ") != c.want || g.Tags.Whole == c.gap {
				t.Errorf("got %v, gaps %v; want %s", got, g.Tags.Gaps, c.want)
			}
		})
	}
}

// TestFactsOfTheTagsSwitches: what holds for all tags of a controller.
func TestFactsOfTheTagsSwitches(t *testing.T) {
	f := withTag(whiteTag).with(told{"get_fqdn_exception_rule_status": `"disabled"`,
		"get_fqdn_private_network_filtering_status": `"enabled"`}).facts(t)
	if f.Controller.Exception || !f.Controller.Private {
		t.Errorf("got %s", rendered(f))
	}
	f = withTag(`{"wbmode":"black","state":"disabled"}`).facts(t)
	if tag := gatewayNamed(t, f, "gw").Tags.Items[0]; tag.Enabled || tag.White || !f.Controller.Exception {
		t.Errorf("got %s", rendered(f))
	}
	f = withTag(whiteTag).with(told{"list_fqdn_filter_tag_attached_gws": `["elsewhere"]`,
		"get_fqdn_exception_rule_status": "!no"}).facts(t)
	if tags := gatewayNamed(t, f, "gw").Tags; !tags.Whole || len(tags.Items) > 0 {
		t.Errorf("a switch of tags counts where there is no tag: %s", rendered(f))
	}
}

// TestFactsByRelease: what a release does not have is not asked for, and what it has and does not answer is a gap.
func TestFactsByRelease(t *testing.T) {
	version := func(v string) told { return told{"list_version_info": `{"current_version":"` + v + `"}`} }
	noTags := told{"list_fqdn_filter_tags": "!Invalid action: list_fqdn_filter_tags."}
	noLists := told{"/v2.5/api/microseg/policy-list3": "!404 not found"}
	for about, c := range map[string]struct {
		more []told
		want string
	}{
		"8.2 without tags":          {[]told{version("8.2.0"), noTags}, "tags gw"},
		"8.3 without tags":          {[]told{version("8.3.0"), noTags}, ""},
		"9.0 is not asked for tags": {[]told{version("9.0.1"), {"list_fqdn_filter_tags": "!AVXERR-X"}}, ""},
		"8.2 with one list only":    {[]told{version("8.2.0"), noLists}, ""},
		"9.0 with one list only":    {[]told{version("9.0.0"), noLists}, "sets"},
		"8.1 without deployment":    {[]told{version("8.1.0"), {"/v2.5/api/microseg/deploy-policy": "!404 none"}}, ""},
		"8.2 without deployment": {[]told{version("8.2.0"), {"/v2.5/api/microseg/deploy-policy": "!404 none"}},
			"sets"},
		"no firewall at all":  {[]told{version("8.2.0"), {"get_controller_feature": "!Invalid action"}}, ""},
		"an empty deployment": {[]told{version("10.1.0"), {"/v2.5/api/microseg/deploy-policy": "{}"}}, "sets"},
		"another default action": {[]told{version("10.1.0"),
			{"/v2.5/api/microseg/default-action-policy": `{"action":"ASK"}`}}, "sets"},
		"a list inside networks": {[]told{version("10.1.0"), {"/v2.5/api/microseg/intra-vpc": `{"vpcs":[` +
			`{"vpc_id":"net~-~proj","account_name":"acme"},{"vpc_id":"gone","account_name":"acme"}]}`}}, ""},
	} {
		t.Run(about, func(t *testing.T) {
			a := small()
			for _, more := range c.more {
				a = a.with(more)
			}
			f := a.facts(t)
			var got []string
			for name := range openLists(f) {
				got = append(got, name)
			}
			if strings.Join(got, " ") != c.want {
				t.Errorf("not whole: got %v, want %q", got, c.want)
			}
			inside := fmt.Sprint(f.Controller.IntraVPC)
			if about == "a list inside networks" && inside != "["+realm(f.Gateways[0])+"]" {
				t.Errorf("inside: got %v", inside)
			}
		})
	}
}

// TestWordsOfPermission: a refusal for want of a permission says so, on both paths.
func TestWordsOfPermission(t *testing.T) {
	f := small().with(told{
		"list_site2cloud_conn":                "!Permission denied for user reader.",
		"/v2.5/api/microseg/deploy-policy":    "!403 You do not have permission to access this resource.",
		"/v2.5/api/microseg/intra-vpc":        "!403 Forbidden by policy.",
		"list_multi_cloud_domain_attachments": "![AVXERR-SECDOMAIN-0001] broken",
	}).facts(t)
	const want = "not-allowed-to-read list_site2cloud_conn; list-not-whole list_multi_cloud_domain_attachments"
	if got := causes(gatewayNamed(t, f, "gw").Table.Gaps); got != want {
		t.Errorf("table: got %s, want %s", got, want)
	}
	const sets = "not-allowed-to-read GET microseg/deploy-policy; not-allowed-to-read GET microseg/intra-vpc"
	if got := causes(f.Controller.Sets.Gaps); got != sets {
		t.Errorf("sets: got %s, want %s", got, sets)
	}
}
