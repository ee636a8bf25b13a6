package plans

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/culvertnet/culvert/cmd/internal/proof/lab"
)

// routerSide is how a neighbour of the speaker is configured.
type routerSide struct {
	address, from, id string
	asn, speakerASN   int
	password          string
	// farOff drops packets that come from further away than a neighbour's.
	farOff bool
	// minHold is the smallest hold time it takes; limit how many prefixes; zero are none.
	minHold, limit int
	// deaf takes no prefix; default tells the speaker a default route.
	deaf, says bool
}

// router is a running implementation of BGP that is not ours. Its own table is what proofs judge by.
type router struct {
	port int
	cmd  *exec.Cmd
	// routes lists the prefixes of its table; about is what it tells of one.
	routes func(ctx context.Context) ([]string, error)
	about  func(ctx context.Context, prefix string) string
}

// routers are the implementations, by name.
var routers = map[string]func(ctx context.Context, l *lab.Lab, side routerSide) (*router, error){
	"BIRD": startPeerBIRD, "FRR": startPeerFRR,
}

func (r *router) stop() {
	_ = r.cmd.Process.Signal(syscall.SIGTERM)
	_ = r.cmd.Wait() // it was told to end
}

// program finds a daemon of a Debian package.
func program(pack string, places ...string) (string, error) {
	for _, place := range places {
		if path, err := exec.LookPath(place); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("%s is missing: install the Debian package %s", places[0], pack)
}

// launch starts a router and waits until it answers.
func (r *router) launch(ctx context.Context, log string, bin string, args ...string) error {
	out, err := os.Create(log)
	if err != nil {
		return err
	}
	defer out.Close()
	r.cmd = exec.Command(bin, args...)
	r.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	r.cmd.Stdout, r.cmd.Stderr = out, out
	if err := r.cmd.Start(); err != nil {
		return err
	}
	return within(ctx, 20*time.Second, bin+" answers", func() error {
		_, err := r.routes(ctx)
		return err
	})
}

// within asks until there is no error any more, and gives the last one when the time is over.
func within(ctx context.Context, d time.Duration, what string, ask func() error) error {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	for {
		err := ask()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s: not so after %s: %w", what, d, err)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func startPeerBIRD(ctx context.Context, l *lab.Lab, side routerSide) (*router, error) {
	bin, err := program("bird2", "bird", "/usr/sbin/bird")
	client, bad := program("bird2", "birdc", "/usr/sbin/birdc")
	port, none := lab.FreePort()
	if err := errors.Join(err, bad, none); err != nil {
		return nil, err
	}
	base := filepath.Join(l.Dir, "bird-"+side.id)
	if err := os.WriteFile(base+".conf", []byte(side.bird(port)), 0o600); err != nil {
		return nil, err
	}
	ask := func(ctx context.Context, words ...string) (string, error) {
		words = append([]string{"-s", base + ".ctl"}, words...)
		out, err := exec.CommandContext(ctx, client, words...).CombinedOutput()
		return string(out), err
	}
	r := &router{port: port}
	line := regexp.MustCompile(`(?m)^(\d+\.\d+\.\d+\.\d+/\d+) `)
	r.routes = func(ctx context.Context) ([]string, error) {
		text, err := ask(ctx, "show", "route", "primary")
		var out []string
		for _, m := range line.FindAllStringSubmatch(text, -1) {
			out = append(out, m[1])
		}
		return slices.Sorted(slices.Values(out)), err
	}
	r.about = func(ctx context.Context, prefix string) string {
		text, _ := ask(ctx, "show", "route", "all", "for", prefix)
		return text
	}
	return r, r.launch(ctx, base+".log", bin, "-f", "-c", base+".conf", "-s", base+".ctl", "-P", base+".pid")
}

func (s routerSide) bird(port int) string {
	var own, more, channel strings.Builder
	channel.WriteString("import " + map[bool]string{true: "none", false: "all"}[s.deaf] + "; ")
	channel.WriteString("export " + map[bool]string{true: "all", false: "none"}[s.says] + "; ")
	if s.limit > 0 {
		fmt.Fprintf(&channel, "import limit %d action restart; ", s.limit)
	}
	if s.password != "" {
		fmt.Fprintf(&more, "  password %q;\n", s.password)
	}
	if s.farOff {
		more.WriteString("  ttl security yes;\n")
	}
	if s.minHold > 0 {
		fmt.Fprintf(&more, "  min hold time %d;\n", s.minHold)
	}
	if s.says {
		own.WriteString("protocol static { ipv4; route 0.0.0.0/0 blackhole; route 203.0.113.0/24 blackhole; }\n")
	}
	return fmt.Sprintf(`router id %s;
protocol device {}
%sprotocol bgp culvert {
  local %s port %d as %d;
  neighbor %s as %d;
  multihop 2;
  strict bind yes;
  passive yes;
  error wait time 1, 2;
%s  ipv4 { %s};
}
`, s.id, own.String(), s.address, port, s.asn, s.from, s.speakerASN, more.String(), channel.String())
}

func startPeerFRR(ctx context.Context, l *lab.Lab, side routerSide) (*router, error) {
	bin, err := program("frr", "/usr/lib/frr/bgpd", "bgpd")
	client, bad := program("frr", "vtysh", "/usr/bin/vtysh")
	port, none := lab.FreePort()
	if err := errors.Join(err, bad, none); err != nil {
		return nil, err
	}
	dir := filepath.Join(l.Dir, "frr-"+side.id)
	if err := os.Mkdir(dir, 0o755); err != nil {
		return nil, err
	}
	conf := filepath.Join(dir, "bgpd.conf")
	if err := os.WriteFile(conf, []byte(side.frr()), 0o644); err != nil {
		return nil, err
	}
	ask := func(ctx context.Context, command string) ([]byte, error) {
		return exec.CommandContext(ctx, client, "--vty_socket", dir, "-d", "bgpd", "-c", command).Output()
	}
	r := &router{port: port}
	r.routes = func(ctx context.Context) ([]string, error) {
		text, err := ask(ctx, "show bgp ipv4 unicast json")
		if err != nil {
			return nil, err
		}
		var table struct {
			Routes map[string]json.RawMessage `json:"routes"`
		}
		if len(bytes.TrimSpace(text)) > 2 { // FRR says {} and the like of an empty table
			err = json.Unmarshal(text, &table)
		}
		return slices.Sorted(maps.Keys(table.Routes)), err
	}
	r.about = func(ctx context.Context, prefix string) string {
		text, _ := ask(ctx, "show bgp ipv4 unicast "+prefix+" json")
		return string(text)
	}
	return r, r.launch(ctx, filepath.Join(dir, "out"), bin, "-f", conf, "-i", filepath.Join(dir, "pid"), "-Z", "-n",
		"-S", "-p", fmt.Sprint(port), "-l", side.address, "--vty_socket", dir, "-P", "0", "--log",
		"file:"+filepath.Join(dir, "log"))
}

func (s routerSide) frr() string {
	neighbour := func(words string, args ...any) string {
		return " neighbor " + s.from + " " + fmt.Sprintf(words, args...) + "\n"
	}
	text := fmt.Sprintf("hostname router\nrouter bgp %d\n bgp router-id %s\n", s.asn, s.id)
	if s.minHold > 0 {
		text += fmt.Sprintf(" bgp minimum-holdtime %d\n", s.minHold)
	}
	text += neighbour("remote-as %d", s.speakerASN) + neighbour("passive")
	if s.farOff {
		text += neighbour("ttl-security hops 2")
	} else {
		text += neighbour("ebgp-multihop 2")
	}
	if s.password != "" {
		text += neighbour("password %s", s.password)
	}
	text += " address-family ipv4 unicast\n"
	if s.says {
		text += "  network 0.0.0.0/0\n  network 203.0.113.0/24\n"
	}
	called := map[bool]string{true: "all", false: "none"}
	text += " " + neighbour("route-map %s in", called[!s.deaf]) + " " + neighbour("route-map %s out", called[s.says])
	if s.limit > 0 {
		text += " " + neighbour("maximum-prefix %d restart 1", s.limit)
	}
	return text + " exit-address-family\nroute-map all permit 10\nroute-map none deny 10\n"
}
