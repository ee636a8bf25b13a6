package orchestrator_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/culvertnet/culvert/adapters/memory"
	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/saga"
	"github.com/culvertnet/culvert/saga/orchestrator"
	"github.com/culvertnet/culvert/saga/sagatest"
)

// BenchmarkCrowd carries 200 connections of fifteen steps each from intent to end, on ports that cost nothing: what is
// left is the engine, its shell and the codecs.
func BenchmarkCrowd(b *testing.B) {
	const connections = 200
	for b.Loop() {
		ctx, cancel := context.WithCancel(b.Context())
		journal, bus := memory.NewJournal(nil), memory.NewBus(nil)
		var ids sync.Map
		var n int
		var mu sync.Mutex
		o := orchestrator.New(orchestrator.Options{
			Engine:  saga.Engine{Kinds: sagatest.Kinds(), Limits: sagatest.Limits()},
			Journal: journal, Bus: bus, Cursor: &cursor{}, Now: time.Now, Name: "bench",
			ID: func() string { mu.Lock(); defer mu.Unlock(); n++; return fmt.Sprint(n) },
		})
		var group sync.WaitGroup
		group.Go(func() {
			if err := o.Run(ctx); err != nil {
				b.Error(err)
			}
		})
		group.Go(func() { serve(ctx, b, bus) })
		ended := make(chan struct{}, connections)
		group.Go(func() { ends(ctx, b, bus, &ids, ended) })
		for i := range connections {
			if _, err := o.Submit(ctx, intent(fmt.Sprintf("c-%d", i), "1", sagatest.Fifteen()...)); err != nil {
				b.Fatal(err)
			}
		}
		for range connections {
			<-ended
		}
		cancel()
		group.Wait()
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/connections, "µs/saga")
}

// serve answers commands until ctx ends.
func serve(ctx context.Context, b *testing.B, bus *memory.Bus) {
	sub := events.Subscription{Name: "workers", Subjects: []string{events.Commands.Subject}, Parallel: 16}
	err := bus.Consume(ctx, sub, func(ctx context.Context, d events.Delivery) events.Verdict {
		c, err := events.DecodeCommand(d.Body)
		if err != nil {
			b.Error(err)
			return events.Ack
		}
		body, err := events.EncodeResult(c.Answer(sagatest.Willing(c), "worker", time.Now()))
		if err != nil {
			b.Error(err)
			return events.Ack
		}
		if bus.Publish(ctx, events.Message{Subject: events.ResultSubject(c.Connection), ID: c.ID(),
			Body: body}) != nil {
			return events.Again
		}
		return events.Ack
	})
	if err != nil {
		b.Error(err)
	}
}

// ends tells of every saga that is completed.
func ends(ctx context.Context, b *testing.B, bus *memory.Bus, seen *sync.Map, ended chan<- struct{}) {
	sub := events.Subscription{
		Name: "watcher", Subjects: []string{events.StatusSubject(sagatest.KindName, string(events.SagaCompleted))},
	}
	err := bus.Consume(ctx, sub, func(_ context.Context, d events.Delivery) events.Verdict {
		if _, twice := seen.LoadOrStore(d.ID, true); !twice {
			ended <- struct{}{}
		}
		return events.Ack
	})
	if err != nil {
		b.Error(err)
	}
}
