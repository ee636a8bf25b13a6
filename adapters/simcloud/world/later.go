package world

import (
	"sort"
	"time"
)

// pending is a change under way.
type pending struct {
	ID  uint64
	Due time.Time
	Change
}

func (w *World) schedule(p pending) {
	at := sort.Search(len(w.pending), func(i int) bool {
		q := w.pending[i]
		return q.Due.After(p.Due) || (q.Due.Equal(p.Due) && q.ID > p.ID)
	})
	w.pending = append(w.pending, pending{})
	copy(w.pending[at+1:], w.pending[at:])
	w.pending[at] = p
}

// settle applies what is due. The order is written down too: a replay must apply a change where it was applied, not
// where it is due.
func (w *World) settle(tx *Tx) {
	for len(w.pending) > 0 && !w.pending[0].Due.After(tx.now) {
		p := w.pending[0]
		w.pending = w.pending[1:]
		w.apply(p.Change)
		w.write(record{Type: settledRecord, Pending: p.ID}, tx.now)
	}
}

func (w *World) apply(c Change) {
	doc, ok := w.docs.get(c.Ref)
	if !ok {
		return
	}
	if c.Delete {
		w.drop(c.Ref)
		return
	}
	next := clone(doc)
	for k, v := range c.Set {
		if v == nil {
			delete(next, k)
			continue
		}
		next[k] = v
	}
	w.put(c.Ref, next)
}

// take removes and returns the pending change with this id.
func (w *World) take(id uint64) (pending, bool) {
	for i, p := range w.pending {
		if p.ID == id {
			w.pending = append(w.pending[:i:i], w.pending[i+1:]...)
			return p, true
		}
	}
	return pending{}, false
}
