package world

import (
	"cmp"
	"slices"
)

// Freeze returns a transaction that reads the documents as they are in this moment, for as long as the caller likes.
// What it writes is seen by it alone. It is for one goroutine at a time.
func (tx *Tx) Freeze() *Tx {
	return &Tx{w: &World{cfg: tx.w.cfg, docs: tx.w.docs.snapshot()}, now: tx.now}
}

// ChangedSince are the documents that are not the very ones of another moment, and those that are gone since.
func (tx *Tx) ChangedSince(before *Tx) []Ref {
	var out []Ref
	tx.w.docs.changedSince(before.w.docs, func(r Ref, _ Doc) { out = append(out, r) })
	before.w.docs.changedSince(tx.w.docs, func(r Ref, _ Doc) {
		if _, there := tx.w.docs.get(r); !there {
			out = append(out, r)
		}
	})
	slices.SortFunc(out, func(a, b Ref) int {
		return cmp.Or(cmp.Compare(a.Vendor, b.Vendor), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name))
	})
	return out
}

// Lines is how many lines the ledger has by now.
func (tx *Tx) Lines() int { return len(tx.w.ledger) }
