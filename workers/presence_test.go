package workers_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/culvertnet/culvert/adapters/memory"
	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
)

// roster reads who is there, and fails the test when it cannot.
func roster(t *testing.T, claims workers.Claims) []workers.Beat {
	t.Helper()
	all, err := workers.Roster(context.Background(), claims, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// A worker says that it lives and what it runs, goes on saying so, drains in sight of all, and is gone.
func TestPresenceFollowsTheWorker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		claims, begun, goOn := memory.NewClaims(), make(chan struct{}), make(chan struct{})
		p := probe{do: func(context.Context, workers.Run, probeIn) (probeOut, error) {
			close(begun)
			<-goOn
			return probeOut{}, nil
		}}
		b := newBench(t, p, func(o *workers.Options) { o.Presence = &workers.Presence{Claims: claims, Release: "9.9"} })
		synctest.Wait()
		first := roster(t, claims)
		if len(first) != 1 || first[0].Worker != "worker-1" || first[0].Capability != "test" ||
			first[0].Release != "9.9" ||
			!slices.Equal(first[0].Kinds, []string{"test.probe"}) || first[0].Running != 0 ||
			!first[0].Live(time.Now()) {
			t.Fatalf("at the start: %+v", first)
		}
		c := command(events.Do, 1, time.Now())
		b.send(c)
		<-begun
		<-time.After(workers.DefaultBeat) // virtual: the next beat is due
		synctest.Wait()
		if now := roster(t, claims); len(now) != 1 || now[0].Running != 1 ||
			!slices.Equal(now[0].Runs, []string{c.ID()}) || !now[0].Seen.After(first[0].Seen) {
			t.Errorf("with a verb in hand: %+v", now)
		}
		b.stop()
		synctest.Wait()
		if now := roster(t, claims); len(now) != 1 || !now[0].Draining || now[0].Live(time.Now()) {
			t.Errorf("while it drains: %+v", now)
		}
		close(goOn)
		b.result()
		synctest.Wait()
		if now := roster(t, claims); len(now) != 0 {
			t.Errorf("after it has gone: %+v", now)
		}
	})
}

// Who stops without a word is taken out, from what is read at once and from the record by the next who writes.
func TestPresenceOfTheDeadRunsOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		claims := memory.NewClaims()
		dead, kill := context.WithCancel(t.Context())
		run := func(ctx context.Context, name string, c workers.Claims) *sync.WaitGroup {
			registry, err := workers.NewRegistry(probe{}.handler())
			if err != nil {
				t.Fatal(err)
			}
			w, err := workers.New(workers.Options{
				Bus: memory.NewBus(nil), Marks: memory.NewMarks(), Registry: registry, Name: name,
				Presence: &workers.Presence{Claims: c},
			})
			if err != nil {
				t.Fatal(err)
			}
			var wg sync.WaitGroup
			wg.Go(func() {
				if err := w.Run(ctx); err != nil {
					t.Errorf("worker %s: %v", name, err)
				}
			})
			return &wg
		}
		gone := &severed{Claims: claims}
		first := run(dead, "dead", gone)
		synctest.Wait()
		gone.cut() // its process is killed: nothing it writes arrives any more
		alive, stop := context.WithCancel(t.Context())
		second := run(alive, "alive", claims)
		synctest.Wait()
		if now := roster(t, claims); len(now) != 2 {
			t.Errorf("before it has run out: %+v", now)
		}
		<-time.After(4 * workers.DefaultBeat) // virtual
		if now := roster(t, claims); len(now) != 1 || now[0].Worker != "alive" {
			t.Errorf("after it has run out: %+v", now)
		}
		r, err := claims.Load(t.Context(), workers.FamilyPresence.Resource("test"))
		if _, still := r.Note["dead"]; err != nil || still {
			t.Errorf("the record still has the dead: %v %v", r.Note, err)
		}
		kill()
		stop()
		first.Wait()
		second.Wait()
	})
}

// severed is a store that takes no writes once it is cut.
type severed struct {
	workers.Claims
	mu  sync.Mutex
	off bool
}

func (d *severed) cut() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.off = true
}

// Store loses what comes after the cut.
func (d *severed) Store(ctx context.Context, resource string, r workers.Record) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.off {
		return fmt.Errorf("store %s: cut off", resource)
	}
	return d.Claims.Store(ctx, resource, r)
}

// Fifty workers that start at once are all there: a record that many write loses nobody.
func TestPresenceOfMany(t *testing.T) {
	claims := memory.NewClaims()
	var group sync.WaitGroup
	ctx, stop := context.WithCancel(t.Context())
	for i := range 50 {
		registry, err := workers.NewRegistry(probe{}.handler())
		if err != nil {
			t.Fatal(err)
		}
		w, err := workers.New(workers.Options{
			Bus: memory.NewBus(nil), Marks: memory.NewMarks(), Registry: registry, Name: fmt.Sprint("w", i),
			Presence: &workers.Presence{Claims: claims},
		})
		if err != nil {
			t.Fatal(err)
		}
		group.Go(func() {
			if err := w.Run(ctx); err != nil {
				t.Errorf("worker %d: %v", i, err)
			}
		})
	}
	end := time.Now().Add(30 * time.Second)
	for len(roster(t, claims)) < 50 {
		if time.Now().After(end) {
			t.Fatalf("%d of 50 are there", len(roster(t, claims)))
		}
	}
	stop()
	group.Wait()
	if left := roster(t, claims); len(left) != 0 {
		t.Errorf("%d have not gone: %+v", len(left), left)
	}
}
