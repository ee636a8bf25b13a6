package google

import (
	"regexp"
	"sort"
	"strconv"
	"strings"

	"github.com/culvertnet/culvert/adapters/simcloud/world"
)

// page answers a Compute list: filter, maxResults (default and most 500) and pageToken. view completes an item.
func (r *request) page(kind string, entries []world.Entry, view func(world.Entry)) (world.Doc, *refusal) {
	keep, bad := parseFilter(r.query.Get("filter"))
	if bad != nil {
		return nil, bad
	}
	out := world.Doc{"kind": kind, "id": r.subject, "selfLink": link(r.subject)}
	var kept []world.Entry
	for _, e := range entries {
		if view != nil {
			view(e)
		}
		if keep(e.Doc) {
			kept = append(kept, e)
		}
	}
	some, next := r.cut(kept, "maxResults", 500)
	if items := documents(some); len(items) > 0 {
		out["items"] = items
	}
	if next != "" {
		out["nextPageToken"] = next
	}
	return out, nil
}

// cut takes the page that the query asks for out of sorted entries. The token is the name of the first entry that is
// not in the page.
func (r *request) cut(entries []world.Entry, sizeParameter string, size int) (page []world.Entry, next string) {
	return r.cutOf(entries, listing{sizeParameter: sizeParameter, size: size})
}

func (r *request) cutOf(entries []world.Entry, l listing) (page []world.Entry, next string) {
	size := l.size
	if n, err := strconv.Atoi(r.query.Get(l.sizeParameter)); err == nil && n > 0 {
		size = min(n, max(l.size, l.most))
	}
	from := 0
	if token := r.query.Get("pageToken"); token != "" {
		from = sort.Search(len(entries), func(i int) bool { return entries[i].Name >= token })
	}
	if len(entries)-from <= size {
		return entries[from:], ""
	}
	return entries[from : from+size], entries[from+size].Name
}

func documents(entries []world.Entry) []any {
	var items []any
	for _, e := range entries {
		items = append(items, map[string]any(e.Doc))
	}
	return items
}

// rpcList answers a list of the newer APIs and of DNS: what the query's page holds of a kind, completed by view.
func (r *request) rpcList(l listing, entries []world.Entry) world.Doc {
	some, next := r.cutOf(entries, l)
	out := world.Doc{}
	var items []any
	for _, e := range some {
		doc := world.Copy(e.Doc)
		if l.view != nil {
			l.view(e.Name, doc)
		}
		items = append(items, map[string]any(doc))
	}
	if len(items) > 0 {
		out[l.field] = items
	}
	if next != "" {
		out["nextPageToken"] = next
	}
	return out
}

// listing says how one API words its lists.
type listing struct {
	field         string // of the items
	sizeParameter string
	size          int // items of a page that nobody asks a size of, and the most
	view          func(name string, doc world.Doc)
	most          int // the most that may be asked for, where that is more than size
}

var comparison = regexp.MustCompile(`^\(?\s*([A-Za-z.]+)\s*(=|!=|eq|ne)\s*"?([^"()]*?)"?\s*\)?$`)

// parseFilter knows equality on string fields, joined by AND. Other filters are refused rather than ignored: an answer
// that is too long would look right.
func parseFilter(filter string) (func(world.Doc) bool, *refusal) {
	if strings.TrimSpace(filter) == "" {
		return func(world.Doc) bool { return true }, nil
	}
	var tests []func(world.Doc) bool
	for _, part := range strings.Split(filter, " AND ") {
		m := comparison.FindStringSubmatch(strings.TrimSpace(part))
		if m == nil {
			return nil, invalid("filter", filter, "The simulated world knows only field=value joined by AND.")
		}
		path, want, equal := strings.Split(m[1], "."), m[3], m[2] == "=" || m[2] == "eq"
		tests = append(tests, func(d world.Doc) bool { return (text(value(d, path...)) == want) == equal })
	}
	return func(d world.Doc) bool {
		for _, t := range tests {
			if !t(d) {
				return false
			}
		}
		return true
	}, nil
}

func text(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	if v == nil {
		return ""
	}
	return world.Text(v)
}
