package backends

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/culvertnet/culvert/adapters/jetstream"
	"github.com/culvertnet/culvert/adapters/jetstream/natslocal"
	"github.com/culvertnet/culvert/cmd/internal/proof"
	"github.com/culvertnet/culvert/cmd/internal/proof/lab"
	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/events/pause"
	"github.com/culvertnet/culvert/saga"
)

// The size of the history that is judged.
const (
	linearKeys, linearClients = 60, 12
	linearFaults              = 12
)

// linear: conditional appends by many clients, on a three-node cluster under faults, are linearizable: porcupine finds
// an order of all calls in which each answer is right. A history with one wrong answer is the control.
func linear(ctx context.Context, s lab.Settings) (err error) {
	s = s.Filled(20000, linearFaults)
	l, err := lab.New(s)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	cluster, err := natslocal.Start(ctx, filepath.Join(s.Bin, "nats-server"), l.Dir, lab.R3Servers)
	if err != nil {
		return err
	}
	l.Ends = append(l.Ends, cluster.Close)
	h := &history{want: s.Sagas, began: time.Now(), counts: map[string]int{}, enough: make(chan struct{})}
	var clients sync.WaitGroup
	ctx, cancel := context.WithCancel(ctx)
	defer clients.Wait()
	defer cancel()
	for n := range linearClients {
		nc, err := jetstream.Connect(ctx, cluster.URL())
		if err != nil {
			return err
		}
		backend, err := jetstream.Open(ctx, nc,
			jetstream.Options{Synced: jetstream.MonitorReport(cluster.Monitors()...),
				Replicas: lab.R3Servers})
		if err != nil {
			return err
		}
		l.Ends = append(l.Ends, func() error { backend.Close(); nc.Close(); return nil })
		c := &appender{n: n, journal: backend.Journal(), h: h, random: rand.New(rand.NewPCG(s.Seed, uint64(n))),
			known: make([]uint64, linearKeys)}
		clients.Go(func() { c.run(ctx) })
	}
	storm := &storm{cluster: cluster, random: rand.New(rand.NewPCG(s.Seed, 99))}
	made, err := h.disturb(ctx, s.Faults, storm)
	if err != nil {
		return err
	}
	select {
	case <-h.enough:
	case <-ctx.Done():
		return ctx.Err()
	}
	clients.Wait()
	t := &proof.Table{Header: "what figure"}
	for kind, n := range made {
		t.Row(nil, "faults: "+kind, n)
	}
	return h.judge(t)
}

// history is what was asked and answered, as porcupine takes it.
type history struct {
	began time.Time
	want  int

	mu     sync.Mutex
	ops    []porcupine.Operation
	counts map[string]int
	opened int
	enough chan struct{}
}

// asked and told are one operation of a key's register: append on a version.
type (
	asked struct {
		key   int
		after uint64
	}
	told string
)

const (
	toldLanded, toldConflict, toldNothing told = "landed", "conflict", "unknown"
)

// note adds an operation; false says that there are enough.
func (h *history) note(client int, in asked, out told, call, ended time.Time) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.counts[string(out)]++
	at := ended.Sub(h.began).Nanoseconds()
	if out == toldNothing { // it may still have its effect, at any time
		at = int64(1 << 62)
	}
	h.ops = append(h.ops, porcupine.Operation{ClientId: client, Input: in, Output: out,
		Call: call.Sub(h.began).Nanoseconds(), Return: at})
	if len(h.ops) == h.want {
		close(h.enough)
	}
	return len(h.ops) < h.want
}

// open counts an answer that left it open whether the append landed.
func (h *history) open() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.opened++
}

func (h *history) size() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.ops)
}

// disturb makes faults, spread over the history.
func (h *history) disturb(ctx context.Context, faults int, storm *storm) (map[string]int, error) {
	made := map[string]int{}
	for k := range faults {
		for h.size() < h.want*k/(faults+1) {
			if err := pause.For(ctx, 10*time.Millisecond); err != nil {
				return made, err
			}
		}
		kind, err := storm.strike(ctx, k)
		if err != nil {
			return made, fmt.Errorf("make fault %d: %w", k, err)
		}
		made[kind]++
	}
	return made, nil
}

// appender is one client: it appends to random connections on the version it knows, which is often no longer the
// newest.
type appender struct {
	n       int
	journal saga.Journal
	h       *history
	random  *rand.Rand
	known   []uint64
	count   int
}

func (c *appender) run(ctx context.Context) {
	for ctx.Err() == nil {
		in := asked{key: c.random.IntN(linearKeys)}
		key := events.Key{Tenant: events.DefaultTenant, Name: fmt.Sprintf("linear-%d", in.key)}
		in.after = c.known[in.key]
		c.count++
		a := saga.Append{Key: key, After: in.after, ID: fmt.Sprintf("%d/%d", c.n, c.count), Facts: []byte("[]"),
			Snapshot: []byte("{}")}
		call := time.Now()
		out := c.offer(ctx, a)
		if !c.h.note(c.n, in, out, call, time.Now()) {
			return
		}
		if out == toldLanded {
			c.known[in.key]++
			continue
		}
		snapshot, _, err := c.journal.Load(ctx, key)
		if err == nil && snapshot.Version > in.after {
			c.known[in.key] = snapshot.Version
		}
	}
}

// offer appends until the answer is known: the same again settles an unknown one.
func (c *appender) offer(ctx context.Context, a saga.Append) told {
	for {
		err := c.journal.Append(ctx, []saga.Append{a})[0].Err
		switch {
		case err == nil:
			return toldLanded
		case errors.Is(err, saga.ErrConflict):
			return toldConflict
		case ctx.Err() != nil:
			return toldNothing
		}
		c.h.open()
	}
}

// register is a connection's version under appends that expect one. What landed did so on its own version; a conflict
// was told only on another one; what is unknown has landed if it could.
var register = porcupine.Model{
	Partition: func(ops []porcupine.Operation) [][]porcupine.Operation {
		by := make([][]porcupine.Operation, linearKeys)
		for _, op := range ops {
			k := op.Input.(asked).key
			by[k] = append(by[k], op)
		}
		return by
	},
	Init: func() any { return uint64(0) },
	Step: func(state, input, output any) (bool, any) {
		version, after := state.(uint64), input.(asked).after
		switch output.(told) {
		case toldLanded:
			return version == after, after + 1
		case toldConflict:
			return version != after, version
		}
		if version == after {
			return true, after + 1
		}
		return true, version
	},
}

// judgeWithin bounds porcupine's search.
const judgeWithin = 2 * time.Minute

func (h *history) judge(t *proof.Table) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, out := range []told{toldLanded, toldConflict, toldNothing} {
		t.Row(nil, "appends: "+string(out), h.counts[string(out)])
	}
	t.Row(nil, "answers that left it open, and were asked for again", h.opened)
	verdict := porcupine.CheckOperationsTimeout(register, h.ops, judgeWithin)
	t.Row(proof.Need(verdict == porcupine.Ok, "porcupine says %s", verdict),
		fmt.Sprintf("%d operations over %d keys by %d clients", len(h.ops), linearKeys, linearClients), verdict)
	wrong := append([]porcupine.Operation(nil), h.ops...)
	for i := range wrong {
		if wrong[i].Output == toldLanded {
			wrong[i].Output = toldConflict
			break
		}
	}
	control := porcupine.CheckOperationsTimeout(register, wrong, judgeWithin)
	t.Row(proof.Need(control == porcupine.Illegal, "porcupine says %s", control), "control: one answer changed",
		control)
	return t.Print()
}
