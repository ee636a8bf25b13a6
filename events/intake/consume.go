package intake

import (
	"context"
	"log/slog"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/events/poison"
)

// Consume takes intents from the bus until ctx ends. One that is refused goes to the dead letters with the reason; one
// that meets a busy engine, a full store or no answer stays with the broker. An intent that is delivered
// poison.MaxDeliver times has taken many a process with it, or has met a full queue for more than an hour; in the dead
// letters it is not lost.
func (i Intake) Consume(ctx context.Context, bus events.Bus, log *slog.Logger) error {
	place := events.Subscription{
		Name: "intake", Subjects: []string{events.Intents.Subject}, Parallel: 64, MaxDeliver: poison.MaxDeliver,
	}
	return bus.Consume(ctx, place, poison.Guard(i.take, func(d events.Delivery, panicked string) {
		log.Error("intake panicked", "subject", d.Subject, "attempt", d.Attempt, "panic", panicked)
	}))
}

func (i Intake) take(ctx context.Context, d events.Delivery) events.Verdict {
	header := make(map[string][]string, len(d.Header))
	for name, value := range d.Header {
		header[name] = []string{value}
	}
	_, err := i.Accept(ctx, events.DefaultTenant, header, d.Body)
	_, refused := events.AsRefusal(err)
	return poison.Judge(d, err, !refused)
}
