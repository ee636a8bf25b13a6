package httpapi_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/culvertnet/culvert/adapters/httpapi"
)

var update = flag.Bool("update", false, "rewrite the golden files")

const golden = "../../docs/openapi.json"

func document(t *testing.T) []byte {
	t.Helper()
	w := httptest.NewRecorder()
	httpapi.Handler(httpapi.Options{Version: "0.1.0"}).ServeHTTP(w, httptest.NewRequest("GET", "/openapi.json", nil))
	if w.Code != 200 {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	var b bytes.Buffer
	if err := json.Indent(&b, w.Body.Bytes(), "", "  "); err != nil {
		t.Fatalf("the document is no JSON: %v", err)
	}
	return append(bytes.TrimSpace(b.Bytes()), '\n')
}

// The document is part of the contract: a change of it is a change of the API, to be reviewed as one.
func TestOpenAPIGolden(t *testing.T) {
	got := document(t)
	if *update {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatalf("read golden file (make golden writes it): %v", err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("the document is not %s any more; make golden rewrites it", golden)
	}
}

type operation struct {
	OperationID string `json:"operationId"`
	Summary     string `json:"summary"`
	RequestBody struct {
		Required bool                       `json:"required"`
		Content  map[string]json.RawMessage `json:"content"`
	} `json:"requestBody"`
	Parameters []struct{ Name, In string } `json:"parameters"`
	Responses  map[string]struct {
		Content map[string]json.RawMessage `json:"content"`
	} `json:"responses"`
}

func TestTheDocumentHasEveryOperation(t *testing.T) {
	var d struct {
		OpenAPI string                          `json:"openapi"`
		Paths   map[string]map[string]operation `json:"paths"`
	}
	raw := document(t)
	if err := json.Unmarshal(raw, &d); err != nil || !strings.HasPrefix(d.OpenAPI, "3.1.") {
		t.Fatalf("version %q: %v", d.OpenAPI, err)
	}
	if bytes.Contains(raw, []byte("$schema")) {
		t.Error("bodies have $schema")
	}
	want := map[string]string{ // operation → its good answer
		"POST /v1/intents": "202", "GET /v1/sagas": "200", "GET /v1/sagas/{id}": "200",
		"GET /v1/sagas/{id}/events":  "200",
		"POST /v1/sagas/{id}/cancel": "202", "POST /v1/sagas/{id}/replay": "202", "POST /v1/sagas/{id}/resolve": "202",
		"POST /v1/connections/{id}/pause": "202", "POST /v1/connections/{id}/resume": "202",
		"POST /v1/engine/pause":  "202",
		"POST /v1/engine/resume": "202", "GET /v1/dead-letters": "200", "GET /v1/dead-letters/{id}": "200",
		"DELETE /v1/dead-letters/{id}": "204", "POST /v1/dead-letters/{id}/requeue": "202", "GET /v1/claims": "200",
		"POST /v1/claims/break": "202", "POST /v1/journal/audit": "200",
		"GET /v1/export/records": "200", "POST /v1/import": "204", "GET /v1/info": "200", "GET /v1/kinds/{kind}": "200",
		"GET /healthz":    "204",
		"GET /v1/workers": "200", "GET /v1/signals": "200", "GET /v1/doctor": "200",
		"POST /v1/preflight":         "200",
		"POST /v1/sagas/{id}/survey": "202", "GET /v1/sagas/{id}/survey": "200",
	}
	ids := map[string]bool{}
	for path, methods := range d.Paths {
		for method, op := range methods {
			name := strings.ToUpper(method) + " " + path
			good, known := want[name]
			if !known {
				t.Errorf("%s is documented, and this test does not know it", name)
			}
			delete(want, name)
			if _, has := op.Responses[good]; !has || op.Summary == "" || op.OperationID == "" || ids[op.OperationID] {
				t.Errorf("%s: responses %v, summary %q, id %q", name, op.Responses, op.Summary, op.OperationID)
			}
			ids[op.OperationID] = true
			for status, answer := range op.Responses {
				if _, is := answer.Content["application/problem+json"]; status >= "400" && !is {
					t.Errorf("%s: the answer %s is no problem", name, status)
				}
			}
			if strings.Count(path, "{") != len(pathParameters(op)) {
				t.Errorf("%s: parameters %v", name, op.Parameters)
			}
		}
	}
	for name := range want {
		t.Errorf("%s is not documented", name)
	}
	intents := d.Paths["/v1/intents"]["post"].RequestBody
	if len(intents.Content) != 3 || intents.Required {
		t.Errorf("the three modes of an intent: %v", intents)
	}
	if _, is := d.Paths["/v1/sagas/{id}/events"]["get"].Responses["200"].Content["text/event-stream"]; !is {
		t.Error("the stream is no event stream")
	}
}

func pathParameters(op operation) (names []string) {
	for _, p := range op.Parameters {
		if p.In == "path" {
			names = append(names, p.Name)
		}
	}
	return names
}
