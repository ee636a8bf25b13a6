package main

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/culvertnet/culvert/adapters/httpapi"
	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/events/pause"
)

// selection is which sagas are replayed at once.
type selection struct {
	status, kind, prefix string
	older, newer         time.Duration
}

func (s *selection) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&s.status, "status", "", "select by status: compensated or stuck")
	cmd.Flags().StringVar(&s.kind, "kind", "", "of these only this intent kind")
	cmd.Flags().StringVar(&s.prefix, "name-prefix", "", "of these only connections whose name begins with this")
	cmd.Flags().DurationVar(&s.older, "older", 0, "of these only sagas that ended longer ago than this")
	cmd.Flags().DurationVar(&s.newer, "newer", 0, "of these only sagas that ended within this time")
}

func (s selection) filters() bool {
	return s.kind != "" || s.prefix != "" || s.older != 0 || s.newer != 0
}

// selected lists what is to be replayed, what ended first before the rest. What an earlier run has replayed is not
// among it: its newest saga has another status.
func (c *cli) selected(cmd *cobra.Command, s selection) ([]events.Status, error) {
	if s.status != string(events.SagaCompensated) && s.status != string(events.SagaStuck) {
		return nil, usage("invalid --status: want compensated or stuck, because only failed sagas are replayed")
	}
	all, err := c.find(cmd, s.status, s.kind, "")
	if err != nil {
		return nil, err
	}
	now := time.Now()
	all = slices.DeleteFunc(all, func(v events.Status) bool {
		ended := now
		if v.EndedAt != nil {
			ended = *v.EndedAt
		}
		return !strings.HasPrefix(v.Connection, s.prefix) || s.older > 0 && now.Sub(ended) < s.older || s.newer > 0 &&
			now.Sub(ended) > s.newer
	})
	slices.SortStableFunc(all, func(a, b events.Status) int {
		if a.EndedAt == nil || b.EndedAt == nil {
			return 0
		}
		return a.EndedAt.Compare(*b.EndedAt)
	})
	return all, nil
}

// announce shows what was selected, beside the results.
func (c *cli) announce(found []events.Status) {
	if c.format != "table" {
		return
	}
	for _, v := range found {
		fmt.Fprintf(c.errs, "selected %s  %s%s\n", v.ID, v.Status, inBrackets(clip(v.Reason, 80)))
	}
}

// bulk is how many are replayed.
type bulk struct {
	canary, maxFailures int
	pace                string
	every               time.Duration
}

func (b *bulk) flags(cmd *cobra.Command) {
	cmd.Flags().IntVar(
		&b.canary, "canary", 0, "replay so many first, one by one, and continue only when they end as wished",
	)
	cmd.Flags().StringVar(&b.pace, "pace", "", "how fast the rest is replayed, such as 2/s or 30/m")
	cmd.Flags().IntVar(&b.maxFailures, "max-failures", 0, "stop after so many that do not end as wished; 0 never stops")
}

func (b *bulk) given() bool { return b.canary > 0 || b.every > 0 || b.maxFailures > 0 }

// parse reads the pace.
func (b *bulk) parse() error {
	if b.canary < 0 || b.maxFailures < 0 {
		return usage("--canary and --max-failures count from 0")
	}
	if b.pace == "" {
		return nil
	}
	count, per, _ := strings.Cut(b.pace, "/")
	n, err := strconv.ParseFloat(count, 64)
	unit, known := map[string]time.Duration{"s": time.Second, "m": time.Minute, "h": time.Hour}[per]
	if err != nil || !(n > 0) || !known || float64(unit)/n < 1 {
		return usage(fmt.Sprintf("invalid --pace %q: want a number per s, m or h, such as 2/s or 30/m", b.pace))
	}
	b.every = time.Duration(float64(unit) / n)
	return nil
}

// replayed is what came of one of many.
type replayed struct {
	Saga     string            `json:"saga"`
	Replayed string            `json:"replayed"`
	Status   events.SagaStatus `json:"status"`
	Reason   string            `json:"reason"`
}

// The words of a table for what has no status of a saga.
const (
	notReplayed events.SagaStatus = "left"
	notTaken    events.SagaStatus = "refused"
)

// replays are many sagas that are replayed one after the other.
type replays struct {
	c     *cli
	order httpapi.ReplayOrder
	b     bulk
	rows  []replayed
	// failed is the exit code of the first that did not end as wished.
	failed   error
	failures int
}

// replayPaced replays the canaries one by one, then the rest at the pace, and prints a table. It stops when a canary
// fails or too many do; what is left is replayed by the same command again.
func (c *cli) replayPaced(ctx context.Context, ids []string, o httpapi.ReplayOrder, b bulk, w waiting) error {
	p := &replays{c: c, order: o, b: b, rows: []replayed{}}
	for _, id := range ids {
		p.rows = append(p.rows, replayed{Saga: id, Status: notReplayed})
	}
	err := p.run(ctx, w)
	if printed := c.print(p.rows, p.table); err == nil {
		err = printed
	}
	if err == nil {
		err = p.failed
	}
	return err
}

func (p *replays) table() {
	var rows [][]string
	for _, r := range p.rows {
		rows = append(rows, []string{r.Saga, r.Replayed, string(r.Status), clip(r.Reason, 80)})
	}
	p.c.rows("SAGA REPLAYED STATUS REASON", rows)
}

func (p *replays) run(ctx context.Context, w waiting) error {
	for i := range p.rows {
		stop, err := p.next(ctx, i, w.timeout)
		if err != nil {
			return err
		}
		if stop != "" {
			fmt.Fprintf(p.c.errs, "culvert: %s; %d left\n", stop, len(p.rows)-i-1)
			return nil
		}
	}
	if !w.wait {
		return nil
	}
	for i := range p.rows {
		if err := p.await(ctx, &p.rows[i], w.timeout); err != nil {
			return err
		}
	}
	return nil
}

// next replays one: a canary is awaited, the others follow at the pace. stop says why no other one follows, "" when it
// does.
func (p *replays) next(ctx context.Context, i int, patience time.Duration) (stop string, err error) {
	canary := i < p.b.canary
	if i > p.b.canary {
		if err := pause.For(ctx, p.b.every); err != nil {
			return "", err
		}
	}
	p.start(ctx, &p.rows[i])
	if canary {
		if err := p.await(ctx, &p.rows[i], patience); err != nil {
			return "", err
		}
		if p.failures > 0 {
			return fmt.Sprintf("the canary %s did not end as wished", p.rows[i].Saga), nil
		}
	}
	if err := p.look(ctx); err != nil {
		return "", err
	}
	if p.b.maxFailures > 0 && p.failures >= p.b.maxFailures {
		return fmt.Sprintf("%d did not end as wished", p.failures), nil
	}
	return "", nil
}

// start replays one. One that is refused is a failure of its own.
func (p *replays) start(ctx context.Context, r *replayed) {
	accepted, err := p.c.api().Post(ctx, "sagas/"+url.PathEscape(r.Saga)+"/replay", p.order)
	if err != nil {
		r.Status, r.Reason = notTaken, explain(err)
		p.fail(exitFailed)
		return
	}
	r.Replayed, r.Status = accepted.Saga, events.SagaAccepted
}

func (p *replays) fail(code error) {
	p.failures++
	if p.failed == nil {
		p.failed = code
	}
}

// read asks how one is, unless it is known to have ended.
func (p *replays) read(ctx context.Context, r *replayed) error {
	if r.Replayed == "" || r.Status.Ended() {
		return nil
	}
	v, err := p.c.api().Show(ctx, r.Replayed)
	if err != nil {
		return err
	}
	r.Status, r.Reason = v.Status, v.Reason
	if !v.Status.Ended() {
		return nil
	}
	if err := exitFor(v.Status); err != nil &&
		!(p.order.From == string(events.FromFailed) && v.Status == events.SagaCompensated) {
		p.fail(err)
	}
	return nil
}

// looksAhead is how many that are under way are looked at between two starts.
const looksAhead = 16

// look reads the oldest that are under way.
func (p *replays) look(ctx context.Context) error {
	n := 0
	for i := range p.rows {
		r := &p.rows[i]
		if r.Replayed == "" || r.Status.Ended() {
			continue
		}
		if n++; n > looksAhead {
			return nil
		}
		if err := p.read(ctx, r); err != nil {
			return err
		}
	}
	return nil
}

// await waits for the end of one, for so long.
func (p *replays) await(ctx context.Context, r *replayed, timeout time.Duration) error {
	for end := time.Now().Add(timeout); ; {
		if err := p.read(ctx, r); err != nil {
			return err
		}
		if r.Replayed == "" || r.Status.Ended() {
			return nil
		}
		if time.Now().After(end) {
			fmt.Fprintf(p.c.errs, "culvert: %s has not ended after %s; it continues\n", r.Replayed, timeout)
			return exitTimedOut
		}
		if err := pause.For(ctx, lookEvery); err != nil {
			return err
		}
	}
}
