package lab

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/culvertnet/culvert/adapters/httpapi"
	"github.com/culvertnet/culvert/cmd/internal/proof"
	"github.com/culvertnet/culvert/events/pause"
	"github.com/culvertnet/culvert/workers"
)

// A Member is one process of a crew.
type Member struct {
	*Process
	name string
	// left is how its leaving went.
	left error
}

// A Crew are the orchestrators and workers of a backend. The first of each stays, the others come and go. Who works
// is asked of the API, as "culvert workers" does; what each has done is read from the bus. Safe for concurrent use.
type Crew struct {
	l *Lab
	f *Backend

	mu      sync.Mutex
	counts  map[string]int
	live    map[string][]*Member
	gone    []*Member
	results *Results
}

// NewCrew has nobody yet.
func NewCrew(l *Lab, f *Backend) *Crew {
	return &Crew{l: l, f: f, counts: map[string]int{}, live: map[string][]*Member{}}
}

// The roles of a crew.
const (
	orchestrators = "orchestrator"
	workersRole   = "worker"
)

// Staff starts two orchestrators and four workers; a seed is one of each. What the workers do is counted from then on.
func (c *Crew) Staff(ctx context.Context) error {
	var err error
	if c.results, err = c.f.Observe(); err != nil {
		return err
	}
	c.l.Ends = append(c.l.Ends, func() error { c.results.Stop(); return nil })
	if c.f.Seed != nil {
		for _, role := range []string{orchestrators, workersRole} {
			c.live[role] = append(c.live[role], &Member{Process: c.f.Seed, name: "seed"})
		}
	}
	for role, n := range map[string]int{orchestrators: 2, workersRole: 4} {
		for len(c.live[role]) < n {
			if _, err := c.Join(ctx, role); err != nil {
				return err
			}
		}
	}
	c.l.Daemon = c.live[orchestrators][0].Process
	return nil
}

// Join starts one more of a role.
func (c *Crew) Join(ctx context.Context, role string) (*Process, error) {
	c.counts[role]++
	name := fmt.Sprintf("%s-%d", role, c.counts[role])
	p, err := c.l.Join(ctx, c.f, role, name)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.live[role] = append(c.live[role], &Member{Process: p, name: name})
	return p, nil
}

// roster asks an orchestrator who works.
func (c *Crew) roster(ctx context.Context) ([]workers.Beat, error) {
	return httpapi.Client{URL: c.APIs()[0]}.Workers(ctx)
}

// isOf tells whether a worker's name is that of the process.
func (m *Member) isOf(worker string) bool {
	return strings.Contains(worker, fmt.Sprintf("-%d-", m.pid()))
}

// leaveWithin bounds how long a worker that has ended may still be listed.
const leaveWithin = 5 * time.Second

// leave lets a member drain: it ends with 0, and a worker takes itself off the roster when its last command has ended.
func (c *Crew) leave(ctx context.Context, role string, m *Member) error {
	if err := m.Stop(); err != nil {
		return fmt.Errorf("%s leaves: %w", m.name, err)
	}
	c.mu.Lock()
	c.gone = append(c.gone, m)
	c.mu.Unlock()
	if role != workersRole {
		return nil
	}
	for end := time.Now().Add(leaveWithin); ; {
		roster, err := c.roster(ctx)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(roster, func(b workers.Beat) bool { return m.isOf(b.Worker) }) {
			return nil
		}
		if time.Now().After(end) {
			m.left = errors.New("it ended, and is still listed as a worker: it did not drain")
			return nil
		}
		if err := pause.For(ctx, 100*time.Millisecond); err != nil {
			return err
		}
	}
}

// Shift lets the second of a role leave and another join.
func (c *Crew) Shift(ctx context.Context, k int) (string, error) {
	role := []string{workersRole, orchestrators}[k%2]
	c.mu.Lock()
	leaver := c.live[role][1]
	c.live[role] = slices.Delete(c.live[role], 1, 2)
	c.mu.Unlock()
	if err := c.leave(ctx, role, leaver); err != nil {
		return "", err
	}
	_, err := c.Join(ctx, role)
	return "one " + role + " left, one joined", err
}

// APIs are the orchestrators that can be asked now.
func (c *Crew) APIs() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var all []string
	for _, m := range c.live[orchestrators] {
		all = append(all, m.At.HTTP)
	}
	return all
}

// Dismiss lets all go, and tells of each worker how it left and how many results it gave.
func (c *Crew) Dismiss(ctx context.Context, t *proof.Table) error {
	for _, role := range []string{workersRole, orchestrators} {
		for _, m := range slices.Backward(c.live[role]) {
			if m.Process == c.f.Seed {
				continue
			}
			if err := c.leave(ctx, role, m); err != nil {
				return err
			}
		}
	}
	if c.f.Seed != nil {
		seed := &Member{Process: c.f.Seed, name: "seed"}
		if err := c.leave(ctx, orchestrators, seed); err != nil {
			return err
		}
	}
	for _, m := range c.gone {
		if strings.HasPrefix(m.name, orchestrators) {
			continue
		}
		n := c.resultsOf(m)
		t.Row(errors.Join(m.left, proof.Need(n > 0, "did nothing")), "results of "+m.name, n)
	}
	return nil
}

// resultsOf counts the results that a member has published.
func (c *Crew) resultsOf(m *Member) int {
	n := 0
	for worker, results := range c.results.Counts() {
		if m.isOf(worker) {
			n += results
		}
	}
	return n
}
