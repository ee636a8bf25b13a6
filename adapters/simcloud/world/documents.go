package world

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// documents are the world's documents by vendor and kind. Stored documents are never changed in place, so copies of the
// maps are snapshots, and two snapshots that hold the same map hold the same document.
type documents map[space]*table

type space struct{ vendor, kind string }

// put and drop change a document of the world, and count.
func (w *World) put(r Ref, doc Doc) {
	w.changes++
	w.docs.put(r, doc)
}

func (w *World) drop(r Ref) {
	w.changes++
	w.docs.drop(r)
}

// table holds the documents of one kind.
type table struct {
	docs   map[string]Doc
	sorted []string // their names; nil after a name came or went
}

func (d documents) get(r Ref) (Doc, bool) {
	t := d[space{r.Vendor, r.Kind}]
	if t == nil {
		return nil, false
	}
	doc, ok := t.docs[r.Name]
	return doc, ok
}

func (d documents) put(r Ref, doc Doc) {
	key := space{r.Vendor, r.Kind}
	t := d[key]
	if t == nil {
		t = &table{docs: map[string]Doc{}}
		d[key] = t
	}
	if _, known := t.docs[r.Name]; !known {
		t.sorted = nil
	}
	t.docs[r.Name] = doc
}

func (d documents) drop(r Ref) {
	if t := d[space{r.Vendor, r.Kind}]; t != nil {
		delete(t.docs, r.Name)
		t.sorted = nil
	}
}

// names lists the names of one kind that start with prefix, sorted. The slice stays valid and unchanged while documents
// come and go.
func (d documents) names(vendor, kind, prefix string) []string {
	t := d[space{vendor, kind}]
	if t == nil {
		return nil
	}
	if t.sorted == nil {
		t.sorted = slices.Sorted(maps.Keys(t.docs))
	}
	from, _ := slices.BinarySearch(t.sorted, prefix)
	to := from
	for to < len(t.sorted) && strings.HasPrefix(t.sorted[to], prefix) {
		to++
	}
	return t.sorted[from:to]
}

func (d documents) snapshot() documents {
	out := make(documents, len(d))
	for key, t := range d {
		out[key] = &table{docs: maps.Clone(t.docs)}
	}
	return out
}

// changedSince ranges over the documents that are not the very ones of the other snapshot.
func (d documents) changedSince(other documents, visit func(Ref, Doc)) {
	for key, t := range d {
		for name, doc := range t.docs {
			ref := Ref{key.vendor, key.kind, name}
			if was, ok := other.get(ref); !ok || reflect.ValueOf(was).Pointer() != reflect.ValueOf(doc).Pointer() {
				visit(ref, doc)
			}
		}
	}
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

// normal copies a value into JSON's own Go shape. A value that JSON cannot carry is a mistake in an API: it panics.
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
