package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// scale: two orchestrators and four workers on each home, two of each leaving and two joining while a campaign runs. Who
// leaves drains: it exits with 0, and nothing that it had in hand is lost.
func scale(ctx context.Context, s settings) error {
	s = s.filled(500, 4)
	t := &table{header: "home what figure"}
	var errs error
	for _, name := range slices.Sorted(maps.Keys(homes)) {
		if strings.Contains(name, s.only) {
			if err := scaleOn(ctx, s, name, t); err != nil {
				errs = errors.Join(errs, fmt.Errorf("%s: %w", name, err))
			}
		}
	}
	return errors.Join(errs, t.print())
}

func scaleOn(ctx context.Context, s settings, home string, t *table) (err error) {
	l, err := newLab(s)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	if err := l.startWorld(ctx); err != nil {
		return err
	}
	f, err := homes[home](ctx, l)
	if err != nil {
		return err
	}
	crew := &crew{l: l, f: f, counts: map[string]int{}, live: map[string][]*member{}}
	if err := crew.found(ctx); err != nil {
		return err
	}
	c := newCampaign(l, "scale")
	c.apis = crew.apis
	part := &table{}
	c.start(ctx)
	blows, err := c.throw(ctx, s.faults, crew.shift)
	if err != nil {
		return err
	}
	if err := c.judge(ctx, part, blows, s.faults); err != nil {
		return err
	}
	if err := crew.dismiss(part); err != nil {
		return err
	}
	t.under(home, part)
	return nil
}

// member is one process of a crew.
type member struct {
	*process
	name string
}

// crew are the orchestrators and workers of a home. The first of each stays, the others come and go.
type crew struct {
	l *lab
	f *footing

	mu     sync.Mutex
	counts map[string]int
	live   map[string][]*member
	gone   []*member
}

// found starts two orchestrators and four workers; a founder is one of each.
func (c *crew) found(ctx context.Context) error {
	if c.f.founder != nil {
		for _, role := range []string{"orchestrator", "worker"} {
			c.live[role] = append(c.live[role], &member{c.f.founder, "founder"})
		}
	}
	for role, n := range map[string]int{"orchestrator": 2, "worker": 4} {
		for len(c.live[role]) < n {
			if err := c.join(ctx, role); err != nil {
				return err
			}
		}
	}
	c.l.daemon = c.live["orchestrator"][0].process
	return nil
}

func (c *crew) join(ctx context.Context, role string) error {
	c.counts[role]++
	name := fmt.Sprintf("%s-%d", role, c.counts[role])
	p, err := c.l.join(ctx, c.f, role, name)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.live[role] = append(c.live[role], &member{p, name})
	return nil
}

// shift lets the second of a role leave and another join.
func (c *crew) shift(ctx context.Context, k int) (string, error) {
	role := []string{"worker", "orchestrator"}[k%2]
	c.mu.Lock()
	leaver := c.live[role][1]
	c.live[role] = slices.Delete(c.live[role], 1, 2)
	c.gone = append(c.gone, leaver)
	c.mu.Unlock()
	if err := leaver.stop(); err != nil {
		return "", fmt.Errorf("%s leaves: %w", leaver.name, err)
	}
	return "one " + role + " left, one joined", c.join(ctx, role)
}

// apis are the orchestrators that can be asked now.
func (c *crew) apis() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var all []string
	for _, m := range c.live["orchestrator"] {
		all = append(all, m.at.HTTP)
	}
	return all
}

// dismiss lets all go and tells each worker's share.
func (c *crew) dismiss(t *table) error {
	for _, role := range []string{"worker", "orchestrator"} {
		for _, m := range slices.Backward(c.live[role]) {
			if m.name == "founder" {
				continue
			}
			if err := m.stop(); err != nil {
				return fmt.Errorf("%s leaves: %w", m.name, err)
			}
			c.gone = append(c.gone, m)
		}
	}
	if c.f.founder != nil {
		if err := c.f.founder.stop(); err != nil {
			return err
		}
		c.gone = append(c.gone, &member{c.f.founder, "founder"})
	}
	for _, m := range c.gone {
		deeds, running, drained := m.share()
		if strings.HasPrefix(m.name, "orchestrator") {
			continue
		}
		t.row(errors.Join(need(drained, "did not drain"), need(deeds > 0, "did nothing"), need(running == 0, "%d deeds cut off", running)),
			"deeds of "+m.name, deeds)
	}
	return nil
}

var drainLine = regexp.MustCompile(`worker has drained" deeds=(\d+) running=(\d+)`)

// share reads from a worker's last words how many deeds it ran, and how many it cut off.
func (m *member) share() (deeds, running int, drained bool) {
	log, err := os.ReadFile(m.log)
	if err != nil {
		return 0, 0, false
	}
	words := drainLine.FindSubmatch(log)
	if words == nil {
		return 0, 0, false
	}
	deeds, _ = strconv.Atoi(string(words[1]))
	running, _ = strconv.Atoi(string(words[2]))
	return deeds, running, true
}
