package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// patience bounds every wait of these tests; nothing needs a tenth of it.
const patience = 30 * time.Second

// server is the daemon that all tests of this package share: the real one, with its simulated world, each test with
// connections and services of its own.
var server string

// sharedWorld is its simulated world's address.
var sharedWorld string

// daemonFile is the built daemon.
var daemonFile string

func TestMain(m *testing.M) { os.Exit(withDaemon(m)) }

func withDaemon(m *testing.M) int {
	dir, err := os.MkdirTemp("", "culvert-test-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	daemonFile = filepath.Join(dir, "culvertd")
	if out, err := exec.Command("go", "build", "-o", daemonFile, "../culvertd").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build culvertd: %v\n%s", err, out)
		return 1
	}
	at, stop, err := startDaemon("--data", dir)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	server, sharedWorld = at.HTTP, at.World
	code := m.Run()
	if err := stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

// ready is what a daemon prints when it is.
type ready struct{ HTTP, World string }

// startDaemon starts a daemon on free ports; stop drains it, and fails with its log when it did not end well.
func startDaemon(args ...string) (at ready, stop func() error, err error) {
	var log bytes.Buffer
	daemon := exec.Command(daemonFile, append(
		[]string{"--http", "127.0.0.1:0", "--nats", "127.0.0.1:0", "--sim-speed", "1200"}, args...,
	)...)
	daemon.Stderr = &log
	daemon.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := daemon.StdoutPipe()
	if err != nil {
		return at, nil, err
	}
	if err := daemon.Start(); err != nil {
		return at, nil, err
	}
	stop = func() error {
		_ = daemon.Process.Signal(syscall.SIGTERM) // one that has ended is waited for
		if err := daemon.Wait(); err != nil {
			return fmt.Errorf("daemon: %w; its log:\n%s", err, log.String())
		}
		return nil
	}
	line, _ := bufio.NewReader(out).ReadString('\n') // a line that is cut short is no JSON
	if err := json.Unmarshal([]byte(line), &at); err != nil {
		return at, nil, errors.Join(fmt.Errorf("daemon is not ready: %w in %q", err, line), stop())
	}
	return at, stop, nil
}

// ended is what came of a run of the command line.
type ended struct {
	code      int
	out, errs string
}

// culvert runs the command line against the daemon.
func culvert(t *testing.T, args ...string) ended {
	t.Helper()
	return culvertWith(t, "", args...)
}

func culvertWith(t *testing.T, input string, args ...string) ended {
	t.Helper()
	t.Setenv("CULVERT_SERVER", server)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var out, errs strings.Builder
	code := run(ctx, args, strings.NewReader(input), &out, &errs)
	if ctx.Err() != nil {
		t.Errorf("culvert %s did not end: %s", strings.Join(args, " "), errs.String())
	}
	return ended{code, out.String(), errs.String()}
}

// want fails the test when the exit code is another one.
func (e ended) want(t *testing.T, code int) ended {
	t.Helper()
	if e.code != code {
		t.Fatalf("exit code %d, want %d\n%s%s", e.code, code, e.out, e.errs)
	}
	return e
}

// decoded reads the output as JSON.
func decoded[T any](t *testing.T, e ended) T {
	t.Helper()
	var v T
	d := json.NewDecoder(strings.NewReader(e.out))
	if err := d.Decode(&v); err != nil {
		t.Fatalf("output is not JSON: %v\n%s%s", err, e.out, e.errs)
	}
	if _, err := d.Token(); err != io.EOF {
		t.Fatalf("output is more than one JSON value:\n%s", e.out)
	}
	return v
}

// intent is a small private service in YAML: a way out through direct egress for a service of the simulated world.
func intent(name, service string) string {
	return fmt.Sprintf(`specversion: "1.0"
type: culvert.private-service.apply.v1
subject: %s
datacontenttype: application/json
data:
  service: {platform: cloud-run, project: acme-prod, region: europe-west3, name: %s}
  network: projects/acme-net/global/networks/spoke-vpc
  egress:
    direct: {subnetwork: projects/acme-net/regions/europe-west3/subnetworks/direct-egress}
    vpcEgress: private-ranges-only
`, name, service)
}

// file writes an intent into a file.
func file(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "intent.yaml")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// fault lets a vendor call fail until the test ends.
func fault(t *testing.T, call string, more ...string) {
	t.Helper()
	culvert(t, append([]string{"sim", "fault", "add", "--vendor", "gcp", "--call", call, "--mode", "refuse"},
		more...)...).want(t, 0)
	t.Cleanup(func() { cleanUp(t, "sim", "reset", "--faults") })
}

// cleanUp runs the command line when a test has ended.
func cleanUp(t *testing.T, args ...string) {
	var out, errs strings.Builder
	ctx := context.WithoutCancel(t.Context())
	if code := run(ctx, append(args, "--server", server), strings.NewReader(""), &out, &errs); code != 0 {
		t.Errorf("culvert %v: %d %s", args, code, errs.String())
	}
}

// unique makes a connection's name that no other run of a test has.
func unique(name string) string { return name + "-" + strings.ToLower(rand.Text()[:8]) }
