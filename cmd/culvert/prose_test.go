package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"

	"github.com/culvertnet/culvert/adapters/httpapi"
	"github.com/culvertnet/culvert/events"
)

// wordless is a server whose engine is held and whose texts are all x: the first tries of an export meet commands in
// flight.
func wordless(t *testing.T, tries int, code events.ProblemCode) string {
	answer := func(w http.ResponseWriter, v any) {
		if err := json.NewEncoder(w).Encode(v); err != nil {
			t.Error(err)
		}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/info", func(w http.ResponseWriter, _ *http.Request) { answer(w, httpapi.Info{}) })
	mux.HandleFunc("GET /v1/claims", func(w http.ResponseWriter, _ *http.Request) { answer(w, []int{}) })
	mux.HandleFunc("GET /v1/export/records", func(w http.ResponseWriter, _ *http.Request) {
		if tries--; tries < 0 {
			answer(w, []int{})
			return
		}
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusConflict)
		fmt.Fprintf(w, `{"type":"urn:culvert:problem:%s","status":409,"title":"x","detail":"x"}`, code)
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s.URL
}

// An export waits while commands are in flight, and for nothing else, whatever the server says in words.
func TestExportWaitsByTheCode(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x.export")
	culvert(t, "export", file, "--server", wordless(t, 1, events.ProblemInFlight)).want(t, 0)
	file = filepath.Join(t.TempDir(), "y.export")
	culvert(t, "export", file, "--server", wordless(t, 1, events.ProblemNotHeld)).want(t, 1)
}
