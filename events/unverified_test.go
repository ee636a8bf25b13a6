package events_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/culvertnet/culvert/events"
)

// Only the member "unverified" of an output is read, and only when it is what it should be.
func TestUnverifiedIn(t *testing.T) {
	one := events.Unverified{Cause: "far-side", Object: "site-1", Why: "nobody reads its table"}
	for output, want := range map[string][]events.Unverified{
		``: nil, `null`: nil, `{"ip":"10.0.0.1"}`: nil, `{"note":"\"unverified\""}`: nil, `{"unverified":"no"}`: nil,
		`{"unverified":[{"cause":"far-side","object":"site-1","why":"nobody reads its table"}],"own":[]}`: {one},
	} {
		if got := events.UnverifiedIn(json.RawMessage(output)); !slices.Equal(got, want) {
			t.Errorf("%s: %+v, want %+v", output, got, want)
		}
	}
}
