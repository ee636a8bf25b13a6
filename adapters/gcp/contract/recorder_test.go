package contract_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/culvertnet/culvert/adapters/gcp/contract"
)

// canned answers everything with one status and body.
type canned struct {
	status int
	body   string
}

func (c canned) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: c.status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(c.body))},
		nil
}

func TestRecorderFindsWhatTheDocumentsForbid(t *testing.T) {
	const root = "http://127.0.0.1"
	const op = `{"name":"operation-1","status":"RUNNING"}`
	documents, err := contract.Load()
	if err != nil {
		t.Fatalf("load documents: %v", err)
	}
	for _, c := range []struct {
		why, method, path, body string
		answer                  canned
		want                    string // part of the one violation; "" for none
	}{
		{"a PSC rule with the empty scheme", "POST", "/compute/v1/projects/acme-net/global/forwardingRules?requestId=x",
			`{"name":"psc1","loadBalancingScheme":"","target":"all-apis"}`, canned{200, op}, ""},
		{"an unknown field", "POST", "/compute/v1/projects/acme-net/global/forwardingRules",
			`{"name":"psc1","ipAddress":"10.0.0.1"}`, canned{200, op},
			"compute.globalForwardingRules.insert request.ipAddress: is no field"},
		{"an output-only field", "POST", "/compute/v1/projects/acme-net/global/addresses",
			`{"name":"a","status":"IN_USE"}`, canned{200, op},
			"request.status: is output only"},
		{"a value outside the enumeration", "POST", "/compute/v1/projects/acme-net/global/addresses",
			`{"name":"a","purpose":"PSC"}`, canned{200, op},
			`request.purpose: is "PSC"`},
		{"a name outside the pattern", "POST", "/compute/v1/projects/acme-net/global/addresses", `{"name":"A_1"}`,
			canned{200, op},
			`request.name: is "A_1"`},
		{"a wrong type", "PATCH", "/compute/v1/projects/acme-net/regions/europe-west3/routers/edge",
			`{"bgp":{"advertisedIpRanges":"10.0.0.0/8"}}`, canned{200, op},
			"request.bgp.advertisedIpRanges: is string, want an array"},
		{"an unknown parameter", "DELETE", "/compute/v1/projects/acme-net/global/addresses/a?force=true", "",
			canned{200, op},
			"request?force: is no parameter"},
		{"a method that is not there", "PUT", "/compute/v1/projects/acme-net/global/addresses/a", "", canned{200, op},
			"is no method"},
		{"a body where none is taken", "DELETE", "/compute/v1/projects/acme-net/global/addresses/a", "{}",
			canned{200, op}, "has a body"},
		{"an unknown field in an answer", "GET", "/v1/projects/p/locations/r/connectors/c", "",
			canned{200, `{"name":"c","owner":"x"}`},
			"answer.owner: is no field"},
		{"an enumeration as a number where it was asked for", "GET",
			"/v1/projects/p/locations/r/connectors/c?$alt=json;enum-encoding=int", "",
			canned{200, `{"state":1}`}, ""},
		{"an enumeration as a number where it was not", "GET", "/v1/projects/p/locations/r/connectors/c", "",
			canned{200, `{"state":1}`},
			"answer.state: is float64"},
		{"a custom verb", "POST", "/v2/projects/p/locations/r/services/s:setIamPolicy",
			`{"policy":{"bindings":[{"role":"roles/run.invoker"}]}}`,
			canned{200, `{"etag":"YQ=="}`}, ""},
		{"an operation of either API on one path", "GET", "/v2/projects/p/locations/r/operations/o", "",
			canned{200, `{"name":"o","metadata":{"@type":"x","anything":1}}`}, ""},
		{"an error that is one", "GET", "/dns/v1/projects/p/managedZones/z", "",
			canned{404, `{"error":{"code":404,"message":"gone"}}`}, ""},
		{"an error that is none", "GET", "/dns/v1/projects/p/managedZones/z", "", canned{404, `not found`},
			"status 404 without an error"},
	} {
		t.Run(c.why, func(t *testing.T) {
			r := documents.Recorder(c.answer)
			req, err := http.NewRequestWithContext(t.Context(), c.method, root+c.path, strings.NewReader(c.body))
			if err != nil {
				t.Fatalf("new request: %v", err)
			}
			res, err := r.RoundTrip(req)
			if err != nil {
				t.Fatalf("round trip: %v", err)
			}
			if body, err := io.ReadAll(res.Body); err != nil || string(body) != c.answer.body {
				t.Errorf("answer read again is %q (%v)", body, err)
			}
			got := r.Report()
			if got.Requests != 1 || got.Answers != 1 {
				t.Errorf("seen %d requests and %d answers, want one of each", got.Requests, got.Answers)
			}
			if _, none := got.Methods["no method"]; len(got.Methods) != 1 || none != strings.Contains(c.want,
				"is no method") {
				t.Errorf("methods %v", got.Methods)
			}
			switch {
			case c.want == "" && len(got.Violations) > 0:
				t.Errorf("violations %q, want none", got.Violations)
			case c.want != "" && (len(got.Violations) != 1 || !strings.Contains(got.Violations[0], c.want)):
				t.Errorf("violations %q, want one with %q", got.Violations, c.want)
			}
		})
	}
}
