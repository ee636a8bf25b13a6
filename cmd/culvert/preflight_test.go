package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/culvertnet/culvert/adapters/httpapi"
	"github.com/culvertnet/culvert/examples"
)

// inWorld starts a daemon whose world has some more lines about Google Cloud, for the rest of the test.
func inWorld(t *testing.T, lines string) {
	t.Helper()
	dir := t.TempDir()
	world := bytes.Replace(examples.World, []byte("count: 1000"), []byte("count: 10"), 1)
	world = bytes.Replace(world, []byte("\ngoogle:\n"), []byte("\ngoogle:\n"+lines), 1)
	file := filepath.Join(dir, "world.yaml")
	if err := os.WriteFile(file, world, 0o600); err != nil {
		t.Fatal(err)
	}
	at, stop, err := startDaemon("--data", dir, "--world-file", file)
	if err != nil {
		t.Fatal(err)
	}
	shared := server
	server = at.HTTP
	t.Cleanup(func() {
		server = shared
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
}

const connectorExample = "../../examples/private-service-connector.yaml"

// What is missing is named at once with its remedy, for what the intent needs and no more, and the exit code says so.
func TestDoctorPreflight(t *testing.T) {
	inWorld(t, `  access: [{identity: "*", without: [compute.routers.update, vpcaccess.connectors.create]}]
  disabledApis: [{project: acme-net, apis: [dns.googleapis.com]}]
`)
	e := culvert(t, "doctor", "--preflight", "-f", connectorExample).want(t, 1)
	for _, line := range []string{"missing: permission vpcaccess.connectors.create in project acme-prod\n",
		"missing: api dns.googleapis.com in project acme-net\n",
		"  remedy: gcloud services enable dns.googleapis.com --project=acme-net\n", "--role=roles/vpcaccess.admin\n",
		"asked as the worker's own account: acme-net, acme-prod, acme-shared\n",
		" 2 missing, 0 could not be asked, 0 optional; asked by 1 workers\n"} {
		if !strings.Contains(e.out, line) {
			t.Errorf("%q is not in\n%s", line, e.out)
		}
	}
	if strings.Contains(e.out, "routers.update") {
		t.Errorf("an intent that announces nothing needs no router:\n%s", e.out)
	}
	p := decoded[httpapi.Preflight](t, culvert(t, "doctor", "--preflight", "-o", "json").want(t, 1))
	if p.Ready || p.Missing != 4 || p.Unknown != 0 {
		t.Errorf("everything: %+v", p)
	}
	attached := decoded[httpapi.Preflight](t, culvert(t, "doctor", "--preflight", "-o", "json", "-f",
		"../../examples/private-service-direct.yaml").want(t, 1))
	if attached.Missing != 1 || attached.Findings[0].Name != "dns.googleapis.com" {
		t.Errorf("a direct interface: %+v", attached)
	}
}

// What could not be asked is not missing, and has an exit code of its own; where nothing is missing it is 0.
func TestDoctorPreflightThatCouldNotAsk(t *testing.T) {
	culvert(t, "doctor", "--preflight", "-f", connectorExample).want(t, 0)
	inWorld(t, `  access: [{identity: "*", without: [serviceusage.services.get]}]
`)
	p := decoded[httpapi.Preflight](t, culvert(t, "doctor", "--preflight", "-f", connectorExample, "-o", "json").
		want(t, 7))
	if p.Ready || p.Missing != 0 || p.Unknown == 0 {
		t.Errorf("preflight: %+v", p)
	}
}

func TestDoctorPreflightIsRefused(t *testing.T) {
	for _, line := range []string{"doctor -f x.yaml", "doctor --preflight --journal"} {
		culvert(t, strings.Fields(line)...).want(t, 2)
	}
	if e := culvertWith(t, `{"specversion":"1.0"}`, "doctor", "--preflight", "-f", "-").want(t, 1); !strings.Contains(
		e.errs, "refused:") {
		t.Errorf("a bad event: %s", e.errs)
	}
}
