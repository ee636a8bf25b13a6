package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/culvertnet/culvert/adapters/httpapi"
	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
)

func TestWorkersAreListed(t *testing.T) {
	all := decoded[[]workers.Beat](t, culvert(t, "workers", "-o", "json").want(t, 0))
	var serve []string
	for _, b := range all {
		serve = append(serve, b.Capability)
	}
	if !slices.Equal(serve, []string{"egress", "network", "observe", "policy", "routing"}) || len(all[0].Kinds) == 0 ||
		all[0].Release == "" {
		t.Errorf("workers %+v", all)
	}
	if e := culvert(t, "workers").want(t, 0); !strings.HasPrefix(e.out, "CAPABILITY") ||
		strings.Count(e.out, "working") != 5 {
		t.Errorf("table:\n%s", e.out)
	}
}

// A connection that is paused with work is named by list, show and doctor, and doctor's exit code says so.
func TestWhatDoesNotMoveIsNamed(t *testing.T) {
	name := unique("cli-why")
	culvertWith(t, intent(name, "fn-0031"), "submit", "-", "--wait").want(t, 0)
	culvert(t, "pause", name, "--reason", "look at "+name).want(t, 0)
	culvert(t, "withdraw", name, "--wait", "--timeout", "50ms").want(t, 5)
	listed := decoded[[]events.Status](t, culvert(t, "list", "--name", name, "-o", "json").want(t, 0))
	if len(listed) != 1 || len(listed[0].Why) != 1 || listed[0].Why[0].Code != events.CausePaused ||
		listed[0].Why[0].By == "" {
		t.Errorf("listed as %+v", listed)
	}
	if e := culvert(t, "list", "--name", name).want(t, 0); !strings.Contains(e.out, "paused since ") {
		t.Errorf("table:\n%s", e.out)
	}
	if e := culvert(t, "show", name).want(t, 0); !strings.Contains(e.out, "waits: paused by ") ||
		!strings.Contains(e.out, "look at "+name) {
		t.Errorf("shown as:\n%s", e.out)
	}
	d := decoded[httpapi.Diagnosis](t, culvert(t, "doctor", "-o", "json").want(t, 1))
	if !slices.ContainsFunc(d.Findings, func(f httpapi.Symptom) bool {
		return f.Code == events.CausePaused && f.NeedsHands && strings.Contains(f.Text, name) &&
			slices.Contains(f.Sagas, listed[0].ID)
	}) {
		t.Errorf("diagnosis %+v", d)
	}
	if e := culvert(t, "doctor").want(t, 1); !strings.HasPrefix(e.out, "CAUSE") ||
		!strings.Contains(e.out, "look at "+name) {
		t.Errorf("table:\n%s", e.out)
	}
	culvert(t, "resume", name).want(t, 0)
	culvert(t, "watch", name).want(t, 0)
}
