package faulty_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/culvertnet/culvert/adapters/faulty"
	"github.com/culvertnet/culvert/adapters/memory"
	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/saga"
	"github.com/culvertnet/culvert/saga/audit"
	"github.com/culvertnet/culvert/saga/orchestrator"
	"github.com/culvertnet/culvert/saga/sagatest"
	"github.com/culvertnet/culvert/workers"
)

// rig is one connection with the real engine's shell and the real worker runtime, each a process that may die, on ports
// in memory, in virtual time. Who dies is started again.
type rig struct {
	script  *faulty.Script
	bus     *memory.Bus
	journal *memory.Journal
	claims  *memory.Claims
	marks   *memory.Marks
	world   *world
	cursor  cursor
	ids     atomic.Int64

	ctx     context.Context
	running sync.WaitGroup
	mu      sync.Mutex
	engine  *orchestrator.Orchestrator
	broken  []error
}

func newRig(ctx context.Context, script *faulty.Script) *rig {
	r := &rig{
		script: script, bus: memory.NewBus(nil), journal: memory.NewJournal(nil), claims: memory.NewClaims(),
		marks: memory.NewMarks(),
		world: &world{objects: map[string]int{}}, ctx: ctx,
	}
	r.keep(r.startEngine)
	r.keep(r.startWorker)
	return r
}

// keep starts a process, and another one whenever it has died.
func (r *rig) keep(start func(ctx context.Context, p *faulty.Process, bus *memory.Bus) func() error) {
	r.running.Go(func() {
		for r.ctx.Err() == nil {
			ctx, cancel := context.WithCancel(r.ctx)
			bus := r.bus.Join()
			p := faulty.NewProcess(r.script, func() { bus.Kill(); cancel() })
			run := start(ctx, p, bus)
			err := run()
			cancel()
			select {
			case <-p.Dead():
			default:
				if err != nil && r.ctx.Err() == nil {
					r.fail(fmt.Errorf("a process ended by itself: %w", err))
					return
				}
			}
		}
	})
}

func (r *rig) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.broken = append(r.broken, err)
}

func (r *rig) startEngine(ctx context.Context, p *faulty.Process, bus *memory.Bus) func() error {
	o := orchestrator.New(orchestrator.Options{
		Engine:  saga.Engine{Kinds: sagatest.Kinds(), Limits: saga.DefaultLimits(1)},
		Journal: p.Journal(r.journal), Bus: p.Bus(bus), Cursor: &r.cursor, Now: time.Now, Name: "engine",
		ID: func() string { return fmt.Sprint(r.ids.Add(1)) },
	})
	r.mu.Lock()
	r.engine = o
	r.mu.Unlock()
	return func() error { return o.Run(ctx) }
}

func (r *rig) startWorker(ctx context.Context, p *faulty.Process, bus *memory.Bus) func() error {
	registry,
		err := workers.NewRegistry(workers.Handle("model.make", nil, step{p: p, world: r.world, pool: workers.Pool{
		Claims: p.Claims(r.claims), Name: "model", Ranges: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/24")},
		Times: workers.ClaimTimes{Quiet: 15 * time.Second, Skew: 2 * time.Second, Lease: time.Minute},
	}}))
	if err != nil {
		return func() error { return err }
	}
	w, err := workers.New(workers.Options{
		Bus: p.Bus(bus), Marks: p.Marks(r.marks), Registry: registry, Name: fmt.Sprintf("worker-%d", r.ids.Add(1)),
	})
	if err != nil {
		return func() error { return err }
	}
	return func() error { return w.Run(ctx) }
}

// submit offers an intent until it is accepted, as a publisher does.
func (r *rig) submit(in events.Intent) {
	for r.ctx.Err() == nil {
		r.mu.Lock()
		o := r.engine
		r.mu.Unlock()
		ctx, cancel := context.WithTimeout(r.ctx, 10*time.Second)
		_, err := o.Submit(ctx, in)
		cancel()
		if err == nil {
			return
		}
		r.rest(100 * time.Millisecond)
	}
}

// rest lets virtual time pass.
func (r *rig) rest(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.ctx.Done():
	}
}

// patience is the virtual time within which everything has to come to its end.
const patience = 2 * time.Hour

// await waits until the connection's n-th saga has ended.
func (r *rig) await(n uint64) (saga.State, error) {
	for end := time.Now().Add(patience); time.Now().Before(end) && r.ctx.Err() == nil; r.rest(time.Second) {
		s, err := r.state()
		if err != nil {
			return s, err
		}
		if s.Saga != nil && s.Saga.N == n && s.Saga.Status.Ended() && len(s.Queue) == 0 {
			return s, nil
		}
	}
	s, err := r.state()
	return s, errors.Join(err, fmt.Errorf("no end in %s: saga %+v", patience, s.Saga))
}

func (r *rig) state() (saga.State, error) {
	snapshot, records, err := r.journal.Load(context.WithoutCancel(r.ctx), sagatest.Key)
	if err != nil {
		return saga.State{}, err
	}
	return saga.Rebuild(sagatest.Key, snapshot, records)
}

// judge holds the end against what was promised. It waits first until nothing late can come any more.
func (r *rig) judge(t *testing.T, want outcome) (errs []error) {
	t.Helper()
	s, err := r.await(want.sagas)
	if err != nil {
		return []error{err}
	}
	r.rest(5 * time.Minute)
	need := func(holds bool, format string, args ...any) {
		if !holds {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	r.mu.Lock()
	errs = append(errs, r.broken...)
	r.mu.Unlock()
	need(s.Saga.Status == want.status, "it is %s (%s), not %s", s.Saga.Status, s.Saga.Reason, want.status)
	live, broken := r.world.look()
	errs = append(errs, broken...)
	var objects []string
	for _, st := range s.Standing {
		objects = append(objects, st.Object)
	}
	slices.Sort(objects)
	need(slices.Equal(live, objects), "in the world are %v, and standing %v", live, objects)
	need(len(live) == want.objects, "%d objects, not %d: %v", len(live), want.objects, live)
	page, err := r.claims.Find(t.Context(), workers.ClaimQuery{Connection: sagatest.Key})
	need(err == nil && len(page.Items) == min(want.objects, 1), "%d claims are held: %v", len(page.Items), err)
	report, err := audit.Run(t.Context(), saga.Engine{Kinds: sagatest.Kinds(), Limits: saga.DefaultLimits(1)},
		r.journal, nil)
	need(err == nil && len(report.Findings) == 0, "the journal: %+v, %v", report.Findings, err)
	return errs
}

// cursor is kept in memory, outside of the processes.
type cursor struct {
	at atomic.Uint64
}

// Load gives the saved position.
func (c *cursor) Load(context.Context) (saga.Position, error) { return saga.Position(c.at.Load()), nil }

// Save keeps it.
func (c *cursor) Save(_ context.Context, p saga.Position) error {
	c.at.Store(uint64(p))
	return nil
}

// world is what the steps act upon, with what was done to it.
type world struct {
	mu      sync.Mutex
	objects map[string]int
	broken  []error
}

func (w *world) add(name string, n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.objects[name] += n
	if live := w.objects[name]; live < 0 || live > 1 {
		w.broken = append(w.broken, fmt.Errorf("%s has %d live effects", name, live))
	}
}

func (w *world) has(name string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.objects[name] > 0
}

func (w *world) look() (live []string, broken []error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for name, n := range w.objects {
		if n > 0 {
			live = append(live, name)
		}
	}
	slices.Sort(live)
	return live, w.broken
}

// step makes an object, with an address when it is asked for one.
type step struct {
	p     *faulty.Process
	world *world
	pool  workers.Pool
}

type (
	stepIn struct {
		Pool    bool   `json:"pool,omitempty"`
		Fail    bool   `json:"fail,omitempty"`
		Range   int    `json:"range,omitempty"`
		Address string `json:"address,omitempty"`
	}
	stepOut struct {
		Address string `json:"address"`
	}
)

// Do implements [workers.Step].
func (s step) Do(ctx context.Context, run workers.Run, in stepIn, _ *stepOut) (stepOut, error) {
	out := stepOut{Address: "none"}
	if in.Fail {
		return out, workers.Refuse("asked", "it was asked to fail")
	}
	if in.Pool {
		addr, err := s.pool.Take(ctx, run, run.Holder().String(), func(netip.Addr) bool { return false })
		if err != nil {
			return out, err
		}
		out.Address = addr.String()
	}
	return out, s.p.Call(ctx, "make "+run.Step, func() error {
		if !s.world.has(run.Name) {
			s.world.add(run.Name, 1)
		}
		return nil
	})
}

// Look implements [workers.Step].
func (s step) Look(ctx context.Context, run workers.Run, in stepIn, prior *stepOut) (workers.Seen[stepOut], error) {
	seen := workers.Seen[stepOut]{Presence: events.Absent, Out: stepOut{Address: "none"}}
	if prior != nil {
		seen.Out = *prior
	}
	if in.Pool { // the address is a part of what is ours
		page, err := s.pool.Claims.Find(ctx, workers.ClaimQuery{Connection: run.Connection})
		if err != nil {
			return seen, err
		}
		if len(page.Items) > 0 {
			seen.Presence = events.Different
		}
	}
	if s.world.has(run.Name) {
		seen.Presence = events.Present
		if in.Pool && prior == nil || in.Fail {
			seen.Presence = events.Different // Do tells the address, or refuses
		}
	}
	return seen, nil
}

// Undo implements [workers.Step].
func (s step) Undo(ctx context.Context, run workers.Run, in stepIn, _ *stepOut) (workers.Undone, error) {
	err := s.p.Call(ctx, "unmake "+run.Step, func() error {
		if s.world.has(run.Name) {
			s.world.add(run.Name, -1)
		}
		return nil
	})
	if err == nil && in.Pool {
		err = s.pool.Give(ctx, run, run.Holder().String())
	}
	return workers.Undone{}, err
}
