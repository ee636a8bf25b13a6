package saga_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/saga"
	"github.com/culvertnet/culvert/saga/sagatest"
)

func TestAStepsOwnLimitsStandInPlaceOfTheEngines(t *testing.T) {
	l := saga.DefaultLimits(1)
	if diff := cmp.Diff(l, l.ForKind("net.a", saga.StepLimits{})); diff != "" {
		t.Errorf("no limits of its own (-want +got):\n%s", diff)
	}
	want := l
	want.Deadline, want.Tries, want.Budget, want.UndoTries, want.UndoBudget = 15*time.Minute, 2, time.Hour, 3,
		2*time.Hour
	got := l.ForKind("net.a", saga.StepLimits{
		Deadline: 15 * time.Minute, Tries: 2, Budget: time.Hour, UndoTries: 3, UndoBudget: 2 * time.Hour,
	})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("limits (-want +got):\n%s", diff)
	}
	fast := saga.DefaultLimits(60)
	if got := fast.ForKind("net.a", saga.StepLimits{Deadline: 15 * time.Minute}).Deadline; got != fast.Deadline {
		t.Errorf("in a world that answers at once a command may run for %s", got)
	}
	if got := fast.ForKind("net.a", saga.StepLimits{Deadline: time.Second}).Deadline; got != time.Second {
		t.Errorf("a shorter deadline of its own gives %s", got)
	}
	if got := l.ForKind("net.a", saga.StepLimits{Tries: 2}); got.Tries != 2 || got.Budget != l.Budget {
		t.Errorf("one limit of its own gives %+v", got)
	}
	l.Steps = map[string]saga.StepLimits{"net.slow": {Deadline: 3 * time.Minute, Tries: 4}}
	if got := l.ForKind("net.slow", saga.StepLimits{Tries: 2}); got.Deadline != 3*time.Minute || got.Tries != 2 {
		t.Errorf("a limit of the plan's before those of the kind gives %+v", got)
	}
	if got := l.ForKind("net.a", saga.StepLimits{}); got.Deadline != l.Deadline || got.Tries != l.Tries {
		t.Errorf("another kind's limits give %+v", got)
	}
}

// A plan without limits of its own and without selectors is stored as every plan before there were any.
func TestOldPlansAreStoredAsBefore(t *testing.T) {
	b := saga.NewBuilder("kind", 1)
	saga.Add[out](b, saga.Spec{Name: "one", Kind: "net.one", Prefix: "x", Check: true}, &struct{}{})
	p, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	const before = `{"kind":"kind","version":1,"nodes":[{"name":"one","kind":"net.one","prefix":"x","check":true,"input":{}}]}`
	if got, err := json.Marshal(p); err != nil || string(got) != before {
		t.Errorf("a plan is stored as\n%s, before as\n%s: %v", got, before, err)
	}
	for _, v := range []any{saga.Step{}, saga.Standing{}} {
		if got, err := json.Marshal(v); err != nil || strings.Contains(string(got), "limits") {
			t.Errorf("%T without limits is stored as %s: %v", v, got, err)
		}
	}
}

func TestLimitsThatCannotBeMeant(t *testing.T) {
	for name, c := range map[string]struct {
		limits saga.StepLimits
		want   string
	}{
		"below zero":   {saga.StepLimits{Tries: -1}, "below zero"},
		"negative":     {saga.StepLimits{Budget: -time.Second}, "below zero"},
		"longer":       {saga.StepLimits{Deadline: time.Hour, Budget: time.Minute}, "may run for 1h0m0s"},
		"longer to go": {saga.StepLimits{Deadline: time.Hour, UndoBudget: time.Minute}, "may run for 1h0m0s"},
	} {
		b := saga.NewBuilder("kind", 1)
		s := spec("one")
		s.Limits = c.limits
		saga.Add[out](b, s, &in{})
		if _, err := b.Build(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// selecting is a kind whose plan has one step for each gateway that its operator has by now.
func selecting(gateways *[]string) saga.Kind {
	return saga.Kind{Plan: func(saga.Planning) (saga.Plan, error) {
		b := saga.NewBuilder(sagatest.KindName, 1)
		for _, g := range b.Resolve("gateways edge=yes", *gateways) {
			s := spec("announce-" + g)
			s.Limits = saga.StepLimits{Budget: time.Hour}
			saga.Add[out](b, s, &in{})
		}
		return b.Build()
	}}
}

// What a selector named when the saga began is a fact: it is in the journal, and what the operator has later changes
// nothing of it.
func TestAResolvedSelectorIsAFact(t *testing.T) {
	gateways := []string{"b", "a", "b"}
	e := saga.Engine{
		Kinds: map[string]saga.Kind{sagatest.KindName: selecting(&gateways)}, Limits: saga.DefaultLimits(1),
	}
	intent := events.Intent{Connection: sagatest.Key, Source: "/test", ID: "1", Kind: sagatest.KindName,
		Want: events.Apply, Version: 1, Data: json.RawMessage("{}")}
	d, err := e.Decide(saga.State{Key: sagatest.Key}, saga.Accept{Intent: intent},
		saga.Environment{Now: time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)})
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(d.Facts, func(f saga.Fact) bool { _, is := f.(saga.SagaStarted); return is })
	if i < 0 {
		t.Fatalf("no saga began: %v", d.Facts)
	}
	started := d.Facts[i].(saga.SagaStarted)
	want := map[string][]string{"gateways edge=yes": {"a", "b"}}
	if diff := cmp.Diff(want, started.Plan.Resolved); diff != "" || len(started.Plan.Nodes) != 2 {
		t.Errorf("%d steps; resolved (-want +got):\n%s", len(started.Plan.Nodes), diff)
	}
	if len(started.Steps) != 2 || started.Steps[0].Limits.Budget != time.Hour {
		t.Errorf("the steps have not the limits of their nodes: %+v", started.Steps)
	}
	gateways = nil
	state, err := saga.Apply(saga.State{Key: sagatest.Key}, d.Facts)
	if err != nil || cmp.Diff(want, state.Saga.Plan.Resolved) != "" {
		t.Errorf("after the operator's change the saga has %v: %v", state.Saga.Plan.Resolved, err)
	}
	if _, err := e.Kinds[sagatest.KindName].Plan(saga.Planning{}); err == nil || !strings.Contains(err.Error(),
		"selects nothing") {
		t.Errorf("a selector of nothing is planned: %v", err)
	}
}

// A survey waits for each Look as long as its step's own limits let a command run, and for the longest of them.
func TestASurveyWaitsByEachStepsLimits(t *testing.T) {
	const long = 40 * time.Minute
	now := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	e := saga.Engine{Limits: saga.DefaultLimits(1)}
	s := saga.State{Key: sagatest.Key, Version: 1, Sagas: 1, Saga: &saga.Saga{N: 1, Status: events.SagaCompleted},
		Standing: []saga.Standing{
			{Step: "slow", Kind: "net.slow", Generation: 1, Limits: saga.StepLimits{Deadline: long}},
			{Step: "usual", Kind: "net.usual", Generation: 1},
		}}
	ask := events.Action{Kind: events.ActionSurvey, Saga: sagatest.Key.Saga(1), Actor: "ann", Reason: "because"}
	d, err := e.Decide(s, saga.Operate{Action: ask}, saga.Environment{Now: now})
	if err != nil || len(d.Facts) != 1 {
		t.Fatalf("asked: %v, %v", d.Facts, err)
	}
	asked := d.Facts[0].(saga.SurveyAsked)
	got := map[string]time.Duration{"all": asked.Until.Sub(now) - e.Limits.Quiet - e.Limits.Skew}
	for _, l := range asked.Looks {
		got[l.Step] = l.Deadline.Sub(now)
	}
	want := map[string]time.Duration{"slow": long, "usual": e.Limits.Deadline, "all": long}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("how long is waited (-want +got):\n%s", diff)
	}
}
