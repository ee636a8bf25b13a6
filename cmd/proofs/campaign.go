package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/culvertnet/culvert/adapters/httpapi"
	"github.com/culvertnet/culvert/cmd/internal/proof"
	"github.com/culvertnet/culvert/events"
)

// A campaign is many sagas, a window of them at once, while faults are thrown at what carries them. Every connection is
// applied and then withdrawn, which is two sagas; it does not ask how the processes are put together.
type campaign struct {
	l    *lab
	name string
	// sagas are to run at least; more do while faults are still to be made, so that none comes too late.
	sagas int
	// window is how many connections are under way at once.
	window int
	random *rand.Rand
	// apis gives where the API can be reached now; callers go on to the next when one does not answer.
	apis func() []string

	mu      sync.Mutex
	ended   map[events.SagaStatus]int
	misses  []string
	slowest time.Duration
	// slowestWas is that saga, and what took it longest.
	slowestWas string
	// ends are when sagas ended, in order.
	ends []time.Time
	// faults are to be made in all, and made so far: sagas wait for them, so that they are spread.
	faults, made int
	// active are the sagas under way: a fault wants some in flight, so a few always are. begun are all that were ever.
	active, begun int
	// beat is closed, and made again, whenever a saga ends.
	beat chan struct{}
	done chan struct{}
}

func newCampaign(l *lab, name string) *campaign {
	c := &campaign{
		l: l, name: name, sagas: l.s.sagas, faults: l.s.faults, window: l.s.window, random: rand.New(rand.NewPCG(l.s.seed, 1)),
		ended: map[events.SagaStatus]int{}, beat: make(chan struct{}), done: make(chan struct{}),
	}
	c.apis = func() []string { return []string{l.daemon.at.HTTP} }
	return c
}

// start lets the sagas run; wait on done for their end.
func (c *campaign) start(ctx context.Context) {
	queue := make(chan int)
	var all sync.WaitGroup
	for range c.window {
		all.Go(func() {
			for i := range queue {
				o := campaignOrder(c.name, i)
				if c.saga(ctx, o.name, o.event()) {
					c.saga(ctx, o.name, withdraw(o.name))
				}
			}
		})
	}
	go func() {
		defer close(c.done)
		defer all.Wait()
		defer close(queue)
		for i := 0; c.wants(2 * i); i++ {
			for c.ahead(2*i) && ctx.Err() == nil {
				_ = proof.Pause(ctx, 20*time.Millisecond)
			}
			select {
			case queue <- i:
			case <-ctx.Done():
				return
			}
		}
	}()
}

// mostTimes is how many times as many sagas as asked for run at most, until the faults are made.
const mostTimes = 3

// wants tells whether more sagas are to run after so many.
func (c *campaign) wants(sagas int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return sagas < c.sagas || c.made < c.faults && sagas < mostTimes*c.sagas
}

// fewActive is how many sagas are let run even when they are ahead of the faults.
const fewActive = 3

// ahead tells whether so many sagas are more than the faults that have been made allow.
func (c *campaign) ahead(sagas int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.active >= fewActive && c.made < c.faults && sagas > c.sagas*(c.made+2)/(c.faults+1)
}

// campaignOrder spreads connections over plans that need nothing which only few of them could have at once.
func campaignOrder(name string, i int) order {
	o := order{name: fmt.Sprintf("%s-%04d", name, i), service: fmt.Sprintf("fn-%04d", i%900), onWithdraw: "restore", noNames: true}
	switch i % 3 {
	case 0: // an endpoint of its own to a service attachment
		o.attachment, o.noEgress, o.variant = "orders-sa", true, variant{announce: "none"}
	case 1: // a share of the counted endpoint, and a way out through a filter
		o.variant, o.connector = variant{"none", "gcp-firewall", "connector"}, cidr28(i)
	case 2: // a share of a router's list
		o.variant, o.noEgress = variant{announce: "cloud-router"}, true
	}
	return o
}

// saga submits an event until it is accepted, waits for its end and notes it; false when it did not complete.
func (c *campaign) saga(ctx context.Context, name string, body []byte) bool {
	began := time.Now()
	c.count(1)
	v, err := c.through(ctx, body)
	c.count(-1)
	if ctx.Err() != nil {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended[v.Status]++
	c.ends = append(c.ends, time.Now())
	if took := time.Since(began); took > c.slowest {
		c.slowest, c.slowestWas = took, v.ID+slowestStep(v)
	}
	if err != nil || v.Status != events.SagaCompleted {
		c.misses = append(c.misses, fmt.Sprintf("%s is %s (%v)", name, describe(v), err))
	}
	close(c.beat)
	c.beat = make(chan struct{})
	return v.Status == events.SagaCompleted
}

func (c *campaign) count(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.active += n
	c.begun += max(0, n)
}

// sagaWithin bounds one saga, faults included.
const sagaWithin = 6 * time.Minute

// through offers the same event again and again, as a publisher does, and then asks for the saga until it has ended.
func (c *campaign) through(ctx context.Context, body []byte) (events.Status, error) {
	ctx, cancel := context.WithTimeout(ctx, sagaWithin)
	defer cancel()
	var id string
	var v events.Status
	last := errors.New("no try")
	for n := 0; ; n++ {
		apis := c.apis()
		api := httpapi.Client{URL: apis[n%len(apis)]}
		if id == "" {
			accepted, err := api.Submit(ctx, "application/cloudevents+json", body)
			if refused := new(httpapi.Problem); errors.As(err, &refused) && refused.Status < 500 && refused.Status != 429 {
				return v, err
			}
			if last = err; err == nil {
				id = accepted[0].Saga
			}
		}
		if id != "" {
			for seen, err := range api.Watch(ctx, id) {
				if last = err; err != nil {
					break
				}
				if v = seen; v.Status.Ended() {
					return v, nil
				}
			}
		}
		select {
		case <-ctx.Done():
			shown, err := api.Show(context.WithoutCancel(ctx), id)
			return v, fmt.Errorf("has not ended in %s: %w; asked, it is %s (%v)", sagaWithin, last, describe(shown), err)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// A blow is one fault: from when it struck until it was over.
type blow struct {
	kind         string
	struck, over time.Time
}

// recovery is the longest time without an end of a saga from when a fault struck until the first end after it was over.
func (c *campaign) recovery(b blow) time.Duration {
	longest, last := time.Duration(0), b.struck
	for _, end := range c.ends {
		if end.Before(b.struck) {
			continue
		}
		longest, last = max(longest, end.Sub(last)), end
		if end.After(b.over) {
			break
		}
	}
	return longest
}

// throw makes n faults, one after the other and spread over the sagas, each at a random moment at which a command that
// changes something is out. It stops early, which is a miss, when the sagas are through before the faults are.
func (c *campaign) throw(ctx context.Context, n int, fault func(ctx context.Context, k int) (kind string, err error)) ([]blow, error) {
	var blows []blow
	for len(blows) < n {
		pause := 20*time.Millisecond + time.Duration(c.random.Int64N(int64(480*time.Millisecond)))
		for due := false; !due; pause = 10 * time.Millisecond {
			select {
			case <-ctx.Done():
				return blows, ctx.Err()
			case <-c.done:
				return blows, nil
			case <-time.After(pause):
			}
			due = c.endedSagas() >= c.sagas*len(blows)/(n+1) && c.l.inFlight(ctx)
		}
		struck := time.Now()
		kind, err := fault(ctx, len(blows))
		if err != nil {
			return blows, fmt.Errorf("make fault %d: %w", len(blows), err)
		}
		blows = append(blows, blow{kind, struck, time.Now()})
		c.mu.Lock()
		c.made = len(blows)
		c.mu.Unlock()
		if err := c.awaitEnd(ctx); err != nil {
			return blows, err
		}
	}
	return blows, nil
}

func (c *campaign) endedSagas() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := 0
	for _, ended := range c.ended {
		n += ended
	}
	return n
}

// awaitEnd waits until a saga ends.
func (c *campaign) awaitEnd(ctx context.Context) error {
	c.mu.Lock()
	beat := c.beat
	c.mu.Unlock()
	select {
	case <-beat:
		return nil
	case <-c.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// judge waits for the end and holds it against what was promised: nothing lost, nothing twice, nothing left.
func (c *campaign) judge(ctx context.Context, t *table, blows []blow, want int) error {
	select {
	case <-c.done:
	case <-ctx.Done():
		return ctx.Err()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	kinds := map[string]int{}
	longest, after := time.Duration(0), ""
	for _, b := range blows {
		kinds[b.kind]++
		if took := c.recovery(b); took > longest {
			longest, after = took, b.kind
		}
	}
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		t.row(nil, "faults: "+kind, kinds[kind])
	}
	t.row(need(len(blows) == want, "%d faults before the sagas were through, want %d", len(blows), want), "faults with a command in flight", len(blows))
	all := max(c.sagas, c.begun)
	t.row(need(c.ended[events.SagaCompleted] == all, "%v; %s", c.ended, strings.Join(c.misses[:min(3, len(c.misses))], "; ")),
		"sagas ended completed", fmt.Sprintf("%d of %d", c.ended[events.SagaCompleted], all))
	effects, err := c.l.effects(ctx)
	if err != nil {
		return err
	}
	t.row(proof.OneLive(effects), "effects on named objects, none twice", len(effects))
	t.row(c.l.clean(ctx), "differences left", "sim resources")
	t.row(nil, "longest recovery: no saga ended for", fmt.Sprintf("%s (%s)", longest.Round(10*time.Millisecond), after))
	t.row(nil, "slowest saga, faults included", fmt.Sprintf("%s (%s)", c.slowest.Round(10*time.Millisecond), c.slowestWas))
	return nil
}

// slowestStep names the step that took a saga longest.
func slowestStep(v events.Status) string {
	var name string
	var longest time.Duration
	for _, s := range v.Steps {
		if s.StartedAt == nil || s.EndedAt == nil {
			continue
		}
		if took := s.EndedAt.Sub(*s.StartedAt); took > longest {
			longest, name = took, fmt.Sprintf(", %s %s in %d attempts", s.Name, took.Round(10*time.Millisecond), s.Attempts)
		}
	}
	return name
}
