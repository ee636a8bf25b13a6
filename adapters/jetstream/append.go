package jetstream

import (
	"context"
	"fmt"
	"strconv"
	"sync"

	"github.com/nats-io/nats.go"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/saga"
)

const (
	// batchFrom is how many appends are worth an atomic batch: it costs some 3 ms, a message by itself 0.26 ms.
	batchFrom = 8
	// A server takes 1,000 messages in a batch; it keeps them in memory until the last one.
	batchMessages = 1000
	batchBytes    = 16 << 20
)

// try is one append on its way.
type try struct {
	saga.Append
	after   head      // the record it is to follow
	message *nats.Msg // rendered for that record; nil while the index knows another version than After
	result  *saga.Result
}

// Append implements [saga.Journal]. Few appends go as one message each, at the same time; many go as atomic batches,
// and singly when their batch was refused, because one stale append refuses it whole and the answer does not name it.
func (j *Journal) Append(ctx context.Context, appends []saga.Append) []saga.Result {
	results := make([]saga.Result, len(appends))
	ctx, done, err := j.h.whileWritable(ctx)
	defer done()
	if err != nil {
		for i, a := range appends {
			results[i].Err = fmt.Errorf("append to %s after %d: %w", a.Key, a.After, err)
		}
		return results
	}
	if err := j.index.wait(ctx); err != nil {
		for i, a := range appends {
			results[i].Err = fmt.Errorf("append to %s after %d: %w: %w", a.Key, a.After, saga.ErrUnknown, err)
		}
		return results
	}
	var ready, read []*try
	seen := make(map[events.Key]bool, len(appends))
	for i, a := range appends {
		t := &try{Append: a, result: &results[i]}
		if err := j.takes(ctx, a, seen); err != nil {
			t.fail(err)
			continue
		}
		if head := j.index.get(a.Key); head.version != a.After {
			read = append(read, t)
		} else if t.prepare(head) {
			ready = append(ready, t)
		}
	}
	for len(ready) >= batchFrom {
		n := batchLength(ready)
		if j.tryBatch(ctx, ready[:n]) != nil {
			j.single(ctx, ready[:n])
		}
		ready = ready[n:]
	}
	j.single(ctx, append(ready, read...))
	return results
}

// takes tells why an append cannot be offered, and notes its connection.
func (j *Journal) takes(ctx context.Context, a saga.Append, seen map[events.Key]bool) error {
	if err := check(a, j.h.nc.MaxPayload()); err != nil {
		return err
	}
	if seen[a.Key] {
		return fmt.Errorf("a second append to the connection in one call")
	}
	seen[a.Key] = true
	if a.Admits {
		return j.admits(ctx)
	}
	return nil
}

func (t *try) fail(err error) {
	t.result.Err = fmt.Errorf("append to %s after %d: %w", t.Key, t.After, err)
}

// prepare renders the append behind a head of its version. It fails the append, and says no, when that cannot be.
func (t *try) prepare(after head) bool {
	if after.version-after.snapshot.version >= saga.SnapshotEvery && t.Snapshot == nil {
		t.fail(fmt.Errorf("no snapshot after %d records without one", saga.SnapshotEvery))
		return false
	}
	m, err := message(t.Append, after)
	if err != nil {
		t.fail(err)
		return false
	}
	t.after, t.message = after, m
	return true
}

// land answers an append that is on stable storage, and lists it.
func (j *Journal) land(t *try, sequence uint64) {
	j.gauge.grow(len(t.Facts) + len(t.Snapshot))
	j.index.learn(t.Key, landed(t.Append, t.after, sequence, j.h.opts.Now()))
	*t.result = saga.Result{Version: t.After + 1}
}

// single publishes appends one by one, many at the same time.
func (j *Journal) single(ctx context.Context, tries []*try) {
	if len(tries) == 1 {
		j.one(ctx, tries[0])
		return
	}
	var wg sync.WaitGroup
	free := make(chan struct{}, inFlight)
	for _, t := range tries {
		free <- struct{}{}
		wg.Go(func() {
			j.one(ctx, t)
			<-free
		})
	}
	wg.Wait()
}

// one publishes an append and settles what comes of it.
func (j *Journal) one(ctx context.Context, t *try) {
	if t.message == nil {
		j.settle(ctx, t, nil)
		return
	}
	a, err := publish(ctx, j.h.nc, t.message)
	if err != nil {
		j.settle(ctx, t, err)
		return
	}
	j.land(t, a.Sequence)
}

// batchLength is how many of the appends fit into one batch.
func batchLength(tries []*try) int {
	n, bytes := 0, 0
	for _, t := range tries {
		bytes += len(t.Facts) + len(t.Snapshot)
		if n == batchMessages || bytes > batchBytes && n > 0 {
			break
		}
		n++
	}
	return n
}

// tryBatch publishes appends as one atomic batch. On any error none of them is known to have landed or not.
func (j *Journal) tryBatch(ctx context.Context, tries []*try) error {
	select {
	case j.batch <- struct{}{}:
		defer func() { <-j.batch }()
	case <-ctx.Done():
		return ctx.Err()
	}
	a, err := j.publishBatch(ctx, tries)
	if err != nil {
		return err
	}
	// The server stores a batch in one go, so the sequences end with the one in its answer.
	first := a.Sequence + 1 - uint64(len(tries))
	for i, t := range tries {
		j.land(t, first+uint64(i))
	}
	return nil
}

// publishBatch speaks the protocol of atomic batches (ADR-50): a batch id and a running number in every message, and a
// commit in the last, which alone is answered. Errors of the others show in the answer to the last.
func (j *Journal) publishBatch(ctx context.Context, tries []*try) (ack, error) {
	id := j.batchName + "-" + strconv.FormatUint(j.batches.Add(1), 10)
	for i, t := range tries {
		m := &nats.Msg{Subject: t.message.Subject, Data: t.message.Data, Header: nats.Header{}}
		for name, value := range t.message.Header {
			m.Header[name] = value
		}
		m.Header.Set(headerBatch, id)
		m.Header.Set("Nats-Batch-Sequence", strconv.Itoa(i+1))
		if i+1 < len(tries) {
			if err := j.h.nc.PublishMsg(m); err != nil {
				return ack{}, fmt.Errorf("publish batch: %w", err)
			}
			continue
		}
		m.Header.Set("Nats-Batch-Commit", "1")
		a, err := publish(ctx, j.h.nc, m)
		if err == nil && (a.Batch != id || a.Count != len(tries)) {
			err = fmt.Errorf("publish batch: answer is about %d messages of batch %q", a.Count, a.Batch)
		}
		return a, err
	}
	return ack{}, fmt.Errorf("publish batch: it is empty")
}
