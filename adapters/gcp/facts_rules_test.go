package gcp_test

import (
	"strings"
	"testing"

	"github.com/culvertnet/culvert/events/reach"
)

// policyWith is a network in whose global policy one rule stands.
func policyWith(rule string) vendor {
	return vendor{home + "/global/networks/n/getEffectiveFirewalls": `{"firewallPolicys":[{"name":"pol",
		"type":"NETWORK","rules":[` + rule + `]}]}`}
}

const tcp443 = `"layer4Configs":[{"ipProtocol":"tcp","ports":["443"]}]`

// TestPolicyRules has each field of a rule, and the neighbour that must not be taken for it.
func TestPolicyRules(t *testing.T) {
	for _, c := range []struct{ name, rule, want string }{
		{"by range", `{"priority":7,"direction":"EGRESS","action":"allow","ruleName":"a","match":{"srcIpRanges":["10.1.2.3/8"],
			"destIpRanges":["10.2.0.0/16","2001:db8::/32"],` + tcp443 + `}}`,
			"pol rule 7 (a): 7 out allow from 10.0.0.0/8 to 10.2.0.0/16,2001:db8::/32, protocols 6:443, for all"},
		{"priority 0, ingress, deny", `{"action":"deny","direction":"INGRESS","match":{"srcIpRanges":["0.0.0.0/0"],
			"layer4Configs":[{"ipProtocol":"all"}]}}`,
			"pol rule 0: 0 in deny from 0.0.0.0/0 to anywhere, protocols 0-255, for all"},
		{"goto_next, disabled", `{"priority":1,"direction":"EGRESS","action":"goto_next","disabled":true,
			"match":{"destIpRanges":["::/0"],"layer4Configs":[{"ipProtocol":"58"},{"ipProtocol":"udp",
			"ports":["53","1000-2000"]}]}}`,
			"pol rule 1: 1 out next from anywhere to ::/0, protocols 58 17:53,1000-2000, for all, disabled"},
		{"inspection", `{"priority":2,"direction":"EGRESS","action":"apply_security_profile_group","match":{
			"destIpRanges":["0.0.0.0/0"],` + tcp443 + `}}`,
			"pol rule 2: 2 out inspect from anywhere to 0.0.0.0/0, protocols 6:443, for all"},
		{"an unknown action may do anything", `{"priority":3,"direction":"EGRESS","action":"mirror","match":{
			"destIpRanges":["0.0.0.0/0"],` + tcp443 + `}}`,
			"pol rule 3: 3 out inspect from anywhere to 0.0.0.0/0 [list-not-whole: the action \"mirror\" is " +
				"unknown], protocols 6:443, for all"},
		{"names", `{"priority":4,"direction":"EGRESS","action":"allow","match":{"destFqdns":["Git.Example.","b.example"],` +
			tcp443 + `}}`, "pol rule 4: 4 out allow from anywhere to git.example b.example, protocols 6:443, for all"},
		{"a sender's name", `{"priority":4,"direction":"INGRESS","action":"allow","match":{"srcFqdns":["a.example"],` +
			tcp443 + `}}`, "pol rule 4: 4 in allow from [name-unresolved: the rule names the sender a.example] to " +
			"anywhere, protocols 6:443, for all"},
		{"lists that nobody shows", `{"priority":5,"direction":"EGRESS","action":"deny","match":{
			"destAddressGroups":["g"],"destRegionCodes":["DE"],"destThreatIntelligences":["iplist-tor"],` + tcp443 + `}}`,
			"pol rule 5: 5 out deny from anywhere to [not-allowed-to-read: the rule names the address group g, which " +
				"is not read] [may-change: the rule names the threat list iplist-tor] [may-change: the rule names " +
				"the addresses of the country DE], protocols 6:443, for all"},
		{"a context", `{"priority":6,"direction":"EGRESS","action":"deny","match":{"destNetworkType":"INTERNET",
			"destIpRanges":["0.0.0.0/0"],` + tcp443 + `}}`,
			"pol rule 6: 6 out deny from anywhere to 0.0.0.0/0 context INTERNET, protocols 6:443, for all"},
		{"no context", `{"priority":6,"direction":"EGRESS","action":"deny","match":{"destNetworkContext":"UNSPECIFIED",
			"destIpRanges":["0.0.0.0/0"],` + tcp443 + `}}`,
			"pol rule 6: 6 out deny from anywhere to 0.0.0.0/0, protocols 6:443, for all"},
		{"networks as a source", `{"priority":6,"direction":"INGRESS","action":"deny","match":{
			"srcNetworkContext":"VPC_NETWORKS","srcNetworks":["` + netURL + `"],` + tcp443 + `}}`,
			"pol rule 6: 6 in deny from anywhere context VPC_NETWORKS projects/p/global/networks/n to anywhere, " +
				"protocols 6:443, for all"},
		{"accounts", `{"priority":8,"direction":"EGRESS","action":"allow","targetServiceAccounts":["a@p"],"match":{
			"destIpRanges":["0.0.0.0/0"],` + tcp443 + `}}`,
			"pol rule 8: 8 out allow from anywhere to 0.0.0.0/0, protocols 6:443, for a@p"},
		{"secure tags", `{"priority":8,"direction":"INGRESS","action":"allow","targetSecureTags":[{"name":"tagValues/1",
			"state":"EFFECTIVE"},{"name":"tagValues/2","state":"INEFFECTIVE"}],"match":{"srcSecureTags":[{
			"name":"tagValues/3"}],` + tcp443 + `}}`,
			"pol rule 8: 8 in allow from tagValues/3 to anywhere, protocols 6:443, for tagValues/1"},
		{"only tags that are not effective", `{"priority":8,"direction":"INGRESS","action":"allow",
			"targetSecureTags":[{"name":"tagValues/2","state":"INEFFECTIVE"}],"match":{"srcIpRanges":["10.0.0.0/8"],` +
			tcp443 + `}}`, "pol rule 8: 8 in allow from 10.0.0.0/8 to anywhere, protocols 6:443, for nobody"},
		{"for load balancers", `{"priority":8,"direction":"INGRESS","action":"allow","targetType":"INTERNAL_MANAGED_LB",
			"match":{"srcIpRanges":["10.0.0.0/8"],` + tcp443 + `}}`,
			"pol rule 8: 8 in allow from 10.0.0.0/8 to anywhere, protocols 6:443, for nobody"},
		{"for networks", `{"priority":8,"direction":"EGRESS","action":"allow","targetResources":["` + netURL + `",
			"https://compute.googleapis.com/compute/v1/projects/q/global/networks/m"],"match":{
			"destIpRanges":["0.0.0.0/0"],` + tcp443 + `}}`,
			"pol rule 8: 8 out allow from anywhere to 0.0.0.0/0, protocols 6:443, for all of " + netN +
				" of projects/q/global/networks/m"},
		{"an unreadable protocol and range", `{"priority":9,"direction":"EGRESS","action":"allow","match":{
			"destIpRanges":["10.0.0.0/8","ten"],"layer4Configs":[{"ipProtocol":"quic"}]}}`,
			"pol rule 9: 9 out allow from anywhere to 10.0.0.0/8 [list-not-whole: parse protocol \"quic\": want a " +
				"name or a number] [list-not-whole: the range ten was not understood], protocols 0-255, for all"},
	} {
		f := facts(t, policyWith(c.rule)).Firewall.Global
		if len(f.Items) != 1 || len(f.Items[0].Rules) != 1 {
			t.Fatalf("%s: %+v", c.name, f)
		}
		if got := ruleText(f.Items[0].Rules[0]); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, c.want)
		}
	}
}

func TestVPCRules(t *testing.T) {
	for _, c := range []struct{ name, rule, want string }{
		{"defaults", `{"name":"a","allowed":[{"IPProtocol":"tcp"}]}`,
			"a: 1000 in allow from 0.0.0.0/0 to anywhere, protocols 6, for all"},
		{"priority 0 is no default", `{"name":"a","priority":0,"direction":"INGRESS","sourceRanges":["10.0.0.0/8"],
			"denied":[{"IPProtocol":"all"}]}`, "a: 0 in deny from 10.0.0.0/8 to anywhere, protocols 0-255, for all"},
		{"egress", `{"name":"a","direction":"EGRESS","allowed":[{"IPProtocol":"tcp","ports":["80","443-444"]},
			{"IPProtocol":"17","ports":["53"]},{"IPProtocol":"icmp"}]}`,
			"a: 1000 out allow from anywhere to 0.0.0.0/0, protocols 6:80,443-444 17:53 1, for all"},
		{"egress by ranges", `{"name":"a","direction":"EGRESS","sourceRanges":["10.1.0.0/16"],
			"destinationRanges":["::/0"],"targetTags":["t"],"denied":[{"IPProtocol":"esp"}],"disabled":true}`,
			"a: 1000 out deny from 10.1.0.0/16 to ::/0, protocols 50, for t, disabled"},
		{"by tag", `{"name":"a","direction":"INGRESS","sourceTags":["s"],"targetTags":["t"],
			"allowed":[{"IPProtocol":"all"}]}`, "a: 1000 in allow from s to anywhere, protocols 0-255, for t"},
		{"by tag or range", `{"name":"a","direction":"INGRESS","sourceTags":["s"],"sourceRanges":["10.0.0.0/8"],
			"destinationRanges":["10.9.0.0/16"],"allowed":[{"IPProtocol":"sctp"}]}`,
			"a: 1000 in allow from 10.0.0.0/8 s to 10.9.0.0/16, protocols 132, for all"},
		{"by account", `{"name":"a","direction":"INGRESS","sourceServiceAccounts":["s@p"],
			"targetServiceAccounts":["t@p"],"allowed":[{"IPProtocol":"ah"}]}`,
			"a: 1000 in allow from s@p to anywhere, protocols 51, for t@p"},
		{"an unreadable range", `{"name":"a","direction":"INGRESS","sourceRanges":["x"],"allowed":[{"IPProtocol":"all"}]}`,
			"a: 1000 in allow from [list-not-whole: the range x was not understood] to anywhere, " +
				"protocols 0-255, for all"},
	} {
		rules := facts(t, vendor{home + "/global/networks/n/getEffectiveFirewalls": `{"firewalls":[` + c.rule + `]}`}).
			Firewall.Rules
		if len(rules.Items) != 1 {
			t.Fatalf("%s: %+v", c.name, rules)
		}
		if got := ruleText(rules.Items[0]); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, c.want)
		}
	}
}

// TestPoliciesStandInTheirOrder: the hierarchy as told, from the top; network policies by their association's priority.
func TestPoliciesStandInTheirOrder(t *testing.T) {
	order := `"networkFirewallPolicyEnforcementOrder":"BEFORE_CLASSIC_FIREWALL"`
	v := vendor{home + "/global/networks/n": `{"name":"n",` + order + `}`,
		home + "/global/networks/n/getEffectiveFirewalls": `{"firewallPolicys":[
			{"name":"9","type":"HIERARCHY"},
			{"name":"late","type":"NETWORK","priority":20},{"name":"3","type":"HIERARCHY"},
			{"name":"soon","type":"NETWORK","priority":10}]}`,
		inR + "/firewallPolicies/getEffectiveFirewalls": `{"firewallPolicys":[{"name":"9","type":"HIERARCHY"},
			{"name":"reg","type":"NETWORK_REGIONAL"},{"name":"gke","type":"SYSTEM_REGIONAL"},
			{"name":"soon","type":"NETWORK"}]}`}
	f := facts(t, v).Firewall
	var got []string
	for _, l := range []reach.Listing[reach.Policy]{f.Hierarchical, f.System, f.Global, f.Regional} {
		for _, p := range l.Items {
			got = append(got, p.Object+"@"+p.Region)
		}
	}
	want := "locations/global/firewallPolicies/9@ locations/global/firewallPolicies/3@ system/firewallPolicies/gke@r " +
		"projects/p/global/firewallPolicies/soon@ projects/p/global/firewallPolicies/late@ " +
		"projects/p/regions/r/firewallPolicies/reg@r"
	if text := strings.Join(got, " "); text != want || !f.PoliciesFirst {
		t.Errorf("policies first %t, %s, want %s", f.PoliciesFirst, text, want)
	}
	for _, order := range []string{"", `"networkFirewallPolicyEnforcementOrder":"AFTER_CLASSIC_FIREWALL"`} {
		v[home+"/global/networks/n"] = `{` + order + `}`
		if facts(t, v).Firewall.PoliciesFirst {
			t.Errorf("%q: policies come first", order)
		}
	}
}
