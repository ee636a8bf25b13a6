package workers

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strings"
	"time"
)

// DefaultBeat is how often a worker says so; presenceBeats such times without a sign it counts as gone.
const (
	DefaultBeat   = 10 * time.Second
	presenceBeats = 3
)

// beatRuns is how many commands in hand a beat names at most.
const beatRuns = 32

// A Beat is one worker's sign of life for one capability.
type Beat struct {
	Worker     string `json:"worker"`
	Capability string `json:"capability"`
	// Release is the worker's; Kinds are the step kinds of the capability that it knows.
	Release string   `json:"release,omitempty"`
	Kinds   []string `json:"kinds"`
	// Running is how many verbs it runs; Runs are the ids of their commands, the first of them if there are many.
	Running int      `json:"running"`
	Runs    []string `json:"runs,omitempty"`
	// Waits are the longest waits for the budget since the last beat, of the whole worker.
	Waits   []BudgetWait `json:"waits,omitempty"`
	Started time.Time    `json:"started"`
	Seen    time.Time    `json:"seen"`
	// Until is when it counts as gone without another beat.
	Until time.Time `json:"until"`
	// Draining: it takes no more commands, and goes when those it runs have ended.
	Draining bool `json:"draining,omitempty"`
}

// Live tells whether the worker takes commands, as far as is known.
func (b Beat) Live(now time.Time) bool { return !b.Draining && now.Before(b.Until) }

// Presence writes beats. What it writes decides nothing: it is for operators and autoscalers.
type Presence struct {
	Claims Claims
	// Release is what the worker calls its version; Every is the time between beats, zero is DefaultBeat.
	Release string
	Every   time.Duration
}

// every is the time to a worker's next beat: spread by its name and the beat's number, so that workers which started
// together do not beat together.
func (p Presence) every(worker string, n int) time.Duration {
	d := p.Every
	if d <= 0 {
		d = DefaultBeat
	}
	h := fnv.New64a()
	fmt.Fprintf(h, "%s/%d", worker, n)
	return d*3/4 + time.Duration(h.Sum64()%1024)*d/4/1024
}

// until is up to when a beat at a time counts.
func (p Presence) until(at time.Time) time.Time {
	d := p.Every
	if d <= 0 {
		d = DefaultBeat
	}
	return at.Add(presenceBeats * d)
}

// beat writes one sign of life, and takes out those of workers that are gone.
func (p Presence) beat(ctx context.Context, b Beat) error {
	b.Release, b.Until = p.Release, p.until(b.Seen)
	_, err := change(
		ctx, p.Claims, FamilyPresence.Resource(b.Capability), func(r Record) (Record, error) {
			return r.noted(b.Worker, b, b.Seen)
		},
	)
	return err
}

// gone takes a worker out.
func (p Presence) gone(ctx context.Context, capability, worker string, now time.Time) error {
	_, err := change(ctx, p.Claims, FamilyPresence.Resource(capability), func(r Record) (Record, error) {
		r = r.pruned(now)
		delete(r.Note, worker)
		return r, nil
	})
	return err
}

// noted is the record with one more note that has a time, "until", after which it says nothing any more. Notes whose
// time is over are taken out.
func (r Record) noted(key string, v any, now time.Time) (Record, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return r, fmt.Errorf("encode %s: %w", key, err)
	}
	r = r.pruned(now)
	r.Note[key] = string(raw)
	return r, nil
}

// pruned is the record without the notes whose time is over. It shares no notes with the old one.
func (r Record) pruned(now time.Time) Record {
	r.Note = maps.Clone(r.Note)
	if r.Note == nil {
		r.Note = map[string]string{}
	}
	maps.DeleteFunc(r.Note, func(_, raw string) bool {
		var of struct{ Until time.Time }
		return json.Unmarshal([]byte(raw), &of) != nil || !now.Before(of.Until)
	})
	return r
}

// eachRecord gives every record of a family.
func eachRecord(ctx context.Context, claims Claims, f Family, take func(Claimed)) error {
	for q := (ClaimQuery{Prefix: f.Prefix(), Limit: 1000}); ; {
		page, err := claims.Find(ctx, q)
		if err != nil {
			return fmt.Errorf("read %s: %w", f, err)
		}
		for _, item := range page.Items {
			take(item)
		}
		if page.Next == "" {
			return nil
		}
		q.After = page.Next
	}
}

// Roster reads who is there: every worker of every capability whose beat has not run out, by capability and name. A
// beat that cannot be read is none.
func Roster(ctx context.Context, claims Claims, now time.Time) ([]Beat, error) {
	var all []Beat
	err := eachRecord(ctx, claims, FamilyPresence, func(item Claimed) {
		for _, raw := range item.Record.pruned(now).Note {
			var b Beat
			if json.Unmarshal([]byte(raw), &b) == nil {
				all = append(all, b)
			}
		}
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(all, func(a, b Beat) int {
		if c := strings.Compare(a.Capability, b.Capability); c != 0 {
			return c
		}
		return strings.Compare(a.Worker, b.Worker)
	})
	return all, nil
}
