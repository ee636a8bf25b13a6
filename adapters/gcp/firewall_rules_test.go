package gcp

import (
	"slices"
	"strings"
	"testing"

	"cloud.google.com/go/compute/apiv1/computepb"
	"github.com/google/go-cmp/cmp"

	"github.com/culvertnet/culvert/workers/policy"
)

func sample() policy.Filter {
	return policy.Filter{
		Name: "f1", Owner: "culvert:x", Source: "10.8.0.0/28", Region: "europe-west3", Default: "deny",
		Priorities: []int{10, 11, 12, 13, 14, 15},
		Rules: []policy.Rule{
			{FQDN: "a.example", Protocol: "tcp", Ports: []string{"443"}},
			{FQDN: "b.example", Protocol: "tcp", Ports: []string{"443"}},
			{CIDR: "10.20.0.4/32", Protocol: "tcp", Ports: []string{"80"}},
		},
	}
}

// played carries steps out on a list and tells what each was.
func played(
	t *testing.T, have []*computepb.FirewallPolicyRule, f policy.Filter,
) ([]*computepb.FirewallPolicyRule, []string) {
	t.Helper()
	var log []string
	for range 50 {
		need, err := rulesFor(f)
		if err != nil {
			t.Fatalf("rules: %v", err)
		}
		todo := steps(have, need, f)
		if len(todo) == 0 {
			return have, log
		}
		s := todo[0]
		at := func(r *computepb.FirewallPolicyRule) bool { return r.GetPriority() == s.rule.GetPriority() }
		switch s.verb {
		case add:
			if slices.ContainsFunc(have, at) {
				t.Fatalf("%s at the taken priority %d", s.verb, s.rule.GetPriority())
			}
			have = append(have, s.rule)
		case patch:
			have[slices.IndexFunc(have, at)] = s.rule
		case remove:
			have = slices.DeleteFunc(have, at)
		}
		log = append(log, string(s.verb)+" "+s.rule.GetAction()+" "+s.rule.GetRuleName())
	}
	t.Fatal("steps do not come to an end")
	return nil, nil
}

func TestAllowIsThereBeforeDeny(t *testing.T) {
	have, log := played(t, nil, sample())
	if diff := cmp.Diff([]string{"addRule allow f1-0", "addRule allow f1-1", "addRule deny f1-5"}, log); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
	last := have[len(have)-1]
	if last.GetPriority() != 15 || !slices.Equal(last.GetMatch().GetSrcIpRanges(), []string{"10.8.0.0/28"}) {
		t.Errorf("the closing rule is at %d from %v, want the block's last priority and the source alone",
			last.GetPriority(), last.GetMatch().GetSrcIpRanges())
	}
}

func TestAChangeNeverCutsWhatStays(t *testing.T) {
	f := sample()
	have, _ := played(t, nil, f)
	f.Rules = []policy.Rule{
		{FQDN: "b.example", Protocol: "tcp", Ports: []string{"443"}},
		{FQDN: "c.example", Protocol: "tcp", Ports: []string{"443"}},
		{CIDR: "10.20.0.9/32", Protocol: "udp", Ports: []string{"53"}},
	}
	_, log := played(t, have, f)
	want := []string{"patchRule allow f1-0", "addRule allow f1-2", "removeRule allow f1-1"}
	if diff := cmp.Diff(want, log); diff != "" {
		t.Errorf("steps: names in place, new before old is gone (-want +got):\n%s", diff)
	}
}

func TestAFullBlockMakesRoomFirst(t *testing.T) {
	f := sample()
	f.Priorities = []int{10, 11, 12}
	have, _ := played(t, nil, f)
	f.Rules = []policy.Rule{{CIDR: "10.1.0.0/24", Protocol: "udp"}, {CIDR: "10.1.0.0/24", Protocol: "icmp"}}
	have, log := played(t, have, f)
	if !strings.HasPrefix(log[0], "removeRule allow") {
		t.Errorf("steps %v: want an old rule removed first, with the deny in force", log)
	}
	if slices.ContainsFunc(log, func(s string) bool { return s == "removeRule deny f1-2" }) || len(have) != 3 {
		t.Errorf("steps %v left %d rules: the deny must stay all the time", log, len(have))
	}
}

func TestDefaultAllowDeniesOnlyWhatIsNamed(t *testing.T) {
	f := sample()
	f.Default = "allow"
	have, _ := played(t, nil, f)
	for _, r := range have {
		if r.GetAction() != deny || isClosing(r) {
			t.Errorf("rule %s %s: want only denials of what is named", r.GetAction(), r.GetRuleName())
		}
	}
}

func TestConnectorInfrastructureStaysOpen(t *testing.T) {
	f := sample()
	f.KeepOpen = true
	f.Priorities = []int{1, 2, 3, 4, 5, 6, 7, 8}
	have, _ := played(t, nil, f)
	open := map[string]bool{}
	for _, r := range have {
		for _, cidr := range r.GetMatch().GetDestIpRanges() {
			for _, c := range r.GetMatch().GetLayer4Configs() {
				if r.GetAction() == allow {
					open[cidr+" "+layer4Text(c)] = true
				}
			}
		}
	}
	for _, want := range []string{
		"35.199.224.0/19 tcp/667", "35.199.224.0/19 udp/665-666", "35.199.224.0/19 icmp/", "35.191.0.0/16 tcp/667",
		"35.191.192.0/18 tcp/667", "130.211.0.0/22 tcp/667",
	} {
		if !open[want] {
			t.Errorf("%s is closed to the connector's instances", want)
		}
	}
}

func TestWhatMakesAFilterVoid(t *testing.T) {
	f := sample()
	f.KeepOpen = true
	const corporate, classicAll = "10.30.0.53/32", "tcp"
	rule := func(action, dest string, priority int32) *computepb.FirewallPolicyRule {
		m := &computepb.FirewallPolicyRuleMatcher{}
		if dest != "" {
			m.DestIpRanges = []string{dest}
		}
		return &computepb.FirewallPolicyRule{Action: &action, Direction: new(outward), Priority: &priority, Match: m}
	}
	vpcRule := func(dest string, tags ...string) *computepb.Firewall {
		return &computepb.Firewall{
			Name: new("r"), Direction: new(outward), Allowed: []*computepb.Allowed{{IPProtocol: new(classicAll)}},
			DestinationRanges: []string{dest}, TargetTags: tags,
		}
	}
	denial := func(priority int32, protocol string) *computepb.Firewall {
		return &computepb.Firewall{
			Name: new("no"), Direction: new(outward), Priority: &priority, Denied: []*computepb.Denied{
				{IPProtocol: &protocol},
			},
		}
	}
	first := func(priority int32, r *computepb.Firewall) *computepb.Firewall {
		r.Priority = &priority
		return r
	}
	denyAll := func(priority int32) *computepb.FirewallPolicyRule {
		r := rule(deny, anywhere, priority)
		r.Match.Layer4Configs = []*computepb.FirewallPolicyRuleMatcherLayer4Config{{IpProtocol: new(everyProtocol)}}
		return r
	}
	kept := vpcRule("35.199.224.0/19", "vpc-connector")
	from := func(r *computepb.FirewallPolicyRule, src string) *computepb.FirewallPolicyRule {
		r.Match.SrcIpRanges = []string{src}
		return r
	}
	for _, c := range []struct {
		why  string
		e    effective
		void bool
	}{
		{"nothing above", effective{}, false},
		{"classic rule, asked after the policy", effective{classic: []*computepb.Firewall{vpcRule(anywhere)}}, false},
		{"classic rule, asked first", effective{afterClassic: true, classic: []*computepb.Firewall{vpcRule(anywhere)}},
			true},
		{"classic rule for every connector", effective{
			afterClassic: true, classic: []*computepb.Firewall{vpcRule("10.0.0.0/8", "vpc-connector")},
		}, true},
		{"classic rule for other instances", effective{
			afterClassic: true, classic: []*computepb.Firewall{vpcRule(anywhere, "web")},
		}, false},
		{"classic rule for what the filter allows too", effective{
			afterClassic: true, classic: []*computepb.Firewall{vpcRule("10.20.0.4/32")},
		}, false},
		{"classic rule for a connector's infrastructure", effective{
			afterClassic: true, classic: []*computepb.Firewall{kept},
		}, false},
		{"classic denial of everything", effective{
			afterClassic: true, classic: []*computepb.Firewall{denial(65534, everyProtocol)},
		}, true},
		{"the same, asked after the policy", effective{classic: []*computepb.Firewall{denial(65534, everyProtocol)}},
			false},
		{"classic denial of one protocol", effective{
			afterClassic: true, classic: []*computepb.Firewall{denial(1000, "udp")},
		}, false},
		{"what stands before a denial may allow what the filter does", effective{
			afterClassic: true, classic: []*computepb.Firewall{
				denial(65534, everyProtocol), first(1000, vpcRule("10.20.0.4/32")),
			},
		}, false},
		{"hierarchical denial of everything", effective{above: []hierarchical{{"org", denyAll(1)}}}, true},
		{"denial of everything above", effective{inPolicy: []*computepb.FirewallPolicyRule{denyAll(9)}}, true},
		{"denial of everything below", effective{inPolicy: []*computepb.FirewallPolicyRule{denyAll(16)}}, false},
		{"denial of everything for another source", effective{
			inPolicy: []*computepb.FirewallPolicyRule{from(denyAll(9), "10.9.0.0/24")},
		}, false},
		{"hierarchical rule for everything", effective{
			above: []hierarchical{{"org", rule(allow, anywhere, 1)}},
		}, true},
		{"hierarchical rule that delegates", effective{
			above: []hierarchical{{"org", rule("goto_next", anywhere, 1)}},
		}, false},
		{"rule above for a resolver", effective{inPolicy: []*computepb.FirewallPolicyRule{rule(allow, corporate, 1)}},
			false},
		{"rule above for everything", effective{inPolicy: []*computepb.FirewallPolicyRule{rule(allow, "", 1)}}, true},
		{"the same below", effective{inPolicy: []*computepb.FirewallPolicyRule{rule(allow, "", 16)}}, false},
		{"the same for another source", effective{
			inPolicy: []*computepb.FirewallPolicyRule{from(rule(allow, "", 1), "10.9.0.0/24")},
		}, false},
		{"the same for a network around the source", effective{
			inPolicy: []*computepb.FirewallPolicyRule{from(rule(allow, "", 1), "10.0.0.0/8")},
		}, true},
	} {
		if got := c.e.overruled(f); (got != "") != c.void {
			t.Errorf("%s: void is %q, want void %t", c.why, got, c.void)
		}
	}
}
