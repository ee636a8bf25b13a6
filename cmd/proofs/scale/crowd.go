package scale

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/culvertnet/culvert/adapters/simcloud/control"
	"github.com/culvertnet/culvert/cmd/internal/proof"
	"github.com/culvertnet/culvert/cmd/internal/proof/lab"
	"github.com/culvertnet/culvert/events"
)

// crowd: 200 intents on one network, one router, one spoke, at once; then 150 more to service attachments, each with
// its own address and host route on the same two lists; then more than the router's session can carry; then all gone.
func crowd(ctx context.Context, s lab.Settings) error {
	l, err := lab.Alone(ctx, s, 600)
	if err != nil {
		return err
	}
	c := &crowdLab{Lab: l, Table: &proof.Table{Header: "what figure"}}
	for _, part := range []func(context.Context) error{c.shared, c.own, c.tooMany, c.rules, c.gone} {
		if err = part(ctx); err != nil {
			break
		}
	}
	return errors.Join(err, c.Print(), l.Close())
}

// The size of the crowd.
const (
	// sessionLimit is the most custom routes a Cloud Router session carries; two entries of the router are foreign.
	sessionLimit, routerForeign = 200, 2
	crowdShared, crowdOwn       = 200, 150
	crowdWebgroups              = 20
)

type crowdLab struct {
	*lab.Lab
	*proof.Table
	orders []lab.Order
	seen   int // ledger lines that earlier parts made
}

// since gives the ledger lines since the last call.
func (c *crowdLab) since(ctx context.Context) ([]control.Effect, error) {
	all, err := c.Effects(ctx)
	if err != nil {
		return nil, err
	}
	fresh := all[c.seen:]
	c.seen = len(all)
	return fresh, nil
}

// many runs orders at once and remembers them for the end.
func (c *crowdLab) many(ctx context.Context, orders []lab.Order) map[string]events.Status {
	c.orders = append(c.orders, orders...)
	return c.RunAll(ctx, orders)
}

func (c *crowdLab) shared(ctx context.Context) error {
	began := time.Now()
	ends := c.many(ctx, lab.Many(crowdShared, func(i int) lab.Order {
		return lab.Order{
			Variant: lab.Variant{Announce: "both", Egress: "connector"}, Name: fmt.Sprintf("crowd-%03d", i),
			Service:   fmt.Sprintf("fn-%04d", i),
			Connector: lab.Range28(i), OnWithdraw: "restore",
		}
	}))
	took := time.Since(began).Round(time.Second)
	c.Row(lab.AllEnded(ends, events.SagaCompleted), "to the shared endpoint, completed",
		fmt.Sprintf("%d in %s", lab.CountEnded(ends, events.SagaCompleted), took))
	fresh, err := c.since(ctx)
	if err != nil {
		return err
	}
	made := countEffects(fresh, "globalForwardingRules.insert", "create")
	c.Row(proof.Need(made == 1, "made %d times", made), "shared endpoint made", made)
	for _, call := range listCalls {
		n := countEffects(fresh, call, "")
		c.Row(proof.Need(n == 1, "%d list writes", n), "shared endpoint announced, writes by "+call, n)
	}
	holds, err := sharedHolds(ctx, c.Lab)
	c.Row(errors.Join(err, proof.Need(holds == crowdShared, "counted %d", holds)), "shared endpoint counted", holds)
	c.Row(noTwice(fresh, "connectors.create"), "connectors made, none twice",
		countEffects(fresh, "connectors.create", "create"))
	return nil
}

// listCalls are the calls that write the two lists.
var listCalls = []string{"routers.patch", "edit_gateway_advertised_cidr"}

// own adds endpoints of their own.
func (c *crowdLab) own(ctx context.Context) error {
	began := time.Now()
	ends := c.many(ctx, attachmentOrders("own", crowdOwn, 300))
	took := time.Since(began).Round(time.Second)
	c.Row(lab.AllEnded(ends, events.SagaCompleted), "to service attachments, completed",
		fmt.Sprintf("%d in %s", lab.CountEnded(ends, events.SagaCompleted), took))
	fresh, err := c.since(ctx)
	if err != nil {
		return err
	}
	for _, call := range listCalls {
		n := countEffects(fresh, call, "")
		c.Row(proof.Need(n > 0 && n <= crowdOwn/3, "%d writes for %d entries", n, crowdOwn),
			"list writes for them by "+call, n)
	}
	c.Row(noTwice(fresh, "addresses.insert"), "addresses reserved, none twice",
		countEffects(fresh, "addresses.insert", "create"))
	return c.lists(ctx, crowdOwn+1)
}

// lists expects both lists to differ from the scenario by exactly so many host routes of ours.
func (c *crowdLab) lists(ctx context.Context, want int) error {
	left, err := c.Resources(ctx)
	if err != nil {
		return err
	}
	for _, list := range []string{lab.CrowdRouter, lab.CrowdGateway} {
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
		c.Row(proof.Need(ours == want && others == 0, "%d of ours and %d other differences, want %d and 0", ours,
			others, want), "entries of ours on "+list+", foreign ones untouched", ours)
	}
	return nil
}

// tooMany asks for more host routes than the router's session carries: those over the limit are refused with the limit
// named, and never written.
func (c *crowdLab) tooMany(ctx context.Context) error {
	room := sessionLimit - routerForeign - crowdOwn - 1
	const over = 13
	ends := c.many(ctx, attachmentOrders("over", room+over, 500))
	completed, named := lab.CountEnded(ends, events.SagaCompleted), 0
	for _, v := range ends {
		if v.Status == events.SagaCompensated && strings.Contains(v.Reason, fmt.Sprint(sessionLimit)) {
			named++
		}
	}
	c.Row(proof.Need(completed == room && named == over, "%d completed, %d refused with the limit named, of %d: %v",
		completed, named, len(ends), lab.AllEnded(ends, events.SagaCompleted)),
		"over the session's limit: completed, refused", fmt.Sprintf("%d, %d", completed, named))
	left, err := c.Resources(ctx)
	if err != nil {
		return err
	}
	entries := routerForeign
	for _, d := range left {
		if strings.Contains(d.Name, lab.CrowdRouter+"#") && d.Change == "added" {
			entries++
		}
	}
	c.Row(proof.Need(entries == sessionLimit, "%d entries", entries), "entries on the router now", entries)
	_, err = c.since(ctx)
	return err
}

// rules shares one rule set between WebGroup filters of one controller.
func (c *crowdLab) rules(ctx context.Context) error {
	ends := c.many(ctx, lab.Many(crowdWebgroups, func(i int) lab.Order {
		return lab.Order{
			Variant: lab.Variant{Announce: "none", Filter: "aviatrix-webgroup", Egress: "connector"},
			Name:    fmt.Sprintf("web-%02d", i), Service: fmt.Sprintf("fn-%04d", 600+i),
			Connector: lab.Range28(400 + i), OnWithdraw: "restore", NoNames: true,
		}
	}))
	c.Row(lab.AllEnded(ends, events.SagaCompleted), "WebGroup filters on one controller, completed",
		lab.CountEnded(ends, events.SagaCompleted))
	left, err := c.Resources(ctx)
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
	c.Row(proof.Need(rules >= 2*crowdWebgroups && changed == 0, "%d rules added, %d of others changed", rules, changed),
		"their rules in the shared set, others untouched", rules)
	return nil
}

// gone withdraws all and expects the lists as they were.
func (c *crowdLab) gone(ctx context.Context) error {
	var gone []lab.Order
	for _, o := range c.orders {
		gone = append(gone, lab.Order{Name: o.Name, Service: "-"})
	}
	ends := c.RunAll(ctx, gone)
	c.Row(lab.AllEnded(ends, events.SagaCompleted), "withdrawn", lab.CountEnded(ends, events.SagaCompleted))
	c.Row(c.Clean(ctx), "differences left", "sim resources")
	return nil
}

// attachmentOrders ask for endpoints of a service attachment in the late subnet.
func attachmentOrders(name string, n, service int) []lab.Order {
	return lab.Many(n, func(i int) lab.Order {
		return lab.Order{
			Variant: lab.Variant{Announce: "both"}, Name: fmt.Sprintf("%s-%03d", name, i),
			Service:    fmt.Sprintf("fn-%04d", service+i),
			Attachment: "orders-sa", NoEgress: true, OnWithdraw: "restore",
		}
	})
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
func sharedHolds(ctx context.Context, l *lab.Lab) (int, error) {
	claims, err := l.API().Claims(ctx, "counted/psc/")
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
