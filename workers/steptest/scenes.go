package steptest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/culvertnet/culvert/events"
)

// A Scene is one step, and the fresh bench on which nobody has done it yet. What an earlier step would have
// made is there.
type Scene struct {
	Name  string
	Step  Step
	Bench func(Tester) *Bench
}

// RunScenes holds steps in their scenes against what the engine relies on. Where [Run] has only a world's vendor API,
// this knows the calls of a fake world by name: it cuts each call that a step really makes, and asks for no more
// effects than there should be.
func RunScenes(t *testing.T, scenes []Scene) {
	t.Helper()
	checks := slices.DeleteFunc(slices.Clone(scenes), func(s Scene) bool { return !readOnly(s.Step.Kind) })
	t.Run("a check changes nothing", func(t *testing.T) { each(t, checks, checkChangesNothing) })
	scenes = slices.DeleteFunc(slices.Clone(scenes), func(s Scene) bool { return readOnly(s.Step.Kind) })
	for _, law := range []struct {
		name string
		test func(*testing.T, *Bench, Step)
	}{
		{"done twice is done once", doneTwiceIsDoneOnce},
		{"an undo leaves the world as it was", undoLeavesTheWorldAsItWas},
		{"an undo without a do", undoWithoutDo},
		{"old epochs are fenced", oldEpochsAreFenced},
		{"cancelled in flight", cancelledInFlight},
	} {
		t.Run(law.name, func(t *testing.T) { each(t, scenes, law.test) })
	}
	for _, scene := range scenes {
		do, undo := scene.calls(t)
		for at, after := range map[string]bool{" before ": false, " after ": true} {
			for _, call := range do {
				t.Run("cut off/"+scene.Name+at+call, func(t *testing.T) { scene.cutDo(t, call, after) })
			}
			for _, call := range undo {
				t.Run("undo cut off/"+scene.Name+at+call, func(t *testing.T) { scene.cutUndo(t, call, after) })
			}
		}
	}
}

// errCut is what a broken connection says.
var errCut = errors.New("connection reset")

// each tests every scene in a world that is done at once, and in one whose changes go on.
func each(t *testing.T, scenes []Scene, test func(*testing.T, *Bench, Step)) {
	for _, scene := range scenes {
		for name, polls := range map[string]int{" at once": 0, " slowly": 2} {
			t.Run(scene.Name+name, func(t *testing.T) {
				b := scene.Bench(t)
				b.Fake.Slow(polls)
				test(t, b, scene.Step)
			})
		}
	}
}

// checkChangesNothing: a check can be repeated, has no effect, and holds nothing afterwards.
func checkChangesNothing(t *testing.T, b *Bench, s Step) {
	before := b.Snapshot()
	first := b.Must("check", b.Do(s), events.Done)
	second := b.Must("check again", b.Do(s), events.Done)
	if diff := cmp.Diff(string(first.Output), string(second.Output)); diff != "" {
		t.Errorf("outputs differ (-first +second):\n%s", diff)
	}
	b.Unchanged(before)
	if n, effects := b.Live(""), b.Fake.Effects(); n != 0 || len(effects) != 0 {
		t.Errorf("a check holds %d claims and had the effects %q", n, effects)
	}
	cancelled(t, b, s, events.Do) // its Look and Undo have nothing to do, cancelled or not
}

func doneTwiceIsDoneOnce(t *testing.T, b *Bench, s Step) {
	b.Sees(s, events.Absent)
	first := b.Must("do", b.Do(s), events.Done)
	effects := b.Fake.Effects()
	second := b.Must("do again", b.Settle(s, Ask{Verb: events.Do, Prior: first.Output}), events.Done)
	if diff := cmp.Diff(string(first.Output), string(second.Output)); diff != "" {
		t.Errorf("outputs differ (-first +second):\n%s", diff)
	}
	if diff := cmp.Diff(effects, b.Fake.Effects()); diff != "" {
		t.Errorf("the second do had effects:\n%s", diff)
	}
	seen := b.Sees(s, events.Present)
	if diff := cmp.Diff(string(first.Output), string(seen.Output)); diff != "" {
		t.Errorf("look tells another output than do (-do +look):\n%s", diff)
	}
}

func undoLeavesTheWorldAsItWas(t *testing.T, b *Bench, s Step) {
	before := b.Snapshot()
	done := b.Must("do", b.Do(s), events.Done)
	undo := Ask{Verb: events.Undo, Purpose: events.ToCompensate, Prior: done.Output}
	for range 2 {
		b.Must("undo", b.Settle(s, undo), events.Done)
		b.Unchanged(before)
		b.Sees(s, events.Absent)
	}
	if n := b.Live(""); n != 0 {
		t.Errorf("%d holds are left", n)
	}
}

func undoWithoutDo(t *testing.T, b *Bench, s Step) {
	before := b.Snapshot()
	o := b.Must("undo", b.Compensate(s), events.Done)
	b.Unchanged(before)
	if o.Retained != "" || len(b.Fake.Effects()) != 0 {
		t.Errorf("an undo of nothing retained %q and had the effects %q", o.Retained, b.Fake.Effects())
	}
	b.Sees(s, events.Absent)
}

func oldEpochsAreFenced(t *testing.T, b *Bench, s Step) {
	late := b.Command(s, Ask{Verb: events.Do})
	before := b.Snapshot()
	b.Must("undo", b.Compensate(s), events.Done)
	if o := b.Once(late); o.Class != events.Retry || o.Reason != events.ReasonFenced {
		t.Errorf("a do of an older epoch than the undo: %s (%s), want a fenced Retry", o.Class, o.Message)
	}
	b.Unchanged(before)
}

func cancelledInFlight(t *testing.T, b *Bench, s Step) {
	cancelled(t, b, s, events.Do, events.Look, events.Undo)
}

func cancelled(t *testing.T, b *Bench, s Step, verbs ...events.Verb) {
	for _, verb := range verbs {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		cancel()
		o := b.handlers[s.Kind].Run(ctx, b.Command(s, Ask{Verb: verb, Purpose: events.ToCompensate}), b.Now)
		if o.Class != events.Unsure && o.Class != events.Retry {
			t.Errorf("cancelled %s: %s (%s), want Unsure or Retry", verb, o.Class, o.Message)
		}
	}
}

// calls lists the vendor calls with an effect that a clean Do and the Undo after it make.
func (s Scene) calls(t *testing.T) (do, undo []string) {
	t.Helper()
	b := s.Bench(t)
	b.Must("do", b.Do(s.Step), events.Done)
	did := len(b.Fake.Effects())
	b.Must("undo", b.Compensate(s.Step), events.Done)
	return Calls(b.Fake.Effects()[:did]), Calls(b.Fake.Effects()[did:])
}

// Calls lists the calls of a ledger of effects, each once, by their first time.
func Calls(effects []string) []string {
	var calls []string
	for _, e := range effects {
		call, _, _ := strings.Cut(e, " ")
		if !slices.Contains(calls, call) {
			calls = append(calls, call)
		}
	}
	return calls
}

// cutDo cuts one call of a Do off; then the step is done all the same, or undone without a trace.
func (s Scene) cutDo(t *testing.T, call string, after bool) {
	cut := func(t *testing.T) (*Bench, map[string]string) {
		b := s.Bench(t)
		before := b.Snapshot()
		b.Fake.Fault(call, after, errCut)
		b.Must("cut do", b.Do(s.Step), events.Unsure)
		if n := b.Fake.Faults(); n != 0 {
			t.Fatalf("%d faults were never met", n)
		}
		return b, before
	}
	t.Run("then do", func(t *testing.T) {
		b, _ := cut(t)
		s.notGone(b)
		b.Must("do", b.Do(s.Step), events.Done)
		b.Sees(s.Step, events.Present)
	})
	t.Run("then undo", func(t *testing.T) {
		b, before := cut(t)
		b.Must("undo", b.Compensate(s.Step), events.Done)
		b.Unchanged(before)
		b.Sees(s.Step, events.Absent)
		if n := b.Live(""); n != 0 {
			t.Errorf("%d holds are left", n)
		}
	})
}

// cutUndo cuts one call of an Undo off; the step is undone all the same.
func (s Scene) cutUndo(t *testing.T, call string, after bool) {
	b := s.Bench(t)
	before := b.Snapshot()
	b.Must("do", b.Do(s.Step), events.Done)
	b.Fake.Fault(call, after, errCut)
	b.Must("cut undo", b.Compensate(s.Step), events.Unsure)
	s.notGone(b)
	b.Must("undo", b.Compensate(s.Step), events.Done)
	b.Unchanged(before)
	b.Sees(s.Step, events.Absent)
}

// notGone fails the test when a Look says that nothing is there while the step still holds a claim.
func (s Scene) notGone(b *Bench) {
	b.T.Helper()
	if o := b.Look(s.Step); o.Seen == events.Absent || o.Seen == events.Foreign {
		b.T.Errorf("look sees %s while a claim is held", o.Seen)
	}
}
