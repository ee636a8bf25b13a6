package recorded

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// What stands for the recording's constants in the world.
const (
	recordedProject = "recorded-project"
	recordedNumber  = "100000000001"
	recordedHash    = "k3x7q2r5za"
	priorNetwork    = "prior-network" // the auto mode network that a project has from the start
)

var placeholder = regexp.MustCompile(`\$\{([A-Za-z0-9_]+)\}`)

// names gives the placeholders of one log their values. The recordings call every network ${networkID}: which one a
// mention means is not written there, so a mention has candidates. The zero value is not usable; see newNames.
type names struct {
	fixed map[string]string   // the same everywhere
	last  map[string]string   // learned from our answers, the newest counts: operations, changes
	made  map[string][]string // by collection (singular), oldest first: what the log made so far
	count map[string]int      // by placeholder, of names handed out
	seen  map[string]string   // by recorded URL path: the candidate that was last read or made there
	marks map[string]string   // by our URL path and field: fingerprints and etags that we were given
	ip    string              // the address that stands where the recording says 8.8.8.8
}

func newNames() *names {
	return &names{
		fixed: map[string]string{"projectId": recordedProject, "projectNumber": recordedNumber, "uniqueId": "u7k2m",
			"organizationID": "123450000001"},
		last: map[string]string{}, made: map[string][]string{}, count: map[string]int{}, seen: map[string]string{},
		marks: map[string]string{},
	}
}

// mention is one place of a request that names an object by placeholder: "…/networks/${networkID}", or the bare
// placeholder.
var mention = regexp.MustCompile(`(?:([A-Za-z]+)/)?\$\{([A-Za-z0-9_]+)\}`)

// objectsIn lists the different mentions of a text that mean an object, each as "collection ${placeholder}".
func (n *names) objectsIn(text string) []string {
	var found []string
	for _, m := range mention.FindAllStringSubmatch(text, -1) {
		if n.plain(m[2]) {
			continue
		}
		if key := n.collectionOf(m[1], m[2]); !slices.Contains(found, key) {
			found = append(found, key)
		}
	}
	return found
}

// plain tells a placeholder that is no object's name: a constant of the log, or an id that answers teach.
func (n *names) plain(name string) bool {
	_, constant := n.fixed[name]
	_, learned := n.last[name]
	return constant || learned || name == "operationID" || name == "changeId"
}

// collectionOf is the singular of the collection that a mention is in: what stands before it, ".../networks/${…}"; a
// bare placeholder tells by its own name, ${networkID}.
func (n *names) collectionOf(before, name string) string {
	if before == "" {
		return strings.TrimSuffix(strings.TrimSuffix(name, "ID"), "Id")
	}
	if stem, ok := strings.CutSuffix(before, "ies"); ok {
		return stem + "y"
	}
	if stem, ok := strings.CutSuffix(before, "sses"); ok {
		return stem + "ss"
	}
	return strings.TrimSuffix(before, "s")
}

// fresh makes a name that no object has yet; asking again before it is used gives the same one.
func (n *names) fresh(collection string) string {
	return fmt.Sprintf("%s%d", strings.ToLower(collection), n.count[collection]+1)
}

// created notes an object that the log made.
func (n *names) created(collection, name string) {
	n.count[collection]++
	n.made[collection] = append(n.made[collection], name)
}

// candidates lists what a mention can mean, the likeliest first: what is newest, at last what was there before the log
// began.
func (n *names) candidates(collection string) []string {
	list := slices.Clone(n.made[collection])
	slices.Reverse(list)
	if collection == "network" || collection == "subnetwork" {
		list = append(list, priorNetwork)
	}
	return list
}

// choices are the ways to read the mentions of a request: all combinations of their candidates, at most 64, the
// likeliest first.
func (n *names) choices(mentions []string, prefer map[string]string) []map[string]string {
	out := []map[string]string{{}}
	for _, collection := range mentions {
		list := n.candidates(collection)
		if first, ok := prefer[collection]; ok {
			list = append([]string{first}, slices.DeleteFunc(list, func(s string) bool { return s == first })...)
		}
		if len(list) == 0 {
			list = []string{n.fresh(collection)}
		}
		var next []map[string]string
		for _, name := range list {
			for _, base := range out {
				c := maps.Clone(base)
				c[collection] = name
				next = append(next, c)
			}
		}
		out = next[:min(len(next), 64)]
	}
	return out
}

// expand puts values in the place of a text's placeholders.
func (n *names) expand(text string, choice map[string]string) string {
	return mention.ReplaceAllStringFunc(text, func(m string) string {
		parts := mention.FindStringSubmatch(m)
		prefix := strings.TrimSuffix(m, "${"+parts[2]+"}")
		if v, ok := n.fixed[parts[2]]; ok {
			return prefix + v
		}
		if v, ok := n.last[parts[2]]; ok {
			return prefix + v
		}
		if v, ok := choice[n.collectionOf(parts[1], parts[2])]; ok {
			return prefix + v
		}
		return prefix + "unknown-" + strings.ToLower(parts[2])
	})
}

// expandBody does the same for every string of a body; marks are the fingerprints of the object that the request is
// about.
func (n *names) expandBody(v any, field, about string, choice map[string]string) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, e := range v {
			out[k] = n.expandBody(e, k, about, choice)
		}
		return out
	case []any:
		out := []any{}
		for _, e := range v {
			out = append(out, n.expandBody(e, field, about, choice))
		}
		return out
	case string:
		if mark, ok := n.marks[about+" "+field]; ok && v != "" {
			return mark
		}
		if v == recordedIP && field == "IPAddress" && n.ip != "" {
			return n.ip
		}
		return n.expand(v, choice)
	}
	return v
}

// recordedIP is what the recordings write in the place of most addresses.
const recordedIP = "8.8.8.8"

// learn reads from one of our answers what later requests will send back: ids that the server gave, fingerprints, the
// address.
func (n *names) learn(recorded, ours map[string]any, about string) {
	for _, field := range []string{"fingerprint", "labelFingerprint", "etag"} {
		if mark, ok := ours[field].(string); ok {
			n.marks[about+" "+field] = mark
		}
	}
	if id, ok := ours["id"].(string); ok && ours["kind"] == "dns#change" {
		n.last["changeId"] = id
	}
	if ip, ok := ours["address"].(string); ok && recorded["address"] == recordedIP {
		n.ip = ip
	}
	for _, field := range []string{"name", "selfLink", "targetLink"} {
		n.learnID(recorded, ours, field)
	}
}

// learnID reads the id that a field ends with.
func (n *names) learnID(recorded, ours map[string]any, field string) {
	want, _ := recorded[field].(string)
	got, _ := ours[field].(string)
	m := placeholder.FindAllStringSubmatch(want, -1)
	if len(m) == 0 || got == "" {
		return
	}
	id := m[len(m)-1][1] // the object's own is the last
	if !strings.HasSuffix(want, "${"+id+"}") {
		return
	}
	value := got[strings.LastIndex(got, "/")+1:]
	switch {
	case id == "operationID" && (field == "name" || field == "selfLink"):
		n.last[id] = value
	case field == "targetLink" && !n.plain(id):
		collection := n.collectionOf("", id)
		if !slices.Contains(n.made[collection], value) && recorded["operationType"] != "delete" {
			n.created(collection, value)
		}
	}
}
