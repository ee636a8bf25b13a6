package google

import (
	"slices"
	"strings"

	"github.com/culvertnet/culvert/adapters/simcloud/world"
)

// policyDocs is the kind of the documents that hold IAM policies: name = kind of the resource, slash, its name.
const policyDocs = "iamPolicies"

func (r *request) policyKey(kind string) (string, *refusal) {
	name := "projects/" + r.project + "/locations/" + r.region + "/" + kind + "/" + r.name
	if !r.tx.Has(vendor, kind, name) {
		return "", rpcNotFound("Resource '%s' was not found", name)
	}
	return name, nil
}

func (r *request) policy(key string) world.Doc {
	doc, ok := r.get(policyDocs, key)
	if !ok {
		doc = world.Doc{"etag": "ACAB"} // every resource has the empty policy
	}
	return doc
}

func getPolicyOf(kind string) handler {
	return func(r *request) (world.Doc, *refusal) {
		key, bad := r.policyKey(kind)
		if bad != nil {
			return nil, bad
		}
		return r.policy(key), nil
	}
}

// folded is a member as the vendor keeps it: the account's address in lower case (magic-modules, issue 1957).
func folded(member string) string {
	kind, account, ok := strings.Cut(member, ":")
	if !ok || strings.HasPrefix(kind, "principal") {
		return member
	}
	return kind + ":" + strings.ToLower(account)
}

// bindings are those of a policy as the vendor keeps them: without members there is none, and who is new must exist.
func (r *request) bindings(given, old map[string]any) ([]any, *refusal) {
	var before []string
	for _, b := range objs(old, "bindings") {
		before = append(before, strs(b, "members")...)
	}
	var out []any
	for _, b := range objs(given, "bindings") {
		members := strs(b, "members")
		if len(members) == 0 {
			continue
		}
		for i := range members {
			members[i] = folded(members[i])
		}
		if bad := r.checkMembers(newTo(before, members)); bad != nil {
			return nil, bad
		}
		b["members"] = members
		out = append(out, b)
	}
	return out, nil
}

// newTo are the members that a policy did not have before: those are looked up.
func newTo(before, members []string) []string {
	return slices.DeleteFunc(slices.Clone(members), func(m string) bool { return slices.Contains(before, m) })
}

// setPolicyOf replaces the whole policy. An etag that is not the present one is refused; without an etag the last
// writer wins.
func setPolicyOf(kind string) handler {
	return func(r *request) (world.Doc, *refusal) {
		key, bad := r.policyKey(kind)
		if bad != nil {
			return nil, bad
		}
		given := obj(r.body, "policy")
		if given == nil {
			return nil, rpcInvalid("policy must be set.")
		}
		old := r.policy(key)
		if etag := str(given, "etag"); etag != "" && etag != str(old, "etag") {
			return nil,
				aborted("There were concurrent policy changes. Please retry the whole read-modify-write with " +
					"exponential backoff.")
		}
		bindings, bad := r.bindings(given, old)
		if bad != nil {
			return nil, bad
		}
		next := world.Doc{"version": 1}
		if len(bindings) > 0 {
			next["bindings"] = bindings
		}
		next["etag"] = fingerprint([]any{map[string]any(next), r.tx.ID()})
		r.tx.Put(r.effect(policyDocs, key, nil), next)
		return next, nil
	}
}
