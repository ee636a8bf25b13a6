package recorded

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// twoNetworks is a log in the form of the recordings: two networks under one placeholder, told apart by what a read
// shows; the first is deleted first.
const twoNetworks = `POST https://compute.googleapis.com/compute/v1/projects/${projectId}/global/networks?alt=json
Content-Type: application/json

{"autoCreateSubnetworks": false, "description": "first", "name": "${networkID}"}

200 OK
Content-Type: application/json

{"kind": "compute#operation", "name": "${operationID}", "status": "RUNNING", "zone": "never"}

---

POST https://compute.googleapis.com/compute/v1/projects/${projectId}/global/networks?alt=json

{"autoCreateSubnetworks": false, "description": "second", "name": "${networkID}"}

200 OK

{"kind": "compute#operation", "name": "${operationID}", "status": "RUNNING"}

---

GET https://compute.googleapis.com/compute/v1/projects/${projectId}/global/operations/${operationID}?alt=json

200 OK

{"kind": "compute#operation", "name": "${operationID}", "status": "DONE", "progress": "100"}

---

GET https://compute.googleapis.com/compute/v1/projects/${projectId}/global/networks/${networkID}?alt=json

200 OK

{"description": "first", "kind": "compute#network", "name": "${networkID}"}

---

DELETE https://compute.googleapis.com/compute/v1/projects/${projectId}/global/networks/${networkID}?alt=json

200 OK

{"kind": "compute#operation", "targetLink": "https://www.googleapis.com/compute/v1/projects/${projectId}/global/networks/${networkID}"}

---

GET https://compute.googleapis.com/compute/v1/projects/${projectId}/global/networks/${networkID}?alt=json

404 Not Found

{"error": {"code": 404, "message": "It is gone"}}

---

GET https://iam.googleapis.com/v1/projects/${projectId}/serviceAccounts/x

200 OK

{}
`

func TestRecordedReplay(t *testing.T) {
	file := filepath.Join(t.TempDir(), "networks.http.log")
	if err := os.WriteFile(file, []byte(twoNetworks), 0o600); err != nil {
		t.Fatal(err)
	}
	apart := map[string]int{}
	rows, err := recordedLog(t.Context(), file, apart)
	if err != nil {
		t.Fatal(err)
	}
	if apart["iam/serviceAccounts"] != 1 || len(apart) != 1 {
		t.Errorf("apart: %v, want the one request to IAM", apart)
	}
	networks, operations := rows["compute/networks"], rows["compute/operations"]
	if networks == nil || operations == nil {
		t.Fatalf("rows: %v", rows)
	}
	if networks.requests != 5 || networks.statuses != 5 {
		t.Errorf("networks: %d of %d statuses: %v", networks.statuses, networks.requests, networks.statusNotes)
	}
	if len(networks.missing) != 1 || !strings.HasSuffix(networks.missing[0], " zone") {
		t.Errorf("missing: %v, want the field that no operation has", networks.missing)
	}
	if len(operations.mistyped) != 1 || !strings.Contains(operations.mistyped[0], "progress: number, not string") {
		t.Errorf("types: %v, want progress", operations.mistyped)
	}
	if networks.refusals != 1 || networks.reasons != 0 || networks.verdict() == nil {
		t.Errorf("refusals %d, the same %d, verdict %v: the message differs and must be told", networks.refusals,
			networks.reasons, networks.verdict())
	}
	for _, line := range networks.values {
		if strings.Contains(line, "description") {
			t.Errorf("the read was taken for the other network: %s", line)
		}
	}
}

// TestAnExchangeThatCannotBeSent is told in its row, and those behind it are compared all the same.
func TestAnExchangeThatCannotBeSent(t *testing.T) {
	const broken = `GET https://compute.googleapis.com/compute/v1/projects/${projectId}/global/networks?filter=%zz

200 OK

{"kind": "compute#networkList"}

---

GET https://compute.googleapis.com/compute/v1/projects/${projectId}/global/networks?a=1;b=2

200 OK

{"kind": "compute#networkList"}

---

`
	file := filepath.Join(t.TempDir(), "broken.http.log")
	if err := os.WriteFile(file, []byte(broken+twoNetworks), 0o600); err != nil {
		t.Fatal(err)
	}
	rows, err := recordedLog(t.Context(), file, map[string]int{})
	if err != nil {
		t.Fatal(err)
	}
	networks := rows["compute/networks"]
	if networks == nil || networks.requests != 7 || networks.statuses != 5 {
		t.Fatalf("networks: %+v", networks)
	}
	for i, want := range []string{"%zz", "semicolon"} {
		if !strings.Contains(networks.statusNotes[i], want) {
			t.Errorf("note %d: %s, want %s", i, networks.statusNotes[i], want)
		}
	}
	if err := networks.verdict(); err == nil || !strings.Contains(err.Error(), "not sent") {
		t.Errorf("verdict: %v", err)
	}
}

// TestQueriesAreTakenApartFirst: what is escaped in a value stays in it.
func TestQueriesAreTakenApartFirst(t *testing.T) {
	r := &replay{names: newNames()}
	for recorded, want := range map[string]string{
		"filter=name%3D%22a%26b%22&alt=json": "alt=json&filter=name%3D%22a%26b%22",
		"a=1%2B1&b=x+y":                      "a=1%2B1&b=x+y",
		"project=${projectId}":               "project=" + recordedProject,
		"":                                   "",
	} {
		if got, err := r.query(exchange{query: recorded}, nil); err != nil || got != want {
			t.Errorf("%s: got %s, %v", recorded, got, err)
		}
	}
}

func TestFits(t *testing.T) {
	for _, c := range []struct {
		want, have any
		fits       bool
	}{
		{"networks/${networkID}", "networks/a-1", true},
		{"networks/${networkID}", "networks/a/b", false},
		{"a.b", "axb", false},
		{"${one}-${two}", "x-y", true},
		{float64(1), float64(1), true},
		{float64(1), "1", false},
	} {
		if got := fits(c.want, c.have); got != c.fits {
			t.Errorf("fits(%v, %v) = %v", c.want, c.have, got)
		}
	}
}
