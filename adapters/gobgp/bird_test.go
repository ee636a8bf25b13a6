package gobgp_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/culvertnet/culvert/adapters/gobgp"
)

// bird is another implementation of BGP, from Debian, as the remote site: on 127.0.0.2, on a high port, without
// touching the kernel's routes.
type bird struct {
	port   uint16
	socket string
	birdc  string
}

const birdConfig = `router id 192.0.2.2;
log stderr { error, fatal, bug };
protocol device { }
protocol bgp speaker {
	local 127.0.0.2 port %d as 65002;
	neighbor 127.0.0.1 as 65001;
	multihop 2;
	passive yes;
	strict bind yes;
	connect retry time 2;
	%s
}
`

// startBIRD starts it with more lines for its protocol; channels among them take the place of the usual one.
func startBIRD(t *testing.T, more string) *bird {
	t.Helper()
	daemon, client := program(t, "bird"), program(t, "birdc")
	if !strings.Contains(more, "ipv4 {") {
		more += "\n\tipv4 { import all; export none; };"
	}
	dir, err := os.MkdirTemp("", "bird") // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	b := &bird{port: freePort(t, "127.0.0.2"), socket: filepath.Join(dir, "ctl"), birdc: client}
	config := filepath.Join(dir, "bird.conf")
	if err := os.WriteFile(config, fmt.Appendf(nil, birdConfig, b.port, more), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(daemon, "-f", "-c", config, "-s", b.socket, "-P", filepath.Join(dir, "pid"))
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // killed: its status says so
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	eventually(
		t, "BIRD answers", func() bool { return strings.Contains(b.ask("show", "status"), "Daemon is up and running") },
	)
	return b
}

// program finds a program of Debian's package bird2. A machine without it cannot show what this test is for.
func program(t *testing.T, name string) string {
	t.Helper()
	for _, place := range []string{name, "/usr/sbin/" + name} {
		if path, err := exec.LookPath(place); err == nil {
			return path
		}
	}
	t.Fatalf("%s is missing; the test with a foreign BGP implementation needs it: apt-get install bird2", name)
	return ""
}

func (b *bird) ask(words ...string) string {
	out, err := exec.Command(b.birdc, append([]string{"-s", b.socket}, words...)...).CombinedOutput()
	if err != nil {
		return fmt.Sprintf("%v: %s", err, out)
	}
	return string(out)
}

func TestBIRD(t *testing.T) {
	b := startBIRD(t, "")
	peers := []gobgp.Peer{{Address: "127.0.0.2", Port: b.port, ASN: siteASN, LocalAddress: "127.0.0.1", Hops: 2,
		RestartTime: -1}}
	s := startSpeaker(t, gobgp.SpeakerOptions{Peers: peers})
	c := newClient(t, s.Addr().String())

	write(t, c, "10.200.0.5/32@"+hop, "10.200.0.6/32@"+hop)
	eventually(t, "BIRD has both prefixes", func() bool {
		table := b.ask("show", "route", "all")
		return strings.Contains(table, "10.200.0.5/32") && strings.Contains(table, "10.200.0.6/32")
	})
	table := b.ask("show", "route", "all", "for", "10.200.0.5/32")
	for _, attribute := range []string{"BGP.as_path: 65001", "BGP.next_hop: " + hop, "BGP.origin: IGP"} {
		if !strings.Contains(table, attribute) {
			t.Errorf("%s is missing in:\n%s", attribute, table)
		}
	}
	eventually(t, "the prefix is sent", func() bool {
		sight, err := c.Sight(t.Context(), target(), "10.200.0.5/32")
		return err == nil && slices.Equal(sight.Sent, []string{"127.0.0.2"})
	})

	write(t, c, "10.200.0.6/32@"+hop)
	eventually(t, "BIRD has forgotten what was withdrawn", func() bool {
		table := b.ask("show", "route")
		return !strings.Contains(table, "10.200.0.5/32") && strings.Contains(table, "10.200.0.6/32")
	})

	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "BIRD has forgotten a speaker that is gone", func() bool {
		return !strings.Contains(b.ask("show", "route"), "10.200.0.6/32")
	})
	startSpeaker(t, gobgp.SpeakerOptions{Peers: peers, Refill: func(context.Context) ([]string, error) {
		return []string{"10.200.0.6/32@" + hop}, nil
	}})
	eventually(t, "BIRD has what the new speaker found in its claims", func() bool {
		return strings.Contains(b.ask("show", "route"), "10.200.0.6/32")
	})
}
