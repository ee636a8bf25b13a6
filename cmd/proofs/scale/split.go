package scale

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

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
	shares, err := observeResults(broker.URL)
	if err != nil {
		return err
	}
	defer shares.stop()
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
		if shares.total() > 150 && l.InFlight(ctx) {
			victim.Kill()
			killed = true
		}
	}
	done.Wait()
	t.Row(proof.Need(killed, "the worker was not killed with a command in flight"), "worker killed with a command in flight", killed)
	t.Row(lab.AllEnded(ends, events.SagaCompleted), "completed", fmt.Sprintf("%d of %d", lab.CountEnded(ends, events.SagaCompleted), splitIntents))
	for worker, n := range shares.counts() {
		t.Row(proof.Need(n > 0, "did nothing"), "results of "+worker, n)
	}
	t.Row(proof.Need(len(shares.counts()) == 2, "%d workers reported", len(shares.counts())), "workers that shared the work", len(shares.counts()))
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
	t.Row(errors.Join(lab.AllEnded(ends, events.SagaCompleted), l.Clean(ctx)), "withdrawn, world clean", lab.CountEnded(ends, events.SagaCompleted))
	return nil
}

func splitOrders() []lab.Order {
	return lab.Many(splitIntents, func(i int) lab.Order {
		return lab.Order{
			Variant: lab.Variant{Announce: "bgp", Filter: "gcp-firewall", Egress: "connector"}, Name: fmt.Sprintf("split-%02d", i), Service: fmt.Sprintf("fn-%04d", i),
			Connector: lab.Range28(i), OnWithdraw: "restore",
		}
	})
}

// shares counts results by worker, as an observer on the subject.
type shares struct {
	nc *nats.Conn
	mu sync.Mutex
	by map[string]int
}

func observeResults(url string) (*shares, error) {
	nc, err := nats.Connect(url)
	if err != nil {
		return nil, err
	}
	s := &shares{nc: nc, by: map[string]int{}}
	_, err = nc.Subscribe(events.Results.Subject, func(m *nats.Msg) {
		var r events.Result
		if json.Unmarshal(m.Data, &r) == nil {
			s.mu.Lock()
			s.by[r.Worker]++
			s.mu.Unlock()
		}
	})
	if err != nil {
		nc.Close()
		return nil, err
	}
	return s, nc.Flush()
}

func (s *shares) stop() { s.nc.Close() }

func (s *shares) counts() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make(map[string]int, len(s.by))
	for k, v := range s.by {
		all[k] = v
	}
	return all
}

func (s *shares) total() int {
	n := 0
	for _, v := range s.counts() {
		n += v
	}
	return n
}
