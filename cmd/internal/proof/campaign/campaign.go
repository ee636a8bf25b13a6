package campaign

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/culvertnet/culvert/adapters/httpapi"
	"github.com/culvertnet/culvert/cmd/internal/proof/lab"
	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/events/pause"
)

// A Campaign is many sagas, a window of them at once, while faults are made at what carries them. Every connection is
// applied and then withdrawn, which is two sagas; it does not ask how the processes are put together.
type Campaign struct {
	l    *lab.Lab
	name string
	// sagas are to run at least; more do while faults are still to be made, so that none comes too late.
	sagas int
	// window is how many connections are under way at once.
	window int
	Random *rand.Rand
	// APIs gives where the API can be reached now; callers go on to the next when one does not answer.
	APIs func() []string

	mu      sync.Mutex
	ended   map[events.SagaStatus]int
	Misses  []string
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
	Done chan struct{}
}

// New makes a campaign of the size that the lab's settings ask for. Its APIs are the lab's daemon, unless they are
// replaced.
func New(l *lab.Lab, name string) *Campaign {
	c := &Campaign{
		l: l, name: name, sagas: l.Settings.Sagas, faults: l.Settings.Faults, window: l.Settings.Window,
		Random: rand.New(rand.NewPCG(l.Settings.Seed, 1)),
		ended:  map[events.SagaStatus]int{}, beat: make(chan struct{}), Done: make(chan struct{}),
	}
	c.APIs = func() []string { return []string{l.Daemon.At.HTTP} }
	return c
}

// Staffed is a campaign on a backend with processes of every role, which has begun.
func Staffed(ctx context.Context, l *lab.Lab, f *lab.Backend, name string) (*Campaign, *lab.Crew, error) {
	crew := lab.NewCrew(l, f)
	if err := crew.Staff(ctx); err != nil {
		return nil, nil, err
	}
	c := New(l, name)
	c.APIs = crew.APIs
	c.Start(ctx)
	return c, crew, nil
}

// Start lets the sagas run; wait on done for their end.
func (c *Campaign) Start(ctx context.Context) {
	queue := make(chan int)
	var all sync.WaitGroup
	for range c.window {
		all.Go(func() {
			for i := range queue {
				o := Order(c.name, i)
				if c.Saga(ctx, o.Name, o.Event()) {
					c.Saga(ctx, o.Name, lab.Withdraw(o.Name))
				}
			}
		})
	}
	go func() {
		defer close(c.Done)
		defer all.Wait()
		defer close(queue)
		for i := 0; c.wants(2 * i); i++ {
			for c.ahead(2*i) && ctx.Err() == nil {
				_ = pause.For(ctx, 20*time.Millisecond)
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
func (c *Campaign) wants(sagas int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return sagas < c.sagas || c.made < c.faults && sagas < mostTimes*c.sagas
}

// fewActive is how many sagas are let run even when they are ahead of the faults.
const fewActive = 3

// ahead tells whether so many sagas are more than the faults that have been made allow.
func (c *Campaign) ahead(sagas int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.active >= fewActive && c.made < c.faults && sagas > c.sagas*(c.made+2)/(c.faults+1)
}

// Order spreads connections over plans that need nothing which only few of them could have at once.
func Order(name string, i int) lab.Order {
	o := lab.Order{Name: fmt.Sprintf("%s-%04d", name, i), Service: fmt.Sprintf("fn-%04d", i%900), OnWithdraw: "restore",
		NoNames: true}
	switch i % 3 {
	case 0: // an endpoint of its own to a service attachment
		o.Attachment, o.NoEgress, o.Variant = "orders-sa", true, lab.Variant{Announce: "none"}
	case 1: // a share of the counted endpoint, and a way out through a filter
		o.Variant, o.Connector = lab.Variant{Announce: "none", Filter: "gcp-firewall", Egress: "connector"},
			lab.Range28(i)
	case 2: // a share of a router's list
		o.Variant, o.NoEgress = lab.Variant{Announce: "cloud-router"}, true
	}
	return o
}

// Saga submits an event until it is accepted, waits for its end and notes it; false when it did not complete.
func (c *Campaign) Saga(ctx context.Context, name string, body []byte) bool {
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
		c.Misses = append(c.Misses, fmt.Sprintf("%s is %s (%v)", name, lab.Describe(v), err))
	}
	close(c.beat)
	c.beat = make(chan struct{})
	return v.Status == events.SagaCompleted
}

func (c *Campaign) count(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.active += n
	c.begun += max(0, n)
}

// sagaWithin bounds one saga, faults included.
const sagaWithin = 6 * time.Minute

// through offers the same event again and again, as a publisher does, and then asks for the saga until it has ended.
func (c *Campaign) through(ctx context.Context, body []byte) (events.Status, error) {
	ctx, cancel := context.WithTimeout(ctx, sagaWithin)
	defer cancel()
	var id string
	var v events.Status
	last := errors.New("no try")
	for n := 0; ; n++ {
		apis := c.APIs()
		api := httpapi.Client{URL: apis[n%len(apis)]}
		if id == "" {
			accepted, err := api.Submit(ctx, "application/cloudevents+json", body)
			if refused := new(httpapi.Problem); errors.As(err, &refused) && refused.Status < 500 &&
				refused.Status != 429 {
				return v, err
			}
			if last = err; err == nil {
				id = accepted[0].Saga
			}
		}
		if id != "" {
			if v, last = watched(ctx, api, id, v); v.Status.Ended() {
				return v, nil
			}
		}
		select {
		case <-ctx.Done():
			shown, err := api.Show(context.WithoutCancel(ctx), id)
			return v, fmt.Errorf("has not ended in %s: %w; asked, it is %s (%v)", sagaWithin, last, lab.Describe(shown),
				err)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// watched is what a saga comes to as long as one API tells, and the error that ended the telling.
func watched(ctx context.Context, api httpapi.Client, id string, v events.Status) (events.Status, error) {
	var last error
	for seen, err := range api.Watch(ctx, id) {
		if last = err; err != nil {
			break
		}
		if v = seen; v.Status.Ended() {
			break
		}
	}
	return v, last
}
