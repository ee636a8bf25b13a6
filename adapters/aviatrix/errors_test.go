package aviatrix

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
)

const exists, missingThing, on = "exists", "missing", "on"

// reasons is what the controller says, by example, and the move it stands for when the call changes something.
var reasons = []struct{ text, want string }{
	{"[AVXERR-TRANSIT-0034] Spoke gateway s already joined transit gateway t.", exists},
	{"Connection site already exists.", exists},
	{"connection ALREADY EXISTS", exists},
	{"HA GW already exists", exists},
	{"snat is already enabled", exists},
	{"attachment already associated", exists},
	{"[AVXERR-SITE2CLOUD-0069] nothing", exists},
	{"No change in FQDN exception rule", exists},
	{"No change on gateway g", exists},
	{"no change needed", exists},
	{"configuration not changed", exists},
	{"Nothing to modify", exists},
	{"Template is already set to x", exists},

	{"Gateway g does not exist.", missingThing},
	{"tag t not found", missingThing},
	{"s has not joined to any transit", missingThing},
	{"tag t is not attached to gateway g", missingThing},
	{"In tag t the following rules were not found: a", missingThing},
	{"App domain not found", missingThing},
	{"already disabled", missingThing},

	{"REQUEST_IN_PROGRESS", on},

	{"Primary gateway g is not up. Bring up the Primary gateway and try again.", "retry"},
	{"gateway not ready", "retry"},
	{"[AVXERR-GATEWAY-0079] Cannot change gateway g when it is down. State: DOWN.", "retry"},
	{"hagw is down", "retry"},
	{"gateway is down", "retry"},
	{"[AVXERR-SITE2CLOUD-0049] busy", "retry"},
	{"[AVXERR-SECDOMAIN-0013] busy", "retry"},
	{"App domain g is referenced by policy p", "retry"},

	{"Failed to deliver msg to gw g: HTTPSConnectionPool(...) connect timeout=10", "unsure"},
	{"something nobody wrote down", "unsure"},
	{"", "unsure"},

	{"[AVXERR-TRANSIT-0121] g is not primary gateway", "refuse"},
	{"[AVXERR-TRANSIT-0320] insane mode", "refuse"},
	{"[AVXERR-SIM-0001] refused", "refuse"},
	{"[Aviatrix Error] no", "refuse"},
	{"For rule:[...] port[22-220] range must be within the caped limit of:100.", "refuse"},
	{"Gateway instance create failed Reason:Quota 'IN_USE_ADDRESSES' exceeded. Limit: 8.0 in region r.", "refuse"},
	{"BGP connection can only be deleted from Transit Network page.", "refuse"},
	{"Peerings detected. Please delete them before terminating the gateway.", "refuse"},
	{"Invalid action: add_fqdn_filter_tag.", "refuse"},
	{"tags of a gateway must have the same color", "refuse"},
}

func TestReasons(t *testing.T) {
	for _, tc := range reasons {
		c := &Client{pace: 1}
		err := c.reason("call", true, tc.text)
		got := string(workers.Outcome(err, events.Unsure).Class)
		switch {
		case errors.Is(err, errAlready):
			got = exists
		case errors.Is(err, workers.ErrNotFound):
			got = missingThing
		case errors.Is(err, errRunning):
			got = on
		}
		if got != tc.want {
			t.Errorf("%q: got %s, want %s", tc.text, got, tc.want)
		}
	}
}

func TestReadsAreNeverUnsure(t *testing.T) {
	c := &Client{pace: 1}
	for _, text := range []string{"something nobody wrote down", "Failed to deliver msg to gw g", ""} {
		if got := workers.Outcome(c.reason("call", false, text), events.Retry).Class; got != events.Retry {
			t.Errorf("%q: got %s, want retry", text, got)
		}
	}
}

func TestStatusAndTransport(t *testing.T) {
	c := &Client{pace: 1}
	dial := &net.OpError{Op: "dial", Err: errors.New("connection refused")}
	reset := &net.OpError{Op: "read", Err: errors.New("connection reset by peer")}
	for _, tc := range []struct {
		name              string
		changing, reading error
		wantC, wantR      events.Class
	}{
		{"429", c.status("x", true, answer{status: 429}), c.status("x", false, answer{status: 429}), events.Retry,
			events.Retry},
		{"503", c.status("x", true, answer{status: 503}), c.status("x", false, answer{status: 503}), events.Unsure,
			events.Retry},
		{"302", c.status("x", true, answer{status: 302}), c.status("x", false, answer{status: 302}), events.Unsure,
			events.Retry},
		{"403", c.status("x", true, answer{status: 403}), c.status("x", false, answer{status: 403}), events.Refuse,
			events.Refuse},
		{"never left", transport("x", true, dial), transport("x", false, dial), events.Retry, events.Retry},
		{"cut", transport("x", true, reset), transport("x", false, reset), events.Unsure, events.Retry},
		{"EOF", transport("x", true, io.EOF), transport("x", false, io.EOF), events.Unsure, events.Retry},
		{"deadline", transport("x", true, context.DeadlineExceeded), transport("x", false, context.DeadlineExceeded),
			events.Unsure, events.Retry},
	} {
		if got := workers.Outcome(tc.changing, events.Unsure).Class; got != tc.wantC {
			t.Errorf("%s, changing: got %s, want %s", tc.name, got, tc.wantC)
		}
		if got := workers.Outcome(tc.reading, events.Retry).Class; got != tc.wantR {
			t.Errorf("%s, reading: got %s, want %s", tc.name, got, tc.wantR)
		}
	}
}

func TestVersions(t *testing.T) {
	for text, want := range map[string][2]bool{ // tags, web groups
		"UserConnect-7.1.1710": {true, false},
		"8.2":                  {true, false},
		"UserConnect-8.2.20":   {true, false},
		"8.3":                  {false, false},
		"UserConnect-9.0.10":   {false, true},
		"10.0-1000.5":          {false, true},
	} {
		v, err := parseVersion(text)
		if err != nil || v.tags() != want[0] || v.webgroups() != want[1] {
			t.Errorf("%s: got %v (tags %t, web groups %t), %v", text, v, v.tags(), v.webgroups(), err)
		}
	}
	if _, err := parseVersion("unknown"); err == nil {
		t.Error("a version without a number was read")
	}
}
