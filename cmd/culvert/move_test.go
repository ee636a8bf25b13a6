package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/saga"
	"github.com/culvertnet/culvert/saga/audit"
)

// A backend is exported while its engine is held, and goes on as another one.
func TestMoveToAnotherBackend(t *testing.T) {
	first := server
	name, open := unique("cli-move"), unique("cli-move-open")
	culvertWith(t, intent(name, "fn-0030"), "submit", "-", "--wait").want(t, 0)
	exported := filepath.Join(t.TempDir(), "culvert.export")
	culvert(t, "pause", "--reason", "move").want(t, 0)
	t.Cleanup(func() { cleanUp(t, "resume", "--reason", "moved") })
	culvertWith(t, intent(open, "fn-0031"), "submit", "-").want(t, 0) // accepted, and held
	culvert(t, "export", exported).want(t, 0)
	culvert(t, "export", exported).want(t, 1) // never over another one
	before := decoded[[]events.Status](t, culvert(t, "list", "-o", "json").want(t, 0))

	second, stop, err := startDaemon("--data", t.TempDir(), "--world", sharedWorld, "--paused")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
	server = second.HTTP
	defer func() { server = first }()
	cut := filepath.Join(t.TempDir(), "cut.export")
	text, err := os.ReadFile(exported)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(cut, text[:bytes.LastIndexByte(text[:len(text)-1], '\n')+1], 0o600); err != nil {
		t.Fatal(err)
	}
	culvert(t, "import", cut).want(t, 1)
	if e := culvert(t, "list", "-o", "json").want(t, 0); len(decoded[[]events.Status](t, e)) != 0 {
		t.Errorf("an export that is cut short left\n%s", e.out)
	}
	for range 2 { // the second time everything is there
		culvert(t, "import", exported).want(t, 0)
	}
	sagas := func(all []events.Status) (out []string) {
		for _, v := range all {
			out = append(out, v.ID+" "+string(v.Status))
		}
		slices.Sort(out)
		return out
	}
	after := decoded[[]events.Status](t, culvert(t, "list", "-o", "json").want(t, 0))
	if got, want := sagas(after), sagas(before); !slices.Equal(got, want) {
		t.Errorf("the new home lists\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	culvert(t, "doctor", "--journal").want(t, 0)
	culvert(t, "resume", "--reason", "moved").want(t, 0)
	culvert(t, "watch", open).want(t, 0)
	culvert(t, "withdraw", name, "--wait").want(t, 0)
	culvert(t, "withdraw", open, "--wait").want(t, 0)
}

func TestDoctorVerifiesTheJournal(t *testing.T) {
	name := unique("cli-journal")
	culvertWith(t, intent(name, "fn-0032"), "submit", "-", "--wait").want(t, 0)
	e := culvert(t, "doctor", "--journal", "-o", "json").want(t, 0)
	report := decoded[audit.Report](t, e)
	i := slices.IndexFunc(report.Heads, func(h saga.Head) bool { return h.Key.Name == name })
	if i < 0 {
		t.Fatalf("no head of %s in %+v", name, report.Heads)
	}
	heads := filepath.Join(t.TempDir(), "heads.json")
	write := func() {
		b, err := json.Marshal(report)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(heads, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write()
	culvert(t, "doctor", "--journal", "--against", heads).want(t, 0)
	report.Heads[i].Hash = strings.Repeat("0", len(report.Heads[i].Hash))
	write()
	if e := culvert(t, "doctor", "--journal", "--against", heads).want(t, 1); !strings.Contains(e.out, name) ||
		!strings.Contains(e.out, "1 findings") {
		t.Errorf("another head is not found:\n%s", e.out)
	}
	culvert(t, "doctor", "--against", heads).want(t, 2)
	culvert(t, "withdraw", name, "--wait").want(t, 0)
}
