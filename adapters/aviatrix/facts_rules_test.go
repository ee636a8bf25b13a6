package aviatrix_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/culvertnet/culvert/events/reach"
)

// Groups of the tests: by range, by what the inventory knows, by label, by what no call shows.
const someGroups = `{"app_domains":[
	{"uuid":"def000ad-0000-0000-0000-000000000000","name":"Anywhere (0.0.0.0/0)","selector":{"any":[{"all":{"cidr":"0.0.0.0/0"}}]}},
	{"uuid":"cidr","name":"cidr","selector":{"any":[{"all":{"cidr":"10.1.0.0/16"}},{"all":{"cidr":"10.3.0.7"}}]}},
	{"uuid":"both","name":"both","selector":{"any":[{"all":{"cidr":"10.1.0.0/16"}},{"all":{"type":"vm","tags.team":"x"}}]}},
	{"uuid":"narrowed","name":"narrowed","selector":{"any":[{"all":{"cidr":"10.1.0.0/16","tags.team":"x"}}]}},
	{"uuid":"vpc","name":"vpc","selector":{"any":[{"all":{"type":"vpc","name":"vnet","region":"westeurope"}}]}},
	{"uuid":"vpc-id","name":"vpc-id","selector":{"any":[{"all":{"type":"vpc","res_id":"vnet:rg:1"}}]}},
	{"uuid":"vpc-other","name":"vpc-other","selector":{"any":[{"all":{"type":"vpc","name":"else"}}]}},
	{"uuid":"vpc-label","name":"vpc-label","selector":{"any":[{"all":{"type":"vpc","tags.env":"prod"}}]}},
	{"uuid":"subnet","name":"subnet","selector":{"any":[{"all":{"type":"subnet","name":"a"}}]}},
	{"uuid":"label","name":"label","selector":{"any":[{"all":{"type":"vm","tags.team":"x"}}]}},
	{"uuid":"serverless","name":"serverless","selector":{"any":[{"all":{"type":"serverless","name":"f"}}]}},
	{"uuid":"fqdn","name":"fqdn","selector":{"any":[{"all":{"fqdn":"db.example"}}]}},
	{"uuid":"s2c","name":"s2c","selector":{"any":[{"all":{"s2c":"site-1"}}]}},
	{"uuid":"geo","name":"geo","selector":{"any":[{"all":{"external":"geo","country_iso_code":"DE"}}]}},
	{"uuid":"bad","name":"bad","selector":{"any":[{"all":{"cidr":"10.1"}}]}},
	{"uuid":"empty","name":"empty","selector":{"any":[]}},
	{"uuid":"web","name":"web","selector":{"any":[{"all":{"snifilter":"*.Good.example"}},{"all":{"snifilter":"a.example"}}]}},
	{"uuid":"url","name":"url","selector":{"any":[{"all":{"urlfilter":"https://a.example/x"}}]}}]}`

// withRule is a controller with one rule made by hand.
func withRule(rule string) told {
	return small().with(told{"/v2.5/api/app-domains": someGroups,
		"/v2.5/api/microseg/policy-list": `{"policies":[` + rule + `]}`})
}

const plainRule = `{"uuid":"r1","name":"r","action":"PERMIT","priority":7,"protocol":"TCP","src_ads":["cidr"],` +
	`"dst_ads":["def000ad-0000-0000-0000-000000000001"],"port_ranges":[{"lo":443}],"logging":true,` +
	`"log_profile":"def000ad-7000-0000-0000-000000000001","flow_app_requirement":"APP_UNSPECIFIED",` +
	`"decrypt_policy":"DECRYPT_UNSPECIFIED","metadata":{"terraform":{"resource_type":"terraform-policy"}}}`

func TestFactsOfRules(t *testing.T) {
	const from, web = " from 10.1.0.0/16,10.3.0.7/32", ", protocol 6 port 443"
	const to = " to public"
	const perhaps = " to none and maybe 10.1.0.0/16,10.3.0.7/32"
	for name, c := range map[string]struct{ more, want string }{
		"plain":          {``, "7 r allow" + from + to + web},
		"deny":           {`{"action":"DENY"}`, "7 r deny" + from + to + web},
		"inspected":      {`{"action":"INTRUSION_DETECTION_PERMIT"}`, "7 r inspect" + from + to + web},
		"deep":           {`{"action":"DEEP_PACKET_INSPECTION_PERMIT"}`, "7 r inspect" + from + to + web},
		"tls profile":    {`{"tls_profile":"def000ad-6000-0000-0000-000000000001"}`, "7 r inspect" + from + to + web},
		"watched":        {`{"watch":true}`, "7 r allow watched" + from + to + web},
		"monitored":      {`{"enforcement":"MONITOR"}`, "7 r allow watched" + from + to + web},
		"disabled":       {`{"enforcement":"DISABLE"}`, "7 r allow watched" + from + to + web},
		"enforced":       {`{"enforcement":"ENFORCE"}`, "7 r allow" + from + to + web},
		"both modes":     {`{"enforcement":"ENFORCE","watch":true}`, "list-not-whole GET microseg/policy-list3"},
		"unknown mode":   {`{"enforcement":"SOMETIMES"}`, "list-not-whole GET microseg/policy-list3"},
		"unknown action": {`{"action":"REDIRECT"}`, "list-not-whole GET microseg/policy-list3"},
		"unknown proto":  {`{"protocol":"SCTP"}`, "list-not-whole GET microseg/policy-list3"},
		"udp range": {`{"protocol":"UDP","port_ranges":[{"lo":53,"hi":53},{"lo":8000,"hi":8010}]}`,
			"7 r allow" + from + to + ", protocol 17 port 53,8000-8010"},
		"icmp":       {`{"protocol":"ICMP","port_ranges":[]}`, "7 r allow" + from + to + ", protocol 1"},
		"any":        {`{"protocol":"PROTOCOL_UNSPECIFIED","port_ranges":null}`, "7 r allow" + from + to + ", any"},
		"left out":   {`{"protocol":"","port_ranges":[]}`, "7 r allow" + from + to + ", any"},
		"any ported": {`{"protocol":"ANY"}`, "7 r allow" + from + to + ", protocol 6 port 443 or protocol 17 port 443"},
		"names": {`{"web_filters":["web"]}`,
			"7 r allow" + from + to + ", protocol 6 port 443, names [*.good.example a.example]"},
		"a url": {`{"web_filters":["url"],"src_ads":["cidr"],"dst_ads":["cidr"]}`,
			"7 r allow" + from + perhaps + " (inspected url)" + web + ", names [*]"},
		"a web group of nobody": {`{"web_filters":["gone"],"dst_ads":["cidr"]}`, "7 r allow" + from +
			perhaps + " (list-not-whole GET app-domains)" + web + ", names [*]"},
		"an unknown key": {`{"schedule":"nights","dst_ads":["cidr"]}`, "7 r allow" + from +
			perhaps + " (list-not-whole r)" + web},
		"an unknown key that is off": {`{"schedule":"","nested":false}`, "7 r allow" + from + to + web},
		"tls asked for": {`{"flow_app_requirement":"TLS_REQUIRED","dst_ads":["cidr"]}`, "7 r allow" + from +
			perhaps + " (inspected r)" + web},
		"an egress path": {`{"egress_path":"p","dst_ads":["cidr"]}`, "7 r allow" + from +
			perhaps + " (no-document r)" + web},
		"another form": {`{"priority":"first"}`, "list-not-whole GET microseg/policy-list3"},
	} {
		sets := withRule(merged(plainRule, c.more)).facts(t).Controller.Sets
		var got []string
		for _, set := range sets.Items {
			for _, r := range set.Rules {
				got = append(got, fmt.Sprintf("%d %s %s%s from %s to %s, %s%s", r.Priority, r.Object, r.Act,
					word(r.Watches, " watched"), short(r.Src), short(r.Dst), layers(r.Layer4),
					word(len(r.Web) > 0, fmt.Sprintf(", names %v", r.Web))))
			}
		}
		if !sets.Whole {
			got = append(got, causes(sets.Gaps))
		}
		if strings.Join(got, "; ") != c.want {
			t.Errorf("%s:\ngot  %s\nwant %s", name, strings.Join(got, "; "), c.want)
		}
	}
}

// short is a group without the sentences of its gaps.
func short(g reach.Group) string {
	text := grouped(reach.Group{Ranges: g.Ranges, Maybe: g.Maybe})
	for _, gap := range g.Unread {
		text += fmt.Sprintf(" (%s %s)", gap.Cause, gap.Object)
	}
	return text
}

func TestFactsOfGroups(t *testing.T) {
	const all = "0.0.0.0/0,::/0"
	for group, want := range map[string]string{
		"def000ad-0000-0000-0000-000000000000": "0.0.0.0/0",
		"def000ad-0000-0000-0000-000000000001": "public",
		"cidr":                                 "10.1.0.0/16,10.3.0.7/32",
		"both":                                 "10.1.0.0/16 and maybe 0.0.0.0/5,8.0.0.0/7,10.0.0.0/16,",
		"narrowed":                             "none and maybe 10.1.0.0/16",
		"vpc":                                  "10.20.0.0/16",
		"vpc-id":                               "10.20.0.0/16",
		"vpc-other":                            "none",
		"vpc-label":                            "none and maybe 10.20.0.0/16",
		"subnet":                               "10.20.1.0/24",
		"label":                                "none and maybe " + all,
		"serverless":                           "none and maybe " + all,
		"fqdn":                                 "none (name-unresolved fqdn)",
		"s2c":                                  "none (far-side s2c)",
		"geo":                                  "none (list-not-whole geo)",
		"bad":                                  "none (list-not-whole bad)",
		"empty":                                "none",
		"gone":                                 "none (list-not-whole GET app-domains)",
	} {
		f := withRule(merged(plainRule, `{"src_ads":["`+group+`"]}`)).facts(t)
		got := short(f.Controller.Sets.Items[0].Rules[0].Src)
		if got != want && !(strings.HasSuffix(want, ",") && strings.HasPrefix(got, want)) {
			t.Errorf("%s: got %s, want %s", group, got, want)
		}
	}
	f := withRule(merged(plainRule, `{"src_ads":["vpc"]}`)).with(told{"cloud_network_info": "!no"}).facts(t)
	if got := short(f.Controller.Sets.Items[0].Rules[0].Src); got != "none (list-not-whole cloud_network_info)" {
		t.Errorf("without an inventory: got %s", got)
	}
}

// TestFactsOfTheOrder: rule sets go by their places, the rules made by hand between the first and the second, groups by
// their priorities, whatever the order of the answer.
func TestFactsOfTheOrder(t *testing.T) {
	rule := func(name string) string { return merged(plainRule, `{"name":"`+name+`","uuid":"`+name+`"}`) }
	set := func(name, more string) string {
		return merged(`{"uuid":"`+name+`","name":"`+name+`","policies":[`+rule(name+"-1")+`],"metadata":{}}`, more)
	}
	const path = "/v2.5/api/microseg/"
	points := told{
		path + "attachment-points?name=TERRAFORM_BEFORE_UI_MANAGED": `[{"attachment_point_id":"p1","name":"TERRAFORM_BEFORE_UI_MANAGED"}]`,
		path + "attachment-points?name=TERRAFORM_AFTER_UI_MANAGED":  `[{"attachment_point_id":"p2","name":"TERRAFORM_AFTER_UI_MANAGED"}]`,
		path + "attachment-points?name=ours":                        `[{"attachment_point_id":"p9","name":"ours"}]`,
		path + "policy-list":                                        `{"policies":[` + rule("hand") + `]}`,
	}
	for name, c := range map[string]struct{ sets, want, gaps string }{
		"three places": {set("late", `{"attach_to":"p2"}`) + "," + set("early", `{"attach_to":"p1"}`),
			"early policy-list late", ""},
		"a set that is attached nowhere": {set("idle", ``), "policy-list", ""},
		"a set at an unknown place": {set("lost", `{"attach_to":"p7"}`), "policy-list",
			"list-not-whole GET microseg/policy-list3"},
		"a set of the controller's own": {set("system", `{"system_resource":true}`), "policy-list",
			"list-not-whole GET microseg/policy-list3"},
		"the same rules twice": {set("ui", `{"system_resource":true,"policies":[`+rule("hand")+`]}`),
			"policy-list", ""},
		"the default action as a rule": {set("post", `{"system_resource":true,"policies":[`+
			merged(plainRule, `{"uuid":"defa11a1-0000-0000-0000-000000000000"}`)+`]}`), "policy-list", ""},
		"a group": {set("group", `{"attach_to":"p1","policies":[],"sub_policies":[`+
			`{"name":"b","priority":2,"list":"second"},{"name":"a","priority":1,"block":"inner"},`+
			`{"name":"c","priority":3,"attachment_point":{"name":"ours"}}]}`) + "," + set("second", ``) + "," +
			set("inner", `{"policies":[],"sub_policies":[{"name":"x","priority":0,"list":"first"}]}`) + "," +
			set("first", ``) + "," + set("mine", `{"attach_to":"p9"}`), "first second mine policy-list", ""},
		"a group that has itself": {set("group", `{"attach_to":"p1","sub_policies":[{"priority":1,"list":"group"}]}`),
			"group policy-list", ""},
	} {
		f := withRule("").with(points).with(told{path + "policy-list3": `{"dcf_policies":[` + c.sets + `]}`}).facts(t)
		var got []string
		for _, s := range f.Controller.Sets.Items {
			got = append(got, s.Object)
		}
		if strings.Join(got, " ") != c.want || causes(f.Controller.Sets.Gaps) != c.gaps {
			t.Errorf("%s: got %v, %s; want %s, %s", name, got, causes(f.Controller.Sets.Gaps), c.want, c.gaps)
		}
	}
}
