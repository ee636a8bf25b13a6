package pointer_test

import (
	"encoding/json"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/culvertnet/culvert/events/pointer"
)

// The examples of RFC 6901, section 5.
func TestTheExamplesOfTheStandard(t *testing.T) {
	const text = `{"foo":["bar","baz"],"":0,"a/b":1,"c%d":2,"e^f":3,"g|h":4,"i\\j":5,"k\"l":6," ":7,"m~n":8}`
	var document any
	if err := json.Unmarshal([]byte(text), &document); err != nil {
		t.Fatal(err)
	}
	for p, want := range map[string]string{
		"": "", "/foo": `["bar","baz"]`, "/foo/0": `"bar"`, "/": "0", "/a~1b": "1", "/c%d": "2", "/e^f": "3",
		"/g|h": "4",
		`/i\j`: "5", `/k"l`: "6", "/ ": "7", "/m~0n": "8",
	} {
		got, found := pointer.Get(document, p)
		b, err := json.Marshal(got)
		if err != nil || !found || want != "" && string(b) != want {
			t.Errorf("%q leads to %s (%t), want %s", p, b, found, want)
		}
	}
	for _, p := range []string{"foo", "/foo/2", "/foo/01", "/foo/+1", "/foo/-1", "/foo/-", "/foo/bar", "/foo/0/x",
		"/nothing", "/a/b"} {
		if got, found := pointer.Get(document, p); found {
			t.Errorf("%q leads to %v", p, got)
		}
	}
}

func TestTokensAreTheInverse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tokens := rapid.SliceOf(rapid.StringMatching(`[a-z/~01]{0,4}`)).Draw(t, "tokens")
		got, err := pointer.Tokens(pointer.Of(tokens...))
		if err != nil || !slices.Equal(got, tokens) {
			t.Fatalf("%q came back from %q as %q: %v", tokens, pointer.Of(tokens...), got, err)
		}
	})
	if _, err := pointer.Tokens("a/b"); err == nil {
		t.Error("a pointer without a slash at its beginning was read")
	}
}

func TestGetFindsWhatWasSet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		leaf := rapid.SampledFrom([]any{nil, "x", 1.0, true})
		var draw func(depth int) any
		draw = func(depth int) any {
			switch rapid.IntRange(0, 3).Draw(t, "kind") * min(depth, 1) {
			case 1:
				object := map[string]any{}
				for _, name := range rapid.SliceOfN(rapid.StringMatching(`[a-c/~]{1,2}`), 0, 3).Draw(t, "names") {
					object[name] = draw(depth - 1)
				}
				return object
			case 2:
				array := []any{}
				for range rapid.IntRange(0, 3).Draw(t, "length") {
					array = append(array, draw(depth-1))
				}
				return array
			}
			return leaf.Draw(t, "leaf")
		}
		document := draw(3)
		p := pointer.Of(rapid.SliceOfN(rapid.StringMatching(`[a-c/~0]{1,2}`), 0, 4).Draw(t, "path")...)
		if pointer.Set(&document, p, "set") != nil {
			return // it leads through what has no fields
		}
		if got, found := pointer.Get(document, p); !found || got != "set" {
			t.Fatalf("%s holds %v (%v) after it was set", p, got, found)
		}
	})
}
