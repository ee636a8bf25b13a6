package world

import (
	"encoding/json"
	"sort"
)

// Item is one comparable thing: an object, one entry of a list that many share, a flag, a binding. Value is everything
// about it that should be as it was; what the vendor changes by itself (fingerprints, times, states) is not in it.
type Item struct{ Kind, Name, Owner, Value string }

// Projector takes a document apart into items. It must be pure. Items of all documents of a vendor must differ in kind
// or name.
type Projector func(kind, name string, doc Doc) []Item

// Difference is one item that is not as in the baseline.
type Difference struct {
	Vendor string `json:"vendor"`
	Kind   string `json:"kind"`
	Name   string `json:"name"`
	Owner  string `json:"owner"`
	Change string `json:"change"` // added, changed or missing
	Before string `json:"-"`
	After  string `json:"-"`
}

type itemKey struct{ vendor, kind, name string }

// Resources returns every difference from the baseline, sorted by vendor, kind and name. Empty means a clean world.
func (w *World) Resources() []Difference {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.settle(&Tx{w: w, now: w.cfg.Now()})
	if err := w.flush(); err != nil {
		panic(err) // the world's own memory and its file went apart: nothing said after this would be true
	}
	before, now := w.project(w.base, w.docs), w.project(w.docs, w.base)
	out := []Difference{}
	for key, was := range before {
		is, ok := now[key]
		switch {
		case !ok:
			out = append(out, key.differs("missing", was, Item{Owner: was.Owner}))
		case is.Value != was.Value:
			out = append(out, key.differs("changed", was, is))
		}
	}
	for key, is := range now {
		if _, ok := before[key]; !ok {
			out = append(out, key.differs("added", Item{}, is))
		}
	}
	sort.Slice(out, func(i, j int) bool {
		a, b := out[i], out[j]
		return Ref{a.Vendor, a.Kind, a.Name}.less(Ref{b.Vendor, b.Kind, b.Name})
	})
	return out
}

func (k itemKey) differs(change string, before, after Item) Difference {
	return Difference{k.vendor, k.kind, k.name, after.Owner, change, before.Value, after.Value}
}

// project takes the documents apart that are not in the other snapshot: what both have cannot differ.
func (w *World) project(docs, other documents) map[itemKey]Item {
	items := map[itemKey]Item{}
	docs.changedSince(other, func(ref Ref, doc Doc) {
		projector := w.projectors[ref.Vendor]
		if projector == nil {
			projector = whole
		}
		for _, item := range projector(ref.Kind, ref.Name, doc) {
			items[itemKey{ref.Vendor, item.Kind, item.Name}] = item
		}
	})
	return items
}

// whole is the projector of a vendor that has none: the document is the item.
func whole(kind, name string, doc Doc) []Item {
	return []Item{{Kind: kind, Name: name, Value: Text(doc)}}
}

// Text is a value as canonical JSON: equal values give equal text.
func Text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic("compare document: " + err.Error()) // documents are JSON by construction
	}
	return string(b)
}
