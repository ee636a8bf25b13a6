package world

import (
	"encoding/json"
	"sort"
	"strings"
)

// documents are the world's documents by vendor and kind. Stored documents are never changed in place, so copies of the maps are snapshots.
type documents map[space]map[string]Doc

type space struct{ vendor, kind string }

func (d documents) get(r Ref) (Doc, bool) {
	doc, ok := d[space{r.Vendor, r.Kind}][r.Name]
	return doc, ok
}

func (d documents) put(r Ref, doc Doc) {
	key := space{r.Vendor, r.Kind}
	if d[key] == nil {
		d[key] = map[string]Doc{}
	}
	d[key][r.Name] = doc
}

func (d documents) drop(r Ref) { delete(d[space{r.Vendor, r.Kind}], r.Name) }

// names lists the names of one kind that start with prefix, sorted.
func (d documents) names(vendor, kind, prefix string) []string {
	var names []string
	for name := range d[space{vendor, kind}] {
		if strings.HasPrefix(name, prefix) {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	return names
}

func (d documents) snapshot() documents {
	out := make(documents, len(d))
	for key, docs := range d {
		out[key] = make(map[string]Doc, len(docs))
		for name, doc := range docs {
			out[key][name] = doc
		}
	}
	return out
}

// clone copies a stored document deeply.
func clone(d Doc) Doc {
	if d == nil {
		return nil
	}
	return Doc(normal(map[string]any(d)).(map[string]any))
}

// Copy copies a document deeply, into the shape in which the world stores it.
func Copy(d Doc) Doc { return clone(d) }

// normalDoc copies a document into the stored shape.
func normalDoc(d Doc) Doc { return clone(d) }

// normal copies a value into JSON's own Go shape. A value that JSON cannot carry is a mistake in a door: it panics.
func normal(v any) any {
	switch v := v.(type) {
	case nil, bool, string, float64:
		return v
	case int:
		return float64(v)
	case int64:
		return float64(v)
	case Doc:
		return normal(map[string]any(v))
	case map[string]any:
		m := make(map[string]any, len(v))
		for k, e := range v {
			m[k] = normal(e)
		}
		return m
	case []any:
		l := make([]any, len(v))
		for i, e := range v {
			l[i] = normal(e)
		}
		return l
	case []string:
		l := make([]any, len(v))
		for i, e := range v {
			l[i] = e
		}
		return l
	}
	return throughJSON(v)
}

func throughJSON(v any) any {
	b, err := json.Marshal(v)
	if err != nil {
		panic("store document: " + err.Error())
	}
	var out any
	if err := json.Unmarshal(b, &out); err != nil {
		panic("store document: " + err.Error())
	}
	return out
}
