package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/culvertnet/culvert/adapters/httpapi"
	"github.com/culvertnet/culvert/adapters/simcloud/control"
	"github.com/culvertnet/culvert/cmd/internal/wiring"
	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/events/pause"
	"github.com/culvertnet/culvert/examples/examplestest"
)

// patience bounds every wait of these tests; nothing needs a tenth of it.
const patience = 60 * time.Second

// childArgs makes this test binary the daemon itself: what tests need as a process is the program under test.
const childArgs = "CULVERTD_TEST_ARGS"

func TestMain(m *testing.M) {
	if args, child := os.LookupEnv(childArgs); child {
		os.Args = append(os.Args[:1], strings.Split(args, "\n")...)
		flag.CommandLine = flag.NewFlagSet("culvertd", flag.ExitOnError)
		main()
		return
	}
	os.Exit(m.Run())
}

// daemon is a running culvertd, in this process or in a child.
type daemon struct {
	t *testing.T
	addresses
	// stop drains it as SIGTERM does and gives what run returned; kill is for children only.
	stop func() error
	kill func()
	log  *buffer
}

// buffer is a log that may be read while it is written.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write makes it an io.Writer.
func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

// String is all that was written.
func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// args adds what every test wants: free ports, a fast world, a folder of its own unless one is named.
func fullArgs(t *testing.T, args []string) []string {
	t.Helper()
	full := append([]string{"--http", "127.0.0.1:0", "--nats", "127.0.0.1:0", "--sim-speed", "1200"}, args...)
	if !strings.Contains(strings.Join(args, " "), "--data") {
		full = append(full, "--data", t.TempDir())
	}
	return full
}

// inProcess runs the daemon in this process. Its configuration has no BGP speaker: two of GoBGP's servers in one
// process race on the library's own globals, which the race detector would hold against us.
func inProcess(t *testing.T, args ...string) *daemon {
	t.Helper()
	d, err := tryInProcess(t, append(args, "--config", withoutSpeakers(t))...)
	if err != nil {
		t.Fatalf("start: %v\n%s", err, d.log)
	}
	return d
}

// tryInProcess gives the error of a daemon that does not start.
func tryInProcess(t *testing.T, args ...string) (*daemon, error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	d := &daemon{t: t, log: &buffer{}}
	out, in := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := run(ctx, fullArgs(t, args), in, d.log)
		ended <- err
		in.CloseWithError(errors.Join(err, io.EOF))
	}()
	d.stop = sync.OnceValue(func() error {
		cancel()
		select {
		case err := <-ended:
			return err
		case <-time.After(patience):
			return errors.New("it did not drain")
		}
	})
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		return d, d.stop()
	}
	t.Cleanup(func() {
		if err := d.stop(); err != nil {
			t.Errorf("drain: %v", err)
		}
		d.tell()
	})
	return d, json.Unmarshal(line, &d.addresses)
}

// tell shows the log of a test that failed.
func (d *daemon) tell() {
	if d.t.Failed() {
		log := d.log.String()
		d.t.Logf("the daemon's log ends:\n%s", log[max(0, len(log)-4000):])
	}
}

// child runs the daemon as a process.
func child(t *testing.T, args ...string) *daemon {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	d := &daemon{t: t, log: &buffer{}}
	cmd := exec.Command(self)
	// GoBGP's globals, see inProcess
	cmd.Env = append(os.Environ(), childArgs+"="+strings.Join(fullArgs(t, args), "\n"), "GORACE=exitcode=0")
	cmd.Stderr = d.log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, _ := bufio.NewReader(out).ReadBytes('\n') // a line that is cut short is no JSON
	ended := sync.OnceValue(cmd.Wait)
	d.stop = sync.OnceValue(func() error {
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
			return err
		}
		late := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() }) // it says so by its exit code
		defer late.Stop()
		return ended()
	})
	killed := false
	d.kill = func() {
		killed = true
		_ = cmd.Process.Kill()
		_ = ended()
	}
	t.Cleanup(func() {
		if err := d.stop(); err != nil && !killed {
			t.Errorf("drain: %v", err)
		}
		d.tell()
	})
	if err := json.Unmarshal(line, &d.addresses); err != nil {
		t.Fatalf("the process does not say where it is: %v\n%s", err, d.log)
	}
	return d
}

// worldAlone is a simulated world in a process of its own.
func worldAlone(t *testing.T) *daemon {
	t.Helper()
	return child(t, "--role", "world")
}

// withoutSpeakers writes the configuration of the simulated world without its BGP speakers.
func withoutSpeakers(t *testing.T) string {
	t.Helper()
	text, _, found := strings.Cut(string(wiring.Simulated()), "speakers:")
	if !found {
		t.Fatal("the built-in configuration has no speakers any more")
	}
	name := filepath.Join(t.TempDir(), "culvert.yaml")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func (d *daemon) api() httpapi.Client { return httpapi.Client{URL: d.HTTP} }

// submit posts an event over HTTP.
func (d *daemon) submit(event []byte) httpapi.Accepted {
	d.t.Helper()
	accepted, err := d.api().Submit(d.t.Context(), "application/cloudevents+json", event)
	if err != nil {
		d.t.Fatalf("submit: %v", err)
	}
	return accepted[0]
}

// ends waits for the end of a saga, which must be as wanted.
func (d *daemon) ends(id string, want events.SagaStatus) events.Status {
	d.t.Helper()
	return d.until(id, func(v events.Status) bool {
		if v.Status.Ended() && v.Status != want {
			d.t.Fatalf("%s is %s (%s), want %s", id, v.Status, v.Reason, want)
		}
		return v.Status == want
	})
}

// until follows a saga until it is as wanted.
func (d *daemon) until(id string, wanted func(events.Status) bool) events.Status {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(d.t.Context(), patience)
	defer cancel()
	var last events.Status
	for ctx.Err() == nil {
		for v, err := range d.api().Watch(ctx, id) {
			if err != nil {
				rest(ctx)
				break
			}
			if last = v; wanted(v) {
				return v
			}
		}
	}
	d.t.Fatalf("%s is not as wanted: %+v", id, last)
	return last
}

// sim is the simulated world's control endpoint.
func (d *daemon) sim() control.Client { return control.Client{URL: d.World} }

// fault lets a vendor's call go wrong.
func (d *daemon) fault(f control.Fault) {
	d.t.Helper()
	if err := d.sim().AddFault(d.t.Context(), f); err != nil {
		d.t.Fatal(err)
	}
}

// rest is the time between two looks at something that cannot tell of its change.
func rest(ctx context.Context) { _ = pause.For(ctx, 20*time.Millisecond) } // an end is seen by who looks next

func (d *daemon) resources() []control.Difference {
	d.t.Helper()
	list, err := d.sim().Resources(d.t.Context())
	if err != nil {
		d.t.Fatal(err)
	}
	return list
}

func (d *daemon) effects() []control.Effect {
	d.t.Helper()
	list, err := d.sim().Effects(d.t.Context())
	if err != nil {
		d.t.Fatal(err)
	}
	return list
}

// clean waits until the world is as the scenario says: vendors settle some things late.
func (d *daemon) clean() {
	d.t.Helper()
	d.eventually("the world is as it was", func() bool { return len(d.resources()) == 0 })
}

func (d *daemon) eventually(what string, holds func() bool) {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(d.t.Context(), patience)
	defer cancel()
	for !holds() {
		if rest(ctx); ctx.Err() != nil {
			d.t.Fatalf("%s: not within %s", what, patience)
		}
	}
}

// example is an intent of the examples folder as JSON, changed as wanted.
func example(t *testing.T, file string, changes ...func(event, data map[string]any)) []byte {
	t.Helper()
	return examplestest.Event(t, "../../examples", file, changes...)
}

// withdrawal is an event that gives a connection up.
func withdrawal(name, id string) []byte {
	return fmt.Appendf(nil,
		`{"specversion":"1.0","id":%q,"source":"/test","type":"culvert.private-service.withdraw.v1","subject":%q,"datacontenttype":"application/json","data":{}}`, id, name)
}

// throughConnector makes the way out one through a connector.
func throughConnector(_, data map[string]any) {
	out := data["egress"].(map[string]any)
	delete(out, "direct")
	out["connector"] = map[string]any{"subnet": "projects/acme-net/regions/europe-west3/subnetworks/serverless-28"}
}
