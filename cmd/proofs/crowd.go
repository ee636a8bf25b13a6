package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/culvertnet/culvert/adapters/simcloud/control"
	"github.com/culvertnet/culvert/events"
)

// crowd: 200 intents on one network, one router, one spoke, at once; then 150 more to service attachments, each with its
// own address and host route on the same two lists; then more than the router's session can carry; then all gone.
func crowd(ctx context.Context, s settings) error {
	l, err := alone(ctx, s, 600)
	if err != nil {
		return err
	}
	c := &crowdLab{lab: l, table: &table{header: "what figure"}}
	for _, part := range []func(context.Context) error{c.shared, c.own, c.tooMany, c.rules, c.gone} {
		if err = part(ctx); err != nil {
			break
		}
	}
	return errors.Join(err, c.print(), l.close())
}

// The lists of the crowd: a router without ALL_SUBNETS and a spoke whose list others have customised, so that an endpoint
// in a later subnet needs a host route of its own on both.
const (
	crowdRouter  = "edge-hosts"
	crowdGateway = "gcp-spoke-2"
	// sessionLimit is the most custom routes a Cloud Router session carries; two entries of the router are foreign.
	sessionLimit, routerForeign = 200, 2
	crowdShared, crowdOwn       = 200, 150
	crowdWebgroups              = 20
)

type crowdLab struct {
	*lab
	*table
	orders []order
	seen   int // ledger lines that earlier parts made
}

// since gives the ledger lines since the last call.
func (c *crowdLab) since(ctx context.Context) ([]control.Effect, error) {
	all, err := c.effects(ctx)
	if err != nil {
		return nil, err
	}
	fresh := all[c.seen:]
	c.seen = len(all)
	return fresh, nil
}

// many runs orders at once and remembers them for the end.
func (c *crowdLab) many(ctx context.Context, orders []order) map[string]events.Status {
	c.orders = append(c.orders, orders...)
	return c.runAll(ctx, orders)
}

func (c *crowdLab) shared(ctx context.Context) error {
	began := time.Now()
	ends := c.many(ctx, many(crowdShared, func(i int) order {
		return order{
			variant: variant{"both", "", "connector"}, name: fmt.Sprintf("crowd-%03d", i), service: fmt.Sprintf("fn-%04d", i),
			connector: cidr28(i), onWithdraw: "restore",
		}
	}))
	took := time.Since(began).Round(time.Second)
	c.row(allEnded(ends, events.SagaCompleted), "to the shared endpoint, completed", fmt.Sprintf("%d in %s", count(ends, events.SagaCompleted), took))
	fresh, err := c.since(ctx)
	if err != nil {
		return err
	}
	made := countEffects(fresh, "globalForwardingRules.insert", "create")
	c.row(need(made == 1, "made %d times", made), "shared endpoint made", made)
	for _, call := range listCalls {
		n := countEffects(fresh, call, "")
		c.row(need(n == 1, "%d list writes", n), "shared endpoint announced, writes by "+call, n)
	}
	holds, err := sharedHolds(ctx, c.lab)
	c.row(errors.Join(err, need(holds == crowdShared, "counted %d", holds)), "shared endpoint counted", holds)
	c.row(noTwice(fresh, "connectors.create"), "connectors made, none twice", countEffects(fresh, "connectors.create", "create"))
	return nil
}

// listCalls are the calls that write the two lists.
var listCalls = []string{"routers.patch", "edit_gateway_advertised_cidr"}

// own adds endpoints of their own.
func (c *crowdLab) own(ctx context.Context) error {
	began := time.Now()
	ends := c.many(ctx, attachmentOrders("own", crowdOwn, 300))
	took := time.Since(began).Round(time.Second)
	c.row(allEnded(ends, events.SagaCompleted), "to service attachments, completed", fmt.Sprintf("%d in %s", count(ends, events.SagaCompleted), took))
	fresh, err := c.since(ctx)
	if err != nil {
		return err
	}
	for _, call := range listCalls {
		n := countEffects(fresh, call, "")
		c.row(need(n > 0 && n <= crowdOwn/3, "%d writes for %d entries", n, crowdOwn), "list writes for them by "+call, n)
	}
	c.row(noTwice(fresh, "addresses.insert"), "addresses reserved, none twice", countEffects(fresh, "addresses.insert", "create"))
	return c.lists(ctx, crowdOwn+1)
}

// lists expects both lists to differ from the scenario by exactly so many host routes of ours.
func (c *crowdLab) lists(ctx context.Context, want int) error {
	left, err := c.resources(ctx)
	if err != nil {
		return err
	}
	for _, list := range []string{crowdRouter, crowdGateway} {
		ours, others := 0, 0
		for _, d := range left {
			if !strings.Contains(d.Name, list+"#") && !strings.Contains(d.Name, list+"/") {
				continue
			}
			if d.Change == "added" && strings.HasSuffix(d.Name, "/32") {
				ours++
			} else {
				others++
			}
		}
		c.row(need(ours == want && others == 0, "%d of ours and %d other differences, want %d and 0", ours, others, want), "entries of ours on "+list+", foreign ones untouched", ours)
	}
	return nil
}

// tooMany asks for more host routes than the router's session carries: those over the limit are refused with the limit
// named, and never written.
func (c *crowdLab) tooMany(ctx context.Context) error {
	room := sessionLimit - routerForeign - crowdOwn - 1
	const over = 13
	ends := c.many(ctx, attachmentOrders("over", room+over, 500))
	completed, named := count(ends, events.SagaCompleted), 0
	for _, v := range ends {
		if v.Status == events.SagaCompensated && strings.Contains(v.Reason, fmt.Sprint(sessionLimit)) {
			named++
		}
	}
	c.row(need(completed == room && named == over, "%d completed, %d refused with the limit named, of %d: %v", completed, named, len(ends), allEnded(ends, events.SagaCompleted)),
		"over the session's limit: completed, refused", fmt.Sprintf("%d, %d", completed, named))
	left, err := c.resources(ctx)
	if err != nil {
		return err
	}
	entries := routerForeign
	for _, d := range left {
		if strings.Contains(d.Name, crowdRouter+"#") && d.Change == "added" {
			entries++
		}
	}
	c.row(need(entries == sessionLimit, "%d entries", entries), "entries on the router now", entries)
	_, err = c.since(ctx)
	return err
}

// rules shares one rule set between WebGroup filters of one controller.
func (c *crowdLab) rules(ctx context.Context) error {
	ends := c.many(ctx, many(crowdWebgroups, func(i int) order {
		return order{
			variant: variant{"none", "aviatrix-webgroup", "connector"}, name: fmt.Sprintf("web-%02d", i), service: fmt.Sprintf("fn-%04d", 600+i),
			connector: cidr28(400 + i), onWithdraw: "restore", noNames: true,
		}
	}))
	c.row(allEnded(ends, events.SagaCompleted), "WebGroup filters on one controller, completed", count(ends, events.SagaCompleted))
	left, err := c.resources(ctx)
	if err != nil {
		return err
	}
	rules, changed := 0, 0
	for _, d := range left {
		if d.Vendor != "aviatrix" || !strings.Contains(strings.ToLower(d.Kind), "rule") {
			continue
		}
		if d.Change == "added" {
			rules++
		} else {
			changed++
		}
	}
	c.row(need(rules >= 2*crowdWebgroups && changed == 0, "%d rules added, %d of others changed", rules, changed), "their rules in the shared set, others untouched", rules)
	return nil
}

// gone withdraws all and expects the lists as they were.
func (c *crowdLab) gone(ctx context.Context) error {
	var gone []order
	for _, o := range c.orders {
		gone = append(gone, order{name: o.name, service: "-"})
	}
	ends := c.runAll(ctx, gone)
	c.row(allEnded(ends, events.SagaCompleted), "withdrawn", count(ends, events.SagaCompleted))
	c.row(c.clean(ctx), "differences left", "sim resources")
	return nil
}

// attachmentOrders ask for endpoints of a service attachment in the late subnet.
func attachmentOrders(name string, n, service int) []order {
	return many(n, func(i int) order {
		return order{
			variant: variant{"both", "", ""}, name: fmt.Sprintf("%s-%03d", name, i), service: fmt.Sprintf("fn-%04d", service+i),
			attachment: "orders-sa", noEgress: true, onWithdraw: "restore",
		}
	})
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
func countEffects(list []control.Effect, call, what string) int {
	n := 0
	for _, e := range list {
		if e.Call == call && (what == "" || e.Effect == what) {
			n++
		}
	}
	return n
}

// noTwice tells whether a call made each name once.
func noTwice(list []control.Effect, call string) error {
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
