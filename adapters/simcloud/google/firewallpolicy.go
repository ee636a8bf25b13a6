package google

import (
	"strconv"
	"time"

	"google.golang.org/api/compute/v1"

	"github.com/culvertnet/culvert/adapters/simcloud/world"
)

const policyKind = "firewallPolicies"

// ruleChange is how long a firewall policy is busy with one mutation.
const ruleChange = 5 * time.Second

func firewallPolicyMethods() []method {
	var out []method
	for _, level := range []struct{ path, call string }{
		{"projects/{project}/global/firewallPolicies", "networkFirewallPolicies"},
		{"projects/{project}/regions/{region}/firewallPolicies", "regionNetworkFirewallPolicies"},
		{"locations/global/firewallPolicies", "firewallPolicies"}, // of an organization
	} {
		one := level.path + "/{name}"
		rule, policy := structSchema[compute.FirewallPolicyRule](), structSchema[compute.FirewallPolicy]()
		association := structSchema[compute.FirewallPolicyAssociation]()
		named := "name"
		if level.call == "firewallPolicies" {
			named = "parentId" // the server gives organization policies their name
		}
		out = append(out,
			method{pattern: "GET " + level.path, call: level.call + ".list", run: listPolicies},
			method{pattern: "POST " + level.path, call: level.call + ".insert", body: policy, named: named,
				operation: true, run: insertPolicy},
			method{pattern: "GET " + one, call: level.call + ".get", run: getPolicy},
			method{
				pattern: "PATCH " + one, call: level.call + ".patch", body: policy, operation: true, run: patchPolicy,
			},
			method{pattern: "DELETE " + one, call: level.call + ".delete", operation: true, run: deletePolicy},
			method{pattern: "POST " + one + "/addRule", call: level.call + ".addRule", body: rule, operation: true,
				run: addRule},
			method{pattern: "GET " + one + "/getRule", call: level.call + ".getRule", run: getRule},
			method{pattern: "POST " + one + "/patchRule", call: level.call + ".patchRule", body: rule, operation: true,
				run: patchRule},
			method{pattern: "POST " + one + "/removeRule", call: level.call + ".removeRule", operation: true,
				run: removeRule},
			method{pattern: "POST " + one + "/addAssociation", call: level.call + ".addAssociation", body: association,
				operation: true, run: addAssociation},
			method{
				pattern: "GET " + one + "/getAssociation", call: level.call + ".getAssociation", run: getAssociation,
			},
			method{pattern: "POST " + one + "/removeAssociation", call: level.call + ".removeAssociation",
				operation: true, run: removeAssociation},
		)
	}
	return append(out, method{
		pattern: "GET projects/{project}/regions/{region}/firewallPolicies/getEffectiveFirewalls",
		call:    "regionNetworkFirewallPolicies.getEffectiveFirewalls", run: regionalFirewalls,
	})
}

func (r *request) policyName() string { return r.scope() + "/" + policyKind + "/" + r.name }

func getPolicy(r *request) (world.Doc, *refusal) {
	doc, ok := r.get(policyKind, r.policyName())
	if !ok {
		return nil, notFound(r.policyName())
	}
	return doc, nil
}

func listPolicies(r *request) (world.Doc, *refusal) {
	out, bad := r.page("compute#firewallPolicyList", r.tx.List(vendor, policyKind, r.scope()+"/"+policyKind+"/"), nil)
	return without(out, "selfLink"), bad // the API's FirewallPolicyList has none (compute/v1 discovery document)
}

// policyForChange returns the policy if it may be changed now: it carries out one mutation at a time and refuses a
// racing one.
func (r *request) policyForChange() (world.Doc, *refusal) {
	doc, bad := getPolicy(r)
	if bad != nil {
		return nil, bad
	}
	if r.tx.Has(vendor, "mutations", r.policyName()) {
		return nil, notReady(r.policyName())
	}
	return doc, nil
}

// policyOperation starts a mutation whose result shows when the operation is done.
func (r *request) policyOperation(typ string, doc world.Doc, item world.Effect, effect string) (world.Doc, *refusal) {
	name := r.policyName()
	return r.accept(op{typ: typ, target: name, id: str(doc, "id"), took: ruleChange}, func() {
		count(doc)
		doc["fingerprint"] = fingerprint(without(doc, "fingerprint"))
		r.tx.Note(item, effect)
		r.tx.QuietPut(vendor, "mutations", name, world.Doc{"since": r.now()})
		r.later(ruleChange, policyKind, name, world.Doc{
			"rules": doc["rules"], "associations": doc["associations"], "fingerprint": doc["fingerprint"],
			"ruleTupleCount": doc["ruleTupleCount"], "description": doc["description"],
		})
		r.laterDelete(ruleChange, "mutations", name)
	})
}

func count(policy world.Doc) {
	tuples := int64(0)
	for _, rule := range objs(policy, "rules") {
		n, _ := num(rule, "ruleTupleCount")
		tuples += n
	}
	policy["ruleTupleCount"] = tuples
}

func insertPolicy(r *request) (world.Doc, *refusal) {
	if doc, bad, ok := r.repeated(); ok {
		return doc, bad
	}
	if len(list(r.body, "rules")) > 0 {
		return nil, badRequest("Rules must be added using the addRule method")
	}
	doc := without(r.body)
	id := strconv.FormatUint(r.tx.ID(), 10)
	if r.project == "" {
		r.name = id
		doc["displayName"] = str(doc, "shortName")
	} else if !computeName.MatchString(r.name) {
		return nil, invalid("resource.name", r.name, "Must be a match of regex '(?:[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?)'")
	}
	name := r.policyName()
	if r.tx.Has(vendor, policyKind, name) {
		return nil, alreadyExists(name)
	}
	r.identify(doc, "compute#firewallPolicy", name)
	doc["id"], doc["selfLinkWithId"], doc["rules"] = id, link(name+"/"+id), implicitRules()
	count(doc)
	doc["fingerprint"] = fingerprint(doc)
	o := op{typ: "createFirewallPolicy", target: name, id: id, took: ruleChange, unseen: r.project == ""} // recorded
	return r.accept(o, func() { r.tx.Put(r.effect(policyKind, name, doc), doc) })
}

// implicitRules are the four rules that every policy ends with (recorded).
func implicitRules() []any {
	implied := func(priority int, field, everything, description string) any {
		direction := "EGRESS"
		if field == "srcIpRanges" {
			direction = "INGRESS"
		}
		return map[string]any{
			"kind": "compute#firewallPolicyRule", "action": "goto_next", "direction": direction, "enableLogging": false,
			"priority": priority, "ruleTupleCount": 2, "description": description,
			"match": map[string]any{
				field: []any{everything}, "layer4Configs": []any{map[string]any{"ipProtocol": "all"}},
			},
		}
	}
	return []any{
		implied(2147483644, "destIpRanges", "::/0", "default egress rule ipv6"),
		implied(2147483645, "srcIpRanges", "::/0", "default ingress rule ipv6"),
		implied(2147483646, "destIpRanges", "0.0.0.0/0", "default egress rule"),
		implied(2147483647, "srcIpRanges", "0.0.0.0/0", "default ingress rule"),
	}
}

func patchPolicy(r *request) (world.Doc, *refusal) {
	if doc, bad, ok := r.repeated(); ok {
		return doc, bad
	}
	doc, bad := r.policyForChange()
	if bad != nil {
		return nil, bad
	}
	if str(r.body, "fingerprint") != str(doc, "fingerprint") {
		return nil, staleFingerprint("Invalid fingerprint.")
	}
	doc["description"] = str(r.body, "description")
	return r.policyOperation("patchFirewallPolicy", doc, r.effect(policyKind, r.policyName(), doc), "update")
}

func deletePolicy(r *request) (world.Doc, *refusal) {
	if doc, bad, ok := r.repeated(); ok {
		return doc, bad
	}
	doc, bad := r.policyForChange()
	if bad != nil {
		return nil, bad
	}
	name := r.policyName()
	if used := objs(doc, "associations"); len(used) > 0 {
		return nil, inUse("firewall policy", name, relative(str(used[0], "attachmentTarget"), ""))
	}
	return r.accept(op{typ: "deleteFirewallPolicy", target: name, id: str(doc, "id"), took: ruleChange}, func() {
		r.tx.Note(r.effect(policyKind, name, doc), "delete")
		r.tx.QuietPut(vendor, "mutations", name, world.Doc{"since": r.now()})
		r.laterDelete(ruleChange, policyKind, name)
		r.laterDelete(ruleChange, "mutations", name)
	})
}

// addAssociation: a network has at most one global network firewall policy, and one for each region.
func addAssociation(r *request) (world.Doc, *refusal) {
	if doc, bad, ok := r.repeated(); ok {
		return doc, bad
	}
	doc, bad := r.policyForChange()
	if bad != nil {
		return nil, bad
	}
	target := relative(str(r.body, "attachmentTarget"), r.project)
	if r.project != "" && !r.tx.Has(vendor, "networks", target) {
		return nil, notFound(target)
	}
	elsewhere := r.associated(target)
	if elsewhere != "" && r.query.Get("replaceExistingAssociation") != "true" {
		return nil, badRequest("An association with that target '%s' already exists.", target) // guess: the wording
	}
	association := map[string]any{"name": str(r.body, "name"), "attachmentTarget": link(target)}
	kept := without(doc) // of this policy's own associations, the replaced one goes too
	dropAssociation(kept, target)
	doc["associations"] = append(list(kept, "associations"), association)
	item := r.effect("firewallPolicies.associations", r.policyName()+"#"+str(r.body, "name"), nil)
	out, bad := r.policyOperation("addAssociation", doc, item, "create")
	if before, ok := r.get(policyKind, elsewhere); ok && bad == nil && r.tx.Fault == nil &&
		elsewhere != r.policyName() {
		// The network's rules of before are gone with it: that is what makes the parameter dangerous.
		dropAssociation(before, target)
		r.later(ruleChange, policyKind, elsewhere, world.Doc{"associations": before["associations"]})
	}
	return out, bad
}

// associated is the name of the policy of this scope that a network is associated with; "" = none.
func (r *request) associated(target string) string {
	if r.project == "" {
		return ""
	}
	for e := range r.all(policyKind, r.scope()+"/") {
		for _, a := range objs(e.Doc, "associations") {
			if relative(str(a, "attachmentTarget"), "") == target {
				return e.Name
			}
		}
	}
	return ""
}

func dropAssociation(policy world.Doc, target string) {
	var kept []any
	for _, a := range objs(policy, "associations") {
		if relative(str(a, "attachmentTarget"), "") != target {
			kept = append(kept, a)
		}
	}
	policy["associations"] = kept
}

func getAssociation(r *request) (world.Doc, *refusal) {
	doc, bad := getPolicy(r)
	if bad != nil {
		return nil, bad
	}
	for _, a := range objs(doc, "associations") {
		if str(a, "name") == r.query.Get("name") {
			return world.Doc(a), nil
		}
	}
	return nil, badRequest("An association with that name '%s' does not exist.", r.query.Get("name"))
}

func removeAssociation(r *request) (world.Doc, *refusal) {
	if doc, bad, ok := r.repeated(); ok {
		return doc, bad
	}
	doc, bad := r.policyForChange()
	if bad != nil {
		return nil, bad
	}
	var kept []any
	for _, a := range objs(doc, "associations") {
		if str(a, "name") != r.query.Get("name") {
			kept = append(kept, a)
		}
	}
	if len(kept) == len(list(doc, "associations")) {
		return nil, badRequest("An association with that name '%s' does not exist.", r.query.Get("name"))
	}
	doc["associations"] = kept
	item := r.effect("firewallPolicies.associations", r.policyName()+"#"+r.query.Get("name"), nil)
	return r.policyOperation("removeAssociation", doc, item, "delete")
}
