package workers

import (
	"context"
	"maps"
	"sync"
)

// A Memo keeps what one command has read of the world, so that its checks, its changes and its read-back share one
// answer. It forgets everything when something may have changed: with each change that the command asks of the vendor,
// and with each claim that it reads or stores, because a read before a lease says nothing about the time after it.
//
// A command has one from Handle; it lives no longer than the command. Safe for concurrent use; a nil Memo keeps
// nothing.
type Memo struct {
	mu      sync.Mutex
	changes uint64
	kept    map[string]any
}

type memoKey struct{}

// WithMemo gives a command a memo of its own.
func WithMemo(ctx context.Context) context.Context {
	return context.WithValue(ctx, memoKey{}, &Memo{kept: map[string]any{}})
}

// MemoOf is the memo of the command that a call is made for; nil when it is made for none.
func MemoOf(ctx context.Context) *Memo {
	m, _ := ctx.Value(memoKey{}).(*Memo)
	return m
}

// Get gives what was kept for a key, and the moment at which a read that is made instead begins.
func (m *Memo) Get(key string) (kept any, since uint64, ok bool) {
	if m == nil {
		return nil, 0, false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	kept, ok = m.kept[key]
	return kept, m.changes, ok
}

// Keep remembers what a read has told, unless something may have changed since it began.
func (m *Memo) Keep(key string, since uint64, told any) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if since == m.changes {
		m.kept[key] = told
	}
}

// Forget drops everything: something may have changed.
func (m *Memo) Forget() { m.ForgetOf(func(string) bool { return true }) }

// ForgetOf drops what has one of some keys: that may have changed. What is being read meanwhile is not kept.
func (m *Memo) ForgetOf(touched func(key string) bool) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.changes++
	maps.DeleteFunc(m.kept, func(key string, _ any) bool { return touched(key) })
}
