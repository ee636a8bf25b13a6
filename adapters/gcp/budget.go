package gcp

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
)

// Google counts calls by project, minute and group of methods ("Compute Engine rate quotas": also those of others in
// the project, by whichever account). A group here is the reads or the writes of one API; where Google has more groups,
// or counts by region, ours together are less than one of them.

// perMinute are the groups, each with how many calls a minute all workers make in one project where nothing else is
// said. Compute's two are together Google's default for one group (1,500 a minute). Guess: the others; their pages give
// numbers by region, or none.
var perMinute = map[string]int{
	"compute.read": 1200, "compute.write": 300,
	"vpcaccess.read": 300, "vpcaccess.write": 60,
	"dns.read": 600, "dns.write": 180,
	"run.read": 900, "run.write": 90,
	"cloudfunctions.read": 600, "cloudfunctions.write": 30,
	"monitoring.read": 300, "networkconnectivity.read": 300,
	"cloudresourcemanager.read": 300, "serviceusage.read": 120, "orgpolicy.read": 120,
}

// Groups are the names of the groups of methods that a [Budget] has numbers for, in order, each with the number that is
// used where none is given. The copy is the caller's.
func Groups() map[string]int { return maps.Clone(perMinute) }

// A Budget is how many calls a minute all workers together make in one project, by group of methods.
type Budget struct {
	// PerMinute are the numbers of every project that has none of its own; a group without one has that of [Groups].
	PerMinute map[string]int
	// Projects are the numbers of single projects, by id.
	Projects map[string]map[string]int
}

// in is the number of a project and group.
func (b Budget) in(project, group string) int {
	for _, of := range []map[string]int{b.Projects[project], b.PerMinute, perMinute} {
		if n, has := of[group]; has {
			return n
		}
	}
	return 0
}

// groupOf is the group of a call. Asking for permissions reads, though it is a POST.
func groupOf(api string, req *http.Request) string {
	if req.Method == http.MethodGet || strings.HasSuffix(req.URL.Path, ":testIamPermissions") {
		return api + ".read"
	}
	return api + ".write"
}

// budgets are one worker's buckets. It is safe for concurrent use.
type budgets struct {
	Budget
	now    func() time.Time
	minute float64 // the vendor's, in seconds of ours

	mu      sync.Mutex
	buckets map[[2]string]*bucket
	// among is how many workers share; 0 says that nobody knows.
	among int
	// fresh is how full a bucket may be that comes now, of which nothing was used: full after a minute with one share,
	// because those who had it before may have used it in the last minute.
	fresh   float64
	freshAt time.Time
}

func newBudgets(of Budget, pace float64) *budgets {
	return &budgets{Budget: of, now: time.Now, minute: 60 / pace, buckets: map[[2]string]*bucket{}}
}

// Share sets among how many workers everything is divided.
func (b *budgets) Share(among int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch b.age(); {
	case among == b.among:
		return
	case among == 0:
		b.fresh = 0
	case among < b.among: // the share grows, and what is in it does not
		b.fresh *= float64(among) / float64(b.among)
	}
	b.among = among
	for of, bucket := range b.buckets {
		bucket.share(b.each(b.in(of[0], of[1])))
	}
}

// age lets what may be fresh grow.
func (b *budgets) age() {
	now := b.now()
	if b.among > 0 {
		b.fresh = min(1, b.fresh+now.Sub(b.freshAt).Seconds()/b.minute)
	}
	b.freshAt = now
}

// each is one worker's share of a number. It is rounded down, but never to nothing.
func (b *budgets) each(n int) int {
	if b.among == 0 {
		return 0
	}
	return max(1, n/b.among)
}

// bucket is the one of a project and group.
func (b *budgets) bucket(project, group string) *bucket {
	b.mu.Lock()
	defer b.mu.Unlock()
	of := [2]string{project, group}
	have := b.buckets[of]
	if have == nil {
		b.age()
		have = &bucket{now: b.now, at: b.now(), minute: b.minute}
		have.share(b.each(b.in(project, group)))
		have.saved = have.burst * b.fresh
		b.buckets[of] = have
	}
	return have
}

// Waits are the longest waits since it was last asked; a group of which nobody waited is left out.
func (b *budgets) Waits() []workers.BudgetWait {
	b.mu.Lock()
	all := maps.Clone(b.buckets)
	b.mu.Unlock()
	var waits []workers.BudgetWait
	for of, bucket := range all {
		if d := bucket.waited(); d >= time.Millisecond {
			waits = append(waits, workers.BudgetWait{Project: of[0], Group: of[1], Seconds: d.Seconds()})
		}
	}
	slices.SortFunc(waits, func(a, b workers.BudgetWait) int {
		return strings.Compare(a.Project+" "+a.Group, b.Project+" "+b.Group)
	})
	return waits
}

// metered makes the calls of one API, each when it has its turn.
type metered struct {
	senders
	api string
}

// RoundTrip waits for the turn and makes the call. A call whose turn comes too late is not made.
func (m metered) RoundTrip(req *http.Request) (*http.Response, error) {
	if all := m.client.budgets; all != nil {
		own := all.bucket(m.client.known(projectIn(req.URL.Path)), groupOf(m.api, req))
		if err := own.take(req.Context(), rankOf(req.Context())); err != nil {
			return nil, noTurn(err)
		}
	}
	return m.senders.RoundTrip(req)
}

func rankOf(ctx context.Context) rank {
	if workers.IsWayBack(ctx) {
		return wayBack
	}
	return wayOn
}

// reasonRate is the reason of a call for which there is no rate left.
const reasonRate events.Reason = "rate"

// noTurn is the error of a call that has had no turn. It is no try: the step waits, as for anything that comes by
// itself.
func noTurn(err error) error {
	never := unsent{class: events.Wait, reason: reasonRate, err: err}
	if late := (tooLate{}); errors.As(err, &late) {
		never.after = late.wait
	}
	return never
}
