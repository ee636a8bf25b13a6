package backends

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"maps"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/culvertnet/culvert/cmd/internal/proof"
	"github.com/culvertnet/culvert/cmd/internal/proof/campaign"
	"github.com/culvertnet/culvert/cmd/internal/proof/lab"
)

// syncedSubmits is how many intents are accepted, one after the other, on each backend.
const syncedSubmits = 200

// synced: no acceptance is told before the store has synced. Intents are offered one by one to an engine that is held,
// so that each is one append and nothing else is written; strace counts the syncs of the store's processes, and each
// answer must find more of them than there were before it was asked. A server that does not sync is the control: it is
// found out.
func synced(ctx context.Context, s lab.Settings) error {
	t := &proof.Table{Header: "backend what figure"}
	if _, err := exec.LookPath("strace"); err != nil {
		return errors.New("strace is missing: apt-get install strace")
	}
	all := lab.Backends()
	all["control: a server that does not sync"] = unsyncedBackend
	var errs error
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if !strings.Contains(name, s.Only) {
			continue
		}
		if err := syncedOn(ctx, s, name, all[name], t); err != nil {
			errs = errors.Join(errs, fmt.Errorf("%s: %w", name, err))
		}
	}
	return errors.Join(errs, t.Print())
}

func syncedOn(ctx context.Context, s lab.Settings, name string,
	open func(context.Context, *lab.Lab) (*lab.Backend, error), t *proof.Table) (err error) {
	l, err := lab.New(s)
	if err != nil {
		return err
	}
	l.Extra = []string{"--paused"}
	defer func() { err = errors.Join(err, l.Close()) }()
	if err := l.StartWorld(ctx); err != nil {
		return err
	}
	f, err := open(ctx, l)
	if err != nil {
		return err
	}
	if l.Daemon = f.Seed; l.Daemon == nil {
		if l.Daemon, err = l.Join(ctx, f, "orchestrator", "orchestrator"); err != nil {
			return err
		}
	}
	report, err := f.Report(ctx)
	if err != nil {
		return err
	}
	stores := f.Stores()
	counters, err := traceSyncs(ctx, stores)
	if err != nil {
		return err
	}
	defer counters.stop()
	unsynced, before := 0, counters.counts()
	for i := range syncedSubmits {
		was := counters.counts()
		if _, err := l.Submit(ctx, campaign.Order("synced", i).Event()); err != nil {
			return err
		}
		if !counters.advanced(ctx, was, f.Quorum) {
			unsynced++
		}
	}
	total := 0
	for i, n := range counters.counts() {
		total += int(n - before[i])
	}
	miss := proof.Need(unsynced == 0, "%d answers without a sync", unsynced)
	if strings.HasPrefix(name, "control") {
		miss = proof.Need(unsynced > syncedSubmits/2, "only %d answers without a sync: the proof does not see",
			unsynced)
	}
	t.Row(nil, name, "the store's own report", report)
	t.Row(miss, name, fmt.Sprintf("acknowledged, syncs of %d store processes, answers without %d synced", len(stores),
		f.Quorum),
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
		cmd := exec.CommandContext(ctx, "strace", "-f", "-e", "trace=fsync,fdatasync,sync_file_range,msync", "-p",
			strconv.Itoa(pid))
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

// traceLag is how long a line of strace may take to be read: the sync was before the answer, its line may come after
// it.
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

// unsyncedBackend is a nats-server that acknowledges what is not on the disk yet, let in by name.
func unsyncedBackend(ctx context.Context, l *lab.Lab) (*lab.Backend, error) {
	b, err := l.StartBroker(ctx, "2m")
	if err != nil {
		return nil, err
	}
	l.Ends = append(l.Ends, func() error { b.Stop(); return nil })
	return &lab.Backend{
		Flags: []string{"--nats-url", b.URL, "--allow-unsynced"}, Stores: lab.Pids(b.Pid()), Quorum: 1,
		Report: lab.NATSReport(b.Monitor),
	}, nil
}
