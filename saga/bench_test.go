package saga_test

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/culvertnet/culvert/adapters/memory"
	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/saga"
	"github.com/culvertnet/culvert/saga/sagatest"
)

// fifteen is a plan of four checks and eleven steps, about the size of a private-service.
func fifteen() []string {
	var lines []string
	for i := range 4 {
		lines = append(lines, fmt.Sprintf("check-%d net.check check project=acme-prod", i))
	}
	for i := range 11 {
		line := fmt.Sprintf("step-%d net.step-%d project=acme-prod region=europe-west3 network=projects/acme-net/global/networks/spoke-vpc", i, i)
		if i > 1 {
			line += fmt.Sprintf(" link<-step-%d.project", i-2)
		}
		lines = append(lines, line)
	}
	return lines
}

// BenchmarkDecide is one result in the middle of a saga of fifteen steps.
func BenchmarkDecide(b *testing.B) {
	e := saga.Engine{Kinds: sagatest.Kinds(), Limits: sagatest.Limits()}
	d, err := e.Decide(saga.State{Key: named("orders")}, saga.Accept{Intent: intent("orders", "1", fifteen()...)}, sagatest.Epoch)
	for range 8 {
		if err != nil {
			b.Fatal(err)
		}
		c := saga.Open(d.State)[0]
		d, err = e.Decide(d.State, saga.Report{Result: c.Answer(willing(c), "worker", sagatest.Epoch)}, sagatest.Epoch)
	}
	c := saga.Open(d.State)[0]
	result := c.Answer(willing(c), "worker", sagatest.Epoch)
	b.ReportAllocs()
	for b.Loop() {
		next, err := e.Decide(d.State, saga.Report{Result: result}, sagatest.Epoch)
		if err != nil || len(next.Facts) == 0 {
			b.Fatal(err)
		}
	}
}

// BenchmarkRebuild reads the journal of a whole saga of fifteen steps.
func BenchmarkRebuild(b *testing.B) {
	m := sagatest.NewMachine()
	in := intent("orders", "1", fifteen()...)
	in.Connection = sagatest.Key
	if _, _, err := m.Input(saga.Accept{Intent: in}); err != nil {
		b.Fatal(err)
	}
	for len(saga.Open(m.State)) > 0 {
		c := saga.Open(m.State)[0]
		if _, _, err := m.Input(saga.Report{Result: c.Answer(willing(c), "worker", m.Now)}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := saga.Rebuild(sagatest.Key, saga.Snapshot{}, m.Records); err != nil {
			b.Fatal(err)
		}
	}
	state, err := json.Marshal(m.State)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(len(m.Records)), "records")
	b.ReportMetric(float64(len(state)), "bytes/state")
}

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
		o := saga.NewOrchestrator(saga.Options{
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
			if _, err := o.Submit(ctx, intent(fmt.Sprintf("c-%d", i), "1", fifteen()...)); err != nil {
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
		body, err := events.EncodeResult(c.Answer(willing(c), "worker", time.Now()))
		if err != nil {
			b.Error(err)
			return events.Ack
		}
		if bus.Publish(ctx, events.Message{Subject: events.ResultSubject(c.Connection), ID: c.ID(), Body: body}) != nil {
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
	sub := events.Subscription{Name: "watcher", Subjects: []string{events.StatusSubject(sagatest.KindName, string(events.SagaCompleted))}}
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
