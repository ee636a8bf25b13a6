package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/culvertnet/culvert/events"
)

// A replay's plan looks at the world, says what is there and what would run, and changes nothing.
func TestReplayPlan(t *testing.T) {
	name := unique("cli-plan")
	culvertWith(t, intent(name, "fn-9999"), "submit", "-", "--wait").want(t, 3)
	good := file(t, intent(name, "fn-0032"))
	v := decoded[events.Survey](
		t, culvert(t, "replay", name, "--plan", "--input", good, "--reason", "what if", "-o", "json").want(t, 0),
	)
	if v.Saga != "default_"+name+".1" || v.Ended != "done" || v.Refused != "" ||
		!slices.ContainsFunc(v.Rows, func(r events.SurveyRow) bool {
			return r.Step == "bind-service" && r.Will == events.WillMake
		}) {
		t.Errorf("plan of what was compensated: %+v", v)
	}
	if e := culvert(t, "show", name, "-o", "json").want(t, 0); decoded[events.Status](t, e).ID != "default_"+name+".1" {
		t.Errorf("a plan began a saga: %s", e.out)
	}
	e := culvert(t, "replay", name, "--input", good, "--reason", "now").want(t, 0)
	if !strings.Contains(e.errs, "bind-service") || !strings.Contains(e.errs, "OBSERVED") ||
		strings.TrimSpace(e.out) != "default_"+name+".2" {
		t.Errorf("before it acts it says what it will do: %s%s", e.out, e.errs)
	}
	culvert(t, "watch", name).want(t, 0)
	e = culvert(t, "replay", name, "--plan", "--reason", "is it so?").want(t, 0)
	if !strings.Contains(e.out, "done and matching") || strings.Contains(e.out, "unknown") ||
		!strings.Contains(e.out, "keep") {
		t.Errorf("plan of what stands:\n%s", e.out)
	}
	culvert(t, "withdraw", name, "--wait").want(t, 0)
	culvert(t, "replay", "nobody", "--plan", "--reason", "r").want(t, 1)
}

// Many are replayed behind a canary: one that fails stops them, and the same command goes on where it stopped.
func TestReplayManyBehindACanary(t *testing.T) {
	prefix := unique("cli-canary")
	for _, n := range []string{"-a", "-b", "-c"} {
		culvertWith(t, intent(prefix+n, "fn-9999"), "submit", "-", "--wait").want(t, 3)
	}
	line := []string{"replay", "--status", "compensated", "--name-prefix", prefix, "--canary", "1", "--pace", "20/s",
		"--reason", "all", "--wait"}
	rows := decoded[[]replayed](t, culvert(t, append(line, "-o", "json")...).want(t, 3))
	if len(rows) != 3 || rows[0].Status != events.SagaCompensated || rows[1].Status != notReplayed ||
		rows[2].Status != notReplayed {
		t.Fatalf("the canary fails: %+v", rows)
	}
	good := append(line, "--input", file(t, intent(prefix, "fn-0033")))
	// The same service for three connections: the canary has it, and the others are refused, so two failures end it.
	e := culvert(t, append(good, "--max-failures", "2", "-o", "json")...).want(t, 3)
	rows = decoded[[]replayed](t, e)
	if len(rows) != 3 || rows[0].Saga != "default_"+prefix+"-b.1" || rows[0].Status != events.SagaCompleted {
		t.Fatalf("the canary works: %+v %s", rows, e.errs)
	}
	rows = decoded[[]replayed](t, culvert(t, append(line, "-o", "json")...).want(t, 3))
	if len(rows) != 2 || slices.ContainsFunc(rows, func(r replayed) bool { return strings.Contains(r.Saga, "-b.") }) {
		t.Errorf("what works now is not replayed again: %+v", rows)
	}
	if rows := decoded[[]replayed](t, culvert(t, append(line, "--older", "1h", "-o", "json")...).want(t,
		0)); len(rows) != 0 {
		t.Errorf("nothing of it ended an hour ago: %+v", rows)
	}
	for _, n := range []string{"-a", "-b", "-c"} {
		culvert(t, "withdraw", prefix+n, "--wait").want(t, 0)
	}
}
