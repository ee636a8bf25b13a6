package gcp

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/culvertnet/culvert/adapters/gcp/permissions"
	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
)

// Every call of the driver is in a group that has a number, and every group has a call.
func TestEveryCallIsCounted(t *testing.T) {
	list, err := permissions.Load()
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	for _, calls := range []map[string]permissions.Call{list.Calls, list.Preflight} {
		for name, c := range calls {
			verb, group := name[strings.LastIndex(name, ".")+1:], c.API+".write"
			for _, reads := range []string{"get", "list", "aggregatedList", "testIam"} {
				if strings.HasPrefix(verb, reads) {
					group = c.API + ".read"
				}
			}
			if used[group] = true; Groups()[group] == 0 {
				t.Errorf("%s has no number in group %s", name, group)
			}
		}
	}
	for group := range Groups() {
		if !used[group] {
			t.Errorf("group %s has no call", group)
		}
	}
}

// A call is counted as what it does; a project's own number comes before everybody's, and that before the built-in one.
func TestNumbersOfTheBudget(t *testing.T) {
	for call, want := range map[string]string{
		"GET /v2/projects/p/locations/r/services/s:getIamPolicy": "x.read",
		"POST /v3/projects/p:testIamPermissions":                 "x.read",
		"PATCH /v2/projects/p/locations/r/services/s":            "x.write",
	} {
		method, path, _ := strings.Cut(call, " ")
		if got := groupOf("x", &http.Request{Method: method, URL: &url.URL{Path: path}}); got != want {
			t.Errorf("%s is in %s, want %s", call, got, want)
		}
	}
	b := Budget{PerMinute: map[string]int{"dns.read": 50, "dns.write": 40},
		Projects: map[string]map[string]int{"p": {"dns.read": 20}}}
	for of, want := range map[[2]string]int{{"p", "dns.read"}: 20, {"q", "dns.read"}: 50, {"p", "dns.write"}: 40,
		{"p", "run.read"}: Groups()["run.read"]} {
		if got := b.in(of[0], of[1]); got != want {
			t.Errorf("%v has %d, want %d", of, got, want)
		}
	}
}

// A call without a turn was not sent and is no try; what waited is told once, by project and group.
func TestACallWithoutATurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &Client{pace: 1, budgets: newBudgets(Budget{PerMinute: map[string]int{"dns.write": 60}}, 1)}
		c.senders.client = c
		c.ids.put("123", "p")
		c.budgets.Share(20)
		req := &http.Request{Method: http.MethodPost, URL: &url.URL{Path: "/dns/v1/projects/123/managedZones"}}
		ctx, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		_, err := metered{c.senders, apiDNS}.RoundTrip(req.WithContext(ctx))
		o := workers.Outcome(c.fail(call{name: "managedZones.create", kind: writes}, err), events.Unsure)
		if o.Class != events.Wait || o.Reason != reasonRate || o.After <= time.Second || o.Operation != "" {
			t.Errorf("without a turn: %+v", o)
		}
		late, stop := context.WithTimeout(t.Context(), time.Minute)
		defer stop()
		if err := c.budgets.bucket("p", "dns.write").take(late, wayOn); err != nil {
			t.Fatal(err)
		}
		w := c.budgets.Waits()
		if len(w) != 1 || w[0].Project != "p" || w[0].Group != "dns.write" || w[0].Seconds < 1 {
			t.Errorf("waits: %+v", w)
		}
		if w = c.budgets.Waits(); len(w) != 0 {
			t.Errorf("waits that were told: %+v", w)
		}
	})
}

// A bucket that comes later has in it what it would have had from the start, at most: after a minute with one share it
// is full, and a share that grows leaves it as it is.
func TestANewBucketIsNoFuller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBudgets(Budget{PerMinute: map[string]int{"run.read": 240}}, 1)
		saved := func(project string) float64 { return b.bucket(project, "run.read").saved }
		if got := saved("none"); got != 0 {
			t.Errorf("without a share %v are saved", got)
		}
		b.Share(2)
		<-time.After(30 * time.Second) // virtual
		if got := saved("half"); got != 10 {
			t.Errorf("after half a minute %v of 20 are saved, want 10", got)
		}
		<-time.After(time.Hour)
		b.Share(1)
		if got := saved("grown"); got != 20 {
			t.Errorf("when a share has grown to two %v of 40 are saved, want 20", got)
		}
		b.Share(0)
		b.Share(1)
		if got := saved("again"); got != 0 {
			t.Errorf("after a time without a share %v are saved", got)
		}
	})
}
