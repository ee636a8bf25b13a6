package orchestrator

import (
	"container/heap"
	"context"
	"sync"
	"time"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/saga"
)

// timers wakes connections when they are due. Timers are facts; this heap only remembers them, and losing it loses
// nothing: the sweep finds what is overdue.
func (o *Orchestrator) timers(ctx context.Context) error {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		wait := time.Hour
		due, next := o.alarm.due(o.opts.Now())
		for _, d := range due {
			select {
			case o.inbox <- job{key: d.key, in: saga.Tick{}, resend: d.resend}:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		if !next.IsZero() {
			wait = max(next.Sub(o.opts.Now()), 0)
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

// sweep finds connections by the listing: all of them at start, later those that another process has left behind.
func (o *Orchestrator) sweep(ctx context.Context) error {
	tick := time.NewTicker(o.opts.SweepEvery)
	defer tick.Stop()
	for which := wakeAll; ; which = wakeOverdue {
		if err := o.wake(ctx, which); err != nil && ctx.Err() == nil {
			o.opts.Log.Warn("sweep failed; it is tried again", "error", err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// waking is which connections are woken, and how.
type waking int

const (
	// wakeAll: whatever is under way goes on, and its open commands are sent again.
	wakeAll waking = iota
	// wakeReleased: whatever is under way may be requested now.
	wakeReleased
	// wakeOverdue: what is past its time, and what somebody else has moved last and nobody since: he may have died
	// before he published its commands.
	wakeOverdue
)

// wake offers a Tick to the connections that need one.
func (o *Orchestrator) wake(ctx context.Context, which waking) error {
	return o.list(ctx, func(item saga.Listed) error {
		if saga.IsEngines(item.Key) {
			if which == wakeOverdue { // a hold that was not heard of, if there is one
				return o.learnHold(ctx, item.Key, item.Version)
			}
			return nil
		}
		sum, now := item.Summary, o.opts.Now()
		// a survey is due of a saga that has ended
		underWay := sum.Queued > 0 || !sum.Status.Ended() || !sum.Due.IsZero()
		j := job{key: item.Key, in: saga.Tick{}, resend: which != wakeReleased}
		switch {
		case !underWay:
			return nil
		case which != wakeOverdue:
		case !sum.Due.IsZero() && now.After(sum.Due.Add(o.opts.SweepEvery)):
		case now.After(item.Changed.Add(o.opts.SweepEvery)) && now.Before(item.Changed.Add(3*o.opts.SweepEvery)) &&
			!o.settled(item):
		default:
			return nil
		}
		o.cache.notBehind(item.Key, item.Version)
		select {
		case o.inbox <- j:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	})
}

// settled tells whether this process moved the connection last, and so has published its commands or will.
func (o *Orchestrator) settled(item saga.Listed) bool {
	s, ok := o.cache.get(item.Key)
	return ok && s.Version == item.Version
}

// list hands over every connection of the journal's listing.
func (o *Orchestrator) list(ctx context.Context, take func(saga.Listed) error) error {
	for q := (saga.Query{Limit: 1000}); ; {
		page, err := o.opts.Journal.List(ctx, q)
		if err != nil {
			return err
		}
		for _, item := range page.Items {
			if err := take(item); err != nil {
				return err
			}
		}
		if page.Next == "" {
			return nil
		}
		q.After = page.Next
	}
}

// alarm is a heap of due times by connection. Of a connection only the newest time counts, and apart from it the newest
// time at which its commands are sent again.
type alarm struct {
	mu      sync.Mutex
	heap    alarmHeap
	current map[alarmName]time.Time
	changed chan struct{}
}

type alarmName struct {
	key    events.Key
	resend bool
}

type alarmEntry struct {
	alarmName
	at time.Time
}

func newAlarm() *alarm {
	return &alarm{current: map[alarmName]time.Time{}, changed: make(chan struct{}, 1)}
}

// set remembers when a connection is due; zero forgets it.
func (a *alarm) set(key events.Key, at time.Time) { a.put(alarmEntry{alarmName{key: key}, at}) }

// resend remembers that a connection's commands have to be sent again.
func (a *alarm) resend(key events.Key, at time.Time) {
	a.put(alarmEntry{alarmName{key: key, resend: true}, at})
}

func (a *alarm) put(e alarmEntry) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if e.at.IsZero() {
		delete(a.current, e.alarmName)
		return
	}
	if at, ok := a.current[e.alarmName]; ok && at.Equal(e.at) {
		return
	}
	a.current[e.alarmName] = e.at
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
		if at, ok := a.current[e.alarmName]; !ok || !at.Equal(e.at) {
			heap.Pop(&a.heap)
			continue
		}
		if e.at.After(now) {
			return due, e.at
		}
		heap.Pop(&a.heap)
		delete(a.current, e.alarmName)
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
