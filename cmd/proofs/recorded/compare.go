package recorded

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// shape maps every path of a JSON document to its type; all elements of an array share one path.
func shape(doc any) map[string]string {
	out := map[string]string{}
	describeShape(doc, "", out)
	delete(out, "")
	return out
}

func describeShape(v any, path string, out map[string]string) {
	switch v := v.(type) {
	case map[string]any:
		out[path] = "object"
		for k, e := range v {
			describeShape(e, strings.TrimPrefix(path+"."+k, "."), out)
		}
	case []any:
		out[path] = "array"
		for _, e := range v {
			describeShape(e, path+"[]", out)
		}
	case string:
		out[path] = "string"
	case bool:
		out[path] = "bool"
	case float64:
		out[path] = "number"
	default:
		out[path] = "null"
	}
}

// comparison is what one exchange, or all of a row, came to.
type comparison struct {
	requests, statuses       int // sent; with the recorded status
	fields                   int // expected
	missing, extra, mistyped []string
	refusals, reasons        int      // recorded error bodies; ours says the same
	forms                    []string // kinds, links and types of operations that read differently
	values                   []string // other values that differ: for the eye, no verdict
	notes                    []string
	statusNotes              []string
}

// marked are the fields whose values are forms of the vendor, not the caller's: they must read alike.
var marked = []string{"kind", "selfLink", "selfLinkWithId", "targetLink", "operationType", "@type", "method", "target"}

// settling are fields that a read waits for; what they say in the answer to a change is a moment's.
var settling = []string{"status", "state", "done", "pscConnectionStatus"}

// meaningless are values that the recordings have normalised, or that one life of an object has for itself.
var meaningless = regexp.MustCompile(`(?i)(^|\.)(id|uid|etag|fingerprint|labelFingerprint|pscConnectionId|` +
	`insertTime|startTime|endTime|[a-zA-Z]*Timestamp|createTime|updateTime|creationTime|lastTransitionTime|` +
	`targetId|address|IPAddress|uri|urls\[\]|oauth2ClientSecretSha256)$`)

// compare adds one exchange to a row.
func (c *comparison) compare(e exchange, got reply) {
	at := e.method + " " + e.kind()
	c.requests++
	if got.status == e.status {
		c.statuses++
	} else {
		c.statusNotes = append(c.statusNotes, fmt.Sprintf("%s %s: recorded %d, got %d %s", e.method, e.path, e.status,
			got.status, message(got.body)))
	}
	want, have := shape(anyOf(e.answer)), shape(anyOf(got.body))
	c.fields += len(want)
	for _, path := range slices.Sorted(maps.Keys(want)) {
		switch typ, ok := have[path]; {
		case !ok:
			c.missing = append(c.missing, at+" "+path)
		case typ != want[path]:
			c.mistyped = append(c.mistyped, fmt.Sprintf("%s %s: %s, not %s", at, path, typ, want[path]))
		}
	}
	for _, path := range slices.Sorted(maps.Keys(have)) {
		if _, ok := want[path]; !ok {
			c.extra = append(c.extra, at+" "+path)
		}
	}
	c.compareValues(at, "", anyOf(e.answer), anyOf(got.body))
	if e.status >= 400 {
		c.refusals++
		if bad := sameRefusal(e.answer, got.body); bad != "" {
			c.notes = append(c.notes, at+": "+bad)
		} else {
			c.reasons++
		}
	}
}

// unsent adds an exchange that could not be sent, or whose answer could not be read, to a row: it counts as a request
// without the recorded status.
func (c *comparison) unsent(e exchange, why error) {
	c.requests++
	c.statusNotes = append(c.statusNotes,
		fmt.Sprintf("%s %s: recorded %d, not sent: %v", e.method, e.path, e.status, why))
}

func anyOf(doc map[string]any) any {
	if doc == nil {
		return nil
	}
	return doc
}

func message(body map[string]any) string {
	e, _ := body["error"].(map[string]any)
	text, _ := e["message"].(string)
	return text
}

// compareValues compares scalars that both have.
func (c *comparison) compareValues(at, path string, want, have any) {
	switch want := want.(type) {
	case map[string]any:
		have, _ := have.(map[string]any)
		for _, k := range slices.Sorted(maps.Keys(want)) {
			if v, ok := have[k]; ok && k != "error" {
				c.compareValues(at, strings.TrimPrefix(path+"."+k, "."), want[k], v)
			}
		}
	case []any:
		have, _ := have.([]any)
		for i := range min(len(want), len(have)) {
			c.compareValues(at, path+"[]", want[i], have[i])
		}
	default:
		if meaningless.MatchString(path) || fits(want, have) {
			return
		}
		field := path[strings.LastIndex(path, ".")+1:]
		line := fmt.Sprintf("%s %s: %v, not %v", at, path, have, want)
		if slices.Contains(marked, field) || (strings.HasPrefix(at, "GET") && slices.Contains(settling, field)) {
			c.forms = append(c.forms, line)
			return
		}
		c.values = append(c.values, line)
	}
}

// fits tells whether a value is the recorded one, where a placeholder stands for any one name.
func fits(want, have any) bool {
	pattern, ok := want.(string)
	if !ok {
		return want == have
	}
	text, ok := have.(string)
	if !ok {
		return false
	}
	var b strings.Builder
	rest := pattern
	for _, m := range placeholder.FindAllString(pattern, -1) {
		before, after, _ := strings.Cut(rest, m)
		b.WriteString(regexp.QuoteMeta(before) + `[^/?' ]+`)
		rest = after
	}
	return regexp.MustCompile(`^` + b.String() + regexp.QuoteMeta(rest) + `$`).MatchString(text)
}

// sameRefusal compares error bodies: code, status, message, and the reason of each of the errors.
func sameRefusal(want, have map[string]any) string {
	w, _ := want["error"].(map[string]any)
	h, _ := have["error"].(map[string]any)
	for _, field := range []string{"code", "status", "message"} {
		if !fits(w[field], h[field]) {
			return fmt.Sprintf("%s %v, not %v", field, h[field], w[field])
		}
	}
	wants, _ := w["errors"].([]any)
	haves, _ := h["errors"].([]any)
	if len(wants) != len(haves) {
		return fmt.Sprintf("%d errors, not %d", len(haves), len(wants))
	}
	for i := range wants {
		we, _ := wants[i].(map[string]any)
		he, _ := haves[i].(map[string]any)
		for _, field := range []string{"reason", "domain", "message"} {
			if !fits(we[field], he[field]) {
				return fmt.Sprintf("errors.%s %v, not %v", field, he[field], we[field])
			}
		}
	}
	return ""
}

// agreement is the share of the recorded fields that the answers have with the same type. Extra fields do not count
// against it: some recordings were written again by their project's own mock, which knows fewer of the vendor's fields;
// strict counts them.
func (c *comparison) agreement() float64 {
	if c.fields == 0 {
		return 1
	}
	return float64(c.fields-len(c.missing)-len(c.mistyped)) / float64(c.fields)
}

// strict is the share of all fields, recorded or extra, that both have.
func (c *comparison) strict() float64 {
	all := c.fields + len(c.extra)
	if all == 0 {
		return 1
	}
	return float64(c.fields-len(c.missing)-len(c.mistyped)) / float64(all)
}
