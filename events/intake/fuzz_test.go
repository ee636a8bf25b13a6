package intake

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/culvertnet/culvert/events"
)

// FuzzDecode: whatever comes in, DecodeIntents neither panics nor errs without naming a rule, and what it accepts means
// the same to every reader behind it.
func FuzzDecode(f *testing.F) {
	for _, folder := range []string{"valid", "invalid"} {
		files, err := filepath.Glob("../../schemas/examples/*/" + folder + "/*")
		if err != nil || len(files) == 0 {
			f.Fatalf("no %s examples for the seed: %v", folder, err)
		}
		for _, file := range files {
			raw, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			if len(raw) < 16<<10 { // the large ones are for limits, and only slow the fuzzer
				f.Add(raw, "")
				f.Add(raw, "application/cloudevents-batch+json")
				f.Add(raw, "application/json")
			}
		}
	}
	f.Fuzz(func(t *testing.T, body []byte, contentType string) {
		header := map[string]string{"content-type": contentType}
		if contentType == "application/json" {
			header = attributes()
		}
		intents, err := DecodeIntents(events.DefaultTenant, header, body, today)
		if err != nil {
			if refusal, is := events.AsRefusal(err); !is || len(refusal.Violations) == 0 {
				t.Fatalf("an error without a rule: %v", err)
			}
			return
		}
		decoded, err := libraryEvents(header, body, today)
		if err != nil || len(decoded) != len(intents) {
			t.Fatalf("%d intents, but %d events and %v", len(intents), len(decoded), err)
		}
		for i, in := range intents {
			if in.Connection.Validate() != nil || !json.Valid(in.Data) {
				t.Fatalf("an intent that cannot be journalled: %+v", in)
			}
			again, err := libraryIntent(events.DefaultTenant, decoded[i], today)
			if err != nil || again.Digest != in.Digest || string(again.Data) != string(in.Data) || again.ID != in.ID ||
				again.Source != in.Source {
				t.Fatalf("two readers, two intents: %+v and %+v, %v", in, again, err)
			}
		}
	})
}

// FuzzReadStrict: what is read strictly is read the same by encoding/json, and its own spelling is a fixed point.
func FuzzReadStrict(f *testing.F) {
	for _, seed := range []string{payload, `[1,2.50,-0,1e3,"\u00e9",null,true,{}]`, `{"a":{"b":[]}}`, `"\ud83d\ude00"`,
		`{"a":1,"A":2}`, `[1,]`, `{"a" 1}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		tree, violations := readStrict(raw)
		if len(violations) > 0 {
			return
		}
		if !json.Valid(raw) {
			t.Fatalf("%q is not JSON, but was read as %v", raw, tree)
		}
		spelt, err := json.Marshal(tree)
		if err != nil {
			t.Fatal(err)
		}
		again, violations := readStrict(spelt)
		twice, err := json.Marshal(again)
		if len(violations) > 0 || err != nil || string(twice) != string(spelt) {
			t.Fatalf("%s is not a fixed point: %s, %v, %v", spelt, twice, violations, err)
		}
	})
}
