package kindtest

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/events/intake"
)

// now is a day on which every valid example is fresh.
var now = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// An Admit judges an intent: a kind's, or the whole catalogue's. The error is an *events.Refusal.
type Admit func(events.Intent) error

// Accept takes an event through every pure stage: decoded, validated, admitted.
func (a Admit) Accept(header map[string]string, body []byte) error {
	intents, err := intake.DecodeIntents(events.DefaultTenant, header, body, now)
	if err != nil {
		return err
	}
	for _, in := range intents {
		if err := a(in); err != nil {
			return err
		}
	}
	return nil
}

// A Bad example is an entry of <folder>/invalid/manifest.json.
type Bad struct {
	File   string            `json:"file"`
	Mode   string            `json:"mode"`
	Header map[string]string `json:"header"`
	Field  string            `json:"field"`
	Rule   string            `json:"rule"`
	Why    string            `json:"why"`
}

func (b Bad) header() map[string]string {
	if b.Header == nil {
		return map[string]string{"Content-Type": "application/cloudevents+json"}
	}
	return b.Header
}

// Manifest lists the bad examples of a folder.
func Manifest(t testing.TB, folder string) []Bad {
	t.Helper()
	var list []Bad
	if err := json.Unmarshal(read(t, filepath.Join(folder, "invalid", "manifest.json")), &list); err != nil {
		t.Fatalf("read manifest of %s: %v", folder, err)
	}
	return list
}

// Examples holds the events of a folder against admission: every one below valid is admitted, every one below invalid
// is refused by the field and rule that its manifest names, and the manifest names every file.
func Examples(t *testing.T, folder string, admit Admit) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "valid", "*.json"))
	if err != nil || len(files) == 0 {
		t.Errorf("%s has no valid example: %v", folder, err)
	}
	for _, file := range files {
		t.Run("valid/"+filepath.Base(file), func(t *testing.T) {
			if err := admit.Accept(nil, read(t, file)); err != nil {
				t.Errorf("it is refused: %v", err)
			}
		})
	}
	list := Manifest(t, folder)
	if len(list) == 0 {
		t.Errorf("%s has no invalid example: nothing shows that anything is refused", folder)
	}
	for _, bad := range list {
		t.Run("invalid/"+bad.File, func(t *testing.T) { bad.isRefused(t, folder, admit) })
	}
	named(t, folder, list)
}

func (b Bad) isRefused(t *testing.T, folder string, admit Admit) {
	err := admit.Accept(b.header(), read(t, filepath.Join(folder, "invalid", b.File)))
	refusal, is := events.AsRefusal(err)
	if !is {
		t.Fatalf("it was accepted, or failed without a refusal (%v), although: %s", err, b.Why)
	}
	for _, v := range refusal.Violations {
		if v.Message == "" {
			t.Errorf("%s (%s) tells nothing", v.Field, v.Rule)
		}
	}
	found := slices.ContainsFunc(
		refusal.Violations, func(v events.Violation) bool { return v.Field == b.Field && string(v.Rule) == b.Rule },
	)
	if !found {
		t.Errorf("want field %q rule %q, because %s; got %v", b.Field, b.Rule, b.Why, refusal)
	}
}

func named(t *testing.T, folder string, list []Bad) {
	t.Helper()
	files, err := os.ReadDir(filepath.Join(folder, "invalid"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		is := slices.ContainsFunc(list, func(b Bad) bool { return b.File == f.Name() })
		if !is && f.Name() != "manifest.json" {
			t.Errorf("%s is not in the manifest of %s, so nobody knows why it is bad", f.Name(), folder)
		}
	}
}

func read(t testing.TB, file string) []byte {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("read %s: %v", file, err)
	}
	return raw
}
