package google

import (
	"time"

	"google.golang.org/api/compute/v1"

	"github.com/culvertnet/culvert/adapters/simcloud/world"
)

// The kinds here are only as true as a producer's side and the recordings need: they have no rules of their own but
// references.

func healthChecks() collection {
	return collection{
		kind: "healthChecks", call: "regionHealthChecks", scope: "projects/{project}/regions/{region}",
		object:   "compute#healthCheck",
		singular: "health check", schema: structSchema[compute.HealthCheck](),
		took: durations{insert: 5 * time.Second, delete: 5 * time.Second, patch: 5 * time.Second},
		build: func(r *request) (world.Doc, *refusal) {
			doc := without(r.body)
			defaults(doc, map[string]any{
				"checkIntervalSec": 5, "timeoutSec": 5, "healthyThreshold": 2, "unhealthyThreshold": 2,
			})
			return doc, nil
		},
		patch: func(r *request, old world.Doc) (world.Doc, *refusal) { return mergePatch(old, r.body), nil },
		user: func(r *request, name string, _ world.Doc) string {
			for e := range r.all("backendServices", "") {
				for _, check := range strs(e.Doc, "healthChecks") {
					if relative(check, "") == name {
						return e.Name
					}
				}
			}
			return ""
		},
	}
}

func backendServices() collection {
	return collection{
		kind: "backendServices", call: "regionBackendServices", scope: "projects/{project}/regions/{region}",
		object: "compute#backendService", singular: "backend service", schema: structSchema[compute.BackendService](),
		took:  durations{insert: 8 * time.Second, delete: 8 * time.Second, patch: 8 * time.Second},
		build: buildBackendService,
		patch: func(r *request, old world.Doc) (world.Doc, *refusal) {
			if given := str(r.body, "fingerprint"); given != "" && given != str(old, "fingerprint") {
				return nil, staleFingerprint("Invalid fingerprint.")
			}
			doc := mergePatch(old, r.body)
			doc["fingerprint"] = fingerprint(without(doc, "fingerprint"))
			return doc, nil
		},
		user: func(r *request, name string, _ world.Doc) string {
			for e := range r.all("forwardingRules", "") {
				if relative(str(e.Doc, "backendService"), "") == name {
					return e.Name
				}
			}
			return ""
		},
	}
}

func buildBackendService(r *request) (world.Doc, *refusal) {
	doc := without(r.body)
	defaults(doc, map[string]any{"affinityCookieTtlSec": 0, "description": "", "sessionAffinity": "NONE",
		"timeoutSec":         30,
		"connectionDraining": map[string]any{"drainingTimeoutSec": 0}, "loadBalancingScheme": "EXTERNAL"})
	if doc["backends"] == nil {
		delete(doc, "backends")
	}
	if iap := obj(doc, "iap"); iap != nil { // recorded: the secret comes back as its digest (here: of no secret)
		delete(iap, "oauth2ClientSecret")
		iap["oauth2ClientSecretSha256"] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	}
	doc["fingerprint"] = fingerprint(doc)
	return doc, nil
}

func firewalls() collection {
	return collection{
		kind: "firewalls", call: "firewalls", scope: "projects/{project}/global", object: "compute#firewall",
		singular: "firewall",
		schema:   structSchema[compute.Firewall](), took: durations{
			insert: 5 * time.Second, delete: 5 * time.Second, patch: 5 * time.Second,
		},
		build: buildFirewall,
		patch: func(r *request, old world.Doc) (world.Doc, *refusal) { return mergePatch(old, r.body), nil },
	}
}

// buildFirewall sets the defaults: without a source, or for egress without a destination, the rule is for every address
// (discovery document).
func buildFirewall(r *request) (world.Doc, *refusal) {
	network, _, bad := r.networkOf(str(r.body, "network"))
	if bad != nil {
		return nil, bad
	}
	doc := without(r.body)
	defaults(doc, map[string]any{"direction": "INGRESS", "priority": 1000, "disabled": false, "description": "",
		"logConfig": map[string]any{"enable": false}})
	far, narrowed := "sourceRanges", len(list(doc, "sourceTags"))+len(list(doc, "sourceServiceAccounts"))
	if str(doc, "direction") == "EGRESS" {
		far, narrowed = "destinationRanges", 0
	}
	if len(list(doc, far)) == 0 && narrowed == 0 {
		doc[far] = []any{"0.0.0.0/0"}
	}
	doc["network"] = link(network)
	return doc, nil
}
