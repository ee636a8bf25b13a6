package workers_test

import (
	"testing"
	"time"

	"github.com/culvertnet/culvert/adapters/memory"
	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
)

func TestAMemoForgetsWhatMayHaveChanged(t *testing.T) {
	ctx := workers.WithMemo(t.Context())
	memo := workers.MemoOf(ctx)
	if _, since, ok := memo.Get("list"); ok || since != 0 {
		t.Error("a new memo knows something")
	}
	memo.Keep("list", 0, "told")
	if told, _, ok := memo.Get("list"); !ok || told != "told" {
		t.Errorf("kept %v %t", told, ok)
	}
	memo.Forget()
	_, since, ok := memo.Get("list")
	if ok {
		t.Error("it was not forgotten")
	}
	memo.Keep("list", since-1, "begun before the change")
	if told, _, ok := memo.Get("list"); ok {
		t.Errorf("a read that began before the change was kept: %v", told)
	}
	workers.MemoOf(t.Context()).Keep("list", 0, "told") // a call that is made for no command
	if _, _, ok := workers.MemoOf(t.Context()).Get("list"); ok {
		t.Error("no memo keeps something")
	}
}

// What was read before a claim was taken says nothing about the time after it: somebody else may have written last.
func TestAClaimMakesAMemoForget(t *testing.T) {
	claims, times := memory.NewClaims(), workers.ClaimTimes{Lease: time.Minute}
	run := workers.Run{Connection: events.Key{Tenant: "t", Name: "c"}, Saga: "t_c.1", Step: "s", Generation: 1,
		Epoch: 1, Now: time.Unix(1, 0)}
	ctx := workers.WithMemo(t.Context())
	owned := workers.OwnedAlone(claims, times, run, "")
	for name, use := range map[string]func() error{
		"begin": func() error { _, err := owned.Begin(ctx, run); return err },
		"look":  func() error { _, _, err := owned.Look(ctx, run); return err },
		"end":   func() error { return owned.End(ctx, run) },
	} {
		_, since, _ := workers.MemoOf(ctx).Get("list")
		workers.MemoOf(ctx).Keep("list", since, "told")
		if err := use(); err != nil {
			t.Fatal(err)
		}
		if _, _, ok := workers.MemoOf(ctx).Get("list"); ok {
			t.Errorf("%s: the memo kept what was read before", name)
		}
	}
	numbers := workers.Numbers{Claims: claims, Times: times, Resource: workers.FamilyNumbers.Resource("p"), First: 1,
		Last: 9}
	_, since, _ := workers.MemoOf(ctx).Get("taken")
	workers.MemoOf(ctx).Keep("taken", since, "told")
	if _, err := numbers.Take(ctx, run, 2, nil); err != nil {
		t.Fatal(err)
	}
	if _, _, ok := workers.MemoOf(ctx).Get("taken"); !ok {
		t.Error("numbers are chosen by what was read before, and it was forgotten")
	}
}
