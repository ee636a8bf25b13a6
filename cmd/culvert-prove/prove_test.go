package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/culvertnet/culvert/adapters/simcloud/control"
	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/examples/examplestest"
)

// eventOf is an example as JSON, without its BGP speaker.
func eventOf(t *testing.T, example string) []byte {
	t.Helper()
	return examplestest.Event(t, "../../examples", example, examplestest.WithoutSpeakers)
}

func exampleEvent(t *testing.T) []byte {
	t.Helper()
	return eventOf(t, "private-service.yaml")
}

// A crash in the middle of the example's own plan is covered and proved.
func TestProveASmallPlan(t *testing.T) {
	var out, errs bytes.Buffer
	args := []string{"-o", "json", "-parallel", "2", "-only", "crash after publish command do create-endpoint"}
	if err := run(t.Context(), args, bytes.NewReader(exampleEvent(t)), &out, &errs); err != nil {
		t.Fatalf("prove: %v\n%s%s", err, out.String(), errs.String())
	}
	var report report
	if err := json.Unmarshal(out.Bytes(), &report); err != nil {
		t.Fatal(err)
	}
	if len(report.Results) == 0 {
		t.Fatal("no trial was run")
	}
	for _, r := range report.Results {
		if !r.Covered || r.Ended != events.SagaCompleted || r.Effects != 1 || len(r.Leftovers) > 0 {
			t.Errorf("%s: covered %v, %s, effects %d, left %v", r.Point, r.Covered, r.Ended, r.Effects, r.Leftovers)
		}
	}
}

// What never gets undone is found: nobody takes an endpoint away, so something is left behind and the proof fails.
func TestProveFindsWhatIsLeftBehind(t *testing.T) {
	p := &prover{log: slog.New(slog.DiscardHandler), event: eventOf(t, "private-service-connector.yaml")}
	if err := p.read("", ""); err != nil {
		t.Fatal(err)
	}
	report := report{}
	report.add(p.prove(t.Context(), planned{
		Point: "gcp connectors.delete", Fault: "undo refused for good",
		ends: []events.SagaStatus{events.SagaStuck},
		faults: []control.Fault{
			{Vendor: "gcp", Call: "networkFirewallPolicies.addRule", Mode: "refuse", Times: 1},
			{Vendor: "gcp", Call: "connectors.delete", Mode: "refuse", Times: -1},
		},
	}))
	r := report.Results[0]
	if !r.Covered || len(r.Leftovers) == 0 || !errors.Is(report.verdict(), errUnproved) {
		t.Errorf("covered %v, ended %s, left %v, error %q, verdict %v", r.Covered, r.Ended, r.Leftovers, r.Error,
			report.verdict())
	}
	for _, left := range r.Leftovers {
		if !strings.Contains(left, "onnector") {
			t.Errorf("left behind besides the connector: %s", left)
		}
	}
}

// Each promise of a trial has its own miss.
func TestProveJudges(t *testing.T) {
	completed := []events.SagaStatus{events.SagaCompleted}
	for name, c := range map[string]struct {
		is   outcome
		err  error
		want string
	}{
		"as promised": {outcome{fired: true, ended: events.SagaCompleted, effects: 1, took: time.Second}, nil, ""},
		"another end": {outcome{fired: true, ended: events.SagaStuck, reason: "why"}, nil, "it is stuck (why)"},
		"left behind": {outcome{fired: true, ended: events.SagaCompleted, leftovers: []string{"a", "b"}}, nil,
			"left behind: a, b"},
		"did not finish": {outcome{}, errors.New("no end"), "no end"},
	} {
		r := trialResult{planned: planned{ends: completed}}
		if r.judge(c.is, c.err); r.Error != c.want {
			t.Errorf("%s: error %q, want %q", name, r.Error, c.want)
		}
	}
	if err := (&report{}).verdict(); !errors.Is(err, errUnproved) {
		t.Errorf("a proof without a trial: %v", err)
	}
}

// A bad intent is refused with field and rule before any trial.
func TestProveRefusesABadIntent(t *testing.T) {
	bad := bytes.Replace(exampleEvent(t), []byte("psc-frankfurt"), []byte("psc-nowhere"), 1)
	err := run(t.Context(), nil, bytes.NewReader(bad), io.Discard, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "/data/ingress/address/pool (pool)") {
		t.Errorf("prove: %v", err)
	}
	withdrawal, err := withdrawalOf(exampleEvent(t), events.Intent{Kind: "private-service", Version: 1})
	if err != nil {
		t.Fatal(err)
	}
	if err := run(t.Context(), nil, bytes.NewReader(withdrawal), io.Discard, io.Discard); err == nil ||
		!strings.Contains(err.Error(), "apply") {
		t.Errorf("prove a withdrawal: %v", err)
	}
}
