package control_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/culvertnet/culvert/adapters/simcloud"
	"github.com/culvertnet/culvert/adapters/simcloud/control"
	"github.com/culvertnet/culvert/adapters/simcloud/world"
)

const zones = "/dns/v1/projects/acme-net/managedZones"

func start(t *testing.T) (control.Client, *simcloud.Server) {
	t.Helper()
	s, err := simcloud.Start(t.Context(), simcloud.Options{World: world.Config{Speed: 7}, BGP: simcloud.BGP{Off: true}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return control.Client{URL: s.URL()}, s
}

func makeZone(t *testing.T, s *simcloud.Server) int {
	t.Helper()
	resp, err := http.Post(s.URL()+zones, "application/json",
		strings.NewReader(`{"name":"mine","dnsName":"mine.example.","visibility":"private","description":"of a test"}`))
	if err != nil {
		t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode
}

// What the world serves comes through the client whole: effects, differences, their text, and where the vendors are.
func TestTheWorldIsRead(t *testing.T) {
	c, s := start(t)
	if status := makeZone(t, s); status != http.StatusOK {
		t.Fatalf("make a zone: %d", status)
	}
	effects, err := c.Effects(t.Context())
	want := control.Effect{
		Seq: 1, Vendor: "gcp", Call: "managedZones.create", Kind: "managedZones",
		Name: "projects/acme-net/managedZones/mine", Owner: "of a test", Effect: "create",
	}
	if err != nil || len(effects) != 1 || effects[0] != want {
		t.Errorf("effects %+v: %v", effects, err)
	}
	left, err := c.Resources(t.Context())
	if err != nil || len(left) != 1 || left[0] != (control.Difference{Vendor: want.Vendor, Kind: want.Kind,
		Name: want.Name, Owner: want.Owner, Change: "added"}) {
		t.Errorf("differences %+v: %v", left, err)
	}
	if text, err := c.Diff(t.Context()); err != nil || !strings.Contains(string(text), "(added)\n+ {") {
		t.Errorf("diff %s: %v", text, err)
	}
	at, err := c.Endpoints(t.Context())
	if err != nil || at.Speed != 7 || at.Google != s.URL() || at.Controllers["avx-82"] == "" || at.BGP != "" {
		t.Errorf("endpoints %+v: %v", at, err)
	}
	if err := c.Reset(t.Context(), control.Reset{World: true}); err != nil || len(s.World.Resources()) != 0 {
		t.Errorf("reset: %v, %d differences", err, len(s.World.Resources()))
	}
}

// A fault comes back as it was armed, with the hits that it has had.
func TestAFaultComesBackWithItsHits(t *testing.T) {
	c, s := start(t)
	armed := control.Fault{
		Vendor: "gcp", Call: "managedZones.create", Mode: world.Delay, Times: 2, Status: "409",
		Delay: control.Delay(time.Millisecond), Match: "mine",
	}
	if err := c.AddFault(t.Context(), armed, control.Fault{Vendor: "bgp", Call: "*", Mode: world.Refuse,
		Times: world.Always}); err != nil {
		t.Fatal(err)
	}
	if status := makeZone(t, s); status != http.StatusOK {
		t.Fatalf("a delayed call: %d", status)
	}
	armed.ID, armed.Hits = 1, 1
	faults, err := c.Faults(t.Context())
	if err != nil || len(faults) != 2 || faults[0] != armed || faults[1].Times != world.Always || faults[1].Delay != 0 {
		t.Errorf("faults %+v: %v", faults, err)
	}
	if err := c.Reset(t.Context(), control.Reset{Faults: true}); err != nil || len(s.World.Faults()) != 0 {
		t.Errorf("reset: %v, %d faults", err, len(s.World.Faults()))
	}
}

// What the world refuses is a refusal with its words; what is no world at all is another error.
func TestRefusals(t *testing.T) {
	c, _ := start(t)
	var refused *control.Refusal
	if err := c.AddFault(t.Context(), control.Fault{Vendor: "gcp", Call: "x", Mode: "explode"}); !errors.As(err,
		&refused) || refused.Status != 400 ||
		!strings.Contains(refused.Message, "explode") || strings.Contains(refused.Message, "{") {
		t.Errorf("a mode that does not exist: %v", err)
	}
	if _, err := c.Site(t.Context()); !errors.As(err, &refused) || refused.Status != 404 {
		t.Errorf("a world without BGP has no site: %v", err)
	}
	other := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/sim/effects" {
			rw.WriteHeader(http.StatusBadGateway)
		}
		_, _ = rw.Write([]byte("not a world"))
	}))
	defer other.Close()
	c.URL = other.URL
	if _, err := c.Effects(t.Context()); !errors.As(err, &refused) || refused.Message != "not a world" {
		t.Errorf("an answer without a problem: %v", err)
	}
	if _, err := c.Faults(t.Context()); err == nil || errors.As(err, new(*control.Refusal)) {
		t.Errorf("no JSON: %v", err)
	}
	other.Close()
	if _, err := c.Faults(t.Context()); err == nil ||
		!strings.Contains(err.Error(), "ask the simulated world for faults") {
		t.Errorf("nobody there: %v", err)
	}
}
