package aviatrix

import (
	"encoding/json"
	"testing"
)

// TestTasks: a call that asked for a task gets its id as a text (8.2) or in an object; one that did not, in an object
// only, because its text is said to people.
func TestTasks(t *testing.T) {
	for _, c := range []struct {
		results string
		asked   bool
		want    string
	}{
		{`"req-1"`, true, "req-1"}, {`{"request_id":"req-1"}`, true, "req-1"}, {`{"request_id":"req-1"}`, false,
			"req-1"},
		{`"Command completed successfully."`, false, ""}, {`{}`, true, ""}, {`[]`, true, ""}, {``, true, ""},
		{`null`, true, ""},
	} {
		if got := taskOf(json.RawMessage(c.results), c.asked); got != c.want {
			t.Errorf("%s, asked %v: got %q, want %q", c.results, c.asked, got, c.want)
		}
	}
}
