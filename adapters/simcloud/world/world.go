package world

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"
)

// DefaultSpeed is how many vendor minutes pass in one real minute when Config.Speed is zero.
const DefaultSpeed = 60

// Config opens a World. The zero value is a world in memory at DefaultSpeed.
type Config struct {
	Speed float64                              // vendor minutes in a real minute; 0 = DefaultSpeed
	Dir   string                               // where effects.jsonl lives; "" = memory only
	Now   func() time.Time                     // nil = time.Now
	After func(time.Duration) <-chan time.Time // real waiting; nil = time.After
	Seed  uint64                               // of every id the world hands out
	// Watch sees the world after each transaction that has changed documents, before anybody else does. It may write as
	// the vendor does, and must not call the world. It is for proofs that judge every state.
	Watch func(*Tx)
}

// World is the simulated state of all vendors. All methods are safe for concurrent use; none calls back into an API
// except inside Do.
type World struct {
	cfg Config

	mu         sync.Mutex
	docs       documents
	base       documents
	projectors map[string]Projector
	ledger     []LedgerEntry
	taken      map[Call]int
	grants     map[Grant]*Grant // by vendor, project and permission
	pending    []pending        // sorted by due, then id
	lastID     uint64           // of pending changes and handed-out ids: never used twice, also after a restart
	faults     []Fault
	lastFault  int
	log        *os.File
	buffer     []byte // records of the transaction under way
	live       bool   // Baseline was taken: changes are effects now
	// changes counts writes to documents, watched those that Config.Watch has seen.
	changes, watched int
}

// Ref names one document. Name is the vendor's own full or relative name; the world only asks that it is unique for its
// kind.
type Ref struct{ Vendor, Kind, Name string }

// LedgerEntry is one effect that a caller had on the world, in the order of the effects.
type LedgerEntry struct {
	Seq    int    `json:"seq"` // from 1, without gaps
	Vendor string `json:"vendor"`
	Call   string `json:"call"`
	Kind   string `json:"kind"`
	Name   string `json:"name"`
	Owner  string `json:"owner"`
	Effect string `json:"effect"` // create, update or delete
}

// Calls is how often a call came, whether or not it had an effect. Those of a session that is over do not count.
type Calls struct {
	Vendor string `json:"vendor"`
	Call   string `json:"call"`
	Count  int    `json:"count"`
}

// Grant is how often calls needed a permission in a project, and how often they were refused because the caller had it
// not.
type Grant struct {
	Vendor     string `json:"vendor"`
	Project    string `json:"project"`
	Permission string `json:"permission"`
	Asked      int    `json:"asked"`
	Refused    int    `json:"refused"`
}

// Open returns an empty world. APIs load their scenario next, then Baseline starts it.
func Open(cfg Config) (*World, error) {
	if cfg.Speed < 0 {
		return nil, fmt.Errorf("open world: speed %v is negative", cfg.Speed)
	}
	if cfg.Speed == 0 {
		cfg.Speed = DefaultSpeed
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.After == nil {
		cfg.After = time.After
	}
	if cfg.Dir != "" {
		if err := os.MkdirAll(cfg.Dir, 0o755); err != nil {
			return nil, fmt.Errorf("open world: %w", err)
		}
	}
	return &World{cfg: cfg, docs: documents{}, projectors: map[string]Projector{}, taken: map[Call]int{},
		grants: map[Grant]*Grant{}}, nil
}

// Baseline takes what the apis have loaded as the scenario that Resources compares with, then replays
// Dir/effects.jsonl over it and writes every later change there. Call it once, after every API is built.
func (w *World) Baseline() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.live {
		return fmt.Errorf("take baseline: taken already")
	}
	w.base = w.docs.snapshot()
	if err := w.replay(); err != nil {
		return err
	}
	w.live = true
	return nil
}

// Close closes the file. The world must not be used after it.
func (w *World) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.log == nil {
		return nil
	}
	err := w.log.Close()
	w.log = nil
	return err
}

// Do runs fn as one transaction, after every change that is due. An error of fn is returned as it is; what fn wrote
// before it stays. Other errors mean that the file could not be written: the API must not confirm anything.
func (w *World) Do(fn func(*Tx) error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	tx := &Tx{w: w, now: w.cfg.Now()}
	w.settle(tx)
	err := fn(tx)
	w.show(tx)
	if flushed := w.flush(); flushed != nil {
		return flushed
	}
	return err
}

// show lets the watcher see what has changed since it looked last.
func (w *World) show(tx *Tx) {
	if w.cfg.Watch == nil || !w.live || w.changes == w.watched {
		return
	}
	w.cfg.Watch(tx)
	w.watched = w.changes
}

// Reset puts the world back to its baseline: documents, ledger, counts and pending changes. Faults stay.
func (w *World) Reset() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.docs = w.base.snapshot()
	w.ledger, w.pending, w.taken, w.grants = nil, nil, map[Call]int{}, map[Grant]*Grant{}
	return w.truncate()
}

// Effects returns the ledger. The slice is the caller's.
func (w *World) Effects() []LedgerEntry {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]LedgerEntry{}, w.ledger...)
}

// Calls tells how often each call came since the process started or the world was reset, by vendor and name.
func (w *World) Calls() []Calls {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := make([]Calls, 0, len(w.taken))
	for c, n := range w.taken {
		out = append(out, Calls{c.Vendor, c.Name, n})
	}
	slices.SortFunc(out, func(a, b Calls) int {
		return cmp.Or(cmp.Compare(a.Vendor, b.Vendor), cmp.Compare(a.Call, b.Call))
	})
	return out
}

// Grants tells which permissions calls needed since the process started or the world was reset.
func (w *World) Grants() []Grant {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := make([]Grant, 0, len(w.grants))
	for _, g := range w.grants {
		out = append(out, *g)
	}
	slices.SortFunc(out, func(a, b Grant) int {
		return cmp.Or(cmp.Compare(a.Vendor, b.Vendor), cmp.Compare(a.Project, b.Project),
			cmp.Compare(a.Permission, b.Permission))
	})
	return out
}

// Needed notes that a call needed a permission in a project, and whether the caller had it.
func (tx *Tx) Needed(vendor, project, permission string, granted bool) {
	key := Grant{Vendor: vendor, Project: project, Permission: permission}
	g := tx.w.grants[key]
	if g == nil {
		g = &Grant{Vendor: vendor, Project: project, Permission: permission}
		tx.w.grants[key] = g
	}
	g.Asked++
	if !granted {
		g.Refused++
	}
}

// Register gives the world the vendor's way to compare documents. Call it before Baseline.
func (w *World) Register(vendor string, p Projector) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.projectors[vendor] = p
}

// Speed is how many vendor minutes pass in one real minute.
func (w *World) Speed() float64 { return w.cfg.Speed }

// Now is the world's clock.
func (w *World) Now() time.Time { return w.cfg.Now() }

// Real converts a vendor's duration to the real one at this world's speed.
func (w *World) Real(vendor time.Duration) time.Duration {
	return time.Duration(float64(vendor) / w.cfg.Speed)
}

// After fires when the vendor's duration d has passed.
func (w *World) After(d time.Duration) <-chan time.Time { return w.cfg.After(w.Real(d)) }

// WaitReal fires when the real duration d has passed, whatever the speed.
func (w *World) WaitReal(d time.Duration) <-chan time.Time { return w.cfg.After(d) }

func (r Ref) less(o Ref) bool {
	if r.Vendor != o.Vendor {
		return r.Vendor < o.Vendor
	}
	if r.Kind != o.Kind {
		return r.Kind < o.Kind
	}
	return r.Name < o.Name
}
