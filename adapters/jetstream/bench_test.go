package jetstream_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/culvertnet/culvert/adapters/jetstream"
	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/saga"
)

// benchmark appends turns of n connections, with a snapshot whenever one is due.
func benchmark(b *testing.B, n int) {
	e := embed(b, jetstream.EmbedOptions{})
	h, _ := open(b, e, jetstream.Options{})
	j := h.Journal()
	facts := make([]byte, 512)
	mustLand(b, j, turn(n, 0)...)
	after := 1
	b.SetBytes(int64(n * len(facts)))
	b.ResetTimer()
	for b.Loop() {
		all := turn(n, after)
		for i := range all {
			all[i].Facts = facts
			if after%saga.SnapshotEvery == 0 {
				all[i].Snapshot = facts
			}
		}
		mustLand(b, j, all...)
		after++
	}
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "appends/s")
}

func BenchmarkAppendSingle(b *testing.B)   { benchmark(b, 1) }
func BenchmarkAppend64AtOnce(b *testing.B) { benchmark(b, 64) }

// BenchmarkConsume delivers and acknowledges commands that are stored already, to 16 handlers.
func BenchmarkConsume(b *testing.B) {
	e := embed(b, jetstream.EmbedOptions{})
	h, _ := open(b, e, jetstream.Options{})
	messages := make([]events.Message, b.N)
	for i := range messages {
		messages[i] = events.Message{
			Subject: events.CommandSubject("network"), ID: fmt.Sprint(i), Body: make([]byte, 512),
		}
	}
	if err := h.Bus().Publish(b.Context(), messages...); err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	got, ended := make(chan struct{}, b.N), make(chan error, 1)
	s := commands
	s.Parallel = 16
	b.ResetTimer()
	go func() {
		ended <- h.Bus().Consume(ctx, s, func(context.Context, events.Delivery) events.Verdict {
			got <- struct{}{}
			return events.Ack
		})
	}()
	for range messages {
		<-got
	}
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
	cancel()
	if err := <-ended; err != nil {
		b.Fatal(err)
	}
}
