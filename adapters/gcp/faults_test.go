package gcp_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/culvertnet/culvert/adapters/simcloud/control"
	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
	"github.com/culvertnet/culvert/workers/egress"
	"github.com/culvertnet/culvert/workers/network"
)

func (c cloud) sim() control.Client { return control.Client{URL: c.url} }

// fault lets a call of the world go wrong once; at the end it must have been met.
func (c cloud) fault(t *testing.T, call, mode, status string) {
	t.Helper()
	must(t, "add fault", c.sim().AddFault(
		t.Context(), control.Fault{Vendor: "gcp", Call: call, Mode: mode, Status: status, Times: 1},
	))
	t.Cleanup(func() {
		all, err := c.sim().Faults(context.Background())
		must(t, "list faults", err)
		for _, f := range all {
			if f.Call == call && f.Hits == 0 {
				t.Errorf("the fault on %s was never met", call)
			}
		}
	})
}

// effects counts what a call did to a name.
func (c cloud) effects(t *testing.T, call, name string) int {
	t.Helper()
	all, err := c.sim().Effects(t.Context())
	must(t, "list effects", err)
	n := 0
	for _, e := range all {
		if e.Call == call && strings.HasSuffix(e.Name, "/"+name) {
			n++
		}
	}
	return n
}

func TestAQuotaThatMayNotBeReadIsUnknown(t *testing.T) {
	c := start(t)
	c.fault(t, "timeSeries.list", "refuse", "403")
	got, err := c.Networks().Describe(t.Context(), spoke)
	if err != nil || got.BundleQuota != 0 || got.AddressesLeft <= 0 {
		t.Errorf("quota %d, addresses left %d (%v); want an unknown one and some", got.BundleQuota, got.AddressesLeft,
			err)
	}
	if got, err = c.Networks().Describe(t.Context(), spoke); err != nil || got.BundleQuota != 50 {
		t.Errorf("quota %d (%v) without the refusal, want 50", got.BundleQuota, err)
	}
	c.fault(t, "timeSeries.list", "throttle", "")
	if _, err := c.Networks().Describe(t.Context(), spoke); workers.Outcome(err, events.Retry).Reason != "rate" {
		t.Errorf("throttled: %v, want a retry for the rate: what is unknown for a moment is no answer", err)
	}
}

func address(name string) network.Address {
	return network.Address{
		Ref: network.Ref{Project: hostProject, Name: name}, IP: "10.200.0.20", Network: spoke, Owner: "culvert:x",
	}
}

func TestACallWhoseAnswerIsLostHappensOnce(t *testing.T) {
	for _, mode := range []struct {
		name  string
		class events.Class
	}{
		{"lose-reply", events.Unsure}, // only looking can tell
		{"fail-after", events.Retry},  // the same request id makes the repeat harmless
	} {
		t.Run(mode.name, func(t *testing.T) {
			c, root := start(t), uuid.New()
			c.fault(t, "globalAddresses.insert", mode.name, "")
			err := c.Addresses().Reserve(t.Context(), root, address("addrlost"))
			if got := workers.Outcome(err, events.Unsure); got.Class != mode.class {
				t.Errorf("got %v (%s), want %s", err, got.Class, mode.class)
			}
			must(t, "repeat", settle(t, c.Client, func(ctx context.Context, _ uuid.UUID) error {
				if _, err := c.Addresses().Get(ctx, address("addrlost").Ref); err == nil {
					return nil
				}
				return c.Addresses().Reserve(ctx, root, address("addrlost"))
			}))
			if n := c.effects(t, "globalAddresses.insert", "addrlost"); n != 1 {
				t.Errorf("the address was made %d times", n)
			}
		})
	}
}

func TestAThrottledCallIsRepeatable(t *testing.T) {
	for _, call := range []string{"globalAddresses.insert", "connectors.create"} {
		c := start(t)
		c.fault(t, call, "throttle", "")
		var err error
		if call == "connectors.create" {
			err = c.Connectors().Create(t.Context(), uuid.New(), connector())
		} else {
			err = c.Addresses().Reserve(t.Context(), uuid.New(), address("addrslow"))
		}
		if got := workers.Outcome(err, events.Unsure); got.Class != events.Retry || got.Reason != "rate" {
			t.Errorf("%s: %v (%s), want a retry for the rate", call, err, got.Class)
		}
	}
}

func connector() egress.Connector {
	return egress.Connector{
		Name: "projects/acme-net/locations/europe-west3/connectors/cxfault", Network: spoke, CIDR: "10.8.0.0/28",
		Min: 2, Max: 3, MachineType: "e2-micro",
	}
}

func TestAConnectorWithoutRequestIDIsNeverRepeatedBlindly(t *testing.T) {
	for _, mode := range []string{"lose-reply", "fail-after", "fail-before"} {
		c := start(t)
		c.fault(t, "connectors.create", mode, "")
		err := c.Connectors().Create(t.Context(), uuid.New(), connector())
		if got := workers.Outcome(err, events.Unsure); got.Class != events.Unsure {
			t.Errorf("%s: %v (%s), want unsure: the API knows no request id", mode, err, got.Class)
		}
	}
}

func TestAConnectorThatFailsInsideItsOperationLeavesAnError(t *testing.T) {
	c := start(t)
	c.fault(t, "connectors.create", "refuse", "3")
	create := func(ctx context.Context, id uuid.UUID) error { return c.Connectors().Create(ctx, id, connector()) }
	refusal(t, "create", settle(t, c.Client, create), "invalid")
	got, err := c.Connectors().Get(t.Context(), connector().Name)
	must(t, "get", err)
	if got.State != "ERROR" {
		t.Fatalf("state is %s, want ERROR", got.State)
	}
	if got := workers.Outcome(create(t.Context(), uuid.New()), events.Unsure); got.Reason != "exists" {
		t.Errorf("create beside the ERROR connector: %+v, want retry for \"exists\"", got)
	}
	must(t, "delete", settle(t, c.Client, func(ctx context.Context, id uuid.UUID) error {
		return c.Connectors().Delete(ctx, id, connector().Name)
	}))
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		if _, err := c.Connectors().Get(ctx, connector().Name); errors.Is(err, workers.ErrNotFound) {
			break
		}
		pause(ctx, t)
	}
	must(t, "create after clearing", settle(t, c.Client, func(ctx context.Context, id uuid.UUID) error {
		if got, err := c.Connectors().Get(ctx, connector().Name); err == nil && got.State == "READY" {
			return nil
		} else if err == nil {
			return workers.Wait("creating", 0)
		}
		return create(ctx, id)
	}))
}

func TestANewEndpointUnderTheNameOfADeletedOneIsReallyMade(t *testing.T) {
	c, root := start(t), uuid.New()
	a := address("addrtwice")
	reserve := func(ctx context.Context, _ uuid.UUID) error { return c.Addresses().Reserve(ctx, root, a) }
	release := func(ctx context.Context, _ uuid.UUID) error { return c.Addresses().Release(ctx, root, a.Ref) }
	for i := range 3 { // all under one root: the bodies are the same, and so would be the request ids
		must(t, "reserve", settle(t, c.Client, reserve))
		if _, err := c.Addresses().Get(t.Context(), a.Ref); err != nil {
			t.Fatalf("round %d: reserved and not there: %v", i, err)
		}
		must(t, "release", settle(t, c.Client, release))
		if _, err := c.Addresses().Get(t.Context(), a.Ref); !errors.Is(err, workers.ErrNotFound) {
			t.Fatalf("round %d: released and still there: %v", i, err)
		}
	}
}
