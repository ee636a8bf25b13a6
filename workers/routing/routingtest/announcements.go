package routingtest

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
	"github.com/culvertnet/culvert/workers/routing"
	"github.com/culvertnet/culvert/workers/steptest"
)

// Lists is one implementation of routing.Announcements over one fresh world, with the facts that the suite needs.
type Lists struct {
	Announcements routing.Announcements
	// Operations polls what a change left running; nil when every change is done on return.
	Operations workers.Operations
	// Poll is the pause between two reads of something that takes a while; zero means one millisecond.
	Poll time.Duration
	// Target has at least one peer that learns what it announces. Its list may have entries of others, and may be in
	// any mode.
	Target routing.Target
	// Missing is a target of the same way that does not exist; Refused are targets that cannot carry an announcement.
	Missing routing.Target
	Refused []routing.Target
	// Prefixes are announced by nobody.
	Prefixes [2]string
	// Limit is the most entries the list takes, where the vendor has a limit that the driver must name; else zero.
	Limit int
}

// RunAnnouncements holds an implementation against what routing.Announcements promises. Each part gets a world of its
// own.
func RunAnnouncements(t *testing.T, newLists func(t *testing.T) Lists) {
	t.Helper()
	for _, part := range []struct {
		name string
		test func(*testing.T, Lists)
	}{
		{"check", checkTargets},
		{"missing target", missingTarget},
		{"write, read back, repeat, take out", writeList},
		{"two entries come and go", writeTwo},
		{"the limit is named", listLimit},
		{"peers learn and forget", sight},
		{"a cancelled call has no effect", cancelledWrite},
	} {
		t.Run(part.name, func(t *testing.T) { part.test(t, newLists(t)) })
	}
}

func (l Lists) caller() steptest.Caller {
	return steptest.Caller{Operations: l.Operations, Poll: l.Poll}
}

// entry is how the target's list spells a prefix.
func (l Lists) entry(prefix string) string {
	if l.Target.Via == routing.ViaBGP {
		return prefix + "@" + l.Target.NextHop
	}
	return prefix
}

func (l Lists) read(t *testing.T) routing.Announced {
	t.Helper()
	got, err := l.Announcements.Read(t.Context(), l.Target)
	if err != nil {
		t.Fatalf("read list: %v", err)
	}
	return got
}

// with is the custom list that has what is announced now, and more.
func with(a routing.Announced, more ...string) routing.Announced {
	entries := slices.Clone(a.Entries)
	if !a.Custom {
		entries = slices.DeleteFunc(slices.Clone(a.Defaults), func(d string) bool { return !strings.Contains(d, "/") })
	}
	owners := map[string]string{}
	for _, e := range more {
		owners[e] = owner
	}
	return routing.Announced{Custom: true, Entries: append(entries, more...), Defaults: a.Defaults, Owners: owners}
}

func (l Lists) write(t *testing.T, a routing.Announced) {
	t.Helper()
	l.caller().Must(t, "write list", func(ctx context.Context) error {
		return l.Announcements.Write(ctx, request(), l.Target, a)
	})
}

// becomes waits until the list reads as given, in any order.
func (l Lists) becomes(t *testing.T, want routing.Announced) routing.Announced {
	t.Helper()
	return until(t, l.caller(), fmt.Sprintf("read %v", want.Entries), func(ctx context.Context) (routing.Announced,
		error) {
		return l.Announcements.Read(ctx, l.Target)
	}, func(got routing.Announced) bool {
		return got.Custom == want.Custom && sameSet(got.Entries, want.Entries)
	})
}

func sameSet(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

func checkTargets(t *testing.T, l Lists) {
	known, err := l.Announcements.Check(t.Context(), l.Target)
	if err != nil {
		t.Fatalf("check a good target: %v", err)
	}
	for _, p := range l.Prefixes {
		if slices.Contains(known, p) {
			t.Errorf("known prefixes %v have the free %s", known, p)
		}
	}
	for _, target := range l.Refused {
		if _, err := l.Announcements.Check(t.Context(), target); steptest.ClassOf(err) != events.Refuse {
			t.Errorf("check %+v: %v, want a Refuse", target, err)
		}
	}
	before := l.read(t)
	l.write(t, with(before, l.entry(l.Prefixes[0])))
	l.becomes(t, with(before, l.entry(l.Prefixes[0])))
	until(t, l.caller(), "known after a write", func(ctx context.Context) ([]string, error) {
		return l.Announcements.Check(ctx, l.Target)
	}, func(known []string) bool { return slices.Contains(known, l.Prefixes[0]) })
}

func missingTarget(t *testing.T, l Lists) {
	if _, err := l.Announcements.Check(t.Context(), l.Missing); !absent(err) {
		t.Errorf("check a missing target: %v, want ErrNotFound or a Refuse", err)
	}
	if got, err := l.Announcements.Read(t.Context(), l.Missing); !absent(err) {
		t.Errorf("read a missing target: %v (%+v), want ErrNotFound or a Refuse", err, got)
	}
	a := routing.Announced{Custom: true, Entries: []string{l.entry(l.Prefixes[0])}}
	err := l.caller().Change(t, func(ctx context.Context) error {
		return l.Announcements.Write(ctx, request(), l.Missing, a)
	})
	if err == nil {
		t.Error("write to a missing target succeeded")
	}
}

func writeList(t *testing.T, l Lists) {
	before := l.read(t)
	want := with(before, l.entry(l.Prefixes[0]))
	for range 2 { // the repeat changes nothing
		l.write(t, want)
		got := l.becomes(t, want)
		if !sameSet(got.Defaults, before.Defaults) && len(got.Defaults) > 0 {
			t.Errorf("defaults %v became %v", before.Defaults, got.Defaults)
		}
		if o := got.Owners[l.entry(l.Prefixes[0])]; o != "" && o != owner {
			t.Errorf("the owner reads back as %q", o)
		}
	}
	l.write(t, before)
	l.becomes(t, before)
}

func writeTwo(t *testing.T, l Lists) {
	before := l.read(t)
	one, two := l.entry(l.Prefixes[0]), l.entry(l.Prefixes[1])
	l.write(t, with(before, one))
	l.write(t, with(before, one, two))
	l.becomes(t, with(before, one, two))
	l.write(t, with(before, two))
	l.becomes(t, with(before, two))
	l.write(t, before)
	l.becomes(t, before)
}

func listLimit(t *testing.T, l Lists) {
	if l.Limit == 0 {
		return // a list without a limit has none to name
	}
	before := l.read(t)
	a := with(before)
	for i := 0; len(a.Entries) <= l.Limit; i++ {
		a.Entries = append(a.Entries, l.entry(fmt.Sprintf("10.254.%d.%d/32", i/250, 1+i%250)))
	}
	err := l.caller().Change(t, func(ctx context.Context) error {
		return l.Announcements.Write(ctx, request(), l.Target, a)
	})
	if steptest.ClassOf(err) != events.Refuse || !strings.Contains(err.Error(), strconv.Itoa(l.Limit)) {
		t.Errorf("write %d entries: %v, want a Refuse that names %d", len(a.Entries), err, l.Limit)
	}
	l.becomes(t, before)
}

func sight(t *testing.T, l Lists) {
	look := func(ctx context.Context) (routing.Sight, error) {
		return l.Announcements.Sight(ctx, l.Target, l.Prefixes[0])
	}
	before := l.read(t)
	got, err := look(t.Context())
	if err != nil || len(got.Peers) == 0 || len(got.Seen) > 0 {
		t.Fatalf("sight of what nobody announces: %+v, %v; want peers, and none that has it", got, err)
	}
	l.write(t, with(before, l.entry(l.Prefixes[0])))
	until(t, l.caller(), "sight of an announced prefix", look, func(s routing.Sight) bool {
		return len(s.Peers) > 0 && sameSet(s.Peers, s.Seen)
	})
	l.write(t, before)
	until(t, l.caller(), "sight of a withdrawn prefix", look, func(s routing.Sight) bool { return len(s.Seen) == 0 })
}

func cancelledWrite(t *testing.T, l Lists) {
	before := l.read(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	a := with(before, l.entry(l.Prefixes[0]))
	if err := l.Announcements.Write(ctx, request(), l.Target, a); err == nil || steptest.ClassOf(err) == events.Refuse {
		t.Errorf("write under a cancelled context: %v, want an error that is no Refuse", err)
	}
	if _, err := l.Announcements.Read(ctx, l.Target); err == nil || absent(err) {
		t.Errorf("read under a cancelled context: %v, want an error that does not say what is there", err)
	}
	if got := l.read(t); got.Custom != before.Custom || !sameSet(got.Entries, before.Entries) {
		t.Errorf("after a cancelled write the list is %+v, was %+v", got, before)
	}
}
