package gobgp_test

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/osrg/gobgp/v4/api"
	"github.com/osrg/gobgp/v4/pkg/apiutil"
	"github.com/osrg/gobgp/v4/pkg/packet/bgp"
	"github.com/osrg/gobgp/v4/pkg/server"

	"github.com/culvertnet/culvert/adapters/gobgp"
	"github.com/culvertnet/culvert/workers/routing"
)

const (
	ourASN  = 65001
	siteASN = 65002
	hop     = "10.9.0.1"
)

// eventually polls a condition until it holds; BGP has no call to wait on.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-ctx.Done():
			t.Fatalf("%s: still not so after 30 s", what)
		case <-tick.C:
		}
	}
}

var nextPort atomic.Uint32

// freePort finds a port below the range that the kernel gives to outgoing connections, so that nobody takes it
// meanwhile.
func freePort(t *testing.T, host string) uint16 {
	t.Helper()
	for range 1000 {
		port := 20000 + (uint32(os.Getpid())*7+nextPort.Add(1))%10000
		l, err := net.Listen("tcp", fmt.Sprintf("%s:%d", host, port))
		if err == nil {
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			return uint16(port)
		}
	}
	t.Fatal("no free port")
	return 0
}

// site is a remote GoBGP that waits for the speaker.
type site struct {
	bgp  *server.BgpServer
	port uint16
}

func startSite(t *testing.T) *site {
	t.Helper()
	s := &site{bgp: server.NewBgpServer(), port: freePort(t, "127.0.0.1")}
	go s.bgp.Serve()
	global := &api.Global{
		Asn: siteASN, RouterId: "192.0.2.2", ListenPort: int32(s.port), ListenAddresses: []string{"127.0.0.1"},
	}
	if err := s.bgp.StartBgp(t.Context(), &api.StartBgpRequest{Global: global}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.bgp.Stop)
	peer := &api.Peer{
		Conf:      &api.PeerConf{NeighborAddress: "127.0.0.1", PeerAsn: ourASN},
		Transport: &api.Transport{PassiveMode: true},
	}
	if err := s.bgp.AddPeer(t.Context(), &api.AddPeerRequest{Peer: peer}); err != nil {
		t.Fatal(err)
	}
	return s
}

// table is what the site has learned, by prefix, with the next hop.
func (s *site) table(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	req := apiutil.ListPathRequest{TableType: api.TableType_TABLE_TYPE_GLOBAL, Family: bgp.RF_IPv4_UC}
	err := s.bgp.ListPath(req, func(prefix bgp.NLRI, paths []*apiutil.Path) {
		for _, p := range paths {
			if !p.PeerAddress.IsValid() {
				continue
			}
			for _, attr := range p.Attrs {
				if hop, ok := attr.(*bgp.PathAttributeNextHop); ok {
					out[prefix.String()] = hop.Value.String()
				}
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// announce makes the site tell the speaker a prefix of its own.
func (s *site) announce(t *testing.T, text string) {
	t.Helper()
	nlri, err := bgp.NewIPAddrPrefix(netip.MustParsePrefix(text))
	if err != nil {
		t.Fatal(err)
	}
	hop, err := bgp.NewPathAttributeNextHop(netip.MustParseAddr("192.0.2.2"))
	if err != nil {
		t.Fatal(err)
	}
	path := &apiutil.Path{Family: bgp.RF_IPv4_UC, Nlri: nlri,
		Attrs: []bgp.PathAttributeInterface{bgp.NewPathAttributeOrigin(0), hop}}
	if _, err := s.bgp.AddPath(apiutil.AddPathRequest{Paths: []*apiutil.Path{path}}); err != nil {
		t.Fatal(err)
	}
}

func startSpeaker(t *testing.T, o gobgp.SpeakerOptions) *gobgp.Speaker {
	t.Helper()
	o.Name, o.ASN, o.RouterID = "site-edge", ourASN, "192.0.2.1"
	if o.Allowed == nil {
		o.Allowed = []netip.Prefix{netip.MustParsePrefix("10.200.0.0/20")}
	}
	for i := range o.Peers {
		if o.Peers[i].HoldTime == 0 { // a second between signs of life
			o.Peers[i].HoldTime = 3 * time.Second
		}
	}
	s, err := gobgp.StartSpeaker(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func newClient(t *testing.T, address string) *gobgp.Client {
	t.Helper()
	c, err := gobgp.New(gobgp.Options{Speakers: map[string]gobgp.Remote{"site-edge": {Address: address}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func target() routing.Target {
	return routing.Target{Via: "bgp", Speaker: "site-edge", NextHop: hop}
}
