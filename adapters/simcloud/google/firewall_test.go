package google_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
)

const policyPath = global + "/firewallPolicies/spoke-policy"

func egressRule(more obj) obj {
	rule := obj{"action": "allow", "direction": "EGRESS", "ruleName": "ours", "description": "of a test",
		"priority": 500,
		"match": obj{"srcIpRanges": []any{"10.8.0.0/28"}, "destFqdns": []any{"qa1.backend.example"},
			"layer4Configs": []any{obj{"ipProtocol": "tcp", "ports": []any{"443"}}}}}
	for k, v := range more {
		if rule[k] = v; v == nil {
			delete(rule, k)
		}
	}
	return rule
}

func TestRuleOfAPolicy(t *testing.T) {
	r := newRig(t)
	op := r.ok("POST", policyPath+"/addRule", egressRule(nil))
	if op["operationType"] != "addFirewallRuleToFirewallPolicy" {
		t.Errorf("operation %v", op)
	}
	r.refused(no{400, "does not contain a rule at priority 500"}, "GET", policyPath+"/getRule?priority=500", nil)
	r.pass(5 * time.Second)
	rule := r.get(policyPath + "/getRule?priority=500")
	if rule["ruleName"] != "ours" || rule["kind"] != "compute#firewallPolicyRule" || at(rule, "match", "destFqdns",
		0) != "qa1.backend.example" {
		t.Errorf("rule %v", rule)
	}
	if rules := r.get(policyPath)["rules"].([]any); len(rules) != 8 || at(rules, 1, "ruleName") != "ours" {
		t.Errorf("rules of the policy, by priority: %v", rules)
	}
	r.changed(
		"POST", policyPath+"/patchRule?priority=500", obj{"match": obj{"destFqdns": []any{"qa2.backend.example"}}},
	)
	rule = r.get(policyPath + "/getRule?priority=500")
	if at(rule, "match", "destFqdns", 0) != "qa2.backend.example" || at(rule, "match", "srcIpRanges",
		0) != "10.8.0.0/28" {
		t.Errorf("patched rule %v", rule)
	}
	r.changed("POST", policyPath+"/removeRule?priority=500", nil)
	r.refused(no{400, "does not contain a rule at priority 500"}, "POST", policyPath+"/removeRule?priority=500", nil)
	r.clean()
}

func TestPolicyTakesOneMutationAtATime(t *testing.T) {
	r := newRig(t)
	id := uuid.NewString()
	first := r.ok("POST", policyPath+"/addRule?requestId="+id, egressRule(nil))
	r.refused(no{400, "is not ready"}, "POST", policyPath+"/addRule", egressRule(obj{"priority": 501}))
	r.refused(no{400, "resourceNotReady"}, "POST", policyPath+"/removeRule?priority=2000", nil)
	if again := r.ok("POST", policyPath+"/addRule?requestId="+id, egressRule(nil)); again["name"] != first["name"] {
		t.Errorf("a repeat met its own mutation: %v", again)
	}
	r.pass(5 * time.Second)
	r.ok("POST", policyPath+"/addRule", egressRule(obj{"priority": 501}))
}

func TestServerPicksAPriority(t *testing.T) {
	r := newRig(t)
	free := egressRule(obj{"priority": nil})
	r.changed("POST", policyPath+"/addRule?minPriority=99&maxPriority=101", free)
	r.changed("POST", policyPath+"/addRule?minPriority=99&maxPriority=101", free)
	for _, p := range []int{99, 101} { // 100 is somebody else's
		if got := r.get(fmt.Sprintf("%s/getRule?priority=%d", policyPath, p)); got["ruleName"] != "ours" {
			t.Errorf("priority %d: %v", p, got)
		}
	}
	r.refused(no{400, "no free priority"}, "POST", policyPath+"/addRule?minPriority=99&maxPriority=101", free)
	r.refused(no{400, "cannot be set together"}, "POST", policyPath+"/addRule?minPriority=1&maxPriority=9",
		egressRule(nil))
	r.refused(no{400, "must be set"}, "POST", policyPath+"/addRule", free)
	r.refused(no{400, "already contains a rule"}, "POST", policyPath+"/addRule", egressRule(obj{"priority": 2000}))
}

func TestRuleRefusals(t *testing.T) {
	r := newRig(t)
	match := func(field string, v any) obj {
		m := obj{"layer4Configs": []any{obj{"ipProtocol": "all"}}, "destIpRanges": []any{"0.0.0.0/0"}}
		if m[field] = v; v == nil {
			delete(m, field)
		}
		return egressRule(obj{"match": m})
	}
	names := make([]any, 101)
	for i := range names {
		names[i] = fmt.Sprintf("h%d.example.com", i)
	}
	add := policyPath + "/addRule"
	r.refused(no{400, "At most 100 FQDNs"}, "POST", add, match("destFqdns", names))
	r.refused(no{400, "without wildcards"}, "POST", add, match("destFqdns", []any{"*.example.com"}))
	r.refused(
		no{400, "Not allowed in a rule of direction EGRESS"}, "POST", add, match("srcFqdns", []any{"a.example.com"}),
	)
	r.refused(no{400, "CIDR"}, "POST", add, match("srcIpRanges", []any{"10.8.0.0"}))
	r.refused(no{400, "layer4Configs"}, "POST", add, match("layer4Configs", nil))
	r.refused(no{400, "resource.action"}, "POST", add, egressRule(obj{"action": "block"}))
	r.refused(no{400, "resource.direction"}, "POST", add, egressRule(obj{"direction": nil}))
	r.refused(no{400, "default rules"}, "POST", policyPath+"/removeRule?priority=2147483647", nil)
	r.refused(no{
		400, "addRule method",
	}, "POST", global+"/firewallPolicies", obj{"name": "p", "rules": []any{egressRule(nil)}})
}

func TestPolicyOfANetwork(t *testing.T) {
	r := newRig(t)
	effective := r.get(global + "/networks/spoke-vpc/getEffectiveFirewalls")
	if at(effective, "firewallPolicys", 0, "name") != "spoke-policy" ||
		at(effective, "firewalls", 0, "name") != "allow-internal" {
		t.Errorf("effective firewalls %v", effective)
	}
	plain := r.get(global + "/networks/plain-vpc/getEffectiveFirewalls")
	if plain["firewallPolicys"] != nil || at(plain, "firewalls", 0, "name") != "plain-allow-egress" {
		t.Errorf("effective firewalls of plain-vpc %v", plain)
	}
	if order := r.get(global + "/networks/spoke-vpc")["networkFirewallPolicyEnforcementOrder"]; order !=
		"BEFORE_CLASSIC_FIREWALL" {
		t.Errorf("order %v", order)
	}
	r.changed("POST", global+"/firewallPolicies", obj{"name": "second"})
	second := global + "/firewallPolicies/second"
	r.refused(no{400, "already exists"}, "POST", second+"/addAssociation", obj{"name": "x", "attachmentTarget": spoke})
	r.changed("POST", second+"/addAssociation", obj{
		"name": "x", "attachmentTarget": "projects/acme-net/global/networks/plain-vpc",
	})
	r.refused(no{400, "resourceInUseByAnotherResource"}, "DELETE", second, nil)
	r.changed("POST", second+"/removeAssociation?name=x", nil)
	r.refused(no{412, "conditionNotMet"}, "PATCH", second, obj{"description": "x", "fingerprint": "AAAAAAAAAAA="})
	r.changed("DELETE", second, nil)
	r.clean()
}

func TestOrganizationPolicy(t *testing.T) {
	r := newRig(t)
	const root = "/compute/v1/locations/global"
	op := r.ok("POST", root+"/firewallPolicies?parentId=organizations%2F7", obj{
		"shortName": "org", "parent": "organizations/7",
	})
	r.pass(5 * time.Second)
	op = r.get(root + "/operations/" + op["name"].(string))
	policy := r.get(root + "/firewallPolicies/" + op["targetId"].(string))
	if policy["shortName"] != "org" || policy["ruleTupleCount"] != 8.0 || len(policy["rules"].([]any)) != 4 {
		t.Errorf("policy %v", policy)
	}
	one := root + "/firewallPolicies/" + policy["name"].(string)
	r.changed("POST", one+"/addRule", egressRule(obj{"priority": 9000, "ruleName": nil}))
	r.get(one + "/getRule?priority=9000")
	r.changed("POST", one+"/removeRule?priority=9000", nil)
	r.changed("DELETE", one, nil)
	r.clean()
}
