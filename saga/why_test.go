package saga_test

import (
	"strings"
	"testing"
	"time"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/saga"
)

// What a state cannot tell is said by who knows it, of a saga as it is listed.
func TestWhyKnowsItsEnvironment(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	out := saga.Summary{Status: events.SagaRunning, Due: now.Add(time.Minute), Why: []saga.Reason{
		{
			Cause: events.Cause{
				Code: events.CauseCommand, Step: "a", Kind: "network.a", Since: now, Until: now.Add(30 * time.Second),
			},
			Verb: events.Do, Generation: 1, Epoch: 1,
		},
	}}
	late := saga.Summary{Status: events.SagaRunning, Due: now.Add(-time.Hour)}
	serves := map[string]saga.Crew{"network": {Workers: []string{"w1"}, Kinds: map[string]bool{"network.a": true}}}
	for name, c := range map[string]struct {
		sum  saga.Summary
		env  saga.Environment
		code events.CauseCode
		text string
	}{
		"nobody knows who works": {out, saga.Environment{Now: now}, events.CauseCommand, "is in flight"},
		"no worker lives": {out, saga.Environment{Now: now, Crews: map[string]saga.Crew{}},
			events.CauseNoWorker, "no live worker for capability network"},
		"no worker knows the kind": {out,
			saga.Environment{Now: now, Crews: map[string]saga.Crew{
				"network": {Workers: []string{"w1"}, Kinds: map[string]bool{"network.b": true}},
			}}, events.CauseUnserved, "network.a"},
		"a worker can take it":  {out, saga.Environment{Now: now, Crews: serves}, events.CauseCommand, "for w1"},
		"no orchestrator lives": {late, saga.Environment{Now: now, Crews: serves}, events.CauseLate, "overdue"},
		"the engine is held": {saga.Summary{Status: events.SagaAccepted},
			saga.Environment{Now: now, Held: saga.Held{"": {Actor: "ann", Reason: "lunch"}}}, events.CauseHeld,
			"by ann: lunch"},
		"a paused one is never late": {saga.Summary{Status: events.SagaRunning, Due: now.Add(-time.Hour), Paused: true},
			saga.Environment{Now: now}, "", ""},
		"what has ended waits not": {
			saga.Summary{Status: events.SagaCompleted, Why: out.Why}, saga.Environment{Now: now}, "", "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := c.env.WhyListed(c.sum)
			switch {
			case c.code == "" && len(got) == 0:
			case len(got) != 1 || got[0].Code != c.code || !strings.Contains(got[0].Text, c.text):
				t.Errorf("%+v, want one %s with %q", got, c.code, c.text)
			}
		})
	}
	if out.Why[0].Code != events.CauseCommand {
		t.Error("what is listed was changed by who looked at it")
	}
}
