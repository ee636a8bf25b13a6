package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/culvertnet/culvert/events"
)

// crowd: 200 intents on one network, one router, one spoke, at once; then 150 more to service attachments; then all gone.
func crowd(ctx context.Context, s settings) error {
	l, err := alone(ctx, s, 600)
	if err != nil {
		return err
	}
	t := &table{header: "what figure"}
	err = crowdRun(ctx, l, t)
	return errors.Join(err, t.print(), l.close())
}

func crowdRun(ctx context.Context, l *lab, t *table) error {
	foreign, err := listed(ctx, l)
	if err != nil {
		return err
	}
	shared := many(200, func(i int) order {
		return order{
			variant: variant{"cloud-router", "", "connector"}, name: fmt.Sprintf("crowd-%03d", i), service: fmt.Sprintf("fn-%04d", i),
			connector: cidr28(i), onWithdraw: "restore",
		}
	})
	ends := l.runAll(ctx, shared)
	t.row(allEnded(ends, events.SagaCompleted), "200 to the shared endpoint completed", count(ends, events.SagaCompleted))
	effects, err := l.effects(ctx)
	if err != nil {
		return err
	}
	made := countEffects(effects, "globalForwardingRules.insert", "create")
	t.row(need(made == 1, "made %d times", made), "shared endpoint made", made)
	announced := countEffects(effects, "routers.patch", "")
	t.row(need(announced == 1, "%d list writes", announced), "shared endpoint announced (list writes)", announced)
	holds, err := sharedHolds(ctx, l)
	t.row(errors.Join(err, need(holds == 200, "counted %d", holds)), "shared endpoint counted", holds)
	t.row(noTwice(effects, "connectors.create"), "connectors made", countEffects(effects, "connectors.create", "create"))
	if err := crowdAttachments(ctx, l, t, len(effects)); err != nil {
		return err
	}
	return crowdGone(ctx, l, t, shared, foreign)
}

// crowdAttachments adds 150 endpoints of their own, each with its own host route on the router and on the spoke.
func crowdAttachments(ctx context.Context, l *lab, t *table, from int) error {
	own := attachmentOrders()
	began := time.Now()
	ends := l.runAll(ctx, own)
	t.row(allEnded(ends, events.SagaCompleted), "150 to service attachments completed", fmt.Sprintf("%d in %s", count(ends, events.SagaCompleted), time.Since(began).Round(time.Second)))
	effects, err := l.effects(ctx)
	if err != nil {
		return err
	}
	writes := countEffects(effects[from:], "routers.patch", "") + countEffects(effects[from:], "edit_gateway_advertised_cidr", "")
	t.row(need(writes <= 50, "%d list writes, more than a third of 150", writes), "list writes for the 150", writes)
	t.row(noTwice(effects, "addresses.insert"), "addresses reserved", countEffects(effects, "addresses.insert", "create"))
	return nil
}

func attachmentOrders() []order {
	return many(150, func(i int) order {
		announce := "cloud-router"
		if i%2 == 1 {
			announce = "aviatrix"
		}
		return order{
			variant: variant{announce, "", ""}, name: fmt.Sprintf("own-%03d", i), service: fmt.Sprintf("fn-%04d", 300+i),
			attachment: "orders-sa", noEgress: true, onWithdraw: "restore",
		}
	})
}

// crowdGone withdraws all and expects the lists as they were.
func crowdGone(ctx context.Context, l *lab, t *table, shared []order, foreign []string) error {
	all := slices.Concat(shared, attachmentOrders())
	var gone []order
	for _, o := range all {
		gone = append(gone, order{name: o.name, service: "-"})
	}
	ends := l.runAll(ctx, gone)
	t.row(allEnded(ends, events.SagaCompleted), "350 withdrawn", count(ends, events.SagaCompleted))
	now, err := listed(ctx, l)
	if err != nil {
		return err
	}
	t.row(need(slices.Equal(now, foreign), "lists differ: %v, before %v", now, foreign), "lists as they were", len(now))
	t.row(l.clean(ctx), "differences left", "sim resources")
	return nil
}

// runAll submits all at once and waits for all; an order for service "-" is a withdrawal.
func (l *lab) runAll(ctx context.Context, orders []order) map[string]events.Status {
	ends := map[string]events.Status{}
	var mu sync.Mutex
	var all sync.WaitGroup
	for _, o := range orders {
		all.Go(func() {
			body := withdraw(o.name)
			if o.service != "-" {
				body = o.event()
			}
			v, err := l.run(ctx, body)
			if err != nil {
				v.Reason = strings.TrimSpace(v.Reason + " " + err.Error())
			}
			mu.Lock()
			defer mu.Unlock()
			ends[o.name] = v
		})
	}
	all.Wait()
	return ends
}

func many(n int, make func(int) order) []order {
	var all []order
	for i := range n {
		all = append(all, make(i))
	}
	return all
}

func count(ends map[string]events.Status, want events.SagaStatus) int {
	n := 0
	for _, v := range ends {
		if v.Status == want {
			n++
		}
	}
	return n
}

func allEnded(ends map[string]events.Status, want events.SagaStatus) error {
	for name, v := range ends {
		if v.Status != want {
			return fmt.Errorf("%d of %d are %s; e.g. %s is %s", count(ends, want), len(ends), want, name, describe(v))
		}
	}
	return nil
}

// countEffects counts ledger lines of a call; of one effect, or of any.
func countEffects(list []effect, call, what string) int {
	n := 0
	for _, e := range list {
		if e.Call == call && (what == "" || e.Effect == what) {
			n++
		}
	}
	return n
}

// noTwice tells whether a call made each name once.
func noTwice(list []effect, call string) error {
	seen := map[string]int{}
	for _, e := range list {
		if e.Call == call && e.Effect == "create" {
			if seen[e.Name]++; seen[e.Name] > 1 {
				return fmt.Errorf("%s was made twice", e.Name)
			}
		}
	}
	return nil
}

// listed are the differences in shared lists; empty means that they hold exactly what the scenario has.
func listed(ctx context.Context, l *lab) ([]string, error) {
	left, err := l.resources(ctx)
	var names []string
	for _, d := range left {
		names = append(names, d.Vendor+" "+d.Kind+" "+d.Name+" "+d.Change)
	}
	slices.Sort(names)
	return names, err
}

// sharedHolds counts the connections that hold the shared endpoint.
func sharedHolds(ctx context.Context, l *lab) (int, error) {
	claims, err := l.api().Claims(ctx, "counted/psc/")
	if err != nil {
		return 0, err
	}
	holders := map[string]bool{}
	for _, c := range claims {
		for _, h := range c.Record.Holds {
			if !h.Dropped && h.Value == "endpoint" {
				holders[h.Holder] = true
			}
		}
	}
	return len(holders), nil
}
