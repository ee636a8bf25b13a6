package journaltest

import (
	"errors"
	"testing"

	"github.com/culvertnet/culvert/saga"
)

var archiveCases = map[string]func(*testing.T, Harness){
	"ForgetsBeforeTheSnapshot":    forgetsBeforeTheSnapshot,
	"KeepsWhatLoadNeeds":          keepsWhatLoadNeeds,
	"WithoutSnapshotForgetsNone":  withoutSnapshotForgetsNone,
	"TouchesNoOtherConnection":    touchesNoOtherConnection,
	"GoesOnAfterwards":            goesOnAfterwards,
	"UnknownConnectionIsNoError":  unknownConnectionIsNoError,
	"ListedAsBefore":              listedAsBefore,
	"StaleAppendIsStillAConflict": staleAfterArchive,
}

func archive(t *testing.T, j saga.Journal, name string, before uint64) {
	t.Helper()
	if err := j.Archive(patient(t), key(name), before); err != nil {
		t.Fatalf("archive %s before %d: %v", name, before, err)
	}
}

// history makes a connection of versions 1 to 9 with snapshots at 3 and 6.
func history(t *testing.T, j saga.Journal, name string) {
	t.Helper()
	for v := range uint64(9) {
		a := record(key(name), v)
		if v == 2 || v == 5 {
			a = withSnapshot(a)
		}
		land(t, j, a)
	}
}

// followed is the versions that Follow yields up to the connection's ninth.
func followed(t *testing.T, j saga.Journal, name string) []uint64 {
	t.Helper()
	out := []uint64{}
	for r, err := range j.Follow(patient(t), 0) {
		if err != nil {
			t.Fatalf("follow: %v", err)
		}
		if r.Key != key(name) {
			continue
		}
		if out = append(out, r.Version); r.Version == 9 {
			break
		}
	}
	return out
}

func forgetsBeforeTheSnapshot(t *testing.T, h Harness) {
	j := h.Open(t)
	history(t, j, "old")
	archive(t, j, "old", 7)
	expect(t, j, key("old"), 6, 7, 8, 9)
	got := followed(t, j, "old")
	if got[0] < 6 {
		t.Errorf("version %d is still followed after archive before 7 with a snapshot at 6", got[0])
	}
	if last := got[len(got)-3:]; last[0] != 7 || last[1] != 8 || last[2] != 9 {
		t.Errorf("followed %v, want 7, 8 and 9 at the end", got)
	}
}

func keepsWhatLoadNeeds(t *testing.T, h Harness) {
	j := h.Open(t)
	for before := uint64(0); before <= 12; before++ {
		if before == 0 {
			history(t, j, "old")
		}
		archive(t, j, "old", before)
		expect(t, j, key("old"), 6, 7, 8, 9)
		expect(t, h.Open(t), key("old"), 6, 7, 8, 9)
	}
}

func withoutSnapshotForgetsNone(t *testing.T, h Harness) {
	j := h.Open(t)
	grow(t, j, key("young"), 0, 4)
	archive(t, j, "young", 3)
	expect(t, j, key("young"), 0, 1, 2, 3, 4)
}

func touchesNoOtherConnection(t *testing.T, h Harness) {
	j := h.Open(t)
	history(t, j, "old")
	history(t, j, "other")
	history(t, j, "olde")
	archive(t, j, "old", 9)
	for _, name := range []string{"other", "olde"} {
		if got := followed(t, j, name); len(got) != 9 {
			t.Errorf("%s: followed %v", name, got)
		}
	}
}

func goesOnAfterwards(t *testing.T, h Harness) {
	j := h.Open(t)
	history(t, j, "old")
	archive(t, j, "old", 9)
	grow(t, j, key("old"), 9, 1)
	land(t, j, record(key("old"), 9))
	grow(t, h.Open(t), key("old"), 10, 1)
	expect(t, j, key("old"), 6, 7, 8, 9, 10, 11)
}

func unknownConnectionIsNoError(t *testing.T, h Harness) { archive(t, h.Open(t), "nobody", 5) }

func listedAsBefore(t *testing.T, h Harness) {
	j := h.Open(t)
	history(t, j, "old")
	archive(t, j, "old", 9)
	for _, handle := range []saga.Journal{j, h.Open(t)} {
		if p := list(t, handle, saga.Query{}); len(p.Items) != 1 || p.Items[0].Version != 9 {
			t.Errorf("listed %+v", p.Items)
		}
	}
}

func staleAfterArchive(t *testing.T, h Harness) {
	j := h.Open(t)
	history(t, j, "old")
	archive(t, j, "old", 7)
	for _, handle := range []saga.Journal{j, h.Open(t)} {
		for _, after := range []uint64{0, 1, 5, 8} {
			a := record(key("old"), after)
			a.ID = "stranger"
			if err := one(t, handle, a); !errors.Is(err, saga.ErrConflict) {
				t.Errorf("append after %d of 9: %v", after, err)
			}
		}
	}
}
