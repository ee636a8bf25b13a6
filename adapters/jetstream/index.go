package jetstream

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"

	js "github.com/nats-io/nats.go/jetstream"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/events/pause"
	"github.com/culvertnet/culvert/saga"
)

// index knows the newest record of every connection: for List, and so that an append needs no read. It is built from a
// last-per-subject, headers-only consumer and kept up to date by it and by this process's own appends. It may lag
// behind other processes; an append that trusts it too much meets the fence.
type index struct {
	ready chan struct{} // closed when everything from before the start is in

	mu    sync.Mutex
	heads map[events.Key]head
	// order is by sequence, oldest first. An entry whose head has moved on is dead; the dead are swept when they are
	// many.
	order []ordered
}

type ordered struct {
	key      events.Key
	sequence uint64
}

func newIndex() *index { return &index{ready: make(chan struct{}), heads: map[events.Key]head{}} }

// wait returns when the index is built.
func (x *index) wait(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case <-x.ready:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (x *index) get(k events.Key) head {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.heads[k]
}

// learn takes a head unless a newer one is known. The server's time replaces the time of our own append.
func (x *index) learn(k events.Key, h head) {
	x.mu.Lock()
	defer x.mu.Unlock()
	known := x.heads[k]
	if h.sequence < known.sequence {
		return
	}
	x.heads[k] = h
	if h.sequence == known.sequence {
		return
	}
	at := len(x.order)
	for at > 0 && x.order[at-1].sequence > h.sequence { // appends are learned nearly in order
		at--
	}
	x.order = slices.Insert(x.order, at, ordered{k, h.sequence})
	if len(x.order) > 2*len(x.heads)+1024 {
		x.order = slices.DeleteFunc(x.order, func(o ordered) bool { return x.heads[o.key].sequence != o.sequence })
	}
}

// list walks from the newest change backwards. A page's Next is the sequence of its last item.
func (x *index) list(q saga.Query) (saga.Page, error) {
	limit := min(q.Limit, 1000)
	if limit <= 0 {
		limit = 100
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	from := len(x.order)
	if q.After != "" {
		before, err := strconv.ParseUint(q.After, 10, 64)
		if err != nil {
			return saga.Page{}, fmt.Errorf("list connections: %q is not the Next of a page", q.After)
		}
		from, _ = slices.BinarySearchFunc(
			x.order, before, func(o ordered, s uint64) int { return int(o.sequence) - int(s) },
		)
	}
	var page saga.Page
	var last uint64
	for _, o := range slices.Backward(x.order[:from]) {
		h := x.heads[o.key]
		if h.sequence != o.sequence || !selects(q, o.key, h.summary) {
			continue
		}
		if len(page.Items) == limit {
			page.Next = strconv.FormatUint(last, 10)
			break
		}
		page.Items = append(
			page.Items, saga.Listed{Key: o.key, Version: h.version, Changed: h.changed, Summary: h.summary},
		)
		last = o.sequence
	}
	return page, nil
}

func selects(q saga.Query, k events.Key, s saga.Summary) bool {
	return (q.Status == "" || q.Status == s.Status) && (q.Kind == "" || q.Kind == s.Kind) &&
		(q.Name == "" || q.Name == k.Name)
}

// keepIndex builds the index and follows the journal until the backend closes.
func (j *Journal) keepIndex() {
	built := sync.OnceFunc(func() { close(j.index.ready) })
	for at := uint64(0); j.alive.Err() == nil; {
		err := j.fillIndex(&at, built)
		if j.alive.Err() == nil {
			j.h.opts.Log.Warn("index journal again", "after", at, "because", err)
			_ = pause.For(j.alive, repairEvery) // an end is seen by the loop
		}
	}
}

// fillIndex learns what is after a sequence: at first the newest record of each connection, later every record. It
// tells when it has learnt everything that was there when it began.
func (j *Journal) fillIndex(at *uint64, built func()) error {
	// The stream's own last sequence may be that of a record which was purged.
	newest, err := leaderGet(j.alive, j.h.nc, events.Journal.Name, get{Last: events.Journal.Subject})
	if err != nil && !errors.Is(err, errNone) {
		return fmt.Errorf("index journal: %w", err)
	}
	if *at >= newest.sequence {
		built()
	}
	config := js.OrderedConsumerConfig{
		FilterSubjects: []string{
			events.Journal.Subject,
		}, HeadersOnly: true, DeliverPolicy: js.DeliverLastPerSubjectPolicy,
	}
	if *at > 0 {
		config.DeliverPolicy, config.OptStartSeq = js.DeliverByStartSequencePolicy, *at+1
	}
	return j.tail(j.alive, config, func(m stored) error {
		key, h, err := readHead(m)
		if err != nil {
			j.h.opts.Log.Error("index journal", "error", err)
		} else {
			j.index.learn(key, h)
		}
		if *at = m.sequence; *at >= newest.sequence {
			built()
		}
		return nil
	})
}
