package plans

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/culvertnet/culvert/adapters/gcp/contract"
	"github.com/culvertnet/culvert/cmd/internal/proof"
)

// The proxy changes nothing, and what passes to Google's APIs, and only that, is held against the documents.
func TestTheProxyBetween(t *testing.T) {
	documents, err := contract.Load()
	if err != nil {
		t.Fatal(err)
	}
	world := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/cut") {
			panic(http.ErrAbortHandler)
		}
		w.Header().Set("X-Seen", r.Method+" "+r.URL.RawQuery)
		_, _ = io.WriteString(w, `{"name":"c","owner":"x"}`)
	}))
	defer world.Close()
	recorder := documents.Recorder(nil)
	between, stop, err := serveBetween(world.URL, recorder)
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	for path, seen := range map[string]string{
		"/v1/projects/p/locations/r/connectors/c?$alt=json;enum-encoding=int": "GET $alt=json;enum-encoding=int",
		"/sim/resources":               "GET",
		"/controllers/avx-82/v1/api?a": "GET a",
	} {
		resp, err := http.Get(between + path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		if resp.Body.Close(); err != nil || resp.Header.Get("X-Seen") != seen ||
			string(body) != `{"name":"c","owner":"x"}` {
			t.Errorf("%s: the world saw %q, the caller %s: %v", path, resp.Header.Get("X-Seen"), body, err)
		}
	}
	if resp, err := http.Get(between + "/v1/projects/p/locations/r/connectors/cut"); err == nil {
		resp.Body.Close()
		t.Errorf("a connection that the world cuts is answered with %s", resp.Status)
	}
	r := recorder.Report()
	if r.Requests < 2 || r.Answers != 1 || len(r.Violations) != 1 || !strings.Contains(r.Violations[0], "owner") {
		t.Errorf("report %+v: one violation, in the one answer of Google's APIs", r)
	}
	table := &proof.Table{}
	judge(r, table)
	if len(table.Misses) != 2 { // the method with the violation, and that there are too few methods
		t.Errorf("misses %v", table.Misses)
	}
}
