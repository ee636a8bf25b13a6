package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/culvertnet/culvert/cmd/internal/proof"
	"github.com/culvertnet/culvert/events"
)

// split: orchestrator, two workers, world and speaker are processes over one nats-server. Work is shared; one worker is
// killed, and the rest finishes.
func split(ctx context.Context, s settings) error {
	l, err := newLab(s)
	if err != nil {
		return err
	}
	t := &table{header: "what figure"}
	err = splitRun(ctx, l, t)
	return errors.Join(err, t.print(), l.close())
}

const splitIntents = 30

func splitRun(ctx context.Context, l *lab, t *table) error {
	broker, err := l.startBroker(ctx, "always")
	if err != nil {
		return err
	}
	defer broker.stop()
	victim, err := l.startRoles(ctx, broker)
	if err != nil {
		return err
	}
	shares, err := observeResults(broker.url)
	if err != nil {
		return err
	}
	defer shares.stop()
	var ends map[string]events.Status
	var done sync.WaitGroup
	done.Go(func() { ends = l.runAll(ctx, splitOrders()) })
	killed := false
	for began := time.Now(); !killed && time.Since(began) < time.Minute; {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
		if shares.total() > 150 && l.inFlight(ctx) {
			victim.kill()
			killed = true
		}
	}
	done.Wait()
	t.row(need(killed, "the worker was not killed with a command in flight"), "worker killed with a command in flight", killed)
	t.row(allEnded(ends, events.SagaCompleted), "completed", fmt.Sprintf("%d of %d", count(ends, events.SagaCompleted), splitIntents))
	for worker, n := range shares.counts() {
		t.row(need(n > 0, "did nothing"), "results of "+worker, n)
	}
	t.row(need(len(shares.counts()) == 2, "%d workers reported", len(shares.counts())), "workers that shared the work", len(shares.counts()))
	return splitEnd(ctx, l, t)
}

// startRoles starts every role in a process of its own, and gives the worker that will be killed.
func (l *lab) startRoles(ctx context.Context, b *broker) (victim *process, err error) {
	world, err := l.start(ctx, "world", "--role", "world", "--data", filepath.Join(l.dir, "world"), "--sim-speed", "60")
	if err != nil {
		return nil, err
	}
	l.world = world.at.World
	for _, name := range []string{"orchestrator", "speaker", "worker-1", "worker-2"} {
		role, _, _ := strings.Cut(name, "-")
		p, err := l.start(ctx, name, "--role", role, "--data", filepath.Join(l.dir, name), "--nats-url", b.url,
			"--nats-monitors", b.monitor, "--world", l.world, "--sim-speed", "60")
		if err != nil {
			return nil, err
		}
		if role == "orchestrator" {
			l.daemon = p
		}
		victim = p
	}
	return victim, nil
}

// splitEnd expects one live effect a named object, and a clean world after all is withdrawn.
func splitEnd(ctx context.Context, l *lab, t *table) error {
	effects, err := l.effects(ctx)
	if err != nil {
		return err
	}
	t.row(proof.OneLive(effects), "effects on named objects", len(effects))
	gone := splitOrders()
	for i := range gone {
		gone[i].service = "-"
	}
	ends := l.runAll(ctx, gone)
	t.row(errors.Join(allEnded(ends, events.SagaCompleted), l.clean(ctx)), "withdrawn, world clean", count(ends, events.SagaCompleted))
	return nil
}

func splitOrders() []order {
	return many(splitIntents, func(i int) order {
		return order{
			variant: variant{"bgp", "gcp-firewall", "connector"}, name: fmt.Sprintf("split-%02d", i), service: fmt.Sprintf("fn-%04d", i),
			connector: cidr28(i), onWithdraw: "restore",
		}
	})
}

// broker is a nats-server built from the version in go.mod.
type broker struct {
	cmd          *exec.Cmd
	url, monitor string
}

// startBroker starts a nats-server that syncs always, or at an interval.
func (l *lab) startBroker(ctx context.Context, sync string) (*broker, error) {
	client, err := freePort()
	if err != nil {
		return nil, err
	}
	monitor, err := freePort()
	if err != nil {
		return nil, err
	}
	config := filepath.Join(l.dir, "nats.conf")
	text := fmt.Sprintf("host: 127.0.0.1\nport: %d\nhttp: 127.0.0.1:%d\nmax_payload: 8MB\njetstream { store_dir: %q, sync_interval: %q }\n", client, monitor, filepath.Join(l.dir, "nats"), sync)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return nil, err
	}
	b := &broker{
		cmd: exec.Command(filepath.Join(l.s.bin, "nats-server"), "-c", config), url: fmt.Sprintf("nats://127.0.0.1:%d", client),
		monitor: fmt.Sprintf("http://127.0.0.1:%d", monitor),
	}
	b.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := b.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start nats-server: %w", err)
	}
	for range 200 {
		resp, err := http.Get(b.monitor + "/healthz")
		if err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return b, nil
			}
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
	b.stop()
	return nil, errors.New("nats-server is not healthy after ten seconds")
}

func (b *broker) stop() {
	_ = b.cmd.Process.Signal(syscall.SIGTERM)
	_ = b.cmd.Wait()
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
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
