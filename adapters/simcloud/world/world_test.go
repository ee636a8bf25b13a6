package world_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/culvertnet/culvert/adapters/simcloud/world"
)

// clock is a hand-driven time.
type clock struct{ now time.Time }

func (c *clock) Now() time.Time { return c.now }

func open(t *testing.T, dir string, c *clock) *world.World {
	t.Helper()
	w, err := world.Open(world.Config{Dir: dir, Now: c.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Close() })
	do(t, w, func(tx *world.Tx) { tx.QuietPut("v", "box", "foreign", world.Doc{"size": 1}) })
	if err := w.Baseline(); err != nil {
		t.Fatal(err)
	}
	return w
}

func do(t *testing.T, w *world.World, fn func(*world.Tx)) {
	t.Helper()
	if err := w.Do(func(tx *world.Tx) error { fn(tx); return nil }); err != nil {
		t.Fatal(err)
	}
}

func box(name string) world.Effect {
	return world.Effect{Vendor: "v", Call: "boxes.put", Kind: "box", Name: name, Owner: "me"}
}

func changes(w *world.World) []string {
	out := []string{}
	for _, d := range w.Resources() {
		out = append(out, d.Change+" "+d.Name)
	}
	return out
}

func TestResourcesCompareWithBaseline(t *testing.T) {
	w := open(t, "", &clock{time.Unix(0, 0)})
	do(t, w, func(tx *world.Tx) {
		tx.Put(box("a"), world.Doc{"size": 2})
		tx.Put(box("foreign"), world.Doc{"size": 9})
	})
	if got, want := changes(w), []string{"added a", "changed foreign"}; !reflect.DeepEqual(got, want) {
		t.Errorf("after two puts: %v, want %v", got, want)
	}
	do(t, w, func(tx *world.Tx) { tx.Delete(box("a")); tx.Delete(box("foreign")); tx.Delete(box("never")) })
	if got, want := changes(w), []string{"missing foreign"}; !reflect.DeepEqual(got, want) {
		t.Errorf("after deletes: %v, want %v", got, want)
	}
	var effects []string
	for i, e := range w.Effects() {
		if e.Seq != i+1 || e.Owner != "me" || e.Call != "boxes.put" {
			t.Errorf("ledger line %d is %+v", i, e)
		}
		effects = append(effects, e.Effect+" "+e.Name)
	}
	if want := []string{"create a", "update foreign", "delete a", "delete foreign"}; !reflect.DeepEqual(effects, want) {
		t.Errorf("ledger %v, want %v", effects, want)
	}
	if err := w.Reset(); err != nil {
		t.Fatal(err)
	}
	if got := changes(w); len(got) != 0 || len(w.Effects()) != 0 {
		t.Errorf("after reset: %v, %v", got, w.Effects())
	}
}

func TestDocumentsAreCopied(t *testing.T) {
	w := open(t, "", &clock{time.Unix(0, 0)})
	do(t, w, func(tx *world.Tx) {
		list := []any{"x"}
		tx.Put(box("a"), world.Doc{"list": list, "n": 3, "names": []string{"q"}})
		list[0] = "changed by the caller"
		got, _ := tx.Get("v", "box", "a")
		got["list"].([]any)[0] = "changed by the reader"
		again, _ := tx.Get("v", "box", "a")
		if want := (world.Doc{"list": []any{"x"}, "n": 3.0, "names": []any{"q"}}); !reflect.DeepEqual(again, want) {
			t.Errorf("stored %v, want %v", again, want)
		}
	})
}

func TestLaterKeepsVendorTimeAndOrder(t *testing.T) {
	c := &clock{time.Unix(0, 0)}
	w := open(t, "", c)
	ref := world.Ref{Vendor: "v", Kind: "box", Name: "a"}
	do(t, w, func(tx *world.Tx) {
		tx.Put(box("a"), world.Doc{"state": "NEW", "temp": 1})
		tx.Later(2*time.Minute, world.Change{Ref: ref, Set: world.Doc{"state": "LAST"}})
		tx.Later(time.Minute, world.Change{Ref: ref, Set: world.Doc{"state": "FIRST", "temp": nil}})
		tx.Later(3*time.Minute, world.Change{Ref: ref, Delete: true})
	})
	state := func() (got world.Doc) {
		do(t, w, func(tx *world.Tx) { got, _ = tx.Get("v", "box", "a") })
		return got
	}
	for _, step := range []struct {
		at   time.Duration // real: a vendor minute is a second at the default speed
		want world.Doc
	}{
		{999 * time.Millisecond, world.Doc{"state": "NEW", "temp": 1.0}},
		{time.Second, world.Doc{"state": "FIRST"}},
		{2 * time.Second, world.Doc{"state": "LAST"}},
		{3 * time.Second, nil},
	} {
		c.now = time.Unix(0, 0).Add(step.at)
		if got := state(); !reflect.DeepEqual(got, step.want) {
			t.Errorf("at %v: %v, want %v", step.at, got, step.want)
		}
	}
}

func TestRestartKeepsEffectsAndWhatIsUnderWay(t *testing.T) {
	dir, c := t.TempDir(), &clock{time.Unix(100, 0)}
	w := open(t, dir, c)
	ref := world.Ref{Vendor: "v", Kind: "box", Name: "a"}
	var id uint64
	do(t, w, func(tx *world.Tx) {
		id = tx.ID()
		tx.Put(box("a"), world.Doc{"state": "NEW"})
		tx.Later(time.Minute, world.Change{Ref: ref, Set: world.Doc{"state": "READY"}})
		tx.Later(time.Hour, world.Change{Ref: ref, Delete: true})
		tx.Note(box("a"), "delete")
	})
	c.now = c.now.Add(2 * time.Second)
	// after READY: a replay must not reorder them
	do(t, w, func(tx *world.Tx) { tx.Put(box("a"), world.Doc{"state": "MINE"}) })
	before, effects := w.Resources(), w.Effects()

	tornTail(t, dir)
	again := open(t, dir, c)
	if got := again.Resources(); !reflect.DeepEqual(got, before) || got[0].After != `{"state":"MINE"}` {
		t.Errorf("resources after restart %v, want %v", got, before)
	}
	if got := again.Effects(); !reflect.DeepEqual(got, effects) {
		t.Errorf("ledger after restart %v, want %v", got, effects)
	}
	do(t, again, func(tx *world.Tx) {
		if next := tx.ID(); next == id {
			t.Errorf("id %d was handed out twice", next)
		}
	})
	c.now = c.now.Add(time.Minute)
	if got := changes(again); len(got) != 0 {
		t.Errorf("the deletion under way was forgotten: %v", got)
	}
}

func tornTail(t *testing.T, dir string) {
	t.Helper()
	f, err := os.OpenFile(filepath.Join(dir, "effects.jsonl"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(`{"type":"effect","ven`); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestFaultsAreCountedAndRunOut(t *testing.T) {
	w := open(t, "", &clock{})
	for _, bad := range []world.Fault{
		{
			Vendor: "v", Call: "c", Mode: "explode",
		}, {Call: "c", Mode: world.Refuse}, {Vendor: "v", Call: "c", Mode: world.Delay},
		{Vendor: "v", Call: "c", Mode: world.Refuse, Times: -2},
	} {
		if _, err := w.AddFault(bad); err == nil {
			t.Errorf("fault %+v was taken", bad)
		}
	}
	if _, err := w.AddFault(world.Fault{Vendor: "v", Call: "c", Mode: world.Throttle, Times: 2, Match: "mine"}); err !=
		nil {
		t.Fatal(err)
	}
	hits := 0
	for _, resource := range []string{"other", "mine-1", "mine-2", "mine-3"} {
		if _, hit := w.Fault("v", "c", resource); hit {
			hits++
		}
	}
	if _, hit := w.Fault("v", "d", "mine"); hit || hits != 2 || w.Faults()[0].Hits != 2 {
		t.Errorf("hits %d, listed %+v", hits, w.Faults())
	}
}

// TestAFaultBehindOthersWaits: the same call on the way there is left alone until every fault before has been met.
func TestAFaultBehindOthersWaits(t *testing.T) {
	w := open(t, "", &clock{})
	for _, f := range []world.Fault{
		{Vendor: "v", Call: "last", Mode: world.Refuse},
		{Vendor: "v", Call: "first", Mode: world.Refuse, Behind: true},
	} {
		if _, err := w.AddFault(f); err != nil {
			t.Fatal(err)
		}
	}
	for i, call := range []string{"first", "last", "first", "first"} {
		if _, hit := w.Fault("v", call, "r"); hit != (i == 1 || i == 2) {
			t.Errorf("call %d, %s: met a fault: %t", i, call, hit)
		}
	}
}

func TestServeCarriesFaultsOut(t *testing.T) {
	say := func(status int) func(world.Fault) world.Answer {
		return func(world.Fault) world.Answer { return world.Answer{Status: status} }
	}
	for mode, want := range map[string]struct {
		status  int // 0 = no answer
		effects int
	}{
		"": {200, 1}, world.Refuse: {403, 0}, world.FailBefore: {503, 0}, world.FailAfter: {503, 1},
		world.Throttle:  {429, 0},
		world.LoseReply: {0, 1}, world.Delay: {200, 1}, world.ExpireSession: {418, 0},
	} {
		w := open(t, "", &clock{})
		if mode != "" {
			if _, err := w.AddFault(world.Fault{Vendor: "v", Call: "c", Mode: mode, Delay: time.Millisecond}); err !=
				nil {
				t.Fatal(err)
			}
		}
		guard := world.Guard{
			Call:   world.Call{Vendor: "v", Name: "c"},
			Shapes: world.Shapes{Refuse: say(403), Unavailable: say(503), Throttle: say(429)},
			Run: func(tx *world.Tx) world.Answer {
				if tx.Fault != nil {
					return world.Answer{Status: 418}
				}
				tx.Put(box("a"), nil)
				return world.Answer{Status: 200, Body: []byte("ok")}
			},
		}
		api := httptest.NewServer(
			http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { w.Serve(rw, r, guard) }),
		)
		resp, err := http.Post(api.URL, "", nil)
		status := 0
		if err == nil {
			status = resp.StatusCode
			_, _ = io.Copy(io.Discard, resp.Body)
			_ = resp.Body.Close()
		}
		if status != want.status || len(w.Effects()) != want.effects {
			t.Errorf("mode %q: status %d, %d effects; want %+v (%v)", mode, status, len(w.Effects()), want, err)
		}
		if calls := w.Calls(); !slices.Equal(calls, []world.Calls{{Vendor: "v", Call: "c", Count: 1}}) {
			t.Errorf("mode %q: counted %+v, want one call", mode, calls)
		}
		api.Close()
	}
}

// Whoever watches sees each state once: after a change of a caller's, of the vendor's own and of one that came due. A
// transaction that only reads is no change, and the watcher's own writes are none to tell it of.
func TestWatch(t *testing.T) {
	c := &clock{time.Unix(0, 0)}
	var seen []int
	var last *world.Tx
	w, err := world.Open(world.Config{Now: c.Now, Speed: 1, Watch: func(tx *world.Tx) {
		seen = append(seen, tx.Lines())
		if last != nil && len(tx.ChangedSince(last)) == 0 {
			t.Error("nothing has changed since the last state")
		}
		last = tx.Freeze()
		tx.QuietPut("v", "box", "seen", world.Doc{"times": len(seen)})
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Close() })
	do(t, w, func(tx *world.Tx) { tx.QuietPut("v", "box", "foreign", world.Doc{}) })
	if err := w.Baseline(); err != nil {
		t.Fatal(err)
	}
	do(t, w, func(tx *world.Tx) { tx.Put(box("a"), world.Doc{}); tx.Put(box("b"), world.Doc{}) })
	do(t, w, func(tx *world.Tx) { tx.Has("v", "box", "a") })
	do(t, w, func(tx *world.Tx) { tx.QuietDelete("v", "box", "b") })
	do(t, w, func(tx *world.Tx) {
		tx.Later(time.Second, world.Change{Ref: world.Ref{Vendor: "v", Kind: "box", Name: "a"}, Delete: true})
	})
	c.now = c.now.Add(time.Minute)
	do(t, w, func(*world.Tx) {})
	if !slices.Equal(seen, []int{2, 2, 2}) || last.Has("v", "box", "a") {
		t.Errorf("the ledger had %v lines at the states that were seen", seen)
	}
}
