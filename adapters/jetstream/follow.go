package jetstream

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	js "github.com/nats-io/nats.go/jetstream"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/events/pause"
	"github.com/culvertnet/culvert/saga"
)

// forgetAfter is when the server drops a follower's consumer that nobody reads any more.
const forgetAfter = time.Minute

// heartbeat is how often the server shows an idle follower that it is still served; after two that are missing it
// begins again. In a cluster the very first request to a new consumer can be lost (seen with nats-server 2.15).
const heartbeat = time.Second

// errStop ends a tail from inside.
var errStop = errors.New("stop")

// Follow implements [saga.Journal]. A position is the sequence in the stream. When the connection or the server fails
// it starts again behind the last record it yielded, so it ends only with ctx, without an error; a record that cannot
// be decoded is the one error it yields, and its end.
func (j *Journal) Follow(ctx context.Context, after saga.Position) iter.Seq2[saga.Record, error] {
	return func(yield func(saga.Record, error) bool) {
		var isolated string
		for at := uint64(after); ctx.Err() == nil; {
			config := js.OrderedConsumerConfig{
				FilterSubjects: []string{events.Journal.Subject}, DeliverPolicy: js.DeliverByStartSequencePolicy,
				OptStartSeq: at + 1,
			}
			err := j.tail(ctx, config, func(m stored) error {
				if err := j.awaitSync(ctx, m, &isolated); err != nil {
					return err
				}
				r, _, err := readRecord(m)
				if err != nil {
					yield(saga.Record{}, fmt.Errorf("follow journal: %w", err))
					return errStop
				}
				if !yield(r, nil) {
					return errStop
				}
				at = m.sequence
				return nil
			})
			if errors.Is(err, errStop) {
				return
			}
			if ctx.Err() == nil {
				j.h.opts.Log.Warn("follow journal again", "after", at, "because", err)
				_ = pause.For(ctx, repairEvery) // an end is seen by the loop
			}
		}
	}
}

// awaitSync makes sure that a message of an atomic batch is on stable storage. A single server syncs a batch once, at
// its end, while consumers already see its messages; reads by request wait for that end (isolateMu in nats-server 2.15,
// stream.go), so one such read a batch is enough.
func (j *Journal) awaitSync(ctx context.Context, m stored, isolated *string) error {
	batch := m.header.Get(headerBatch)
	if batch == "" || batch == *isolated {
		return nil
	}
	if _, err := leaderGet(ctx, j.h.nc, events.Journal.Name, get{Sequence: m.sequence}); err != nil &&
		!errors.Is(err, errNone) {
		return err
	}
	*isolated = batch
	return nil
}

// tail yields the messages of an ordered consumer until yield or the consumer fails or ctx ends.
func (j *Journal) tail(ctx context.Context, config js.OrderedConsumerConfig, yield func(stored) error) error {
	config.InactiveThreshold = forgetAfter
	c, err := j.h.js.OrderedConsumer(ctx, events.Journal.Name, config)
	if err != nil {
		return fmt.Errorf("tail journal: %w", err)
	}
	messages, err := c.Messages(js.PullHeartbeat(heartbeat))
	if err != nil {
		return fmt.Errorf("tail journal: %w", err)
	}
	defer messages.Stop()
	// Next resets its consumer for as long as it takes, whatever its context
	defer context.AfterFunc(ctx, messages.Stop)()
	for {
		m, err := messages.Next(js.NextContext(ctx))
		if err != nil {
			return fmt.Errorf("tail journal: %w", err)
		}
		meta, err := m.Metadata()
		if err != nil {
			return fmt.Errorf("tail journal: %w", err)
		}
		err = yield(stored{subject: m.Subject(), sequence: meta.Sequence.Stream, at: meta.Timestamp,
			header: m.Headers(), body: m.Data()})
		if err != nil {
			return err
		}
	}
}
