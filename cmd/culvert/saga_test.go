package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"github.com/culvertnet/culvert/events"
)

func TestSubmitShowListWithdraw(t *testing.T) {
	name := unique("cli-life")
	id := "default_" + name + ".1"
	e := culvert(t, "submit", file(t, intent(name, "fn-0010"))).want(t, 0)
	if strings.TrimSpace(e.out) != id || e.errs != "" {
		t.Errorf("submit says %q %q, want the saga's id", e.out, e.errs)
	}
	e = culvert(t, "watch", name).want(t, 0)
	if !strings.Contains(e.out, "bind-service") || !strings.Contains(e.out, id+" completed") {
		t.Errorf("watch says\n%s", e.out)
	}
	e = culvert(t, "show", name).want(t, 0)
	for _, part := range []string{id, "apply private-service", "completed", "STEP", "bind-service", "prove"} {
		if !strings.Contains(e.out, part) {
			t.Errorf("show does not tell %q:\n%s", part, e.out)
		}
	}
	e = culvert(t, "list", "--name", name).want(t, 0)
	if !strings.Contains(e.out, "CONNECTION") || !strings.Contains(e.out, id) {
		t.Errorf("list says\n%s", e.out)
	}
	e = culvert(t, "withdraw", name, "--wait", "-o", "json").want(t, 0)
	if v := decoded[events.Status](t, e); v.ID != "default_"+name+".2" || v.Action != "withdraw" ||
		v.Status != events.SagaCompleted || v.Version != 2 {
		t.Errorf("withdrawn: %+v", v)
	}
	if left := mine(t, "fn-0010"); len(left) != 0 {
		t.Errorf("after the withdrawal the world still has %v", left)
	}
}

// mine lists what differs of a service.
func mine(t *testing.T, service string) []map[string]any {
	t.Helper()
	all := decoded[[]map[string]any](t, culvert(t, "sim", "resources", "-o", "json").want(t, 0))
	return slices.DeleteFunc(all, func(r map[string]any) bool { return !strings.Contains(r["name"].(string), service) })
}

// The fields of design 9, which others script against: no more, no less.
func TestShapesOfOutput(t *testing.T) {
	name := unique("cli-shapes")
	e := culvert(t, "submit", file(t, intent(name, "fn-0011")), "--wait", "-o", "json").want(t, 0)
	sagaFields := []string{
		"action", "connection", "endedAt", "id", "kind", "reason", "retained", "startedAt", "status", "version",
	}
	stepFields := []string{"attempts", "capability", "endedAt", "error", "name", "operation", "output", "startedAt",
		"status", "transition"}
	shown := culvert(t, "show", name, "-o", "json").want(t, 0)
	for _, v := range []map[string]any{decoded[map[string]any](t, e), decoded[map[string]any](t, shown)} {
		steps, _ := v["steps"].([]any)
		if len(steps) < 3 {
			t.Fatalf("steps %v", v["steps"])
		}
		for _, s := range steps {
			hasFields(t, s.(map[string]any), stepFields)
		}
		delete(v, "steps")
		hasFields(t, v, sagaFields)
		if _, list := v["retained"].([]any); !list {
			t.Errorf("retained is %v, want a list even when empty", v["retained"])
		}
	}
	listed := decoded[[]map[string]any](t, culvert(t, "list", "--name", name, "-o", "json").want(t, 0))
	if len(listed) != 1 {
		t.Fatalf("listed %v", listed)
	}
	hasFields(t, listed[0], sagaFields)
	if none := strings.TrimSpace(culvert(t, "list", "--name", "nobody", "-o", "json").want(t, 0).out); none != "[]" {
		t.Errorf("an empty list is %s", none)
	}
	for _, r := range mine(t, "fn-0011") {
		hasFields(t, r, []string{"change", "kind", "name", "owner", "vendor"})
	}
	if len(mine(t, "fn-0011")) == 0 {
		t.Error("the world does not show the binding")
	}
	effects := decoded[[]map[string]any](t, culvert(t, "sim", "effects", "-o", "json").want(t, 0))
	if len(effects) == 0 {
		t.Fatal("the ledger is empty")
	}
	hasFields(t, effects[0], []string{"call", "effect", "kind", "name", "owner", "seq", "vendor"})
	culvert(t, "withdraw", name, "--wait").want(t, 0)
}

func hasFields(t *testing.T, v map[string]any, want []string) {
	t.Helper()
	var got []string
	for field := range v {
		got = append(got, field)
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("fields %v, want %v", got, want)
	}
}

func TestYAMLIsJSONInAnotherSpelling(t *testing.T) {
	name := unique("cli-yaml")
	culvert(t, "submit", file(t, intent(name, "fn-0012")), "--wait").want(t, 0)
	var plain, other any
	if err := json.Unmarshal([]byte(culvert(t, "show", name, "-o", "json").want(t, 0).out), &plain); err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal([]byte(culvert(t, "show", name, "-o", "yaml").want(t, 0).out), &other); err != nil {
		t.Fatal(err)
	}
	a, errA := json.Marshal(plain)
	b, errB := json.Marshal(other)
	if errA != nil || errB != nil || string(a) != string(b) {
		t.Errorf("-o yaml says other things than -o json:\n%s\n%s\n%v %v", a, b, errA, errB)
	}
	culvert(t, "withdraw", name, "--wait").want(t, 0)
}

func TestIntentsInEverySpelling(t *testing.T) {
	name := unique("cli-spelling")
	text := intent(name, "fn-0013")
	var event map[string]any
	if err := yaml.Unmarshal([]byte(text), &event); err != nil {
		t.Fatal(err)
	}
	event["id"], event["source"] = "1", "/test"
	asJSON, err := json.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	culvert(t, "submit", file(t, string(asJSON)), "--wait").want(t, 0)
	e := culvertWith(t, string(asJSON), "submit", "-", "--wait", "-o", "json").want(t, 0)
	if v := decoded[events.Status](t, e); v.ID != "default_"+name+".1" {
		t.Errorf("the same event again, on standard input, is %s; want the first saga", v.ID)
	}
	e = culvertWith(t, text, "submit", "-", "--wait", "-o", "json").want(t, 0)
	if v := decoded[events.Status](t, e); v.ID != "default_"+name+".2" {
		t.Errorf("YAML without an id is %s; want an event of its own", v.ID)
	}
	culvert(t, "withdraw", name, "--wait").want(t, 0)
	culvertWith(t, text+"---\n"+text, "submit", "-").want(t, 1)
	culvertWith(t, "a: [", "submit", "-").want(t, 1)
	culvertWith(t, "", "submit", "-").want(t, 1)
	culvert(t, "submit", "/no/such/file").want(t, 1)
}

func TestARefusedIntentIsExplained(t *testing.T) {
	bad := strings.Replace(intent("cli-bad", "fn-0014"), "private-ranges-only", "some-traffic", 1)
	e := culvertWith(t, bad, "submit", "-", "--wait").want(t, 1)
	if !strings.Contains(e.errs, "/data/egress/vpcEgress") || !strings.Contains(e.errs, "schema-enum") || e.out != "" {
		t.Errorf("stderr %q, stdout %q: want field and rule", e.errs, e.out)
	}
	two := strings.NewReplacer("subject: cli-bad", "subject: Cli Bad", "some-traffic", "all-traffic").Replace(bad)
	e = culvertWith(t, strings.Replace(two, "    direct:", "    takeover: maybe\n    direct:", 1), "submit",
		"-").want(t, 1)
	if !strings.Contains(e.errs, "subject") || !strings.Contains(e.errs, "/data/egress/takeover") {
		t.Errorf("stderr %q: want both", e.errs)
	}
	e = culvert(t, "show", "nobody").want(t, 1)
	if !strings.Contains(e.errs, "nobody") {
		t.Errorf("stderr %q", e.errs)
	}
	culvert(t, "watch", "nobody").want(t, 1)
	culvert(t, "withdraw", "nobody", "--wait").want(t, 1)
}

func TestCompensatedIsThree(t *testing.T) {
	name := unique("cli-refused")
	fault(t, "services.patch")
	e := culvertWith(t, intent(name, "fn-0015"), "submit", "-", "--wait").want(t, 3)
	if !strings.Contains(e.out, "compensated") {
		t.Errorf("output %s", e.out)
	}
	if v := decoded[events.Status](t, culvert(t, "show", name, "-o", "json")); v.Status != events.SagaCompensated ||
		v.Reason == "" {
		t.Errorf("shown %+v", v)
	}
	culvert(t, "watch", name).want(t, 3)
	faults := decoded[[]map[string]any](t, culvert(t, "sim", "faults", "-o", "json").want(t, 0))
	if len(faults) != 1 || faults[0]["hits"] != 1.0 || faults[0]["call"] != "services.patch" {
		t.Errorf("faults %v", faults)
	}
	culvert(t, "sim", "reset", "--faults").want(t, 0)
	e = culvert(t, "replay", name, "--reason", "it may now", "--wait", "-o", "json").want(t, 0)
	if v := decoded[events.Status](t, e); v.ID != "default_"+name+".2" || v.Status != events.SagaCompleted {
		t.Errorf("replayed %+v", v)
	}
	culvert(t, "replay", name, "--reason", "again").want(t, 1)
	culvert(t, "withdraw", name, "--wait").want(t, 0)
}

func TestReplayWithInputAndByStatus(t *testing.T) {
	name := unique("cli-input")
	bad := intent(name, "fn-9999") // there is no such service
	culvertWith(t, bad, "submit", "-", "--wait").want(t, 3)
	e := culvert(t, "replay", "default_"+name+".1", "--input", file(t, intent(name, "fn-0016")), "--reason", "misspelt",
		"--wait", "-o", "json").want(t, 0)
	if v := decoded[events.Status](t, e); v.Status != events.SagaCompleted || len(mine(t, "fn-0016")) == 0 {
		t.Errorf("replayed %+v", v)
	}
	culvert(t, "withdraw", name, "--wait").want(t, 0)
	a, b := unique("cli-many"), unique("cli-many")
	for _, n := range []string{a, b} {
		culvertWith(t, intent(n, "fn-9999"), "submit", "-", "--wait").want(t, 3)
	}
	e = culvert(t, "replay", "--status", "compensated", "--reason", "all of them", "--wait").want(t, 3)
	if !strings.Contains(e.out, "default_"+a+".2 compensated") ||
		!strings.Contains(e.out, "default_"+b+".2 compensated") {
		t.Errorf("every compensated one is replayed:\n%s", e.out)
	}
	e = culvert(t, "replay", "nobody", a, "--reason", "one of two", "--wait").want(t, 1)
	if !strings.Contains(e.out, "default_"+a+".") || !strings.Contains(e.errs, "nobody") {
		t.Errorf("one that fails does not stop the others: %s%s", e.out, e.errs)
	}
}

func TestStuckIsFour(t *testing.T) {
	name := unique("cli-stuck")
	text := strings.Replace(intent(name, "fn-0017"),
		"    direct: {subnetwork: projects/acme-net/regions/europe-west3/subnetworks/direct-egress}",
		"    connector: {ipCidrRange: 100.64.9.0/28}", 1)
	fault(t, "services.patch")
	fault(t, "connectors.delete", "--times", "-1")
	culvertWith(t, text, "submit", "-", "--wait").want(t, 4)
	v := decoded[events.Status](t, culvert(t, "show", name, "-o", "json"))
	if v.Status != events.SagaStuck || !strings.Contains(v.Reason, "attach-connector") {
		t.Fatalf("shown %+v", v)
	}
	culvert(t, "resolve", v.ID, "bind-service", "--retry", "--reason", "not this one").want(t, 1)
	culvert(t, "replay", v.ID, "--from", "failed", "--reason", "still refused", "--wait").want(t, 4)
	culvert(t, "sim", "reset", "--faults").want(t, 0)
	culvert(t, "resolve", v.ID, "attach-connector", "--retry", "--reason", "deletion works again").want(t, 0)
	culvert(t, "watch", v.ID).want(t, 3)
	if left := mine(t, "connectors/"); len(left) != 0 {
		t.Errorf("the world still has %v", left)
	}
	culvert(t, "withdraw", name, "--wait").want(t, 0) // so that no other test replays it
}

func TestTimedOutIsFive(t *testing.T) {
	name := unique("cli-slow")
	culvert(t, "pause", "--reason", "maintenance").want(t, 0)
	t.Cleanup(func() { cleanUp(t, "resume", "--reason", "done") })
	culvertWith(t, intent(name, "fn-0018"), "submit", "-").want(t, 0)
	e := culvert(t, "watch", name, "--timeout", "50ms").want(t, 5)
	if !strings.Contains(e.errs, "it continues") {
		t.Errorf("stderr %q", e.errs)
	}
	culvertWith(t, intent(name, "fn-0018"), "submit", "-", "--wait", "--timeout", "50ms", "-o", "json").want(t, 5)
	culvert(t, "cancel", "default_"+name+".2", "--reason", "one is enough").want(t, 0)
	if v := decoded[events.Status](t, culvert(t, "show", "default_"+name+".2", "-o", "json").want(t,
		0)); v.Status != events.SagaCompensated {
		t.Errorf("the cancelled one is %+v", v)
	}
	culvert(t, "resume", "--reason", "done").want(t, 0)
	culvert(t, "watch", "default_"+name+".1").want(t, 0)
	culvert(t, "withdraw", name, "--wait").want(t, 0)
}
