package sagatest

import (
	"bytes"
	"container/heap"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/saga"
)

// A Simulation is one connection in a faulty world: commands and results are dropped, repeated, delayed and reordered,
// workers die, answers are lost, reads are stale, clocks jump, operators interfere. The same seed gives the same run.
type Simulation struct {
	m *Machine
	// now is the time; the engine's clock, which is the machine's, may be off.
	now   time.Time
	off   time.Duration
	story story
	w     *world
	rng   *rand.Rand
	queue eventQueue
	seq   int
	// requestIDs are those that commands have carried, with what they belong to.
	requestIDs map[uuid.UUID]string
	last       events.Intent
	intents    int
	// Statistics for whoever reads along.
	Inputs, Sagas, Stuck int
	surveys, surveysDone int
	// Log, when set, is told every fact.
	Log func(line string)
}

// NewSimulation prepares a run.
func NewSimulation(seed uint64) *Simulation {
	rng := rand.New(rand.NewPCG(seed, 0x5a6a))
	m := NewMachine()
	m.CheckEvery, m.TableEvery = 16, 16
	return &Simulation{m: m, now: m.Now, story: story{at: m.Now}, w: newWorld(rng, m.Engine.Limits), rng: rng,
		requestIDs: map[uuid.UUID]string{}}
}

// Run plays until everything has come to rest, and gives the first broken promise.
func (s *Simulation) Run() error {
	s.plan()
	for range maxEvents {
		rest, err := s.step()
		if err != nil {
			return err
		}
		if rest {
			return s.atRest()
		}
		if err := s.m.promises(); err != nil {
			return err
		}
		if s.w.broken != nil {
			return s.w.broken
		}
	}
	return fmt.Errorf("no rest after %d events, at %s", maxEvents, at(s.m.Now))
}

// maxEvents bounds a run.
const maxEvents = 20000

// plan decides when operators, publishers, strangers and clocks do something, and when all of them leave it alone.
func (s *Simulation) plan() {
	for range s.rng.IntN(10) {
		s.after(s.w.upTo(40*time.Minute), s.operator)
	}
	for range 1 + s.rng.IntN(8) {
		s.after(s.w.upTo(30*time.Minute), s.submit)
	}
	for range s.rng.IntN(3) {
		s.after(s.w.upTo(30*time.Minute), s.drift)
	}
	for range s.rng.IntN(6) {
		s.after(s.w.upTo(time.Hour), s.jump)
	}
	s.after(3*time.Hour, s.calm)
}

// step lets the next thing happen, of the world or of the engine. At rest there is none.
func (s *Simulation) step() (rest bool, err error) {
	due := s.due()
	switch {
	case len(s.queue) > 0 && (due.IsZero() || !s.queue[0].at.After(due)):
		e := heap.Pop(&s.queue).(event)
		s.at(e.at)
		s.w.pass(s.now)
		return false, e.do()
	case !due.IsZero():
		s.at(due)
		return false, s.offer(saga.Tick{})
	}
	return true, nil
}

// at lets it be a time.
func (s *Simulation) at(now time.Time) { s.now, s.m.Now = now, now.Add(s.off) }

// due is when the engine's clock will say that something is due.
func (s *Simulation) due() time.Time {
	due := s.m.Due()
	if due.IsZero() {
		return due
	}
	if due = due.Add(-s.off); due.Before(s.now) { // the clock jumped over it
		return s.now
	}
	return due
}

// jump sets the engine's clock, as far off as the skew between two machines may be: with the workers' clocks half of
// it.
func (s *Simulation) jump() error {
	if !s.w.strikes("clock jump", 1) {
		return nil
	}
	s.off = s.w.upTo(s.m.Engine.Limits.Skew) - s.m.Engine.Limits.Skew/2
	s.at(s.now)
	return s.offer(saga.Tick{})
}

// calm ends faults and holds, so that what can come to an end does.
func (s *Simulation) calm() error {
	s.w.faulty = false
	s.m.Held = nil
	s.story.held(s.m.Now, s.m.Held)
	if s.m.State.Paused != nil {
		return s.order(events.Action{Kind: events.ActionResume})
	}
	return s.offer(saga.Tick{})
}

// atRest holds the end against what was promised: every accepted intent has ended, and the world is as the state says.
func (s *Simulation) atRest() error {
	st := s.m.State
	switch {
	case len(st.Queue) > 0:
		return fmt.Errorf("%d intents never began", len(st.Queue))
	case st.Saga != nil && !st.Saga.Status.Ended():
		return fmt.Errorf("saga %d rests %s", st.Saga.N, st.Saga.Status)
	}
	for n := uint64(1); n <= st.Sagas && st.Sagas <= saga.PastBound; n++ {
		if v, known := st.ViewOf(n); !known || !v.Status.Ended() {
			return fmt.Errorf("saga %d is %q at the end", n, v.Status)
		}
	}
	s.w.pass(s.now.Add(time.Hour))
	s.Sagas = int(st.Sagas)
	if err := s.compare(); err != nil {
		return err
	}
	_, err := s.m.Wholesale()
	return err
}

// drift is somebody else who removes an object, while a saga is on its way to a version whose proof will see it.
func (s *Simulation) drift() error {
	if g := s.m.State.Saga; g == nil || g.Direction != saga.Making || g.Status.Ended() ||
		g.Intent.Want != events.Apply {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(s.w.objects)) {
		s.w.set(name, "", s.now)
		s.w.drifted[name] = true
		s.w.faults["drift"]++
		return nil
	}
	return nil
}

// compare holds the world against what stands, unless the newest saga is stuck.
func (s *Simulation) compare() error {
	st := s.m.State
	if st.Saga == nil || st.Saga.Status == events.SagaStuck {
		return nil
	}
	left := map[string]string{}
	for name, input := range s.w.objects {
		if !s.w.exempt[name] {
			left[name] = input
		}
	}
	for _, e := range st.Standing {
		if !e.Committed {
			return fmt.Errorf("saga %d is %s, but %s@%d is left behind", st.Saga.N, st.Saga.Status, e.Step,
				e.Generation)
		}
		input, there := left[e.Object]
		if st.Saga.Status == events.SagaCompensated && s.w.drifted[e.Object] { // not by us
			delete(left, e.Object)
			continue
		}
		if !s.w.exempt[e.Object] && (!there || !bytes.Equal([]byte(input), e.Input) && !s.ignorable(e)) {
			return fmt.Errorf("saga %d is %s: %s@%d is %q in the world, not %s", st.Saga.N, st.Saga.Status, e.Step,
				e.Generation, input, e.Input)
		}
		delete(left, e.Object)
	}
	if len(left) > 0 {
		return fmt.Errorf("saga %d is %s, but the world still has %v", st.Saga.N, st.Saga.Status, left)
	}
	return nil
}

// ignorable tells whether a step's object may differ in a field that says nothing about it.
func (s *Simulation) ignorable(e saga.Standing) bool {
	return bytes.Contains(e.Input, []byte(`"note"`))
}

// Machine is the connection of the run.
func (s *Simulation) Machine() *Machine { return s.m }

// Faults counts what went wrong, by kind.
func (s *Simulation) Faults() map[string]int { return s.w.faults }

// after lets something happen.
func (s *Simulation) after(d time.Duration, do func() error) {
	s.seq++
	heap.Push(&s.queue, event{at: s.now.Add(d), seq: s.seq, do: do})
}

type event struct {
	at  time.Time
	seq int
	do  func() error
}

type eventQueue []event

func (q eventQueue) Len() int { return len(q) }
func (q eventQueue) Less(i, j int) bool {
	return q[i].at.Before(q[j].at) || q[i].at.Equal(q[j].at) && q[i].seq < q[j].seq
}
func (q eventQueue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }

// Push is heap.Interface's.
func (q *eventQueue) Push(x any) { *q = append(*q, x.(event)) }

// Pop is heap.Interface's.
func (q *eventQueue) Pop() any {
	old := *q
	e := old[len(old)-1]
	*q = old[:len(old)-1]
	return e
}
