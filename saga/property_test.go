package saga

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/culvertnet/culvert/events"
)

func TestBackoffGrowsToItsCap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := Limits{
			RetryBase: time.Duration(rapid.Int64Range(1, int64(time.Minute)).Draw(t, "base")),
			RetryCap:  time.Duration(rapid.Int64Range(1, int64(time.Hour)).Draw(t, "cap")),
		}
		n, seed := rapid.IntRange(1, 200).Draw(t, "n"), rapid.String().Draw(t, "seed")
		got := l.Backoff(n, seed)
		full := l.RetryCap
		if shift := n - 1; math.Ldexp(float64(l.RetryBase), shift) < float64(l.RetryCap) {
			full = l.RetryBase << shift
		}
		if got < full/2 || got > full {
			t.Fatalf("Backoff(%d) = %s, want between half and all of %s", n, got, full)
		}
		if again := l.Backoff(n, seed); again != got {
			t.Fatalf("Backoff(%d) = %s, then %s", n, got, again)
		}
		if next := l.Backoff(n+1, seed); next < got {
			t.Fatalf("Backoff(%d) = %s is longer than the next, %s", n, got, next)
		}
	})
}

// jsonObject draws an object of JSON values, three deep.
func jsonObject() *rapid.Generator[map[string]any] {
	leaf := rapid.OneOf(
		rapid.Just[any](nil), rapid.Bool().AsAny(), rapid.StringN(0, 4, 8).AsAny(),
		rapid.Map(rapid.Int(), func(i int) any { b, _ := json.Marshal(i); return json.Number(b) }))
	list := rapid.SliceOfN(leaf, 0, 3).AsAny()
	inner := rapid.MapOfN(rapid.StringMatching(`[a-z]{1,3}`), rapid.OneOf(leaf, list), 0, 3).AsAny()
	return rapid.MapOfN(rapid.StringMatching(`[a-z]{1,3}`), rapid.OneOf(leaf, list, inner), 0, 4)
}

func TestCompareIsFaithful(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := encoded(t, jsonObject().Draw(t, "a")), encoded(t, jsonObject().Draw(t, "b"))
		if got := compare(nil, a, a); got != TransitionKeep {
			t.Fatalf("what is the same is %s", got)
		}
		there, back := compare(nil, a, b), compare(nil, b, a)
		if there != back {
			t.Fatalf("there %s, back %s", there, back)
		}
		rules := map[string]Rule{}
		for name := range union(object(a), object(b)) {
			rules[name] = RuleReplace
		}
		if got := compare(rules, a, b); (got == TransitionReplace) != (there == TransitionChange) ||
			got == TransitionChange {
			t.Fatalf("without rules %s, replacing everything %s", there, got)
		}
		for name := range rules {
			rules[name] = RuleIgnore
		}
		if got := compare(rules, a, b); got != TransitionKeep {
			t.Fatalf("ignoring everything: %s", got)
		}
	})
}

func encoded(t *rapid.T, v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestFactsSurviveTheJournal encodes and decodes every fact with every field set.
func TestFactsSurviveTheJournal(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, e := range factTable {
		name, v := e.name, reflect.New(e.goType).Elem()
		fill(rng, v)
		want := []Fact{v.Interface().(Fact)}
		b, err := EncodeFacts(want)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got, err := DecodeFacts(b)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if _, err := DecodeFacts([]byte(`[{"fact":"StepForgotten","body":{}}]`)); err == nil {
		t.Error("a fact of another release was read")
	}
}

// TestApplyLeavesTheOldState holds clone to what it promises: nothing that facts change is shared.
func TestApplyLeavesTheOldState(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	var s State
	fill(rng, reflect.ValueOf(&s).Elem())
	c := s.clone()
	if diff := cmp.Diff(s, c); diff != "" {
		t.Fatalf("the copy is another (-want +got):\n%s", diff)
	}
	before, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	c.Accepted = append(c.Accepted, Accepted{ID: "x"})
	c.Past = append(c.Past, events.Status{ID: "x"})
	c.Queue[0].N, c.Standing[0].Epoch = 99, 99
	for k := range c.Generations {
		c.Generations[k] = 99
	}
	c.Saga.Reason = "another"
	c.Saga.Steps[0].Tries = 99
	c.Saga.Steps[0].Open = nil
	after, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	if string(before) != string(after) {
		t.Error("a change of the copy changed the original")
	}
}

// fill sets every field to something that is not zero.
func fill(rng *rand.Rand, v reflect.Value) {
	switch v.Interface().(type) {
	case time.Time:
		v.Set(reflect.ValueOf(time.Unix(rng.Int64N(1e9), 0).UTC()))
		return
	case json.RawMessage:
		v.SetBytes([]byte(`{"a":1}`))
		return
	case events.Key:
		v.Set(reflect.ValueOf(events.Key{Tenant: "t", Name: "n"}))
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(rng, v.Field(i))
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(rng, v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 8))
		for i := range v.Len() {
			fill(rng, v.Index(i))
		}
	case reflect.Array:
		for i := range v.Len() {
			fill(rng, v.Index(i))
		}
	case reflect.Map:
		k, e := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(rng, k)
		fill(rng, e)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(k, e)
	case reflect.String:
		v.SetString(string(rune('a' + rng.IntN(26))))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Float64:
		v.SetFloat(1)
	case reflect.Int, reflect.Int64:
		v.SetInt(1 + rng.Int64N(100))
	case reflect.Uint64, reflect.Uint8:
		v.SetUint(1 + rng.Uint64N(100))
	}
}
