package campaign

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/culvertnet/culvert/cmd/internal/proof"
	"github.com/culvertnet/culvert/events"
)

// A Blow is one fault: from when it struck until it was over.
type Blow struct {
	kind         string
	struck, over time.Time
}

// recovery is the longest time without an end of a saga from when a fault struck until the first end after it was over.
func (c *Campaign) recovery(b Blow) time.Duration {
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

// Throw makes n faults, one after the other and spread over the sagas, each at a random moment at which a command that
// changes something is out. It stops early, which is a miss, when the sagas are through before the faults are.
func (c *Campaign) Throw(ctx context.Context, n int,
	fault func(ctx context.Context, k int) (kind string, err error)) ([]Blow, error) {
	var blows []Blow
	for len(blows) < n {
		pause := 20*time.Millisecond + time.Duration(c.Random.Int64N(int64(480*time.Millisecond)))
		for due := false; !due; pause = 10 * time.Millisecond {
			select {
			case <-ctx.Done():
				return blows, ctx.Err()
			case <-c.Done:
				return blows, nil
			case <-time.After(pause):
			}
			due = c.endedSagas() >= c.sagas*len(blows)/(n+1) && c.l.InFlight(ctx)
		}
		struck := time.Now()
		kind, err := fault(ctx, len(blows))
		if err != nil {
			return blows, fmt.Errorf("make fault %d: %w", len(blows), err)
		}
		blows = append(blows, Blow{kind, struck, time.Now()})
		c.mu.Lock()
		c.made = len(blows)
		c.mu.Unlock()
		if err := c.awaitEnd(ctx); err != nil {
			return blows, err
		}
	}
	return blows, nil
}

func (c *Campaign) endedSagas() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := 0
	for _, ended := range c.ended {
		n += ended
	}
	return n
}

// awaitEnd waits until a saga ends.
func (c *Campaign) awaitEnd(ctx context.Context) error {
	c.mu.Lock()
	beat := c.beat
	c.mu.Unlock()
	select {
	case <-beat:
		return nil
	case <-c.Done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Judge waits for the end and holds it against what was promised: nothing lost, nothing twice, nothing left.
func (c *Campaign) Judge(ctx context.Context, t *proof.Table, blows []Blow, want int) error {
	select {
	case <-c.Done:
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
		t.Row(nil, "faults: "+kind, kinds[kind])
	}
	t.Row(proof.Need(len(blows) == want, "%d faults before the sagas were through, want %d", len(blows), want),
		"faults with a command in flight", len(blows))
	all := max(c.sagas, c.begun)
	t.Row(proof.Need(c.ended[events.SagaCompleted] == all, "%v; %s", c.ended,
		strings.Join(c.Misses[:min(3, len(c.Misses))], "; ")),
		"sagas ended completed", fmt.Sprintf("%d of %d", c.ended[events.SagaCompleted], all))
	effects, err := c.l.Effects(ctx)
	if err != nil {
		return err
	}
	t.Row(proof.OneLive(effects), "effects on named objects, none twice", len(effects))
	t.Row(c.l.Clean(ctx), "differences left", "sim resources")
	t.Row(nil, "longest recovery: no saga ended for", fmt.Sprintf("%s (%s)", longest.Round(10*time.Millisecond), after))
	t.Row(nil, "slowest saga, faults included", fmt.Sprintf("%s (%s)", c.slowest.Round(10*time.Millisecond),
		c.slowestWas))
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
			longest, name = took, fmt.Sprintf(", %s %s in %d attempts", s.Name, took.Round(10*time.Millisecond),
				s.Attempts)
		}
	}
	return name
}
