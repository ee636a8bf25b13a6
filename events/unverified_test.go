package events_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/culvertnet/culvert/events"
)

// Only the member "unverified" of the outputs of steps that are done is read, only of an apply, and each doubt once.
func TestUnverified(t *testing.T) {
	one := events.Unverified{Cause: "far-side", Object: "site-1", Why: "nobody reads its table"}
	const told = `{"unverified":[{"cause":"far-side","object":"site-1","why":"nobody reads its table"}],"own":[]}`
	for output, want := range map[string][]events.Unverified{
		``: nil, `null`: nil, `{"ip":"10.0.0.1"}`: nil, `{"note":"\"unverified\""}`: nil, `{"unverified":"no"}`: nil,
		told: {one},
	} {
		step := events.StepView{Status: events.StepDone, Output: json.RawMessage(output)}
		v := events.Status{Action: string(events.Apply), Steps: []events.StepView{step, step}}
		if got := v.Unverified(); !slices.Equal(got, want) {
			t.Errorf("%s: %+v, want %+v", output, got, want)
		}
		undone := v
		undone.Steps = []events.StepView{{Status: events.StepUndone, Output: json.RawMessage(output)}}
		withdrawal := v
		withdrawal.Action = string(events.Withdraw)
		if len(undone.Unverified()) > 0 || len(withdrawal.Unverified()) > 0 {
			t.Errorf("%s: what is undone or withdrawn is told as unverified", output)
		}
	}
}
