package intake_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/events/intake"
	"github.com/culvertnet/culvert/saga/plans"
	"github.com/culvertnet/culvert/saga/plans/operator/operatortest"
)

var day = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// engine takes intents until it is full.
type engine struct {
	taken []events.Intent
	full  int
}

func (e *engine) Submit(_ context.Context, in events.Intent) (events.Receipt, error) {
	if len(e.taken) == e.full {
		return events.Receipt{}, events.ErrBusy
	}
	e.taken = append(e.taken, in)
	return events.Receipt{Saga: in.Connection.Saga(1), Duplicate: len(e.taken) == 2}, nil
}

func started(full int) (intake.Intake, *engine) {
	e := &engine{full: full}
	return intake.Intake{Kinds: plans.All(operatortest.Config()), Engine: e, Now: func() time.Time { return day }}, e
}

func event(name, want, data string) string {
	return fmt.Sprintf(`{"specversion":"1.0","id":"1","source":"/test","type":"culvert.private-service.%s.v1","subject":%q,"datacontenttype":"application/json","data":%s}`, want, name, data)
}

func applied(name string) string {
	return event(name, "apply", string(plans.All(operatortest.Config())["private-service"].Example(1).Data))
}

func batch(list ...string) string { return "[" + strings.Join(list, ",") + "]" }

var batched = map[string][]string{"content-type": {"application/cloudevents-batch+json"}}

func TestAccept(t *testing.T) {
	d, e := started(9)
	receipts, err := d.Accept(
		t.Context(), "default", batched, []byte(batch(applied("a"), applied("b"), event("c", "withdraw", "{}"))),
	)
	if err != nil {
		t.Fatal(err)
	}
	if len(receipts) != 3 || receipts[0] != (events.Receipt{Saga: "default_a.1"}) ||
		receipts[1] != (events.Receipt{Saga: "default_b.1", Duplicate: true}) {
		t.Errorf("receipts %+v, want those of a, b (known before) and c in order", receipts)
	}
	if len(e.taken) != 3 || e.taken[2].Want != events.Withdraw || e.taken[0].Connection.Tenant != "default" {
		t.Errorf("submitted %+v", e.taken)
	}
}

// Nothing of a batch is submitted when one of it would be refused: the publisher mends it and sends it again whole.
func TestABadOneRefusesTheBatch(t *testing.T) {
	foreign := strings.Replace(applied("b"), "psc-frankfurt", "psc-paris", 1)
	for name, c := range map[string]struct{ body, field, rule string }{
		"schema":    {batch(applied("a"), event("b", "apply", "{}")), "/1/data/network", "schema-required"},
		"admission": {batch(applied("a"), foreign), "/1/data/ingress/address/pool", "pool"},
		"only one":  {batch(foreign), "/0/data/ingress/address/pool", "pool"},
		"both":      {batch(foreign, foreign), "/0/data/ingress/address/pool", "pool"},
	} {
		t.Run(name, func(t *testing.T) {
			d, e := started(9)
			_, err := d.Accept(t.Context(), "default", batched, []byte(c.body))
			r, refused := events.AsRefusal(err)
			if !refused || r.Violations[0].Field != c.field || string(r.Violations[0].Rule) != c.rule {
				t.Errorf("error %v, want %s at %s", err, c.rule, c.field)
			}
			if len(e.taken) != 0 {
				t.Errorf("%d were submitted", len(e.taken))
			}
		})
	}
}

func TestABusyEngineSaysHowFarItGot(t *testing.T) {
	d, _ := started(1)
	receipts, err := d.Accept(t.Context(), "default", batched, []byte(batch(applied("a"), applied("b"))))
	if !errors.Is(err, events.ErrBusy) || !strings.Contains(fmt.Sprint(err), "1 of 2") || len(receipts) != 1 {
		t.Errorf("receipts %v, error %v", receipts, err)
	}
	d, _ = started(0)
	if _, err := d.Accept(t.Context(), "default", nil, []byte(applied("a"))); !errors.Is(err, events.ErrBusy) ||
		strings.Contains(fmt.Sprint(err), "of") {
		t.Errorf("error %v: nothing was accepted, and there is nothing to count", err)
	}
}

func TestAKindThatIsKnownToTheSchemasOnlyIsRefused(t *testing.T) {
	d, _ := started(9)
	d.Kinds = plans.Catalogue{}
	_, err := d.Accept(t.Context(), "default", nil, []byte(applied("a")))
	if r, refused := events.AsRefusal(err); !refused || r.Violations[0].Rule != "kind" {
		t.Errorf("error %v", err)
	}
}
