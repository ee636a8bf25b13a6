package google

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/culvertnet/culvert/adapters/simcloud/world"
)

// aggregated is one kind of resource listed over all its scopes (discovery document: aggregatedList).
type aggregated struct {
	kind   string   // of the stored documents, and the field of a scope's list: "instances"
	object string   // of the answer: "compute#instanceAggregatedList"
	scopes []string // where the kind is, expected or not empty: "zones/europe-west3-a"
	view   func(world.Entry)
}

func aggregatedMethods() []method {
	at := "GET projects/{project}/aggregated/"
	return []method{
		{pattern: at + "instances", call: "instances.aggregatedList", run: func(r *request) (world.Doc, *refusal) {
			return r.aggregate(aggregated{"instances", "compute#instanceAggregatedList", zoneScopes(), viewInstance})
		}},
		{pattern: at + "routers", call: "routers.aggregatedList", run: func(r *request) (world.Doc, *refusal) {
			return r.aggregate(aggregated{"routers", "compute#routerAggregatedList", regionScopes(), nil})
		}},
	}
}

// viewInstance completes what a world file leaves out: every instance has its zone as a link (discovery document).
func viewInstance(e world.Entry) {
	if e.Doc["zone"] == nil {
		e.Doc["zone"] = link(e.Name[:strings.Index(e.Name, "/instances/")])
	}
}

func regionScopes() []string {
	var out []string
	for _, region := range sortedKeys(autoRanges) {
		out = append(out, "regions/"+region)
	}
	return out
}

// zoneLetters are the zones of regions that do not have a, b and c (documentation: regions and zones).
var zoneLetters = map[string]string{"europe-west1": "bcd", "us-central1": "abcf", "us-east1": "bcd"}

func zoneScopes() []string {
	var out []string
	for _, region := range sortedKeys(autoRanges) {
		for _, letter := range cmp.Or(zoneLetters[region], "abc") {
			out = append(out, "zones/"+region+"-"+string(letter))
		}
	}
	return out
}

// aggregate answers one page. It has every scope of the kind: one without a result on this page has a warning instead
// of the list. The page's size counts the resources of all scopes together.
func (r *request) aggregate(of aggregated) (world.Doc, *refusal) {
	keep, bad := parseFilter(r.query.Get("filter"))
	if bad != nil {
		return nil, bad
	}
	lost, bad := r.unreachable(of.scopes)
	if bad != nil {
		return nil, bad
	}
	items := map[string]any{}
	for _, scope := range r.everyScope(of.scopes) {
		items[scope] = warning("NO_RESULTS_ON_PAGE", "There are no results for scope '"+scope+"' on this page.", scope)
	}
	entries := slices.DeleteFunc(slices.Collect(r.all(of.kind, "projects/"+r.project+"/")), func(e world.Entry) bool {
		return slices.Contains(lost, scopeOf(e.Name)) || !keep(e.Doc)
	})
	some, next := r.cut(entries, "maxResults", 500)
	for _, e := range some {
		doc := world.Entry{Name: e.Name, Doc: world.Copy(e.Doc)}
		if of.view != nil {
			of.view(doc)
		}
		held, _ := items[scopeOf(e.Name)].(map[string]any)
		already, _ := held[of.kind].([]any)
		items[scopeOf(e.Name)] = map[string]any{of.kind: append(already, map[string]any(doc.Doc))}
	}
	out := world.Doc{"kind": of.object, "id": r.subject, "selfLink": link(r.subject)}
	var names []any
	for _, scope := range lost {
		// guess: the message, and that the scope stays in the items
		items[scope] = warning("UNREACHABLE", "The scope '"+scope+"' cannot be reached.", scope)
		names = append(names, scope)
	}
	out["items"] = items
	if len(names) > 0 {
		out["unreachables"] = names
	}
	if next != "" {
		out["nextPageToken"] = next
	}
	return out, nil
}

// everyScope adds the scopes of the other types where the caller wants them (includeAllScopes).
func (r *request) everyScope(own []string) []string {
	if r.query.Get("includeAllScopes") != "true" {
		return own
	}
	scopes := map[string]bool{"global": true}
	for _, scope := range slices.Concat(own, regionScopes(), zoneScopes()) {
		scopes[scope] = true
	}
	return slices.Sorted(maps.Keys(scopes))
}

// unreachable are the scopes that a fault has cut off. Who does not ask for a partial success gets none (documentation:
// set returnPartialSuccess to prevent failure). guess: that the failure is a 503.
func (r *request) unreachable(scopes []string) ([]string, *refusal) {
	if r.tx.Fault == nil || r.tx.Fault.Mode != world.Unreachable {
		return nil, nil
	}
	lost := slices.DeleteFunc(slices.Clone(scopes), func(s string) bool {
		return !strings.Contains(s, r.tx.Fault.Match)
	})
	if len(lost) > 0 && r.query.Get("returnPartialSuccess") != "true" {
		return nil, &refusal{status: 503, reason: "backendError", rpc: "UNAVAILABLE",
			message: "The scope '" + lost[0] + "' cannot be reached."}
	}
	return lost, nil
}

// scopeOf is where a resource is: "zones/Z" or "regions/R".
func scopeOf(name string) string {
	parts := strings.Split(name, "/")
	return strings.Join(parts[2:len(parts)-2], "/")
}

func warning(code, message, scope string) map[string]any {
	return map[string]any{"warning": map[string]any{"code": code, "message": message,
		"data": []any{map[string]any{"key": "scope", "value": scope}}}}
}
