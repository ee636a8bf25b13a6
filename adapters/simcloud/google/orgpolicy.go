package google

import (
	"fmt"
	"slices"
	"strings"

	"github.com/culvertnet/culvert/adapters/simcloud/world"
)

// OrgPolicy is an organization policy that is in force in a project: a constraint that is enforced, or a list of what
// is allowed or denied.
type OrgPolicy struct {
	Project    string   `yaml:"project"`
	Constraint string   `yaml:"constraint"` // run.allowedIngress
	Enforce    bool     `yaml:"enforce"`
	DenyAll    bool     `yaml:"denyAll"`
	Allowed    []string `yaml:"allowed"`
	Denied     []string `yaml:"denied"`
}

// The constraints that this world knows. Policies of others are shown and decide nothing.
const (
	noEndpoints = "compute.disablePrivateServiceConnectCreationForConsumers" // GOOGLE_APIS, SERVICE_PRODUCERS
	// all, internal, internal-and-cloud-load-balancing
	allowedIngress = "run.allowedIngress"
	allowedEgress  = "run.allowedVPCEgress"           // all-traffic, private-ranges-only
	locations      = "gcp.resourceLocations"          // in:eu-locations, europe-west3
	memberDomains  = "iam.allowedPolicyMemberDomains" // this world names domains
)

func orgPolicyMethods() []method {
	return []method{{pattern: "GET projects/{project}/policies/{name}", verb: "getEffectivePolicy",
		call: "orgpolicy.policies.getEffectivePolicy", style: rpcStyle, run: effectivePolicy}}
}

// effectivePolicy answers a constraint's policy; without one everything is allowed.
func effectivePolicy(r *request) (world.Doc, *refusal) {
	project, _ := r.get("projects", r.project)
	rule := map[string]any{"allowAll": true}
	for _, p := range r.orgPolicies {
		if p.Project != r.project || p.Constraint != r.name {
			continue
		}
		switch {
		case p.Enforce:
			rule = map[string]any{"enforce": true}
		case p.DenyAll:
			rule = map[string]any{"denyAll": true}
		case len(p.Allowed) > 0:
			rule = map[string]any{"values": map[string]any{"allowedValues": p.Allowed}}
		default:
			rule = map[string]any{"values": map[string]any{"deniedValues": p.Denied}}
		}
	}
	return world.Doc{"name": "projects/" + str(project, "number") + "/policies/" + r.name,
		"spec": map[string]any{"rules": []any{rule}}}, nil
}

// inForce tells whether a project has a policy for a constraint.
func (d *api) inForce(project, constraint string) bool {
	return slices.ContainsFunc(d.orgPolicies, func(p OrgPolicy) bool {
		return p.Project == project && p.Constraint == constraint
	})
}

// violates tells whether a project's policy forbids a value of a constraint.
func (d *api) violates(project, constraint, val string) bool {
	holds := func(list []string) bool {
		return slices.ContainsFunc(list, func(v string) bool {
			v = strings.TrimPrefix(v, "is:")
			group, isGroup := strings.CutPrefix(v, "in:")
			return v == val || isGroup && strings.HasPrefix(val, map[string]string{"eu-locations": "europe-",
				"us-locations": "us-", "asia-locations": "asia-"}[group])
		})
	}
	return slices.ContainsFunc(d.orgPolicies, func(p OrgPolicy) bool {
		return p.Project == project && p.Constraint == constraint &&
			(p.Enforce || p.DenyAll || holds(p.Denied) || len(p.Allowed) > 0 && !holds(p.Allowed))
	})
}

// checkEndpointPolicy: an organization can forbid endpoints of Private Service Connect.
func (r *request) checkEndpointPolicy(target string) *refusal {
	if !r.violates(r.project, noEndpoints, target) {
		return nil
	}
	return &refusal{status: 412, reason: "conditionNotMet", rpc: "FAILED_PRECONDITION",
		message: fmt.Sprintf("Constraint constraints/%s violated for projects/%s. Private Service Connect endpoints "+
			"for %s are not allowed.", noEndpoints, r.project, target)} // guess: the second sentence
}

// checkLocation: an organization can forbid regions. of is "REGION:europe-west3" for Compute, the region for the newer
// APIs.
func (r *request) checkLocation(region, resource string) *refusal {
	if !r.violates(r.project, locations, region) {
		return nil
	}
	return &refusal{status: 412, reason: "conditionNotMet", rpc: "FAILED_PRECONDITION",
		message: fmt.Sprintf("Location REGION:%s violates constraint constraints/%s on the resource %s.", region,
			locations, resource)}
}

// rpcLocation is the same refusal of the newer APIs. guess: its status.
func (r *request) rpcLocation(region, resource string) *refusal {
	if !r.violates(r.project, locations, region) {
		return nil
	}
	return &refusal{status: 400, rpc: "FAILED_PRECONDITION",
		message: fmt.Sprintf("'%s' violates constraint 'constraints/%s' on the resource '%s'.", region, locations,
			resource)}
}

// checkDeployment: an organization can limit ingress and the ways out of services. With a policy about the way out,
// every new revision needs access to a network. guess: the wording.
func (r *request) checkDeployment(doc world.Doc, revision bool) *refusal {
	violated := func(constraint, doing, val string) *refusal {
		return &refusal{status: 400, rpc: "FAILED_PRECONDITION",
			message: fmt.Sprintf("Constraint constraints/%s violated for projects/%s attempting to set %s to %s.",
				constraint, r.project, doing, val)}
	}
	ingress := map[string]string{"INGRESS_TRAFFIC_ALL": "all", "INGRESS_TRAFFIC_INTERNAL_ONLY": "internal",
		"INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER": "internal-and-cloud-load-balancing"}[str(doc, "ingress")]
	if r.violates(r.project, allowedIngress, ingress) {
		return violated(allowedIngress, "ingress", ingress)
	}
	if !revision || !r.inForce(r.project, allowedEgress) {
		return nil
	}
	egress := map[string]string{"ALL_TRAFFIC": "all-traffic", "PRIVATE_RANGES_ONLY": "private-ranges-only",
		"": "none"}[str(doc, "template", "vpcAccess", "egress")]
	if egress == "none" || r.violates(r.project, allowedEgress, egress) {
		return violated(allowedEgress, "VPC egress", egress)
	}
	return nil
}

// checkMembers: an organization can limit whom policies may name, and an account that does not exist cannot be named.
func (r *request) checkMembers(members []string) *refusal {
	for _, member := range members {
		kind, account, _ := strings.Cut(member, ":")
		_, domain, _ := strings.Cut(account, "@")
		project, ours := strings.CutSuffix(domain, ".iam.gserviceaccount.com")
		ours = ours && r.tx.Has(vendor, "projects", project)
		if r.inForce(r.project, memberDomains) && !ours && r.violates(r.project, memberDomains, domain) {
			return &refusal{status: 400, rpc: "FAILED_PRECONDITION",
				message: "One or more users named in the policy do not belong to a permitted customer,  perhaps due " +
					"to an organization policy."}
		}
		known := func(a string) bool { return strings.EqualFold(a, account) }
		sameDomain := func(a string) bool { return strings.HasSuffix(strings.ToLower(a), "@"+strings.ToLower(domain)) }
		if domain != "" && slices.ContainsFunc(r.accounts, sameDomain) && !slices.ContainsFunc(r.accounts, known) {
			named := map[string]string{"serviceAccount": "Service account", "user": "User", "group": "Group"}[kind]
			return &refusal{status: 400, rpc: "INVALID_ARGUMENT",
				message: fmt.Sprintf("%s %s does not exist.", named, account)}
		}
	}
	return nil
}
