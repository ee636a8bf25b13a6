package google

import (
	"fmt"
	"net/netip"
	"slices"

	"google.golang.org/api/compute/v1"

	"github.com/culvertnet/culvert/adapters/simcloud/world"
)

// Missing is a role that one of Google's own accounts lacks, on a project or a subnetwork. In this world those accounts
// have every role that no scenario takes from them; setIamPolicy of the subnetwork gives it back.
type Missing struct {
	Member string `yaml:"member"` // service-22@serverless-robot-prod.iam.gserviceaccount.com
	Role   string `yaml:"role"`
	On     string `yaml:"on"` // projects/net, or the full name of a subnetwork
}

const (
	networkUserRole   = "roles/compute.networkUserRole"
	connectorUserRole = "roles/vpcaccess.user"
)

// lacks tells whether an account lacks a role on every one of these.
func (r *request) lacks(member, role string, on ...string) bool {
	missing := slices.ContainsFunc(r.missing, func(m Missing) bool {
		return m.Member == member && m.Role == role && slices.Contains(on, m.On)
	})
	return missing && !slices.ContainsFunc(on, func(resource string) bool {
		return slices.ContainsFunc(objs(r.policy(resource), "bindings"), func(b map[string]any) bool {
			return str(b, "role") == role && slices.Contains(strs(b, "members"), "serviceAccount:"+member)
		})
	})
}

func (r *request) number(project string) string {
	doc, _ := r.get("projects", project)
	return str(doc, "number")
}

// connectorAgentsFail: a connector is made by Google's accounts of its project, which need roles in its own project
// and, on a Shared VPC, on the host's subnetwork (google/exposure-notifications-server#639; terraform-google-modules/
// terraform-google-project-factory#615). guess: the wording about the host project.
func (r *request) connectorAgentsFail(name, subnet string) *failure {
	project := segment(name, "projects")
	number := r.number(project)
	apis := number + "@cloudservices.gserviceaccount.com"
	if r.lacks(apis, "roles/editor", "projects/"+project) {
		return &failure{7,
			fmt.Sprintf("Operation failed: Google APIs Service Agent (%s) needs editor role in the project.",
				apis)}
	}
	host := segment(subnet, "projects")
	if subnet == "" || host == project {
		return nil
	}
	for _, a := range []struct{ title, agent string }{{"Google APIs Service Agent", apis},
		{"VPC Access Service Agent", "service-" + number + "@gcp-sa-vpcaccess.iam.gserviceaccount.com"}} {
		if r.lacks(a.agent, networkUserRole, "projects/"+host, subnet) {
			return &failure{7,
				fmt.Sprintf("Operation failed: %s (%s) needs compute.networkUserRole role in the host project.",
					a.title, a.agent)}
		}
	}
	return nil
}

// runAgentFails: Cloud Run's account of a service's project needs to use the connector or the subnetwork of another
// project. guess: the wording about the subnetwork.
func (r *request) runAgentFails(project string, access map[string]any, of string) *failure {
	agent := "service-" + r.number(project) + "@serverless-robot-prod.iam.gserviceaccount.com"
	connector := r.fullConnector(str(access, "connector"), of)
	if host := segment(connector, "projects"); connector != "" && host != project &&
		r.lacks(agent, connectorUserRole, "projects/"+host) {
		return missingConnector(connector)
	}
	for _, nic := range objs(access, "networkInterfaces") {
		subnet := r.fullSubnetwork(str(nic, "subnetwork"), of)
		host := segment(subnet, "projects")
		if host != project && r.lacks(agent, networkUserRole, "projects/"+host, subnet) {
			return &failure{7,
				fmt.Sprintf("Cloud Run Service Agent (%s) needs compute.networkUserRole role on subnetwork %s.",
					agent, subnet)}
		}
	}
	return nil
}

func missingConnector(name string) *failure {
	return &failure{9,
		fmt.Sprintf("VPC connector %s does not exist, or Cloud Run does not have permission to use it.", name)}
}

// blockOfAddresses is how many addresses direct egress takes from a subnetwork at once (documentation: blocks of 16).
const blockOfAddresses = 16

// addressesFail: in a world that counts, a revision without a free block cannot start. guess: the wording.
func (r *request) addressesFail(access map[string]any, of string) *failure {
	for _, nic := range objs(access, "networkInterfaces") {
		name := r.fullSubnetwork(str(nic, "subnetwork"), of)
		subnet, ok := r.get("subnetworks", name)
		prefix, err := netip.ParsePrefix(str(subnet, "ipCidrRange"))
		if !r.counting || !ok || err != nil {
			continue
		}
		const reserved = 4 // of every primary range
		free := 1<<(32-prefix.Bits()) - reserved - r.addressesUsed(name, subnet, of)
		if free < blockOfAddresses {
			return &failure{8, fmt.Sprintf("Subnetwork %s has %d free IP addresses, which is not enough for a new "+
				"instance.", name, max(0, free))}
		}
	}
	return nil
}

// addressesUsed counts a subnetwork's addresses that others than one service have: blocks of workloads and of those
// that left it not long ago, machines, reserved addresses.
func (r *request) addressesUsed(name string, subnet world.Doc, except string) int {
	used := 0
	holders := r.users(func(access map[string]any, of string) bool {
		return slices.ContainsFunc(objs(access, "networkInterfaces"), func(nic map[string]any) bool {
			return r.fullSubnetwork(str(nic, "subnetwork"), of) == name
		})
	})
	for _, user := range holders {
		if user != except && segmentPath(user, "revisions") != except {
			used += blockOfAddresses
		}
	}
	for e := range r.all("keptAddresses", "") {
		if str(e.Doc, "subnetwork") == name && str(e.Doc, "service") != except {
			used += blockOfAddresses
		}
	}
	return used + len(r.machinesIn(subnet)) + len(r.reservedIn(name))
}

// reservedIn names the addresses that are reserved in a subnetwork.
func (r *request) reservedIn(subnet string) []string {
	var out []string
	for e := range r.all("addresses", "") {
		if r.byID(relative(str(e.Doc, "subnetwork"), segment(e.Name, "projects"))) == subnet {
			out = append(out, e.Name)
		}
	}
	return out
}

func subnetworkPolicyMethods() []method {
	const one = "projects/{project}/regions/{region}/subnetworks/{name}"
	return []method{
		{pattern: "GET " + one + "/getIamPolicy", call: "subnetworks.getIamPolicy", run: subnetworkPolicy},
		{pattern: "POST " + one + "/setIamPolicy", call: "subnetworks.setIamPolicy",
			body: structSchema[compute.RegionSetPolicyRequest](), run: setSubnetworkPolicy},
	}
}

func subnetworkPolicy(r *request) (world.Doc, *refusal) {
	name := r.scope() + "/subnetworks/" + r.name
	if !r.tx.Has(vendor, "subnetworks", name) {
		return nil, notFound(name)
	}
	return r.policy(name), nil
}

func setSubnetworkPolicy(r *request) (world.Doc, *refusal) {
	old, bad := subnetworkPolicy(r)
	if bad != nil {
		return nil, bad
	}
	given := obj(r.body, "policy")
	if etag := str(given, "etag"); etag != "" && etag != str(old, "etag") {
		return nil, staleFingerprint("There were concurrent policy changes.")
	}
	next := world.Doc{"version": 1, "bindings": list(given, "bindings")}
	next["etag"] = fingerprint([]any{map[string]any(next), r.tx.ID()})
	r.tx.Put(r.effect(policyDocs, r.scope()+"/subnetworks/"+r.name, nil), next)
	return next, nil
}
