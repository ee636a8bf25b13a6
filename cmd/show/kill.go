package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"time"

	"github.com/culvertnet/culvert/events"
)

// kill: culvertd is killed at 20 random moments of a run of 50 intents, each with a command in flight; the world lives in
// a process of its own. Everything ends, and every named object has one live effect.
func kill(ctx context.Context, s settings) error {
	l, err := newLab(s)
	if err != nil {
		return err
	}
	t := &table{header: "what figure"}
	err = killRun(ctx, l, t)
	return errors.Join(err, t.print(), l.close())
}

const kills, killIntents = 20, 50

func killRun(ctx context.Context, l *lab, t *table) error {
	world, err := l.start(ctx, "world", "--role", "world", "--data", filepath.Join(l.dir, "world"), "--sim-speed", "60")
	if err != nil {
		return err
	}
	l.world = world.at.World
	data := []string{"--data", filepath.Join(l.dir, "data"), "--world", l.world, "--sim-speed", "60"}
	if l.daemon, err = l.start(ctx, "daemon", data...); err != nil {
		return err
	}
	// The same address after each kill, so that waiting callers find it again.
	args := append(data, "--http", l.daemon.at.HTTP[len("http://"):])
	random := rand.New(rand.NewPCG(l.s.seed, 1))
	fmt.Printf("seed %d\n", l.s.seed)
	var ends map[string]events.Status
	var done sync.WaitGroup
	done.Go(func() { ends = l.submitThrough(ctx, killOrders()) })
	counted, waited := 0, time.Now()
	for counted < kills && time.Since(waited) < 5*time.Minute {
		pause := 200*time.Millisecond + time.Duration(random.Int64N(int64(1500*time.Millisecond)))
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
		if !l.inFlight(ctx) {
			continue
		}
		l.daemon.kill()
		counted++
		if l.daemon, err = l.start(ctx, "daemon", args...); err != nil {
			return err
		}
	}
	done.Wait()
	t.row(need(counted == kills, "only %d kills had a command in flight", counted), "kills with a command in flight", counted)
	ended := 0
	for _, v := range ends {
		if v.Status.Ended() {
			ended++
		}
	}
	t.row(errors.Join(need(ended == killIntents, "%d of %d ended", ended, killIntents), allEnded(ends, events.SagaCompleted)), "sagas ended", ended)
	effects, err := l.effects(ctx)
	if err != nil {
		return err
	}
	t.row(oneLiveEffect(effects), "effects on named objects", len(effects))
	gone := killOrders()
	for i := range gone {
		gone[i].service = "-"
	}
	ends = l.runAll(ctx, gone)
	t.row(allEnded(ends, events.SagaCompleted), "withdrawn", count(ends, events.SagaCompleted))
	t.row(l.clean(ctx), "differences left", "sim resources")
	return nil
}

func killOrders() []order {
	return many(killIntents, func(i int) order {
		return order{
			variant: variant{"cloud-router", "gcp-firewall", "connector"}, name: fmt.Sprintf("kill-%02d", i), service: fmt.Sprintf("fn-%04d", i),
			connector: cidr28(i), onWithdraw: "restore",
		}
	})
}

// submitThrough submits the same events again until they are accepted, as a publisher does whose server goes away.
func (l *lab) submitThrough(ctx context.Context, orders []order) map[string]events.Status {
	ends := map[string]events.Status{}
	var mu sync.Mutex
	var all sync.WaitGroup
	for _, o := range orders {
		all.Go(func() {
			body := o.event()
			var v events.Status
			for ctx.Err() == nil {
				id, err := l.submit(ctx, body)
				if err == nil {
					v, _ = l.wait(ctx, id)
					break
				}
				select {
				case <-ctx.Done():
				case <-time.After(200 * time.Millisecond):
				}
			}
			mu.Lock()
			defer mu.Unlock()
			ends[o.name] = v
		})
	}
	all.Wait()
	return ends
}

// inFlight tells whether some step has a command out that can change the world.
func (l *lab) inFlight(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	list, err := l.api().List(ctx, map[string][]string{"status": {"running"}})
	if err != nil {
		return false
	}
	for _, item := range list {
		v, err := l.api().Show(ctx, item.ID)
		if err != nil {
			return false
		}
		for _, s := range v.Steps {
			if s.Status == events.StepRequested && s.Transition != "check" && s.Name != "prove" {
				return true
			}
		}
	}
	return false
}

// oneLiveEffect tells whether creates minus deletes is zero or one for every named object.
func oneLiveEffect(list []effect) error {
	live := map[string]int{}
	for _, e := range list {
		key := e.Vendor + " " + e.Kind + " " + e.Name
		switch e.Effect {
		case "create":
			live[key]++
		case "delete":
			live[key]--
		}
		if live[key] < 0 || live[key] > 1 {
			return fmt.Errorf("%s has %d live effects at %d", key, live[key], e.Seq)
		}
	}
	return nil
}
