package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/culvertnet/culvert/events"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func at(seconds float64) *time.Time {
	t := noon.Add(time.Duration(seconds * float64(time.Second)))
	return &t
}

func step(name, transition string, status events.StepStatus) events.StepView {
	return events.StepView{Name: name, Transition: transition, Status: status, Output: json.RawMessage("null")}
}

func TestThePictureOfARunningSaga(t *testing.T) {
	done, waiting := step("check-network", "check", events.StepDone),
		step("attach-connector", "make", events.StepWaiting)
	done.StartedAt, done.EndedAt = at(0), at(1.234)
	waiting.StartedAt, waiting.Operation = at(1), "gcp:vpcaccess/op-1"
	unsure := step("create-endpoint", "make", events.StepUnsure)
	unsure.Error = &events.StepError{Class: events.Unsure, Message: "no answer"}
	v := events.Status{ID: "default_orders.1", Status: events.SagaRunning, Retained: []string{"not yet told"},
		Steps: []events.StepView{
			done, waiting, unsure, step("map-names", "make", events.StepPending),
		}}
	got := picture(v, 2, noon.Add(4*time.Second))
	want := []string{
		"default_orders.1  running",
		"  ✓ check-network          check    done         1.23s  ",
		"  ⠹ attach-connector       make     waiting         3s  gcp:vpcaccess/op-1",
		"  ⠹ create-endpoint        make     unsure              no answer",
		"  · map-names              make     pending            ",
	}
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || strings.TrimRight(got[i], " ") != strings.TrimRight(want[i], " ") {
			t.Fatalf("picture:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
	if picture(v, 3, noon)[2] == got[2] {
		t.Error("the spinner does not turn")
	}
}

func TestThePictureOfAWayBack(t *testing.T) {
	v := events.Status{
		ID: "default_orders.1", Status: events.SagaStuck, Reason: "b: no", Retained: []string{"address 10.0.0.1"},
		Steps: []events.StepView{
			step("check-network", "check", events.StepDone), step("a", "make", events.StepUndone),
			step("b", "make", events.StepStuck),
			step("c", "make", events.StepUndone), step("prove", "check", events.StepSkipped),
		},
	}
	lines := picture(v, 0, noon)
	var order []string
	for _, l := range lines[1:] {
		order = append(order, strings.Join(strings.Fields(l)[:2], " "))
	}
	if got, want := strings.Join(order, ", "),
		"✓ check-network, · prove, ↩ c, ✗ b, ↩ a, retained: address"; got != want {
		t.Errorf("order %s, want %s", got, want)
	}
	if lines[0] != "default_orders.1  stuck (b: no)" {
		t.Errorf("first line %q", lines[0])
	}
	if v.Steps[1].Name != "a" {
		t.Error("drawing changes what it draws")
	}
}

// Redrawing goes up as many lines as were drawn, and none is wider than the terminal.
func TestLiveRedraws(t *testing.T) {
	var out strings.Builder
	l := newLive(&out, func() int { return 30 })
	l.update(events.Status{}) // nothing is known yet
	l.update(events.Status{
		ID: "x.1", Status: events.SagaRunning, Steps: []events.StepView{step("a", "make", events.StepPending)},
	})
	l.update(events.Status{ID: "x.1", Status: events.SagaCompleted, Reason: strings.Repeat("long ", 20),
		Steps: []events.StepView{step("a", "make", events.StepDone)}})
	l.close()
	l.close()
	text := out.String()
	if strings.HasPrefix(text, "\x1b[2A") || !strings.Contains(text, "\x1b[2A\x1b[2Kx.1  completed") {
		t.Errorf("drawn %q", text)
	}
	for line := range strings.SplitSeq(text, "\n") {
		_, line, _ = strings.Cut(line, "\x1b[2K")
		if n := len([]rune(line)); n > 30 {
			t.Errorf("line of %d columns: %q", n, line)
		}
	}
}

func TestPlainLinesTellEachChangeOnce(t *testing.T) {
	var out strings.Builder
	p := &plain{out: &out, last: map[string]string{}}
	running := events.Status{ID: "x.1", Status: events.SagaRunning, Steps: []events.StepView{
		step("a", "make", events.StepRequested), step("b", "make", events.StepPending),
	}}
	p.update(running)
	p.update(running)
	ended := running
	ended.Status, ended.Retained, ended.Steps = events.SagaCompleted, []string{
		"route 1",
	}, []events.StepView{step("a", "make", events.StepDone), running.Steps[1]}
	ended.Action = string(events.Apply)
	ended.Steps[0].Output = json.RawMessage(`{"unverified":[{"cause":"far-side","object":"site-1",
		"why":"nobody reads its table"}]}`)
	p.update(ended)
	p.close()
	want := "a                      make     requested\nx.1 running\na                      make     done\nx.1 " +
		"completed\nretained: route 1\nunverified: site-1: nobody reads its table (far-side)\n"
	if out.String() != want {
		t.Errorf("lines:\n%s\nwant:\n%s", out.String(), want)
	}
}
