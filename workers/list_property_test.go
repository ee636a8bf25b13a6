package workers_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
)

// listWorld is a shared list with its holders, its foreign owner and a vendor that loses answers.
type listWorld struct {
	v       *vendor
	l       workers.List
	now     time.Time
	epoch   uint64
	foreign map[string]bool
	// live is what each holder has put and not dropped; unsettled holders were cut off and may be either way.
	live      map[string]string
	unsettled map[string]bool
}

// Whatever happens in whatever order: no foreign entry is lost, what is Done is in the world, and once everything has
// settled the list is exactly foreign ∪ live.
func TestListProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := &vendor{entries: []string{"foreign-0"}}
		w := &listWorld{
			v: v, l: newList(v), now: start, foreign: map[string]bool{"foreign-0": true},
			live: map[string]string{}, unsettled: map[string]bool{},
		}
		holder := rapid.SampledFrom([]string{"a", "b", "c", "d"})
		entry := rapid.SampledFrom([]string{"e1", "e2", "e3"})
		t.Repeat(map[string]func(*rapid.T){
			"put":            func(t *rapid.T) { w.put(t, holder.Draw(t, "holder"), entry.Draw(t, "entry")) },
			"drop":           func(t *rapid.T) { w.drop(t, holder.Draw(t, "holder")) },
			"foreign add":    func(t *rapid.T) { w.add(entry.Draw(t, "entry")) },
			"foreign remove": func(t *rapid.T) { w.remove(entry.Draw(t, "entry")) },
			"later": func(t *rapid.T) {
				w.now = w.now.Add(time.Duration(rapid.IntRange(1, 60).Draw(t, "s")) * time.Second)
			},
			"fault": func(t *rapid.T) { w.fault(rapid.IntRange(0, 3).Draw(t, "fault")) },
			"":      w.check,
		})
		w.settle(t)
	})
}

func (w *listWorld) run(holder string) workers.Run {
	w.epoch++
	return runOf(holder, w.epoch, w.now)
}

func (w *listWorld) put(t *rapid.T, holder, entry string) {
	err := w.l.Put(context.Background(), w.run(holder), entry)
	w.live[holder] = entry
	w.unsettled[holder] = err != nil
	if err == nil && !slices.Contains(w.v.entries, entry) {
		t.Fatalf("put of %s is done and it is not in %v", entry, w.v.entries)
	}
}

func (w *listWorld) drop(t *rapid.T, holder string) {
	entry, had := w.live[holder]
	err := w.l.Drop(context.Background(), w.run(holder))
	delete(w.live, holder)
	w.unsettled[holder] = err != nil
	if err == nil && had && slices.Contains(w.v.entries, entry) && !w.mayStay(entry) {
		t.Fatalf("drop of %s is done and it is in %v", entry, w.v.entries)
	}
}

// mayStay tells whether an entry is somebody's, for all that a holder whose run was cut off knows.
func (w *listWorld) mayStay(entry string) bool {
	if w.foreign[entry] {
		return true
	}
	for _, e := range w.live {
		if e == entry {
			return true
		}
	}
	return w.ours(entry)
}

// ours tells whether the record may count the entry as written by us.
func (w *listWorld) ours(entry string) bool {
	r, err := w.l.Claims.Load(context.Background(), w.l.Resource)
	if err != nil {
		panic(err)
	}
	return slices.ContainsFunc(r.Holds, func(h workers.Hold) bool {
		return h.Value == entry && h.Attempted && (!h.Dropped || h.Revision > r.InForce)
	})
}

// add is somebody else's own writing. Where one of our writes of the same entry may be under way, nobody could ever
// tell whose it is, so that is left out.
func (w *listWorld) add(entry string) {
	if !slices.Contains(w.v.entries, entry) && !w.ours(entry) {
		w.v.entries = append(w.v.entries, entry)
		w.foreign[entry] = true
	}
	extra := fmt.Sprintf("foreign-%d", len(w.foreign))
	w.v.entries = append(w.v.entries, extra)
	w.foreign[extra] = true
}

// remove is somebody else taking away what is theirs alone.
func (w *listWorld) remove(entry string) {
	if !w.foreign[entry] {
		return
	}
	delete(w.foreign, entry)
	w.v.entries = slices.DeleteFunc(w.v.entries, func(e string) bool { return e == entry })
}

// fault decides how the next writes answer.
func (w *listWorld) fault(kind int) {
	once := func(effect bool, err error) func([]string) (bool, error) {
		return func([]string) (bool, error) {
			w.v.answer = nil
			return effect, err
		}
	}
	w.v.answer = []func([]string) (bool, error){
		nil,
		once(true, errors.New("answer lost")),
		once(false, workers.Retry("busy", 0, errors.New("try later"))),
		once(true, workers.WaitFor("sim:op", time.Second)),
	}[kind]
}

func (w *listWorld) check(t *rapid.T) {
	for e := range w.foreign {
		if !slices.Contains(w.v.entries, e) {
			t.Fatalf("foreign entry %s was lost: %v", e, w.v.entries)
		}
	}
}

// settle lets every holder end what it wants, and compares the world.
func (w *listWorld) settle(t *rapid.T) {
	w.v.answer = nil
	for _, holder := range []string{"a", "b", "c", "d"} {
		w.now = w.now.Add(times.Lease + times.Quiet + times.Skew + time.Second)
		var err error
		if entry, live := w.live[holder]; live {
			err = w.l.Put(context.Background(), w.run(holder), entry)
		} else {
			err = w.l.Drop(context.Background(), w.run(holder))
		}
		if class, _ := failure(err); class != events.Done {
			t.Fatalf("%s cannot settle: %v", holder, err)
		}
	}
	want := map[string]bool{}
	for e := range w.foreign {
		want[e] = true
	}
	for _, e := range w.live {
		want[e] = true
	}
	for _, e := range w.v.entries {
		if !want[e] {
			t.Fatalf("%s is left in %v; live %v, foreign %v", e, w.v.entries, w.live, w.foreign)
		}
	}
	for e := range want {
		if !slices.Contains(w.v.entries, e) {
			t.Fatalf("%s is missing in %v", e, w.v.entries)
		}
	}
}
