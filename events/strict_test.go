package events

import (
	"strings"
	"testing"
)

func TestDecodeStrict(t *testing.T) {
	type record struct{ A int }
	for raw, want := range map[string]string{
		`{"A":1}`: "", " {\"A\":1}\n\t": "", `null`: "",
		`{"A":1,"B":2}`: "unknown field", `{"A":1} {"A":2}`: "trailing data", `{"A":1}]`: "trailing data",
		`{"A":1}x`:     "trailing data",
		`{"A":1} null`: "trailing data", ``: "EOF", `{"A":`: "EOF", `{"A":"1"}`: "cannot unmarshal",
	} {
		var v record
		err := DecodeStrict([]byte(raw), &v)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: want %q, got %v", raw, want, err)
		}
	}
}
