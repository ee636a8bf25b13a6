// Package examplestest gives the examples to tests, as the events that they are.
package examplestest

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"go.yaml.in/yaml/v4"
)

// Event reads an intent of the examples folder as JSON, changed as wanted. It fails the test when there is none.
func Event(t testing.TB, folder, file string, changes ...func(event, data map[string]any)) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(folder, file))
	if err != nil {
		t.Fatal(err)
	}
	var event map[string]any
	if err := yaml.Unmarshal(text, &event); err != nil {
		t.Fatal(err)
	}
	for _, change := range changes {
		change(event, event["data"].(map[string]any))
	}
	body, err := json.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// WithoutSpeakers is a change that takes out announcements by BGP speakers: two of GoBGP's servers in one process race
// on the library's own globals, which the race detector would hold against us.
func WithoutSpeakers(_, data map[string]any) {
	in, has := data["ingress"].(map[string]any)
	if !has {
		return
	}
	all, _ := in["announce"].([]any)
	in["announce"] = slices.DeleteFunc(all, func(a any) bool {
		one, is := a.(map[string]any)
		return is && one["via"] == "bgp"
	})
}
