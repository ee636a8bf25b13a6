package plans

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/culvertnet/culvert/cmd/internal/proof"
	"github.com/culvertnet/culvert/cmd/internal/proof/lab"
	"github.com/culvertnet/culvert/cmd/internal/wiring"
	"github.com/culvertnet/culvert/events"
)

// bird: the remote site is a real BIRD. The /32 is in its routing table, and gone after the withdrawal.
func bird(ctx context.Context, s lab.Settings) error {
	l, err := lab.New(s)
	if err != nil {
		return err
	}
	t := &proof.Table{Header: "what figure"}
	err = birdRun(ctx, l, t)
	return errors.Join(err, t.Print(), l.Close())
}

// birdAddress is the loopback address of the router, so that it does not meet the simulated site.
const birdAddress = "127.0.0.2"

func birdRun(ctx context.Context, l *lab.Lab, t *proof.Table) error {
	port, err := lab.FreePort()
	if err != nil {
		return err
	}
	router, err := startBird(l, port)
	if err != nil {
		return err
	}
	defer router.stop()
	config := wiring.Simulated()
	const bare = "routerId: 192.0.2.1}"
	text := strings.Replace(string(config), bare,
		fmt.Sprintf("routerId: 192.0.2.1, peers: [{address: %s, port: %d, asn: 65009}]}", birdAddress, port), 1)
	file := filepath.Join(l.Dir, "culvertd.yaml")
	if err := errors.Join(proof.Need(text != string(config), "the configuration has no speaker"),
		os.WriteFile(file, []byte(text), 0o600)); err != nil {
		return err
	}
	if l.Daemon, err = l.Start(ctx, "daemon", "--data", filepath.Join(l.Dir, "data"), "--sim-speed", "600", "--config",
		file); err != nil {
		return err
	}
	l.World = l.Daemon.At.World
	o := lab.Order{Variant: lab.Variant{Announce: "bgp", Filter: "gcp-firewall", Egress: "connector"}, Name: "bird",
		Service: "python-http-function", Connector: "10.8.0.0/28", OnWithdraw: "restore"}
	v, err := l.Run(ctx, o.Event())
	t.Row(errors.Join(err, proof.Need(v.Status == events.SagaCompleted, "%s", lab.Describe(v))), "applied", v.Status)
	line, err := router.route(ctx, true)
	t.Row(err, "birdc show route", line)
	v, err = l.Run(ctx, lab.Withdraw("bird"))
	t.Row(errors.Join(err, proof.Need(v.Status == events.SagaCompleted, "%s", lab.Describe(v))), "withdrawn", v.Status)
	_, err = router.route(ctx, false)
	t.Row(err, "birdc show route", "no /32")
	t.Row(l.Clean(ctx), "differences left", "sim resources")
	return nil
}

// birdRouter is a running BIRD.
type birdRouter struct {
	cmd    *exec.Cmd
	socket string
}

func startBird(l *lab.Lab, port int) (*birdRouter, error) {
	bin, err := exec.LookPath("bird")
	if err != nil {
		bin = "/usr/sbin/bird"
	}
	if _, err := os.Stat(bin); err != nil {
		return nil, errors.New("BIRD is missing: install the Debian package bird2")
	}
	config := fmt.Sprintf(`router id 192.0.2.9;
protocol device {}
protocol bgp culvert {
  local %s port %d as 65009;
  neighbor 127.0.0.1 as 65001;
  multihop 2;
  strict bind yes;
  passive yes;
  ipv4 { import all; export none; };
}
`, birdAddress, port)
	file := filepath.Join(l.Dir, "bird.conf")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		return nil, err
	}
	r := &birdRouter{socket: filepath.Join(l.Dir, "bird.ctl")}
	r.cmd = exec.Command(bin, "-f", "-c", file, "-s", r.socket, "-P", filepath.Join(l.Dir, "bird.pid"))
	r.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	log, err := os.Create(filepath.Join(l.Dir, "bird.log"))
	if err != nil {
		return nil, err
	}
	r.cmd.Stdout, r.cmd.Stderr = log, log
	return r, r.cmd.Start()
}

func (r *birdRouter) stop() {
	_ = r.cmd.Process.Signal(syscall.SIGTERM)
	_ = r.cmd.Wait()
}

// route waits until BIRD has a /32 of the pool, or has none.
func (r *birdRouter) route(ctx context.Context, want bool) (string, error) {
	birdc, err := exec.LookPath("birdc")
	if err != nil {
		birdc = "/usr/sbin/birdc"
	}
	var out []byte
	for range 100 {
		out, _ = exec.CommandContext(ctx, birdc, "-s", r.socket, "show", "route").CombinedOutput()
		line := ""
		for l := range strings.Lines(string(out)) {
			if strings.Contains(l, "/32") && strings.HasPrefix(l, "10.200.") {
				line = strings.Join(strings.Fields(l), " ")
			}
		}
		if (line != "") == want {
			return line, nil
		}
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
	return "", fmt.Errorf("want a /32: %t; birdc says %q", want, out)
}
