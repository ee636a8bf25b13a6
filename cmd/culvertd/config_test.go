package main

import (
	"context"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/culvertnet/culvert/cmd/internal/wiring"
)

// parseConfig is the configuration that a command line asks for. Help goes to out.
func parseConfig(args []string, out io.Writer) (c Config, err error) {
	keep := func(_ context.Context, read Config) error {
		c = read
		return nil
	}
	err = execute(context.Background(), newCommand(keep, keep), args, out, out)
	return c, err
}

func TestDefaults(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", "/state")
	c, err := parseConfig(nil, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if c.Data != "/state/culvert" || c.HTTP != "127.0.0.1:8480" || c.NATS != "127.0.0.1:4222" || c.SimSpeed != 60 ||
		c.Role != roleAll {
		t.Errorf("defaults %+v", c)
	}
	if !slices.Equal(c.Capabilities, capabilities) || len(capabilities) < 4 || c.Paused || c.AllowUnsynced ||
		c.NATSMonitors != nil {
		t.Errorf("defaults %+v", c)
	}
	op := c.File.PlansOperator()
	if !slices.Equal(op.Pools["psc-frankfurt"].Ranges, []netip.Prefix{netip.MustParsePrefix("10.200.0.0/20")}) ||
		op.Gateways["gcp-spoke-10"].Controller != "avx-100" || !slices.Equal(op.Speakers["site-edge"].Tenants,
		[]string{"default"}) ||
		!slices.Equal(op.Pools["psc-partner"].Tenants, []string{"partner"}) {
		t.Errorf("the operator of the simulated world: %+v", op)
	}
	t.Setenv("XDG_STATE_HOME", "")
	t.Setenv("HOME", "/home/ann")
	if c, err = parseConfig(nil, io.Discard); err != nil || c.Data != "/home/ann/.local/state/culvert" {
		t.Errorf("data in %q: %v", c.Data, err)
	}
}

func TestFlags(t *testing.T) {
	c, err := parseConfig([]string{
		"--data", "/d", "--http", ":0", "--nats", "127.0.0.1:0", "--sim-speed", "600.5", "--world-file", "w.yaml",
		"--role", "worker",
		"--capabilities", "egress,policy", "--nats-url", "nats://a:1,nats://b:1", "--world", "http://w:1", "--held",
		"--allow-unsynced",
		"--nats-monitors", "http://a:8222,http://b:8222", "--speaker", "x",
	}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if c.Data != "/d" || c.HTTP != ":0" || c.SimSpeed != 600.5 || c.WorldFile != "w.yaml" || c.Role != roleWorker ||
		c.World != "http://w:1" ||
		!slices.Equal(c.Capabilities, []string{"egress", "policy"}) || c.NATSURL != "nats://a:1,nats://b:1" ||
		!c.Paused || !c.AllowUnsynced ||
		!slices.Equal(c.NATSMonitors, []string{"http://a:8222", "http://b:8222"}) || c.Speaker != "x" {
		t.Errorf("flags read as %+v", c)
	}
	var help strings.Builder
	if _, err := parseConfig([]string{"--help"}, &help); err != nil || !strings.Contains(help.String(), "sim-speed") {
		t.Errorf("help %q: %v", help.String(), err)
	}
}

// One dash before a long flag was accepted, so units and scripts have it; a hint on stderr says what to write.
func TestFlagsWithOneDash(t *testing.T) {
	var said strings.Builder
	c, err := parseConfig([]string{"-data", "-http", "-http=:0", "-held", "--sim-speed", "-nats",
		"-allow-unsynced=false", "-role", "worker", "-nats-url", "nats://a:1"}, &said)
	if err == nil || !strings.Contains(err.Error(), "--sim-speed") {
		t.Errorf("a flag that stands where a value belongs was taken for a flag: %v", err)
	}
	said.Reset()
	c, err = parseConfig([]string{
		"-data", "-http", "-http=:0", "-held", "-allow-unsynced=false", "-role", "worker", "-nats-url", "nats://a:1",
	}, &said)
	if err != nil || c.Data != "-http" || c.HTTP != ":0" || !c.Paused || c.AllowUnsynced || c.Role != roleWorker ||
		c.NATSURL != "nats://a:1" {
		t.Errorf("flags read as %+v, %v", c, err)
	}
	want := "culvertd: write --data with two dashes; one dash is accepted for now\n" +
		"Flag --held has been deprecated, it is called --paused now\n"
	if said.String() != want {
		t.Errorf("said %q, want %q", said.String(), want)
	}
	said.Reset()
	if _, err := parseConfig([]string{"--data", "/d", "--sim-speed", "60"}, &said); err != nil || said.Len() > 0 {
		t.Errorf("two dashes need no hint: %q, %v", said.String(), err)
	}
	if _, err := parseConfig([]string{"-help"}, &said); err != nil || !strings.Contains(said.String(), "sim-speed") {
		t.Errorf("help %q: %v", said.String(), err)
	}
}

func TestHelpShowsNoPassword(t *testing.T) {
	t.Setenv("CULVERT_POSTGRES_URL", "postgres://culvert:secret@h/d")
	var help strings.Builder
	if _, err := parseConfig([]string{"--help"}, &help); err != nil || strings.Contains(help.String(), "secret") {
		t.Errorf("help %q: %v", help.String(), err)
	}
}

// Whatever is wrong is told with the flag's name, all at once.
func TestBadFlagsAreNamed(t *testing.T) {
	for line, want := range map[string]string{
		"extra":                               `"extra" is no flag`,
		"--no-such":                           "no-such",
		"--sim-speed fast":                    "sim-speed",
		"--sim-speed 0":                       "--sim-speed 0",
		"--sim-speed -1":                      "--sim-speed -1",
		"--sim-speed NaN":                     "--sim-speed NaN",
		"--sim-speed 10001":                   "--sim-speed 10001",
		"--role boss":                         `--role "boss"`,
		"--role worker":                       "--role worker needs --nats-url",
		"--postgres-url postgres://h/d":       "go together",
		"--postgres-url h --pubsub-project p": "--postgres-url is not the URL",
		"--nats-url nats://h:1 --postgres-url postgres://h/d --pubsub-project p": "two backends",
		"--role orchestrator": "--role orchestrator needs --nats-url",
		"--role speaker":      "--role speaker needs --nats-url",
		"--role speaker --nats-url nats://a:1 --speaker nobody": `--speaker "nobody"`,
		"--capabilities storage":                                `invalid --capabilities "storage"`,
		"--capabilities egress,egress":                          "--capabilities: egress is there twice",
		"--http 8480":                                           `--http "8480"`,
		"--nats localhost":                                      `--nats "localhost"`,
		"--world localhost:1":                                   `--world "localhost:1"`,
		"--nats-url localhost":                                  `--nats-url "localhost"`,
		"--nats-monitors a:8222":                                "--nats-monitors",
		"--config /no/such/file":                                "/no/such/file",
		"--data=":                                               `invalid --data ""`,
		"--role boss --sim-speed 0 --http x":                    "--sim-speed 0",
	} {
		t.Run(line, func(t *testing.T) {
			_, err := parseConfig(strings.Fields(line), io.Discard)
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("error %v, want one with %q", err, want)
			}
		})
	}
	_, err := parseConfig([]string{"--role", "boss", "--sim-speed", "0", "--http", "x"}, io.Discard)
	for _, part := range []string{"--role", "--sim-speed", "--http"} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("error %v does not name %s", err, part)
		}
	}
	if _, err := parseConfig([]string{"--role", "world"}, io.Discard); err != nil {
		t.Errorf("a world needs no broker: %v", err)
	}
}

func withFile(t *testing.T, text string, args ...string) (Config, error) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "culvert.yaml")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return parseConfig(append(args, "--config", name), io.Discard)
}

func TestTheFile(t *testing.T) {
	c, err := withFile(t, `
operator:
  pools: {p: {ranges: [10.0.0.0/24], tenants: [default]}}
  gateways: {g: {controller: c, tenants: [default]}}
google: {endpoint: "http://127.0.0.1:1"}
controllers: {c: {url: "https://c.example", username: u, passwordFile: /secret, caFile: /ca}}
speakers:
  s: {tenants: [default], asn: 65001, routerId: 192.0.2.1, grpc: "127.0.0.1:50051", peers: [{address: 192.0.2.9, port: 179, asn: 65002}]}
`)
	if err != nil {
		t.Fatal(err)
	}
	f := c.File
	if f.Google.Endpoint == "" || f.Controllers["c"].PasswordFile != "/secret" ||
		!reflect.DeepEqual(f.Speakers["s"].Peers[0], wiring.PeerConfig{Address: "192.0.2.9", Port: 179, ASN: 65002}) {
		t.Errorf("file read as %+v", f)
	}
	if _, has := f.Speakers["site-edge"]; has {
		t.Error("a file replaces the built-in configuration, and does not add to it")
	}
	if c, err := withFile(t, ""); err != nil || len(c.File.Operator.Pools) != 0 {
		t.Errorf("an empty file is an operator who allows nothing: %+v %v", c.File, err)
	}
}

// Every option of a peer that cannot be meant is refused with its field and its rule before anything starts.
func TestABadPeerIsRefusedByItsFieldAndRule(t *testing.T) {
	const peer = "speakers: {s: {tenants: [default], asn: 65001, routerId: 192.0.2.1, peers: [{asn: 65002, " +
		"address: 192.0.2.9, "
	for text, want := range map[string]string{
		"localAddress: \"fd00::1\"":   "localAddress: \"fd00::1\" is not an address of the family of 192.0.2.9",
		"localAddress: here":          "localAddress: \"here\" is not an address of the family of 192.0.2.9",
		"hops: 255":                   "hops: 255 is not in 1..254",
		"hops: -1":                    "hops",
		"holdTime: 2s":                "holdTime: 2s is not in whole seconds from 3s to 65535s",
		"holdTime: 3500ms":            "holdTime: 3.5s is not in whole seconds from 3s to 65535s",
		"holdTime: soon":              "soon",
		"keepalive: 20s":              "keepalive: 20s is not in whole seconds from 1s to a third of holdTime (10s)",
		"holdTime: 9s, keepalive: 4s": "keepalive: 4s is not in whole seconds from 1s to a third of holdTime (3s)",
		"communities: [65001]":        "communities: \"65001\" is not NUMBER:NUMBER of 16 bits each",
		"communities: [\"65536:1\"]":  "communities: \"65536:1\" is not NUMBER:NUMBER of 16 bits each",
		"communities: [no-export]":    "communities: \"no-export\" is not NUMBER:NUMBER of 16 bits each",
		"med: -1":                     "med",
		"prepend: 11":                 "prepend: 11 is more than 10",
		"maxPrefixes: -1":             "maxPrefixes: -1 is negative",
		"gracefulRestart: 5000s":      "gracefulRestart: 1h23m20s is not in whole seconds up to 4095s",
		"gracefulRestart: -1s":        "gracefulRestart is negative; 0s turns it off",
		"ttl: 1":                      "ttl",
		"password: secret":            "password",
		"address: \"fe80::1%eth0\"":   "address",
		"asn: 65001, hops: 3":         "asn",
	} {
		t.Run(text, func(t *testing.T) {
			if _, err := withFile(t, peer+text+"}]}}"); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("error %v, want one with %q", err, want)
			}
		})
	}
	const good = peer + `port: 1179, localAddress: 192.0.2.1, passwordFile: /secret, hops: 3, ttlSecurity: true,
  holdTime: 90s, keepalive: 20s, communities: ["65001:100"], med: 0, prepend: 2, maxPrefixes: 100,
  gracefulRestart: 0s, optional: true}]}}`
	if _, err := withFile(t, good); err != nil {
		t.Errorf("every option at once: %v", err)
	}
}

func TestABadFileIsRefusedByItsField(t *testing.T) {
	const speaker = "speakers: {s: {tenants: [default], asn: 65001, routerId: 192.0.2.1, "
	const google = "google: {endpointIsSimulated: true, endpoint: \"https://"
	const twice = speaker + "peers: [{address: 192.0.2.9, asn: 1}, {address: 192.0.2.9, asn: 2}]}}"
	for text, want := range map[string]string{
		"colour: red":                                                      "colour",
		"operator: {pols: {}}":                                             "pols",
		"google: [x]":                                                      "line 1",
		"operator: {}\n---\noperator: {}":                                  "more than one document",
		"operator: {pools: {p: {ranges: []}}}":                             "operator.pools.p.ranges is empty",
		"operator: {pools: {p: {ranges: [10.0.0.1/24]}}}":                  "operator.pools.p.ranges: 10.0.0.1/24",
		"operator: {pools: {p: {ranges: [\"fd00::/64\"]}}}":                "operator.pools.p.ranges: fd00::/64",
		"operator: {pools: {p: {ranges: [ten]}}}":                          "ten",
		"operator: {gateways: {g: {controller: c}}}":                       `operator.gateways.g.controller: "c"`,
		"controllers: {c: {url: \"https://c\", passwordFile: f}}":          "controllers.c.username",
		"controllers: {c: {url: c, username: u, passwordFile: f}}":         "controllers.c.url",
		"controllers: {c: {url: \"https://c\", username: u}}":              "controllers.c.passwordFile",
		"controllers: {c: {url: \"https://c\", username: u, password: x}}": "password",
		"google: {endpoint: here}":                                         "google.endpoint",
		"google: {endpoint: \"https://world.example\"}":                    "endpointIsSimulated: true if it is one",
		"google: {endpointIsSimulated: true}":                              "google.endpointIsSimulated: there is no",
		"google: {projects: {p: {plays: []}}}":                             "google.projects.p.plays is empty",
		"google: {projects: {p: {plays: [networks]}}}":                     "invalid \"networks\"",
		"speakers: {s: {routerId: 192.0.2.1}}":                             "speakers.s.asn",
		"speakers: {s: {asn: 65001, routerId: \"fd00::1\"}}":               "speakers.s.routerId",
		speaker + "grpc: here}}":                                           "speakers.s.grpc",
		speaker + "subnets: [10.11.0.7/24]}}":                              "speakers.s.subnets: 10.11.0.7/24",
		speaker + "peers: [{address: here, port: 179, asn: 1}]}}":          "speakers.s.peers[0].address",
		speaker + "peers: [{address: 192.0.2.9, port: 70000, asn: 1}]}}":   "speakers.s.peers[0].port",
		speaker + "peers: [{address: 192.0.2.9, port: 179}]}}":             "speakers.s.peers[0].asn",
		twice:                                "speakers.s.peers[1].address",
		google + "Compute.googleapis.com\"}": "google.endpoint: \"https://Compute.googleapis",
		google + "w.example\", endpoints: {dns: \"https://d\"}}":    "google.endpoints: there is an endpoint",
		google + "w.example\", universeDomain: u.example}":          "google.universeDomain: there is an endpoint",
		"google: {endpoints: {gce: \"https://c\"}}":                 "google.endpoints.gce: no API of this name",
		"google: {endpoints: {compute: \"http://c.example\"}}":      "google.endpoints.compute: \"http://c.example\"",
		"google: {endpoints: {compute: \"https://c/compute/v1/\"}}": "is not https://host without a path",
		"google: {endpoints: {compute: \"https://u:p@c\"}}":         "google.endpoints.compute",
		"google: {endpoints: {compute: c.p.googleapis.com}}":        "google.endpoints.compute",
		"google: {universeDomain: \"https://apis.example\"}":        "google.universeDomain: \"https://apis.example\"",
	} {
		t.Run(want, func(t *testing.T) {
			if _, err := withFile(t, text); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("error %v, want one with %q", err, want)
			}
		})
	}
}
