package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// syncedSubmits is how many intents are accepted, one after the other, on each home.
const syncedSubmits = 200

// synced: no acceptance is told before the store has synced. Intents are offered one by one to an engine that is held, so
// that each is one append and nothing else is written; strace counts the syncs of the store's processes, and each answer
// must find more of them than there were before it was asked. A server that does not sync is the control: it is found out.
func synced(ctx context.Context, s settings) error {
	t := &table{header: "home what figure"}
	if _, err := exec.LookPath("strace"); err != nil {
		return errors.New("strace is missing: apt-get install strace")
	}
	all := maps.Clone(homes)
	all["control: a server that does not sync"] = unsyncedHome
	var errs error
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if !strings.Contains(name, s.only) {
			continue
		}
		if err := syncedOn(ctx, s, name, all[name], t); err != nil {
			errs = errors.Join(errs, fmt.Errorf("%s: %w", name, err))
		}
	}
	return errors.Join(errs, t.print())
}

func syncedOn(ctx context.Context, s settings, name string, open func(context.Context, *lab) (*footing, error), t *table) (err error) {
	l, err := newLab(s)
	if err != nil {
		return err
	}
	l.extra = []string{"--held"}
	defer func() { err = errors.Join(err, l.close()) }()
	if err := l.startWorld(ctx); err != nil {
		return err
	}
	f, err := open(ctx, l)
	if err != nil {
		return err
	}
	if l.daemon = f.founder; l.daemon == nil {
		if l.daemon, err = l.join(ctx, f, "orchestrator", "orchestrator"); err != nil {
			return err
		}
	}
	report, err := f.report(ctx)
	if err != nil {
		return err
	}
	stores := f.stores()
	counters, err := traceSyncs(ctx, stores)
	if err != nil {
		return err
	}
	defer counters.stop()
	unsynced, before := 0, counters.counts()
	for i := range syncedSubmits {
		was := counters.counts()
		if _, err := l.submit(ctx, campaignOrder("synced", i).event()); err != nil {
			return err
		}
		if !counters.advanced(ctx, was, f.quorum) {
			unsynced++
		}
	}
	total := 0
	for i, n := range counters.counts() {
		total += int(n - before[i])
	}
	miss := need(unsynced == 0, "%d answers without a sync", unsynced)
	if strings.HasPrefix(name, "control") {
		miss = need(unsynced > syncedSubmits/2, "only %d answers without a sync: the proof does not see", unsynced)
	}
	t.row(nil, name, "the store's own report", report)
	t.row(miss, name, fmt.Sprintf("acknowledged, syncs of %d store processes, answers without %d synced", len(stores), f.quorum),
		fmt.Sprintf("%d, %d, %d", syncedSubmits, total, unsynced))
	return nil
}

// syncCounters count the syncs of processes as strace sees them.
type syncCounters struct {
	traces []*exec.Cmd
	n      []atomic.Uint64
}

// traceSyncs attaches to processes; it returns when every tracer is attached.
func traceSyncs(ctx context.Context, pids []int) (*syncCounters, error) {
	c := &syncCounters{n: make([]atomic.Uint64, len(pids))}
	for i, pid := range pids {
		cmd := exec.CommandContext(ctx, "strace", "-f", "-e", "trace=fsync,fdatasync,sync_file_range,msync", "-p", strconv.Itoa(pid))
		out, err := cmd.StderrPipe()
		if err != nil {
			return nil, errors.Join(err, c.stop())
		}
		if err := cmd.Start(); err != nil {
			return nil, errors.Join(err, c.stop())
		}
		c.traces = append(c.traces, cmd)
		attached := make(chan bool, 1)
		go func() {
			defer close(attached)
			lines := bufio.NewScanner(out)
			for lines.Scan() {
				switch line := lines.Text(); {
				case strings.Contains(line, "attached"):
					select {
					case attached <- true:
					default:
					}
				case strings.Contains(line, "sync") && strings.Contains(line, "= 0"): // it has returned
					c.n[i].Add(1)
				}
			}
		}()
		select {
		case <-attached: // or strace has ended, because the process has
		case <-time.After(10 * time.Second):
			return nil, errors.Join(fmt.Errorf("strace did not attach to process %d", pid), c.stop())
		}
	}
	return c, nil
}

func (c *syncCounters) counts() []uint64 {
	all := make([]uint64, len(c.n))
	for i := range c.n {
		all[i] = c.n[i].Load()
	}
	return all
}

// traceLag is how long a line of strace may take to be read: the sync was before the answer, its line may come after it.
const traceLag = 200 * time.Millisecond

// advanced tells whether enough processes have synced since.
func (c *syncCounters) advanced(ctx context.Context, since []uint64, quorum int) bool {
	for end := time.Now().Add(traceLag); ; {
		moved := 0
		for i, n := range c.counts() {
			if n > since[i] {
				moved++
			}
		}
		if moved >= quorum {
			return true
		}
		select {
		case <-ctx.Done():
			return false
		case <-time.After(time.Millisecond):
		}
		if time.Now().After(end) {
			return false
		}
	}
}

func (c *syncCounters) stop() error {
	for _, cmd := range c.traces {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
	return nil
}

// natsReport reads sync_always from the monitoring endpoints of NATS servers.
func natsReport(monitors ...string) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		var said []string
		for _, m := range monitors {
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, m+"/jsz?config=true", nil)
			if err != nil {
				return "", err
			}
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				return "", err
			}
			body, err := io.ReadAll(resp.Body)
			_ = resp.Body.Close()
			if err != nil {
				return "", err
			}
			var report struct {
				Config struct {
					SyncAlways bool `json:"sync_always"`
				} `json:"config"`
			}
			if err := json.Unmarshal(body, &report); err != nil {
				return "", err
			}
			said = append(said, fmt.Sprintf("sync_always=%t", report.Config.SyncAlways))
		}
		return strings.Join(said, " "), nil
	}
}

// unsyncedHome is a nats-server that acknowledges what is not on the disk yet, let in by name.
func unsyncedHome(ctx context.Context, l *lab) (*footing, error) {
	b, err := l.startBroker(ctx, "2m")
	if err != nil {
		return nil, err
	}
	l.ends = append(l.ends, func() error { b.stop(); return nil })
	return &footing{
		flags: []string{"--nats-url", b.url, "--allow-unsynced"}, stores: pids(b.cmd.Process.Pid), quorum: 1, report: natsReport(b.monitor),
	}, nil
}
