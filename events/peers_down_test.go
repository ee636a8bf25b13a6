package events_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/culvertnet/culvert/events"
)

// Only what steps of an apply saw when they were done is told, and an output that means something else is passed over.
func TestPeersDown(t *testing.T) {
	const told = `{"prefix":"10.0.0.1/32","sight":{"peers":["a"],"seen":["a"],
		"down":[{"peer":"b","since":"2026-03-01T12:00:00Z","reason":"the peer sent notification 6/1"}]}}`
	since := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	want := []events.PeerDown{{Step: "announce-0", Peer: "b", Since: since, Reason: "the peer sent notification 6/1"}}
	for output, want := range map[string][]events.PeerDown{
		told: want, ``: nil, `{"sight":"clear"}`: nil, `{"sight":{"peers":["a"],"seen":[]}}`: nil,
	} {
		v := events.Status{Action: string(events.Apply), Steps: []events.StepView{
			{Name: "announce-0", Status: events.StepDone, Output: json.RawMessage(output)},
		}}
		if got := v.PeersDown(); !slices.Equal(got, want) {
			t.Errorf("output %s: got %v, want %v", output, got, want)
		}
		running, withdrawal := v, v
		running.Steps = []events.StepView{{Name: "announce-0", Output: json.RawMessage(output)}}
		withdrawal.Action = string(events.Withdraw)
		if len(running.PeersDown())+len(withdrawal.PeersDown()) > 0 {
			t.Errorf("output %s is told of a step that is not done, or of a withdrawal", output)
		}
	}
}
