package gcp

import (
	"testing"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
)

// A connector whose users cannot all be seen is not taken for unused: its deletion would cut them off.
func TestUsersThatCannotBeSeenAreNotNone(t *testing.T) {
	const connector, at = "projects/p/locations/r/connectors/c", "GET /v2/projects/p/locations/r/"
	for name, answers := range map[string][2]string{
		"functions": {`{"unreachable":["r"]}`, `{}`},
		"services":  {`{}`, `{"unreachable":["r"]}`},
	} {
		t.Run(name, func(t *testing.T) {
			c, _ := newStub(t, map[string][]string{
				"GET /v1/" + connector: {`{"name":"` + connector + `","connectedProjects":["p"]}`},
				at + "functions":       {answers[0]},
				at + "services":        {answers[1]},
			})
			users, err := c.Connectors().Users(t.Context(), connector)
			if got := workers.Outcome(err, events.Unsure); err == nil || got.Class != events.Retry ||
				got.Reason != "unreachable" {
				t.Errorf("users %v, %v; want to be asked again", users, err)
			}
		})
	}
}
