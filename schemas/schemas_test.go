package schemas

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

func parse(t *testing.T, text string) any {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestLookUp(t *testing.T) {
	for _, n := range List() {
		raw, known := Intent(n.Kind, n.Want, n.Version)
		if !known || !json.Valid(raw) {
			t.Errorf("%v is listed, but not there", n)
		}
		if _, known := ValidateIntent(n, map[string]any{}); !known {
			t.Errorf("%v is listed, but cannot be validated", n)
		}
	}
	if len(List()) < 2 {
		t.Errorf("a kind has an apply and a withdraw; the list is %v", List())
	}
	for _, n := range []Name{{"private-service", "apply", 99}, {"private-service", "delete", 1},
		{"../envelope", "apply", 1}, {}} {
		if _, known := Intent(n.Kind, n.Want, n.Version); known {
			t.Errorf("%v is no schema, but something was found", n)
		}
		if _, known := ValidateIntent(n, map[string]any{}); known {
			t.Errorf("%v is no schema, but something was validated", n)
		}
	}
	if raw, there := read(envelopeFile); !there || !json.Valid(raw) {
		t.Error("the envelope's schema is not JSON")
	}
}

// Every place that takes an object refuses what it does not know, and every text and list has an end.
func TestEverySchemaIsClosedAndBounded(t *testing.T) {
	envelope, _ := read(envelopeFile)
	documents := map[string][]byte{"envelope": envelope}
	for _, n := range List() {
		documents[n.file()], _ = Intent(n.Kind, n.Want, n.Version)
	}
	for name, raw := range documents {
		walk(t, name+"#", parse(t, string(raw)))
	}
}

func walk(t *testing.T, at string, node any) {
	switch n := node.(type) {
	case []any:
		for _, v := range n {
			walk(t, at+"/-", v)
		}
	case map[string]any:
		open := n["type"] == "object" && n["additionalProperties"] != false && at != "envelope#/properties/data"
		if open {
			t.Errorf("%s: an object that lets unknown properties through", at)
		}
		if n["type"] == "string" && n["enum"] == nil && n["maxLength"] == nil {
			t.Errorf("%s: text without an end", at)
		}
		if n["type"] == "array" && n["maxItems"] == nil {
			t.Errorf("%s: a list without an end", at)
		}
		if n["type"] == "integer" && n["maximum"] == nil {
			t.Errorf("%s: a number without an end", at)
		}
		for key, v := range n {
			if key != "if" { // a condition bounds nothing
				walk(t, at+"/"+key, v)
			}
		}
	}
}

func TestProblemsNameThePlace(t *testing.T) {
	doc := parse(t, `{"service":{"platform":"cloud-run","project":"acme-prod","region":"europe-west3","name":"F","a/b":1},"ingress":
		{"target":{"googleApisBundle":"all-apis"},"address":{"pool":"p"},"announce":[{"via":"bgp","speaker":"s","router":"r"}]}}`)
	got, _ := ValidateIntent(Name{"private-service", "apply", 1}, doc)
	want := []struct{ pointer, keyword string }{
		{"/ingress/announce/0/nextHop", "required"},
		{"/ingress/announce/0/router", "additionalProperties"},
		{"/network", "required"},
		{"/service/a~1b", "additionalProperties"},
		{"/service/name", "pattern"},
	}
	if len(got) != len(want) {
		t.Fatalf("every problem once, sorted by place: want %v, got %v", want, got)
	}
	for i, w := range want {
		if got[i].Pointer != w.pointer || got[i].Keyword != w.keyword {
			t.Errorf("problem %d: want %v, got %v", i, w, got[i])
		}
	}
	if !strings.Contains(got[4].Message, "lower-case letters") {
		t.Errorf("a pattern alone tells people too little; the message is %q", got[4].Message)
	}
}
