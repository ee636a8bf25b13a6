package saga_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/saga"
	"github.com/culvertnet/culvert/saga/sagatest"
)

// TestASurveyJudgesTheWhole: what does not hold of a completed connection as a whole is told where every step is as it
// should be, and only there: else the rows tell it.
func TestASurveyJudgesTheWhole(t *testing.T) {
	data := json.RawMessage(`{"post":[{"step":"endpoint","field":"ip","value":"10.0.0.1"}]}`)
	for _, c := range []struct {
		name   string
		change func(*saga.State)
		ip     string
		want   []string
	}{
		{name: "whole", ip: "10.0.0.1"},
		{name: "broken", ip: "10.0.0.2", want: []string{"endpoint.ip is 10.0.0.2, not 10.0.0.1"}},
		{name: "a step is otherwise", ip: "10.0.0.2",
			change: func(s *saga.State) { s.Survey.Looks[0].Seen = events.Different }},
		{name: "not all has been seen", ip: "10.0.0.2", change: func(s *saga.State) { s.Survey.Ended = "" }},
		{name: "it has not completed", ip: "10.0.0.2",
			change: func(s *saga.State) { s.Saga.Status = events.SagaStuck }},
		{name: "it is withdrawn", ip: "10.0.0.2",
			change: func(s *saga.State) { s.Saga.Intent.Want = events.Withdraw }},
	} {
		intent := events.Intent{Kind: sagatest.KindName, Want: events.Apply, Data: data}
		s := saga.State{Key: sagatest.Key, Version: 1, Sagas: 1,
			Saga: &saga.Saga{N: 1, Status: events.SagaCompleted, Intent: intent},
			Survey: &saga.Survey{Saga: 1, Intent: intent, From: events.FromStart, Ended: events.SurveyDone,
				Looks: []saga.SurveyLook{{Ref: saga.Ref{Step: "endpoint", Generation: 1}, Kind: "net.create",
					Seen: events.Present, Observed: json.RawMessage(`{"ip":"` + c.ip + `"}`)}}}}
		if c.change != nil {
			c.change(&s)
		}
		v, ok := saga.Engine{Kinds: sagatest.Kinds()}.SurveyView(s)
		if !ok || !slices.Equal(v.Failing, c.want) {
			t.Errorf("%s: %v %q, want %q", c.name, ok, v.Failing, c.want)
		}
	}
}
