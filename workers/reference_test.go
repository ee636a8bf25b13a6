package workers_test

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/culvertnet/culvert/adapters/memory"
	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
)

func newReference() workers.Reference {
	return workers.Reference{Claims: memory.NewClaims(), Times: times, Resource: "name/policy/default/backends"}
}

func TestANameIsUsedWhileItIsOffered(t *testing.T) {
	r, ctx := newReference(), t.Context()
	_, err := r.Use(ctx, runOf("orders", 1, start))
	wantClass(t, err, events.Refuse, "no-such-name")
	for range 2 {
		wantClass(t, r.Offer(ctx, runOf("policy", 1, start), "tag-1"), events.Done, "")
	}
	wantClass(t, r.Offer(ctx, runOf("other", 1, start), "tag-2"), events.Refuse, "name-taken")
	for _, user := range []string{"orders", "bills", "orders"} {
		meaning, err := r.Use(ctx, runOf(user, 2, start))
		if wantClass(t, err, events.Done, ""); meaning != "tag-1" {
			t.Errorf("%s is told %q", user, meaning)
		}
	}
	users, err := r.Users(ctx)
	if err != nil || len(users) != 2 || users[0].Name != "bills" || users[1].Name != "orders" {
		t.Errorf("users %v: %v", users, err)
	}
	if meaning, mine, err := r.Used(ctx, runOf("bills", 2, start)); meaning != "tag-1" || !mine || err != nil {
		t.Errorf("a look of a user sees %q, %t: %v", meaning, mine, err)
	}
	if _, mine, err := r.Offered(ctx, runOf("bills", 2, start)); mine || err != nil {
		t.Errorf("a user is taken for the owner: %v", err)
	}
}

func TestANameThatIsUsedIsNotTakenBack(t *testing.T) {
	r, ctx := newReference(), t.Context()
	wantClass(t, r.Offer(ctx, runOf("policy", 1, start), "tag-1"), events.Done, "")
	_, err := r.Use(ctx, runOf("orders", 1, start))
	wantClass(t, err, events.Done, "")
	err = r.Retire(ctx, runOf("policy", 2, start))
	if wantClass(t, err, events.Refuse, "in-use"); !strings.Contains(err.Error(), "in use by orders") {
		t.Errorf("who uses it is not said: %v", err)
	}
	for range 2 {
		wantClass(t, r.Release(ctx, runOf("orders", 2, start)), events.Done, "")
	}
	for range 2 {
		wantClass(t, r.Retire(ctx, runOf("policy", 3, start)), events.Done, "")
	}
	_, err = r.Use(ctx, runOf("orders", 3, start))
	wantClass(t, err, events.Refuse, "no-such-name")
	wantClass(t, r.Offer(ctx, runOf("other", 1, start), "tag-2"), events.Done, "") // the name is free again
	if meaning, mine, err := r.Offered(ctx, runOf("policy", 4, start)); mine || meaning != "tag-2" || err != nil {
		t.Errorf("the name stands for %q, the old owner's is %t: %v", meaning, mine, err)
	}
}

func TestManyUsersAreListedInPart(t *testing.T) {
	r, ctx := newReference(), t.Context()
	wantClass(t, r.Offer(ctx, runOf("policy", 1, start), "tag-1"), events.Done, "")
	for _, user := range strings.Split("a b c d e f g h i j k l", " ") {
		_, err := r.Use(ctx, runOf(user, 1, start))
		wantClass(t, err, events.Done, "")
	}
	err := r.Retire(ctx, runOf("policy", 2, start))
	if wantClass(t, err, events.Refuse, "in-use"); !strings.Contains(err.Error(), "i, j and others") ||
		strings.Contains(err.Error(), "k") {
		t.Errorf("the text is %v", err)
	}
}

// Old epochs change nothing: a late Use after the Release, a late Offer after the Retire.
func TestNamesAreFenced(t *testing.T) {
	r, ctx := newReference(), t.Context()
	wantClass(t, r.Offer(ctx, runOf("policy", 1, start), "tag-1"), events.Done, "")
	wantClass(t, r.Release(ctx, runOf("orders", 5, start)), events.Done, "")
	_, err := r.Use(ctx, runOf("orders", 4, start))
	wantClass(t, err, events.Retry, "fenced")
	wantClass(t, r.Retire(ctx, runOf("policy", 5, start)), events.Done, "")
	wantClass(t, r.Offer(ctx, runOf("policy", 4, start), "tag-1"), events.Retry, "fenced")
}

// In whatever order connections offer, use, release and retire: there is never a user without an owner, and never a
// second owner; and a retirement is refused exactly while there are users.
func TestReferenceProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r, epoch, now := newReference(), uint64(0), start
		owner, users := "", map[string]bool{}
		run := func(name string) workers.Run {
			epoch, now = epoch+1, now.Add(time.Second)
			return runOf(name, epoch, now)
		}
		who := rapid.SampledFrom([]string{"a", "b", "c", "d"})
		need := func(what string, err error, allowed bool) {
			if (err == nil) != allowed {
				t.Fatalf("%s with owner %q and users %v: %v", what, owner, users, err)
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"offer": func(*rapid.T) {
				name := who.Draw(t, "who")
				allowed := owner == "" || owner == name
				need(name+" offers", r.Offer(t.Context(), run(name), name), allowed)
				if allowed {
					owner = name
				}
			},
			"use": func(*rapid.T) {
				name := who.Draw(t, "who")
				meaning, err := r.Use(t.Context(), run(name))
				need(name+" uses", err, owner != "")
				if owner != "" {
					users[name] = true
				}
				if err == nil && meaning != owner {
					t.Fatalf("%s is told %q, the owner is %q", name, meaning, owner)
				}
			},
			"release": func(*rapid.T) {
				name := who.Draw(t, "who")
				need(name+" releases", r.Release(t.Context(), run(name)), true)
				delete(users, name)
			},
			"retire": func(*rapid.T) {
				name := who.Draw(t, "who")
				allowed := owner != name || len(users) == 0
				need(name+" retires", r.Retire(t.Context(), run(name)), allowed)
				if allowed && owner == name {
					owner = ""
				}
			},
			"": func(*rapid.T) {
				got, err := r.Users(t.Context())
				if err != nil || len(got) != len(users) || len(users) > 0 && owner == "" {
					t.Fatalf("users %v, want %v, owner %q: %v", got, users, owner, err)
				}
			},
		})
	})
}
