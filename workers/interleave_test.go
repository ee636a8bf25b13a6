package workers_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/culvertnet/culvert/adapters/memory"
	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
)

// schedule decides who goes on at every step that two connections take on what they share: each load and store of the
// claim record, each read of the vendor's list, the beginning and the end of each write, and whether its answer is
// lost. choices are taken in order and are 0 after the last; degrees says between how many each choice was.
type schedule struct {
	choices, degrees []int
	at               int
	current          int
	switches, lost   int
	waiting          [2]chan struct{}
	ready            chan int
	done             chan int
	// now is the one time of all. until is by when the verb that a connection runs has ended, because no call outlives
	// its deadline: who waits past it has to let it run. wakes is until when a connection waits.
	now          time.Time
	until, wakes [2]time.Time
}

// blocked tells whether a connection waits for a time that cannot come before the other's verb has ended.
func (s *schedule) blocked(who int) bool {
	until := s.until[1-who]
	return !until.IsZero() && s.wakes[who].After(until)
}

// maxSwitches is how often a connection is interrupted that could go on: 1 takes a second, 2 ten, 3 minutes.
var maxSwitches = flag.Int("interleave.switches", 1, "how many interruptions a schedule may have")

// maxLost is how many answers of the vendor are lost.
const maxLost = 1

// choose takes the next choice of n.
func (s *schedule) choose(n int) int {
	c := 0
	if s.at < len(s.choices) {
		c = s.choices[s.at]
	}
	s.degrees = append(s.degrees, n)
	s.at++
	return c
}

// run lets both go on, one step at a time, until both are done.
func (s *schedule) run() {
	here, finished := [2]bool{}, [2]bool{}
	await := func() {
		for i := range 2 {
			for !here[i] && !finished[i] {
				select {
				case n := <-s.ready:
					here[n] = true
				case n := <-s.done:
					finished[n] = true
				}
			}
		}
	}
	for await(); !finished[0] || !finished[1]; await() {
		next := s.current
		switch {
		case finished[next], s.blocked(next):
			next = 1 - next
		case s.blocked(1 - next):
		case !finished[1-next] && s.switches < *maxSwitches && s.choose(2) == 1:
			next, s.switches = 1-next, s.switches+1
		}
		s.current, here[next] = next, false
		s.waiting[next] <- struct{}{}
	}
}

// step waits for its connection's turn.
func (s *schedule) step(who int) {
	s.ready <- who
	<-s.waiting[who]
}

// sharedClaims and sharedList are one connection's view of what both share.
type (
	sharedClaims struct {
		workers.Claims
		s   *schedule
		who int
	}
	sharedList struct {
		*sharedVendor
		s   *schedule
		who int
	}
	sharedVendor struct {
		entries []string
		writing int
		broken  []string
	}
)

func (c sharedClaims) Load(ctx context.Context, resource string) (workers.Record, error) {
	c.s.step(c.who)
	return c.Claims.Load(ctx, resource)
}

func (c sharedClaims) Store(ctx context.Context, resource string, r workers.Record) error {
	c.s.step(c.who)
	return c.Claims.Store(ctx, resource, r)
}

func (l sharedList) ReadList(context.Context) ([]string, error) {
	l.s.step(l.who)
	return slices.Clone(l.entries), nil
}

func (l sharedList) WriteList(_ context.Context, _ uint64, entries []string) error {
	l.s.step(l.who)
	if l.writing++; l.writing > 1 {
		l.broken = append(l.broken, "two writers at once")
	}
	l.s.step(l.who)
	l.writing--
	l.sharedVendor.entries = slices.Clone(entries)
	if l.s.lost < maxLost && l.s.choose(2) == 1 {
		l.s.lost++
		return workers.Unsure("lost", errors.New("the answer was lost"))
	}
	return nil
}

// verb is what a connection wants, again and again until it is done, as the engine asks.
type verb func(l workers.List, run workers.Run) error

func put(entry string) verb {
	return func(l workers.List, run workers.Run) error { return l.Put(context.Background(), run, entry) }
}

func drop(l workers.List, run workers.Run) error { return l.Drop(context.Background(), run) }

// patient runs verbs in order; what has to wait, or is in doubt, comes again at the next epoch and some time later.
func patient(s *schedule, who int, l workers.List, verbs []verb) (broken string) {
	epoch, holder := uint64(1), string(rune('a'+who))
	for _, d := range verbs {
		for try := 0; ; try++ {
			run := runOf(holder, epoch, s.now)
			s.until[who] = run.Deadline
			err := d(l, run)
			s.until[who] = time.Time{}
			epoch++
			if err == nil {
				break
			}
			o := workers.Outcome(err, events.Unsure)
			if o.Class == events.Refuse || try > 60 {
				return fmt.Sprintf("%s: %v", holder, err)
			}
			s.wakes[who] = s.now.Add(max(o.After, time.Second))
			s.step(who)
			if s.wakes[who].After(s.now) {
				s.now = s.wakes[who]
			}
			s.wakes[who] = time.Time{}
		}
	}
	return ""
}

// play runs one schedule and gives what was broken.
func play(s *schedule, first, second []verb, want string) (broken []string) {
	v := &sharedVendor{entries: []string{"foreign"}}
	claims := memory.NewClaims()
	for who, verbs := range [][]verb{first, second} {
		go func() {
			l := workers.List{Claims: sharedClaims{claims, s, who}, Times: times, Resource: "list/shared",
				Port: sharedList{v, s, who}}
			if b := patient(s, who, l, verbs); b != "" {
				v.broken = append(v.broken, b)
			}
			s.done <- who
		}()
	}
	s.run()
	if got := strings.Join(slices.Sorted(slices.Values(v.entries)), " "); got != want {
		v.broken = append(v.broken, fmt.Sprintf("the list is %q, not %q", got, want))
	}
	return v.broken
}

// TestEveryInterleavingOfTwoOnOneList tries every schedule of two connections on one list within the bounds: whatever
// the order, entries of others are kept, no hold is lost, nobody writes while another does, and who leaves takes its
// own along.
func TestEveryInterleavingOfTwoOnOneList(t *testing.T) {
	for name, c := range map[string]struct {
		first, second []verb
		want          string
	}{
		"put and put":           {[]verb{put("one")}, []verb{put("two")}, "foreign one two"},
		"the same entry":        {[]verb{put("one")}, []verb{put("one")}, "foreign one"},
		"put, and put and drop": {[]verb{put("one")}, []verb{put("two"), drop}, "foreign one"},
		"both come and go":      {[]verb{put("one"), drop}, []verb{put("two"), drop}, "foreign"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			count := 0
			for choices, more := []int{}, true; more; count++ {
				var s *schedule
				var broken []string
				synctest.Test(t, func(*testing.T) {
					s = &schedule{choices: choices, now: start, ready: make(chan int), done: make(chan int),
						waiting: [2]chan struct{}{make(chan struct{}), make(chan struct{})}}
					broken = play(s, c.first, c.second, c.want)
				})
				if len(broken) > 0 {
					t.Fatalf("schedule %v: %v", choices, broken)
				}
				choices, more = following(choices, s.degrees)
			}
			t.Logf("%d schedules with at most %d interruptions and %d lost answers", count, *maxSwitches, maxLost)
		})
	}
}

// following is the next schedule of a depth-first search.
func following(choices, degrees []int) (next []int, more bool) {
	next = append(slices.Clone(choices), make([]int, max(0, len(degrees)-len(choices)))...)[:len(degrees)]
	for i := len(next) - 1; i >= 0; i-- {
		if next[i]+1 < degrees[i] {
			next[i]++
			return next[:i+1], true
		}
	}
	return nil, false
}
