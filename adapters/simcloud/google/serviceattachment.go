package google

import (
	"fmt"
	"strings"
	"time"

	"google.golang.org/api/compute/v1"

	"github.com/culvertnet/culvert/adapters/simcloud/world"
)

func serviceAttachments() collection {
	return collection{
		kind: "serviceAttachments", call: "serviceAttachments", scope: "projects/{project}/regions/{region}",
		object: "compute#serviceAttachment", singular: "service attachment",
		schema: structSchema[compute.ServiceAttachment](),
		took:   durations{insert: 15 * time.Second, delete: 15 * time.Second, patch: 10 * time.Second},
		build:  buildAttachment, patch: patchAttachment, patched: reconcileEndpoints, deleted: closeEndpoints,
		view: viewAttachment,
	}
}

func buildAttachment(r *request) (world.Doc, *refusal) {
	target := relative(str(r.body, "targetService"), r.project)
	if !r.tx.Has(vendor, "forwardingRules", target) {
		return nil, notFound(target)
	}
	if preference := str(r.body, "connectionPreference"); preference != "ACCEPT_AUTOMATIC" &&
		preference != "ACCEPT_MANUAL" {
		return nil, invalid("resource.connectionPreference", preference, "Must be ACCEPT_AUTOMATIC or ACCEPT_MANUAL.")
	}
	if bad := r.checkNatSubnets(); bad != nil {
		return nil, bad
	}
	doc := without(r.body)
	defaults(doc, map[string]any{"enableProxyProtocol": false})
	for _, listed := range []string{"consumerAcceptLists", "consumerRejectLists"} {
		if len(list(doc, listed)) == 0 {
			delete(doc, listed)
		}
	}
	doc["targetService"] = link(target)
	doc["fingerprint"] = fingerprint(doc)
	return doc, nil
}

// checkNatSubnets: a NAT subnet has its own purpose and belongs to one attachment only.
func (r *request) checkNatSubnets() *refusal {
	nats := strs(r.body, "natSubnets")
	if len(nats) == 0 {
		return invalid("resource.natSubnets", "", "At least one NAT subnet is required.")
	}
	for _, nat := range nats {
		name := relative(nat, r.project)
		subnet, ok := r.get("subnetworks", name)
		if !ok {
			return notFound(name)
		}
		if str(subnet, "purpose") != "PRIVATE_SERVICE_CONNECT" {
			return invalid("resource.natSubnets", nat, "The purpose of the subnetwork must be PRIVATE_SERVICE_CONNECT.")
		}
		for e := range r.all("serviceAttachments", "") {
			for _, other := range strs(e.Doc, "natSubnets") {
				if relative(other, "") == name {
					return inUse("subnetwork", name, e.Name)
				}
			}
		}
	}
	return nil
}

func patchAttachment(r *request, old world.Doc) (world.Doc, *refusal) {
	if str(r.body, "fingerprint") != str(old, "fingerprint") {
		return nil, staleFingerprint("Invalid fingerprint.")
	}
	doc := mergePatch(old, r.body)
	doc["fingerprint"] = fingerprint(without(doc, "fingerprint"))
	return doc, nil
}

// admission is what an attachment says to a consumer: ACCEPTED, PENDING or REJECTED. Lists name projects (ids or
// numbers) or networks.
func (r *request) admission(attachment world.Doc, consumer, network string, connected int) string {
	projectDoc, _ := r.get("projects", consumer)
	is := func(entry string) bool {
		return entry == consumer || (entry != "" && entry == str(projectDoc, "number")) ||
			relative(entry, "") == network
	}
	for _, rejected := range strs(attachment, "consumerRejectLists") {
		if is(rejected) {
			return "REJECTED"
		}
	}
	if str(attachment, "connectionPreference") == "ACCEPT_AUTOMATIC" {
		return "ACCEPTED"
	}
	for _, accepted := range objs(attachment, "consumerAcceptLists") {
		limit, limited := num(accepted, "connectionLimit")
		if (is(str(accepted, "projectIdOrNum")) || is(str(accepted, "networkUrl"))) &&
			(!limited || int64(connected) < limit) {
			return "ACCEPTED"
		}
	}
	return "PENDING"
}

// endpointsOf lists the consumers' rules that target an attachment.
func (r *request) endpointsOf(attachment string) []world.Entry {
	var out []world.Entry
	for e := range r.all("forwardingRules", "") {
		if relative(str(e.Doc, "target"), "") == attachment {
			out = append(out, e)
		}
	}
	return out
}

// connectEndpoint decides a new endpoint's connection when its operation is done: DONE is not ACCEPTED.
func connectEndpoint(r *request, name string, took time.Duration) {
	doc, _ := r.get("forwardingRules", name)
	attachment := relative(str(doc, "target"), "")
	if !strings.Contains(attachment, "/serviceAttachments/") {
		return
	}
	attachmentDoc, _ := r.get("serviceAttachments", attachment)
	status := r.admission(attachmentDoc, r.project, relative(str(doc, "network"), ""), r.accepted(attachment))
	r.later(took, "forwardingRules", name, world.Doc{"pscConnectionStatus": status})
}

func (r *request) accepted(attachment string) int {
	n := 0
	for _, e := range r.endpointsOf(attachment) {
		if str(e.Doc, "pscConnectionStatus") == "ACCEPTED" {
			n++
		}
	}
	return n
}

// reconcileEndpoints: a changed list decides anew for connections that wait; standing ones only with
// reconcileConnections.
func reconcileEndpoints(r *request, name string, doc world.Doc) {
	for _, e := range r.endpointsOf(name) {
		status := str(e.Doc, "pscConnectionStatus")
		if status != "PENDING" && !flag(doc, "reconcileConnections") {
			continue
		}
		next := r.admission(doc, segment(e.Name, "projects"), relative(str(e.Doc, "network"), ""), r.accepted(name))
		r.later(10*time.Second, "forwardingRules", e.Name, world.Doc{"pscConnectionStatus": next})
	}
}

// closeEndpoints: the producer deleted the attachment; the consumers' rules stay, CLOSED, and must be made again.
func closeEndpoints(r *request, name string, _ world.Doc) {
	for _, e := range r.endpointsOf(name) {
		r.later(15*time.Second, "forwardingRules", e.Name, world.Doc{"pscConnectionStatus": "CLOSED"})
	}
}

func viewAttachment(r *request, name string, doc world.Doc) {
	var connected []any
	for _, e := range r.endpointsOf(name) {
		connected = append(connected, map[string]any{
			"endpoint": link(e.Name), "pscConnectionId": str(e.Doc, "pscConnectionId"),
			"status":          str(e.Doc, "pscConnectionStatus"),
			"consumerNetwork": str(e.Doc, "network"),
		})
	}
	if len(connected) > 0 {
		doc["connectedEndpoints"] = connected
	}
}

// missingAttachment: this kind words its 404 differently (recorded).
func missingAttachment(name string) *refusal {
	return &refusal{
		status: 404, reason: "notFound", rpc: "NOT_FOUND", message: fmt.Sprintf("serviceAttachment %q not found", name),
	}
}
