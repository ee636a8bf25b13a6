package simcloud_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/culvertnet/culvert/adapters/simcloud"
	"github.com/culvertnet/culvert/adapters/simcloud/world"
)

// worldDir makes this test's program a world with its state there, until its standard input ends.
const worldDir = "SIMCLOUD_TEST_WORLD_DIR"

func TestMain(m *testing.M) {
	dir := os.Getenv(worldDir)
	if dir == "" {
		os.Exit(m.Run())
	}
	s, err := simcloud.Start(
		context.Background(), simcloud.Options{World: world.Config{Dir: dir, Speed: 600}, BGP: simcloud.BGP{Off: true}},
	)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(s.URL())
	_, _ = io.Copy(io.Discard, os.Stdin)
	os.Exit(0)
}

// process is a world in a process of its own.
type process struct {
	t   *testing.T
	cmd *exec.Cmd
	url string
}

func startProcess(t *testing.T, dir string) *process {
	t.Helper()
	p := &process{t: t, cmd: exec.Command(os.Args[0])}
	p.cmd.Env = append(os.Environ(), worldDir+"="+dir)
	p.cmd.Stderr = os.Stderr
	in, err := p.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = in.Close(); p.kill() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the world did not say where it is: %v", err)
	}
	p.url = strings.TrimSpace(line)
	return p
}

// kill ends the process as a power switch would; killing twice is harmless.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
}

// ask makes a call; an error means that no whole answer came.
func (p *process) ask(method, path, body string) (string, error) {
	req, err := http.NewRequestWithContext(p.t.Context(), method, p.url+path, strings.NewReader(body))
	if err != nil {
		return "", err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s %s: %s: %s", method, path, resp.Status, b)
	}
	return strings.TrimSpace(string(b)), err
}

func (p *process) must(method, path, body string) string {
	p.t.Helper()
	b, err := p.ask(method, path, body)
	if err != nil {
		p.t.Fatal(err)
	}
	return b
}

// until asks again and again until the answer has the text.
func (p *process) until(path, text string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), 20*time.Second)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for last := ""; ; {
		if last = p.must("GET", path, ""); strings.Contains(last, text) {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			p.t.Fatalf("%s never had %q: %s", path, text, last)
		}
	}
}

// login gives a controller's session.
func (p *process) login() string {
	p.t.Helper()
	var answer struct{ CID string }
	text := p.must("GET", "/controllers/avx-82/v2/api?action=login&username=admin&password=simulated", "")
	if err := json.Unmarshal([]byte(text), &answer); err != nil || answer.CID == "" {
		p.t.Fatalf("login: %s", text)
	}
	return answer.CID
}

// TestKilledBetweenEffectAndAnswer: whoever was not answered finds the effect in the ledger of the world that comes
// back, and an operation that was under way ends.
func TestKilledBetweenEffectAndAnswer(t *testing.T) {
	const connectors = "/v1/projects/acme-net/locations/europe-west3/connectors"
	for _, c := range []struct {
		vendor, call       string
		method, path, body string
		under, end         string // where to look for the end of what is under way
	}{
		{"gcp", "connectors.create", "POST", connectors + "?connectorId=conn1",
			`{"network":"spoke-vpc","ipCidrRange":"10.8.0.0/28","minInstances":2,"maxInstances":3}`,
			connectors + "/conn1", "READY"},
		{"gcp", "managedZones.create", "POST", "/dns/v1/projects/acme-net/managedZones", newZone, "/sim/resources",
			`managedZones/mine`},
		{"aviatrix", "edit_gateway_advertised_cidr", "GET",
			"/controllers/avx-82/v2/api?action=edit_gateway_advertised_cidr&gateway_name=gcp-spoke-1" +
				"&cidr=10.200.0.5/32", "",
			"/sim/resources", "gcp-spoke-1/10.200.0.5/32"},
	} {
		t.Run(c.call, func(t *testing.T) {
			dir := t.TempDir()
			p := startProcess(t, dir)
			if c.vendor == "aviatrix" {
				c.path += "&CID=" + p.login()
			}
			p.must("POST", "/sim/faults", fmt.Sprintf(`{"vendor":%q,"call":%q,"mode":"delay","delay":"1h"}`, c.vendor,
				c.call))
			answered := make(chan error, 1)
			go func() {
				_, err := p.ask(c.method, c.path, c.body)
				answered <- err
			}()
			p.until("/sim/effects", c.call)
			effects := p.must("GET", "/sim/effects", "")
			p.kill()
			if err := <-answered; err == nil {
				t.Error("the call was answered before the world was killed")
			}
			again := startProcess(t, dir)
			if got := again.must("GET", "/sim/effects", ""); got != effects {
				t.Errorf("ledger after the kill %s, before it %s", got, effects)
			}
			again.until(c.under, c.end)
		})
	}
}
