package world

import (
	"iter"
	"time"
)

// Doc is a JSON object: values are nil, bool, float64, string, []any and map[string]any. Put accepts Go's other plain
// types (ints, []string, Doc, structs with JSON tags) and stores them in this shape, so that a document reads the same
// before and after a restart.
type Doc map[string]any

// Entry is one document of a list.
type Entry struct {
	Name string
	Doc  Doc
}

// Effect says who did what to a document: the ledger's line. Owner is the vendor's label or description verbatim, else
// empty.
type Effect struct{ Vendor, Call, Kind, Name, Owner string }

func (e Effect) ref() Ref { return Ref{e.Vendor, e.Kind, e.Name} }

// Change is what the vendor itself does to a document later.
type Change struct {
	Ref
	Set    Doc  // top-level fields to set; nil values remove the field
	Delete bool // the document goes
}

// Tx is one transaction. It is valid only inside the function it was given to, on that goroutine.
type Tx struct {
	w     *World
	now   time.Time
	Fault *Fault // a fault that the API itself carries out (see Shapes.Inside); usually nil
	// slower is how much longer everything takes that this transaction starts (SlowOperation)
	slower time.Duration
}

// Now is the time of the transaction.
func (tx *Tx) Now() time.Time { return tx.now }

// Due is when a vendor's duration d that starts now is over.
func (tx *Tx) Due(d time.Duration) time.Time {
	if d > 0 {
		d += tx.slower
	}
	return tx.now.Add(tx.w.Real(d))
}

// Get returns a copy of a document: the caller may change it and Put it.
func (tx *Tx) Get(vendor, kind, name string) (Doc, bool) {
	doc, ok := tx.w.docs.get(Ref{vendor, kind, name})
	if !ok {
		return nil, false
	}
	return clone(doc), true
}

// Has tells whether a document exists, without copying it.
func (tx *Tx) Has(vendor, kind, name string) bool {
	_, ok := tx.w.docs.get(Ref{vendor, kind, name})
	return ok
}

// List returns copies of the documents whose names start with prefix, sorted by name.
func (tx *Tx) List(vendor, kind, prefix string) []Entry {
	var entries []Entry
	for name, doc := range tx.Scan(vendor, kind, prefix) {
		entries = append(entries, Entry{Name: name, Doc: clone(doc)})
	}
	return entries
}

// Scan ranges over the same documents without copying them: they must not be changed.
func (tx *Tx) Scan(vendor, kind, prefix string) iter.Seq2[string, Doc] {
	return func(yield func(string, Doc) bool) {
		for _, name := range tx.w.docs.names(vendor, kind, prefix) {
			doc, ok := tx.w.docs.get(Ref{vendor, kind, name})
			if ok && !yield(name, doc) {
				return
			}
		}
	}
}

// Put creates or replaces a document as the effect of a caller.
func (tx *Tx) Put(e Effect, doc Doc) {
	effect := "update"
	if !tx.Has(e.Vendor, e.Kind, e.Name) {
		effect = "create"
	}
	stored := normalDoc(doc)
	tx.w.put(e.ref(), stored)
	tx.w.account(record{Type: effectRecord, Effect: effect, Doc: stored}, e, tx.now)
}

// Delete removes a document as the effect of a caller; without one it does nothing.
func (tx *Tx) Delete(e Effect) {
	if !tx.Has(e.Vendor, e.Kind, e.Name) {
		return
	}
	tx.w.drop(e.ref())
	tx.w.account(record{Type: effectRecord, Effect: "delete", Gone: true}, e, tx.now)
}

// Note writes a ledger line ("create", "update" or "delete") for an effect whose change comes with Later.
func (tx *Tx) Note(e Effect, effect string) {
	tx.w.account(record{Type: noteRecord, Effect: effect}, e, tx.now)
}

// QuietPut creates or replaces a document as the vendor's own doing: no ledger line. Before Baseline it loads the
// scenario.
func (tx *Tx) QuietPut(vendor, kind, name string, doc Doc) {
	ref := Ref{vendor, kind, name}
	stored := normalDoc(doc)
	tx.w.put(ref, stored)
	tx.w.write(record{Type: quietRecord, Doc: stored}.of(ref), tx.now)
}

// QuietDelete removes a document as the vendor's own doing.
func (tx *Tx) QuietDelete(vendor, kind, name string) {
	ref := Ref{vendor, kind, name}
	tx.w.drop(ref)
	tx.w.write(record{Type: quietRecord, Gone: true}.of(ref), tx.now)
}

// Later makes a change after the vendor's duration d. A change to a document that is gone by then does nothing.
func (tx *Tx) Later(d time.Duration, c Change) {
	tx.w.lastID++
	p := pending{ID: tx.w.lastID, Due: tx.Due(d), Change: Change{Ref: c.Ref, Set: normalDoc(c.Set), Delete: c.Delete}}
	tx.w.schedule(p)
	tx.w.write(record{Type: laterRecord, Pending: p.ID, Due: p.Due, Doc: p.Set, Gone: p.Delete}.of(c.Ref), tx.now)
}

// ID returns a number that the world never returns again, well mixed, below 2^63. The same seed and history give the
// same numbers.
func (tx *Tx) ID() uint64 {
	tx.w.lastID++
	return mix(tx.w.cfg.Seed^mix(tx.w.lastID)) >> 1
}

// mix is SplitMix64's finaliser: one-to-one, so different counters never collide before the shift.
func mix(z uint64) uint64 {
	z += 0x9e3779b97f4a7c15
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb
	return z ^ (z >> 31)
}
