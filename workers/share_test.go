package workers_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/culvertnet/culvert/adapters/memory"
	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
)

// shares notes what a worker is told, as "seconds: among"; two writers of one record may take some milliseconds.
type shares struct {
	begun time.Time
	mu    sync.Mutex
	told  []string
	among int
	waits []workers.BudgetWait
}

// Share notes a change.
func (s *shares) Share(among int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.among != among {
		s.told = append(s.told, fmt.Sprintf("%v: %d", time.Since(s.begun).Round(time.Second).Seconds(), among))
	}
	s.among = among
}

// Waits gives what the test says.
func (s *shares) Waits() []workers.BudgetWait { return s.waits }

func (s *shares) are(t *testing.T, want ...string) {
	t.Helper()
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Equal(s.told, want) {
		t.Errorf("shares: %q, want %q", s.told, want)
	}
}

// outage is a store that can be away.
type outage struct {
	workers.Claims
	away *atomic.Bool
}

// Find lists, unless the store is away.
func (o outage) Find(ctx context.Context, q workers.ClaimQuery) (workers.ClaimPage, error) {
	if o.away.Load() {
		return workers.ClaimPage{}, errors.New("the store is away")
	}
	return o.Claims.Find(ctx, q)
}

// sharing starts a worker with a budget.
func sharing(t *testing.T, name string, claims workers.Claims, p probe) (*bench, *shares) {
	t.Helper()
	s := &shares{begun: time.Now()}
	b := newBench(t, p, func(o *workers.Options) {
		o.Name, o.Budget = name, s
		if claims != nil {
			o.Presence = &workers.Presence{Claims: claims}
		}
	})
	return b, s
}

// Who is alone has everything at once; who comes waits until nobody can be wrong about it; who has gone leaves its
// part.
func TestABudgetIsSharedByWhoIsThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		claims := memory.NewClaims()
		_, one := sharing(t, "worker-1", claims, probe{})
		<-time.After(32 * time.Second) // virtual
		one.are(t, "0: 1")
		b, two := sharing(t, "worker-2", claims, probe{})
		<-time.After(20 * time.Second)
		one.are(t, "0: 1", "35: 2")
		two.are(t, "15: 2")
		b.stop()
		<-time.After(5 * time.Second)
		two.are(t, "15: 2", "20: 0")
		one.are(t, "0: 1", "35: 2", "55: 1")
	})
}

// A count that cannot be made again runs out: then others may have come.
func TestAShareRunsOutWithItsCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var away atomic.Bool
		_, s := sharing(t, "worker-1", outage{memory.NewClaims(), &away}, probe{})
		<-time.After(11 * time.Second) // virtual
		away.Store(true)
		<-time.After(30 * time.Second)
		s.are(t, "0: 1", "20: 0")
		away.Store(false)
		<-time.After(5 * time.Second)
		s.are(t, "0: 1", "20: 0", "45: 1")
	})
}

// A worker that drains keeps its share until its last verb has ended, and others count it so long.
func TestADrainingWorkerKeepsItsShare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		claims, begun, goOn := memory.NewClaims(), make(chan struct{}), make(chan struct{})
		b, one := sharing(t, "worker-1", claims,
			probe{do: func(context.Context, workers.Run, probeIn) (probeOut, error) {
				close(begun)
				<-goOn
				return probeOut{}, nil
			}})
		synctest.Wait() // the first has counted before the second comes
		_, two := sharing(t, "worker-2", claims, probe{})
		<-time.After(20 * time.Second) // virtual
		b.send(command(events.Do, 1, time.Now()))
		<-begun
		b.stop()
		<-time.After(22 * time.Second)
		two.are(t, "15: 2")
		synctest.Wait()
		if one.among != 2 {
			t.Errorf("with a verb in hand the worker that drains shares among %d", one.among)
		}
		close(goOn)
		<-time.After(10 * time.Second)
		two.are(t, "15: 2", "45: 1")
		if one.among != 0 {
			t.Errorf("when it has gone the worker shares among %d", one.among)
		}
	})
}

// Without presence a worker is alone. What it waited for is in its beats.
func TestBudgetWithoutPresenceAndWaitsInBeats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, alone := sharing(t, "worker-1", nil, probe{})
		alone.are(t, "0: 1")
		claims := memory.NewClaims()
		b := newBench(t, probe{}, func(o *workers.Options) {
			o.Presence = &workers.Presence{Claims: claims}
			o.Budget = &shares{waits: []workers.BudgetWait{{Project: "p", Group: "g", Seconds: 3}}}
		})
		synctest.Wait()
		if all := roster(t, claims); len(all) != 1 || len(all[0].Waits) != 1 || all[0].Waits[0].Seconds != 3 {
			t.Errorf("beats: %+v", all)
		}
		b.stop()
	})
}

// Every verb on the way back is marked so, and no other.
func TestTheWayBackIsMarked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var back []bool
		b := newBench(t, probe{
			do: func(ctx context.Context, _ workers.Run, _ probeIn) (probeOut, error) {
				back = append(back, workers.IsWayBack(ctx))
				return probeOut{}, nil
			},
			look: func(ctx context.Context, _ workers.Run, _ probeIn) (workers.Seen[probeOut], error) {
				back = append(back, workers.IsWayBack(ctx))
				return workers.Seen[probeOut]{Presence: events.Absent}, nil
			},
			undo: func(ctx context.Context, _ workers.Run, _ probeIn) (workers.Undone, error) {
				back = append(back, workers.IsWayBack(ctx))
				return workers.Undone{}, nil
			},
		}, nil)
		again := command(events.Look, 4, time.Now())
		again.Purpose = events.ToCompensate
		for _, c := range []events.Command{command(events.Do, 1, time.Now()), command(events.Look, 2, time.Now()),
			command(events.Undo, 3, time.Now()), again} {
			b.ask(c, events.Done, "")
		}
		if !slices.Equal(back, []bool{false, false, true, true}) {
			t.Errorf("marked: %v", back)
		}
	})
}
