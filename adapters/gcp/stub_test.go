package gcp

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A stub answers by method and path, and keeps what was sent.
type stub struct {
	*testing.T
	mu      sync.Mutex
	answers map[string][]string
	sent    []sent
}

type sent struct {
	call  string
	query url.Values
	body  map[string]any
}

// newStub serves answers by "METHOD /path"; the last one of a list is repeated.
func newStub(t *testing.T, answers map[string][]string) (*Client, *stub) {
	t.Helper()
	s := &stub{T: t, answers: answers}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	c, err := New(t.Context(), Options{Endpoint: server.URL})
	if err != nil {
		t.Fatalf("new client: %v", err)
	}
	return c, s
}

func (s *stub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	got := sent{call: r.Method + " " + r.URL.Path, query: r.URL.Query()}
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		s.Errorf("read %s: %v", got.call, err)
	}
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &got.body); err != nil {
			s.Errorf("body of %s: %v", got.call, err)
		}
	}
	s.sent = append(s.sent, got)
	list := s.answers[got.call]
	w.Header().Set("Content-Type", "application/json")
	if len(list) == 0 {
		w.WriteHeader(http.StatusNotFound)
		list = []string{
			`{"error":{"code":404,"message":"` + got.call + ` was not found","errors":[{"reason":"notFound"}]}}`,
		}
	} else if len(list) > 1 {
		s.answers[got.call] = list[1:]
	}
	if _, err := io.WriteString(w, list[0]); err != nil {
		s.Errorf("answer %s: %v", got.call, err)
	}
}

// calls gives what was sent to one method.
func (s *stub) calls(name string) []sent {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []sent
	for _, c := range s.sent {
		if c.call == name {
			out = append(out, c)
		}
	}
	return out
}

// body compares the one body that was sent to a method.
func (s *stub) body(name, want string) sent {
	s.Helper()
	got := s.calls(name)
	if len(got) != 1 {
		s.Fatalf("%s was called %d times, want once; all calls: %v", name, len(got), s.sent)
	}
	var w map[string]any
	if err := json.Unmarshal([]byte(want), &w); err != nil {
		s.Fatalf("wanted body: %v", err)
	}
	if diff := cmp.Diff(w, got[0].body); diff != "" {
		s.Errorf("body of %s (-want +got):\n%s", name, diff)
	}
	return got[0]
}
