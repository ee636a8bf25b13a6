package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
)

func TestMistakesOfUsageAreTwo(t *testing.T) {
	for _, line := range []string{
		"no-such-command", "submit", "submit a b", "submit --no-such-flag x", "submit x --timeout soon", "list extra",
		"list -o xml",
		"show", "show a b", "watch", "cancel a", "cancel --reason r", "pause a b", "pause a --capability egress",
		"withdraw",
		"replay --reason r", "replay --status completed --reason r", "replay a --canary 1 --reason r",
		"replay a --kind k --reason r",
		"replay --status stuck --pace fast --reason r", "replay --status stuck --pace 0/s --reason r",
		"replay --status stuck --canary -1 --reason r", "replay a", "replay a --status stuck --reason r",
		"resolve a b --reason r", "resolve a b --retry --skip --reason r",
		"resolve a --retry --reason r", "dead-letters", "dead-letters no-such", "dead-letters show", "claims",
		"claims break a --reason r",
		"claims break a b", "explain", "doctor a", "workers a", "sim", "sim no-such", "sim fault", "sim fault add",
		"sim fault add --vendor gcp --call x", "sim resources x",
	} {
		t.Run(line, func(t *testing.T) {
			if e := culvert(t, strings.Fields(line)...).want(t, 2); e.errs == "" || e.out != "" {
				t.Errorf("stdout %q, stderr %q", e.out, e.errs)
			}
		})
	}
	for _, line := range []string{"", "--help", "submit --help", "sim --help", "sim fault add --help"} {
		if e := culvert(t, strings.Fields(line)...).want(t, 0); !strings.Contains(e.out, "Usage:") {
			t.Errorf("culvert %s says %q", line, e.out)
		}
	}
}

func TestTheServerIsNamedOnceOrByTheEnvironment(t *testing.T) {
	culvert(t, "list", "--server", strings.TrimPrefix(server, "http://")).want(t, 0)
	culvert(t, "list", "--server", server+"/").want(t, 0)
	if e := culvert(t, "list", "--server", "http://127.0.0.1:1").want(t, 1); !strings.Contains(e.errs, "127.0.0.1:1") {
		t.Errorf("stderr %q does not say who was asked", e.errs)
	}
	t.Setenv("CULVERT_SERVER", "http://127.0.0.1:1")
	var out, errs strings.Builder
	if code := run(t.Context(), []string{"list"}, strings.NewReader(""), &out, &errs); code != 1 {
		t.Errorf("CULVERT_SERVER is not read: %d %s", code, out.String())
	}
}

func TestOrdersThatNobodyCanCarryOut(t *testing.T) {
	for _, line := range []string{
		"cancel nobody --reason r", "pause nobody", "resume nobody", "replay nobody --reason r",
		"resolve nobody a --skip --reason r",
		"dead-letters show 77", "dead-letters requeue 77", "dead-letters discard 77", "claims break a b --reason r",
		"explain no-such-kind",
		"list --status finished", "sim fault add --vendor gcp --call x --mode no-such", "pause --capability storage",
	} {
		t.Run(line, func(t *testing.T) {
			if e := culvert(t, strings.Fields(line)...).want(t, 1); e.errs == "" || e.out != "" {
				t.Errorf("stdout %q, stderr %q", e.out, e.errs)
			}
		})
	}
}

func TestPauseAConnection(t *testing.T) {
	name := unique("cli-pause")
	culvertWith(t, intent(name, "fn-0019"), "submit", "-", "--wait").want(t, 0)
	if e := culvert(t, "pause", name, "--reason", "look at it").want(t, 0); strings.TrimSpace(e.out) != "done" {
		t.Errorf("pause says %q", e.out)
	}
	culvert(t, "withdraw", name, "--wait", "--timeout", "50ms").want(t, 5)
	culvert(t, "resume", name).want(t, 0)
	culvert(t, "watch", name).want(t, 0)
}

func TestClaimsAreListedAndBroken(t *testing.T) {
	name := unique("cli-claims")
	culvertWith(t, intent(name, "fn-0020"), "submit", "-", "--wait").want(t, 0)
	all := decoded[[]workers.Claimed](t, culvert(t, "claims", "list", "-o", "json").want(t, 0))
	resource, holder := "", ""
	for _, c := range all {
		for _, h := range c.Record.Holds {
			if strings.HasPrefix(h.Holder, "default_"+name+"/") && h.Live() {
				resource, holder = c.Resource, h.Holder
			}
		}
	}
	if resource == "" {
		t.Fatalf("no hold of %s in %+v", name, all)
	}
	if e := culvert(t, "claims", "list", "--prefix", resource).want(t, 0); !strings.Contains(e.out, holder) ||
		!strings.Contains(e.out, "held") {
		t.Errorf("list says\n%s", e.out)
	}
	culvert(t, "claims", "break", resource, holder, "--reason", "by hand").want(t, 0)
	culvert(t, "claims", "break", resource, holder, "--reason", "twice").want(t, 1)
	for _, c := range decoded[[]workers.Claimed](t, culvert(t, "claims", "list", "--prefix", resource, "-o",
		"json").want(t, 0)) {
		for _, h := range c.Record.Holds {
			if h.Holder == holder && h.Live() {
				t.Errorf("%s still holds %s", holder, resource)
			}
		}
	}
	culvert(t, "withdraw", name, "--wait").want(t, 0)
}

func TestExplain(t *testing.T) {
	e := culvert(t, "explain", "private-service").want(t, 0)
	for _, part := range []string{"flowchart LR", "bind-service --> map-names", "schema of apply:",
		"schema of withdraw:", `"ipCidrRange"`} {
		if !strings.Contains(e.out, part) {
			t.Errorf("the explanation has no %q", part)
		}
	}
	v := decoded[map[string]any](t, culvert(t, "explain", "private-service", "-o", "json").want(t, 0))
	if v["kind"] != "private-service" || v["schemas"].(map[string]any)["apply"] == nil {
		t.Errorf("explained %v", v)
	}
}

func TestExplainAVersion(t *testing.T) {
	newest := culvert(t, "explain", "private-service").want(t, 0)
	if first := culvert(t, "explain", "private-service", "--version", "1").want(t, 0); !strings.HasPrefix(first.out,
		"private-service, version 1 of ") {
		t.Errorf("version 1 is explained by %.60q, the newest by %.60q", first.out, newest.out)
	}
	if e := culvert(t, "explain", "private-service", "--version", "99").want(t, 1); !strings.Contains(e.errs,
		"no version 99") {
		t.Errorf("a version that is not there: %s", e.errs)
	}
}

// A withdrawal is of the newest version that the daemon knows; one that does not tell, of an older release, knows the
// first.
func TestAWithdrawalIsOfTheNewestVersion(t *testing.T) {
	for newest, want := range map[int]string{0: "culvert.things.withdraw.v1", 3: "culvert.things.withdraw.v3"} {
		var posted struct {
			Type, Subject string
			Data          json.RawMessage
		}
		mux := http.NewServeMux()
		mux.HandleFunc("GET /v1/sagas/orders", func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, `{"id":"default_orders.1","connection":"orders","kind":"things"}`)
		})
		mux.HandleFunc("GET /v1/kinds/things", func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(w, `{"kind":"things","newest":%d}`, newest)
		})
		mux.HandleFunc("POST /v1/intents", func(w http.ResponseWriter, r *http.Request) {
			if err := json.NewDecoder(r.Body).Decode(&posted); err != nil {
				t.Error(err)
			}
			w.WriteHeader(http.StatusAccepted)
			fmt.Fprint(w, `[{"saga":"default_orders.2"}]`)
		})
		s := httptest.NewServer(mux)
		culvert(t, "--server", s.URL, "withdraw", "orders")
		if posted.Type != want || posted.Subject != "orders" || string(posted.Data) != "{}" {
			t.Errorf("with the newest version %d the intent is %+v, want %s", newest, posted, want)
		}
		culvert(t, "--server", s.URL, "withdraw", "orders", "--accept", "lost=vm-1", "--accept", "widened=a=b")
		if got, want := string(posted.Data), `{"accept":[{"cause":"lost","object":"vm-1"},`+
			`{"cause":"widened","object":"a=b"}]}`; got != want {
			t.Errorf("with consents the data is %s, want %s", got, want)
		}
		culvert(t, "--server", s.URL, "withdraw", "orders", "--accept", "lost").want(t, 2)
		s.Close()
	}
}

func TestTheSimulatedWorld(t *testing.T) {
	name := unique("cli-world")
	culvertWith(t, intent(name, "fn-0021"), "submit", "-", "--wait").want(t, 0)
	if e := culvert(t, "sim", "resources").want(t, 0); !strings.Contains(e.out, "VENDOR") ||
		!strings.Contains(e.out, "fn-0021") {
		t.Errorf("resources:\n%s", e.out)
	}
	if e := culvert(t, "sim", "effects").want(t, 0); !strings.Contains(e.out, "services.patch") {
		t.Errorf("effects:\n%s", e.out)
	}
	if e := culvert(t, "sim", "diff").want(t, 0); !strings.Contains(e.out, "fn-0021 (changed)\n- ") {
		t.Errorf("diff:\n%s", e.out)
	}
	if e := culvert(t, "sim", "faults", "-o", "json").want(t, 0); strings.TrimSpace(e.out) != "[]" {
		t.Errorf("faults %s", e.out)
	}
	fault(t, "services.patch", "--match", "fn-0022", "--times", "3", "--status", "403")
	if e := culvert(t, "sim", "faults").want(t, 0); !strings.Contains(e.out, "services.patch") {
		t.Errorf("faults:\n%s", e.out)
	}
	culvert(t, "withdraw", name, "--wait").want(t, 0) // the fault is for another service
	if v := decoded[[]events.Status](t, culvert(t, "list", "--name", name, "--status", "completed", "--kind",
		"private-service", "-o", "json").want(t, 0)); len(v) != 1 {
		t.Errorf("listed %v", v)
	}
}
