package saga

import (
	"container/heap"
	"context"
	"sync"
	"time"

	"github.com/culvertnet/culvert/events"
)

// timers wakes connections when they are due. Timers are facts; this heap only remembers them, and losing it loses
// nothing: the sweep finds what is overdue.
func (o *Orchestrator) timers(ctx context.Context) error {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		wait := time.Hour
		due, next := o.alarm.due(o.o.Now())
		for _, d := range due {
			select {
			case o.inbox <- job{key: d.key, in: Tick{}, resend: d.resend}:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		if !next.IsZero() {
			wait = max(next.Sub(o.o.Now()), 0)
		}
		timer.Reset(wait)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-timer.C:
		case <-o.alarm.changed:
		}
	}
}

// sweep finds connections that are due by the listing: all of them at start, later those that this process has not heard of.
func (o *Orchestrator) sweep(ctx context.Context) error {
	tick := time.NewTicker(o.o.SweepEvery)
	defer tick.Stop()
	for first := true; ; first = false {
		if err := o.wake(ctx, first); err != nil && ctx.Err() == nil {
			o.o.Log.Warn("sweep did not finish", "error", err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// wake offers a Tick to every connection with something to come; at start their open commands are sent again.
func (o *Orchestrator) wake(ctx context.Context, all bool) error {
	for q := (Query{Limit: 1000}); ; {
		page, err := o.o.Journal.List(ctx, q)
		if err != nil {
			return err
		}
		for _, item := range page.Items {
			if item.Key.Tenant == engineTenant {
				if all {
					o.learnHeld(ctx, item.Key)
				}
				continue
			}
			due := item.Summary.Due
			if due.IsZero() || !all && o.o.Now().Before(due.Add(o.o.SweepEvery)) {
				continue
			}
			select {
			case o.inbox <- job{key: item.Key, in: Tick{}, resend: all}:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		if page.Next == "" {
			return nil
		}
		q.After = page.Next
	}
}

// alarm is a heap of due times by connection; only the newest time of a connection counts.
type alarm struct {
	mu      sync.Mutex
	heap    alarmHeap
	current map[events.Key]alarmEntry
	changed chan struct{}
}

type alarmEntry struct {
	key    events.Key
	at     time.Time
	resend bool
}

func newAlarm() *alarm {
	return &alarm{current: map[events.Key]alarmEntry{}, changed: make(chan struct{}, 1)}
}

// set remembers when a connection is due; zero forgets it.
func (a *alarm) set(key events.Key, at time.Time) { a.put(alarmEntry{key: key, at: at}) }

// resend remembers that a connection's commands have to be sent again.
func (a *alarm) resend(key events.Key, at time.Time) {
	a.put(alarmEntry{key: key, at: at, resend: true})
}

func (a *alarm) put(e alarmEntry) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if e.at.IsZero() {
		delete(a.current, e.key)
		return
	}
	if a.current[e.key] == e {
		return
	}
	a.current[e.key] = e
	heap.Push(&a.heap, e)
	select {
	case a.changed <- struct{}{}:
	default:
	}
}

// due takes out what is due now, and tells when the next one is.
func (a *alarm) due(now time.Time) (due []alarmEntry, next time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for len(a.heap) > 0 {
		e := a.heap[0]
		if a.current[e.key] != e {
			heap.Pop(&a.heap)
			continue
		}
		if e.at.After(now) {
			return due, e.at
		}
		heap.Pop(&a.heap)
		delete(a.current, e.key)
		due = append(due, e)
	}
	return due, time.Time{}
}

type alarmHeap []alarmEntry

func (h alarmHeap) Len() int           { return len(h) }
func (h alarmHeap) Less(i, j int) bool { return h[i].at.Before(h[j].at) }
func (h alarmHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }

// Push and Pop make it a heap.Interface.
func (h *alarmHeap) Push(x any) { *h = append(*h, x.(alarmEntry)) }

// Pop takes the last element.
func (h *alarmHeap) Pop() any {
	old := *h
	e := old[len(old)-1]
	*h = old[:len(old)-1]
	return e
}
