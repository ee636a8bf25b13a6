package google

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/culvertnet/culvert/adapters/simcloud/world"
)

// The limits of one rule.
const (
	mostFqdns     = 100  // discovery document
	mostGroups    = 10   // discovery document
	mostIPRanges  = 5000 // discovery document; a user reports 256
	lastRealRule  = 2147483547
	implicitFirst = 2147483644
)

var fqdn = regexp.MustCompile(`^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\.)+[a-z]([-a-z0-9]{0,61}[a-z0-9])?$`)

// noRule is the vendor's answer for a missing rule: 400, without an errors list (recorded).
func noRule(priority string) *refusal {
	return &refusal{status: 400, message: fmt.Sprintf(
		"Invalid value for field 'priority': '%s'. The firewall policy does not contain a rule at priority %s.",
		priority, priority)}
}

func (r *request) ruleAt(doc world.Doc) (int, *refusal) {
	asked := r.query.Get("priority")
	priority, err := strconv.ParseInt(asked, 10, 64)
	if err != nil {
		return 0, invalid("priority", asked, "Must be a number.")
	}
	for i, rule := range objs(doc, "rules") {
		if p, _ := num(rule, "priority"); p == priority {
			return i, nil
		}
	}
	return 0, noRule(asked)
}

func getRule(r *request) (world.Doc, *refusal) {
	doc, bad := getPolicy(r)
	if bad != nil {
		return nil, bad
	}
	i, bad := r.ruleAt(doc)
	if bad != nil {
		return nil, bad
	}
	return world.Doc(objs(doc, "rules")[i]), nil
}

func addRule(r *request) (world.Doc, *refusal) {
	if doc, bad, ok := r.repeated(); ok {
		return doc, bad
	}
	doc, bad := r.policyForChange()
	if bad != nil {
		return nil, bad
	}
	rule := without(r.body)
	if bad := r.completeRule(rule); bad != nil {
		return nil, bad
	}
	priority, bad := r.choosePriority(doc)
	if bad != nil {
		return nil, bad
	}
	rule["priority"] = priority
	doc["rules"] = sortedRules(append(list(doc, "rules"), map[string]any(rule)))
	return r.policyOperation("addFirewallRuleToFirewallPolicy", doc, r.ruleEffect(priority, rule), "create")
}

func (r *request) ruleEffect(priority int64, rule world.Doc) world.Effect {
	return r.effect("firewallPolicies.rules", fmt.Sprintf("%s#%d", r.policyName(), priority), rule)
}

// choosePriority takes the body's priority, or the first free one between minPriority and maxPriority: one of both
// ways, never both.
func (r *request) choosePriority(doc world.Doc) (int64, *refusal) {
	used := map[int64]bool{}
	for _, rule := range objs(doc, "rules") {
		p, _ := num(rule, "priority")
		used[p] = true
	}
	lowest, highest := r.query.Get("minPriority"), r.query.Get("maxPriority")
	asked, given := num(r.body, "priority")
	if given && (lowest != "" || highest != "") {
		return 0, invalid(
			"resource.priority", asked, "The priority cannot be set together with minPriority and maxPriority.",
		)
	}
	if given {
		if asked < 0 || asked > lastRealRule {
			return 0, invalid("resource.priority", asked, "Must be between 0 and %d.", lastRealRule)
		}
		if used[asked] {
			// guess: the wording
			return 0, invalid("resource.priority", asked, "The firewall policy already contains a rule at priority %d.",
				asked)
		}
		return asked, nil
	}
	from, errLow := strconv.ParseInt(lowest, 10, 64)
	to, errHigh := strconv.ParseInt(highest, 10, 64)
	if errLow != nil || errHigh != nil || from < 0 || to < from {
		return 0, badRequest("Either the rule's priority or minPriority and maxPriority must be set.")
	}
	for p := from; p <= to; p++ {
		if !used[p] {
			return p, nil
		}
	}
	return 0, badRequest("There is no free priority between %d and %d.", from, to)
}

func sortedRules(rules []any) []any {
	sort.SliceStable(rules, func(i, j int) bool {
		a, _ := num(rules[i].(map[string]any), "priority")
		b, _ := num(rules[j].(map[string]any), "priority")
		return a < b
	})
	return rules
}

// patchRule has no lock and no fingerprint: it merges the body into the rule, arrays replaced whole.
func patchRule(r *request) (world.Doc, *refusal) {
	if doc, bad, ok := r.repeated(); ok {
		return doc, bad
	}
	doc, bad := r.policyForChange()
	if bad != nil {
		return nil, bad
	}
	i, bad := r.ruleAt(doc)
	if bad != nil {
		return nil, bad
	}
	rules := list(doc, "rules")
	priority, _ := num(rules[i].(map[string]any), "priority")
	rule := mergePatch(rules[i].(map[string]any), without(r.body, "priority"))
	if bad := r.completeRule(rule); bad != nil {
		return nil, bad
	}
	rules[i] = map[string]any(rule)
	doc["rules"] = rules
	return r.policyOperation("patchFirewallRuleInFirewallPolicy", doc, r.ruleEffect(priority, rule), "update")
}

func removeRule(r *request) (world.Doc, *refusal) {
	if doc, bad, ok := r.repeated(); ok {
		return doc, bad
	}
	doc, bad := r.policyForChange()
	if bad != nil {
		return nil, bad
	}
	i, bad := r.ruleAt(doc)
	if bad != nil {
		return nil, bad
	}
	rules := list(doc, "rules")
	rule := rules[i].(map[string]any)
	priority, _ := num(rule, "priority")
	if priority >= implicitFirst {
		return nil, invalid("priority", priority, "The default rules cannot be removed.")
	}
	doc["rules"] = slices.Delete(rules, i, i+1)
	return r.policyOperation("removeFirewallRuleFromFirewallPolicy", doc, r.ruleEffect(priority, rule), "delete")
}

// completeRule checks a whole rule and sets the server's defaults.
func (r *request) completeRule(rule world.Doc) *refusal {
	actions := []string{"allow", "deny", "goto_next", "apply_security_profile_group"}
	if action := str(rule, "action"); !slices.Contains(actions, action) {
		return invalid("resource.action", action, "Must be one of %v.", actions)
	}
	direction := str(rule, "direction")
	if direction != "EGRESS" && direction != "INGRESS" {
		return invalid("resource.direction", direction, "Must be EGRESS or INGRESS.")
	}
	match := obj(rule, "match")
	if len(objs(match, "layer4Configs")) == 0 {
		return invalid("resource.match.layer4Configs", "", "At least one layer 4 configuration is required.")
	}
	far := map[string]string{"EGRESS": "src", "INGRESS": "dest"}[direction]
	for _, field := range []string{"Fqdns", "RegionCodes", "ThreatIntelligences", "AddressGroups"} {
		if len(list(match, far+field)) > 0 {
			return invalid("resource.match."+far+field, "", "Not allowed in a rule of direction %s.", direction)
		}
	}
	if bad := checkMatch(match); bad != nil {
		return bad
	}
	defaults(rule, map[string]any{"description": ""})
	rule["kind"] = "compute#firewallPolicyRule"
	rule["ruleTupleCount"] = tuples(match)
	return nil
}

func checkMatch(match map[string]any) *refusal {
	for _, side := range []string{"src", "dest"} {
		names := strs(match, side+"Fqdns")
		if len(names) > mostFqdns {
			return invalid("resource.match."+side+"Fqdns", len(names), "At most %d FQDNs are allowed in one rule.",
				mostFqdns)
		}
		for _, name := range names {
			if !fqdn.MatchString(name) {
				return invalid(
					"resource.match."+side+"Fqdns", name, "Must be a fully qualified domain name without wildcards.",
				)
			}
		}
		if groups := len(list(match, side+"AddressGroups")); groups > mostGroups {
			return invalid("resource.match."+side+"AddressGroups", groups,
				"At most %d address groups are allowed in one rule.", mostGroups)
		}
		ranges := strs(match, side+"IpRanges")
		if len(ranges) > mostIPRanges {
			return invalid("resource.match."+side+"IpRanges", len(ranges), "At most %d ranges are allowed in one rule.",
				mostIPRanges)
		}
		for _, text := range ranges {
			if _, err := netip.ParsePrefix(text); err != nil {
				return invalid("resource.match."+side+"IpRanges", text, "Must be a CIDR address range.")
			}
		}
	}
	return nil
}

// tuples counts what the vendor bills a rule for. guess: each source and destination but groups and threat lists, and
// each further protocol, is one; that fits the recordings.
func tuples(match map[string]any) int64 {
	n := int64(0)
	for _, field := range []string{"destFqdns", "destIpRanges", "destRegionCodes", "srcFqdns", "srcIpRanges"} {
		n += int64(len(list(match, field)))
	}
	return max(n, 1) + int64(len(list(match, "layer4Configs"))) - 1
}

// effectiveFirewalls answers networks.getEffectiveFirewalls: classic rules and policies, each in its own list, in the
// order of evaluation. Regional policies are not in it (discovery document: HIERARCHY, NETWORK, SYSTEM).
func effectiveFirewalls(r *request) (world.Doc, *refusal) {
	network, _, bad := r.networkOf(r.scope() + "/networks/" + r.name)
	if bad != nil {
		return nil, bad
	}
	out := world.Doc{}
	var classic []any
	for _, e := range r.tx.List(vendor, "firewalls", r.scope()+"/firewalls/") {
		if relative(str(e.Doc, "network"), "") == network {
			classic = append(classic, map[string]any(e.Doc))
		}
	}
	policies := append(r.above(), r.on(network, policyKind, r.scope(), "NETWORK")...)
	if len(classic) > 0 {
		out["firewalls"] = classic
	}
	if len(policies) > 0 {
		out["firewallPolicys"] = policies
	}
	return out, nil
}

// regionalFirewalls answers regionNetworkFirewallPolicies.getEffectiveFirewalls, the only call that shows the policies
// of a region.
func regionalFirewalls(r *request) (world.Doc, *refusal) {
	network, _, bad := r.networkOf(r.query.Get("network"))
	if bad != nil {
		return nil, bad
	}
	policies := append(r.above(), r.on(network, systemKind, r.scope(), "SYSTEM_REGIONAL")...)
	policies = append(policies, r.on(network, policyKind, r.scope(), "NETWORK_REGIONAL")...)
	policies = append(policies, r.on(network, policyKind, "projects/"+r.project+"/global", "NETWORK")...)
	out := world.Doc{}
	if len(policies) > 0 {
		out["firewallPolicys"] = policies
	}
	return out, nil
}

// on lists the policies of a kind and scope that are associated with a network.
func (r *request) on(network, kind, scope, typ string) []any {
	var out []any
	for _, e := range r.tx.List(vendor, kind, scope+"/"+kind+"/") {
		for _, a := range objs(e.Doc, "associations") {
			if relative(str(a, "attachmentTarget"), "") == network {
				out = append(out, map[string]any{"name": base(e.Name), "type": typ, "rules": e.Doc["rules"]})
			}
		}
	}
	return out
}

// above lists the hierarchical policies of the organization and the folders above the project.
func (r *request) above() []any {
	doc, _ := r.get("projects", r.project)
	var out []any
	for _, parent := range strs(doc, "parents") {
		for _, e := range r.tx.List(vendor, policyKind, "locations/global/") {
			for _, a := range objs(e.Doc, "associations") {
				if strings.HasSuffix(str(a, "attachmentTarget"), parent) {
					out = append(out, map[string]any{"name": base(e.Name), "type": "HIERARCHY",
						"rules": e.Doc["rules"]})
				}
			}
		}
	}
	return out
}
