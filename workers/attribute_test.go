package workers_test

import (
	"testing"
	"time"

	"github.com/culvertnet/culvert/adapters/memory"
	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
)

func newAttribute() workers.Attribute {
	return workers.Attribute{Claims: memory.NewClaims(), Times: times, Resource: "attr/test"}
}

func hold(t testing.TB, a workers.Attribute, run workers.Run, found string) workers.Record {
	t.Helper()
	r, err := a.Hold(t.Context(), run, found)
	wantClass(t, err, events.Done, "")
	return r
}

// wantRestore fails the test when a release does not tell to restore the value; "" means that it must not.
func wantRestore(t testing.TB, a workers.Attribute, run workers.Run, want string) {
	t.Helper()
	got, err := a.Release(t.Context(), run)
	wantClass(t, err, events.Done, "")
	if (got == nil) != (want == "") || got != nil && *got != want {
		t.Fatalf("release tells %v, want %q", got, want)
	}
}

func TestAttributeOnlyTheLastRestoresWhatWasFound(t *testing.T) {
	a := newAttribute()
	hold(t, a, runOf("a", 1, start), "off")
	if r := hold(t, a, runOf("b", 1, start), "on"); *r.Found != "off" {
		t.Fatalf("found is %q", *r.Found)
	}
	wantRestore(t, a, runOf("a", 2, start), "")
	wantRestore(t, a, runOf("b", 2, start), "off")
	wantRestore(t, a, runOf("b", 3, start), "off") // cut off before it was restored
	_, err := a.Hold(t.Context(), runOf("d", 1, start), "off")
	wantClass(t, err, events.Wait, "leaving")
	wantClass(t, a.Restored(t.Context(), runOf("b", 3, start)), events.Done, "")
	wantRestore(t, a, runOf("b", 4, start), "")
	if r := hold(t, a, runOf("d", 2, start), "on"); *r.Found != "on" {
		t.Fatalf("found after a restore is %q", *r.Found)
	}
}

func TestAttributeFoundSurvivesRetention(t *testing.T) {
	a := newAttribute()
	hold(t, a, runOf("a", 1, start), "off")
	wantClass(t, a.Retain(t.Context(), runOf("a", 2, start)), events.Done, "")
	if r, holds, err := a.Held(t.Context(), runOf("a", 2, start)); holds || *r.Found != "off" || err != nil {
		t.Fatalf("after retention: holds %v, found %q, %v", holds, *r.Found, err)
	}
	hold(t, a, runOf("a", 3, start.Add(time.Hour)), "on")
	wantRestore(t, a, runOf("a", 4, start.Add(time.Hour)), "off")
}

func TestAttributeFencesOlderEpochs(t *testing.T) {
	a := newAttribute()
	wantRestore(t, a, runOf("a", 5, start), "")
	_, err := a.Hold(t.Context(), runOf("a", 4, start), "off")
	wantClass(t, err, events.Retry, "fenced")
	hold(t, a, runOf("a", 6, start), "off")
	_, err = a.Release(t.Context(), runOf("a", 5, start))
	wantClass(t, err, events.Retry, "fenced")
}
