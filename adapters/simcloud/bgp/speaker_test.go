package bgp_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/osrg/gobgp/v4/api"
	"github.com/osrg/gobgp/v4/pkg/server"

	"github.com/culvertnet/culvert/adapters/simcloud/bgp"
)

// order is what a speaker process is told: who it is, and where the site is.
type order struct {
	ASN     uint32
	Address string // its own, on loopback
	GRPC    string
	Site    siteInfo
}

const orderEnv = "BGP_TEST_SPEAKER"

// TestMain makes this binary a speaker when it is told to be one. Speakers are processes of their own because GoBGP
// keeps its best-path options in package variables that each StartBgp writes: two servers in one process race on them.
func TestMain(m *testing.M) {
	if text := os.Getenv(orderEnv); text != "" {
		if err := speak(text); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// speak runs a GoBGP speaker until its standard input ends.
func speak(text string) error {
	var o order
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		return err
	}
	ctx := context.Background()
	s := server.NewBgpServer(server.GrpcListenAddress(o.GRPC))
	go s.Serve()
	if err := s.StartBgp(ctx,
		&api.StartBgpRequest{Global: &api.Global{Asn: o.ASN, RouterId: "192.0.2.1", ListenPort: -1}}); err != nil {
		return err
	}
	err := s.AddPeer(ctx, &api.AddPeerRequest{Peer: &api.Peer{
		Conf:      &api.PeerConf{NeighborAddress: o.Site.Address, PeerAsn: o.Site.ASN},
		Transport: &api.Transport{LocalAddress: o.Address, RemotePort: uint32(o.Site.Port)},
		Timers:    &api.Timers{Config: &api.TimersConfig{ConnectRetry: 1, IdleHoldTimeAfterReset: 1}},
	}})
	if err != nil {
		return err
	}
	fmt.Println("ready")
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

// process is a running speaker.
type process struct {
	cmd  *exec.Cmd
	once sync.Once
}

// kill ends it without a word, as a crash does.
func (p *process) kill() {
	p.once.Do(func() {
		_ = p.cmd.Process.Kill()
		_ = p.cmd.Wait() // says that it was killed
	})
}

// speak registers a speaker and starts it. It dials the site from its own loopback address.
func (r *rig) speak(name, address string, asn uint32) *process {
	r.t.Helper()
	o := order{ASN: asn, Address: address, GRPC: freeAddress(r.t)}
	o.Site = r.register(bgp.Registration{Name: name, GRPC: o.GRPC, ASN: asn, Listen: address})
	text, err := json.Marshal(o)
	if err != nil {
		r.t.Fatal(err)
	}
	cmd := exec.CommandContext(r.ctx, os.Args[0])
	cmd.Env = append(os.Environ(), orderEnv+"="+string(text))
	cmd.Stderr = os.Stderr
	cmd.WaitDelay = time.Second
	if _, err := cmd.StdinPipe(); err != nil { // open as long as this process lives
		r.t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		r.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
	p := &process{cmd: cmd}
	r.t.Cleanup(p.kill)
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "ready\n" {
		r.t.Fatalf("speaker %s: %q %v", name, line, err)
	}
	r.until("speaker "+name+" answers", func() bool {
		_, err := r.api.GetBgp(r.as(name), &api.GetBgpRequest{})
		return err == nil
	})
	return p
}
