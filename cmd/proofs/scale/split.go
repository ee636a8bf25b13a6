package scale

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/culvertnet/culvert/cmd/internal/proof"
	"github.com/culvertnet/culvert/cmd/internal/proof/lab"
	"github.com/culvertnet/culvert/events"
)

// split: orchestrator, two workers, world and speaker are processes over one nats-server. Work is shared; one worker is
// killed, and the rest finishes.
func split(ctx context.Context, s lab.Settings) error {
	l, err := lab.New(s)
	if err != nil {
		return err
	}
	t := &proof.Table{Header: "what figure"}
	err = splitRun(ctx, l, t)
	return errors.Join(err, t.Print(), l.Close())
}

const splitIntents = 30

func splitRun(ctx context.Context, l *lab.Lab, t *proof.Table) error {
	broker, err := l.StartBroker(ctx, "always")
	if err != nil {
		return err
	}
	defer broker.Stop()
	victim, err := l.StartRoles(ctx, broker)
	if err != nil {
		return err
	}
	shares, err := lab.ObserveNATS(broker.URL)
	if err != nil {
		return err
	}
	defer shares.Stop()
	var ends map[string]events.Status
	var done sync.WaitGroup
	done.Go(func() { ends = l.RunAll(ctx, splitOrders()) })
	killed := false
	for began := time.Now(); !killed && time.Since(began) < time.Minute; {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
		if shares.Total() > 150 && l.InFlight(ctx) {
			victim.Kill()
			killed = true
		}
	}
	done.Wait()
	t.Row(proof.Need(killed, "the worker was not killed with a command in flight"),
		"worker killed with a command in flight", killed)
	t.Row(lab.AllEnded(ends, events.SagaCompleted), "completed",
		fmt.Sprintf("%d of %d", lab.CountEnded(ends, events.SagaCompleted), splitIntents))
	for worker, n := range shares.Counts() {
		t.Row(proof.Need(n > 0, "did nothing"), "results of "+worker, n)
	}
	t.Row(proof.Need(len(shares.Counts()) == 2, "%d workers reported", len(shares.Counts())),
		"workers that shared the work", len(shares.Counts()))
	return splitEnd(ctx, l, t)
}

// splitEnd expects one live effect a named object, and a clean world after all is withdrawn.
func splitEnd(ctx context.Context, l *lab.Lab, t *proof.Table) error {
	effects, err := l.Effects(ctx)
	if err != nil {
		return err
	}
	t.Row(proof.OneLive(effects), "effects on named objects", len(effects))
	gone := splitOrders()
	for i := range gone {
		gone[i].Service = "-"
	}
	ends := l.RunAll(ctx, gone)
	t.Row(errors.Join(lab.AllEnded(ends, events.SagaCompleted), l.Clean(ctx)), "withdrawn, world clean",
		lab.CountEnded(ends, events.SagaCompleted))
	return nil
}

func splitOrders() []lab.Order {
	return lab.Many(splitIntents, func(i int) lab.Order {
		return lab.Order{
			Variant: lab.Variant{Announce: "bgp", Filter: "gcp-firewall", Egress: "connector"},
			Name:    fmt.Sprintf("split-%02d", i), Service: fmt.Sprintf("fn-%04d", i),
			Connector: lab.Range28(i), OnWithdraw: "restore",
		}
	})
}
