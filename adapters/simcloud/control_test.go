package simcloud_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/culvertnet/culvert/adapters/simcloud"
	"github.com/culvertnet/culvert/adapters/simcloud/world"
)

func start(t *testing.T) *simcloud.Server {
	t.Helper()
	s, err := simcloud.Start(t.Context(), simcloud.Options{BGP: simcloud.BGP{Off: true}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// call makes a call of the control endpoint and returns its status and body.
func call(t *testing.T, s *simcloud.Server, path, body string) (int, string) {
	t.Helper()
	method := http.MethodGet
	if body != "" {
		method = http.MethodPost
	}
	req, err := http.NewRequest(method, s.URL()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, strings.TrimSpace(string(b))
}

const newZone = `{"name":"mine","dnsName":"mine.example.","visibility":"private","description":"of a test"}`

func TestControlShowsWhatWasDone(t *testing.T) {
	s := start(t)
	for path, want := range map[string]string{"/sim/resources": "[]", "/sim/effects": "[]", "/sim/faults": "[]",
		"/sim/diff": ""} {
		if status, got := call(t, s, path, ""); status != 200 || got != want {
			t.Errorf("%s of a fresh world: %d %s", path, status, got)
		}
	}
	if status, got := call(t, s, "/dns/v1/projects/acme-net/managedZones", newZone); status != 200 {
		t.Fatalf("%d %s", status, got)
	}
	_, got := call(t, s, "/sim/resources", "")
	want := `[{"vendor":"gcp","kind":"managedZones","name":"projects/acme-net/managedZones/mine","owner":"of a test","change":"added"}]`
	if got != want {
		t.Errorf("resources %s", got)
	}
	_, got = call(t, s, "/sim/effects", "")
	want = `[{"seq":1,"vendor":"gcp","call":"managedZones.create","kind":"managedZones","name":"projects/acme-net/managedZones/mine","owner":"of a test","effect":"create"}]`
	if got != want {
		t.Errorf("effects %s", got)
	}
	if _, got = call(t, s, "/sim/diff", ""); !strings.Contains(got, "(added)\n+ {") {
		t.Errorf("diff %s", got)
	}
	if status, got := call(t, s, "/sim/reset", `{"world":true}`); status != 200 || len(s.World.Resources()) != 0 {
		t.Errorf("reset: %d %s", status, got)
	}
}

func TestControlOfFaults(t *testing.T) {
	s := start(t)
	status, got := call(t, s, "/sim/faults",
		`{"vendor":"gcp","call":"managedZones.create","mode":"delay","delay":"1ms","match":"mine"}`)
	if status != 200 || !strings.Contains(got, `"times":1,"delay":"1ms","match":"mine","hits":0`) {
		t.Errorf("%d %s", status, got)
	}
	if status, _ := call(t, s, "/dns/v1/projects/acme-net/managedZones", newZone); status != 200 {
		t.Errorf("delayed call: %d", status)
	}
	var faults []struct{ Hits int }
	_, got = call(t, s, "/sim/faults", "")
	if err := json.Unmarshal([]byte(got), &faults); err != nil || len(faults) != 1 || faults[0].Hits != 1 {
		t.Errorf("faults %s", got)
	}
	for _, bad := range []string{`{}`, `{"vendor":"google","call":"x","mode":"refuse"}`,
		`{"vendor":"gcp","call":"x","mode":"explode"}`, `{"vendor":"gcp","call":"x","mode":"delay","delay":"soon"}`,
		`{"vendor":"gcp","call":"x","mode":"refuse","typo":1}`, `nonsense`} {
		if status, got := call(t, s, "/sim/faults", bad); status != 400 || !strings.Contains(got, `{"error":`) {
			t.Errorf("%s: %d %s", bad, status, got)
		}
	}
	if status, _ := call(t, s, "/sim/faults/take", `{"vendor":"bgp","call":"announce","resource":"x"}`); status != 204 {
		t.Errorf("no fault is armed: %d", status)
	}
	if _, err := s.World.AddFault(world.Fault{Vendor: "bgp", Call: "announce", Mode: world.Refuse}); err != nil {
		t.Fatal(err)
	}
	if status, got := call(t, s, "/sim/faults/take", `{"vendor":"bgp","call":"announce","resource":"x"}`); status !=
		200 || !strings.Contains(got, "refuse") {
		t.Errorf("%d %s", status, got)
	}
	if status, _ := call(t, s, "/sim/reset", `{"faults":true}`); status != 200 || len(s.World.Faults()) != 0 {
		t.Errorf("after reset: %v", s.World.Faults())
	}
	if status, _ := call(t, s, "/sim/reset", `{}`); status != 400 {
		t.Errorf("reset of nothing: %d", status)
	}
	if status, _ := call(t, s, "/sim/nothing", ""); status != 404 {
		t.Errorf("unknown page: %d", status)
	}
}

func TestControlJudgesAFlow(t *testing.T) {
	s := start(t)
	const behind = "/sim/judge?controller=avx-82&gateway=gcp-spoke-2&port=443&source=10.10.0.7&fqdn="
	for name, want := range map[string]string{"deb.debian.org": "allow", "elsewhere.example": "deny"} {
		if status, got := call(t, s, behind+name, ""); status != 200 || !strings.Contains(got, `"verdict":"`+want+`"`) {
			t.Errorf("flow to %s: %d %s", name, status, got)
		}
	}
}

func TestWorldTellsItsEndpoints(t *testing.T) {
	s := start(t)
	_, got := call(t, s, "/sim/world", "")
	var told struct {
		Speed       float64
		Google      string
		Controllers map[string]string
	}
	if err := json.Unmarshal([]byte(got), &told); err != nil {
		t.Fatal(err)
	}
	if told.Speed != world.DefaultSpeed || told.Google != s.URL() || len(told.Controllers) < 2 {
		t.Errorf("world %s", got)
	}
	for name, url := range told.Controllers {
		if url != s.URL()+"/controllers/"+name {
			t.Errorf("controller %s is at %s", name, url)
		}
	}
}
