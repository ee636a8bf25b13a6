package gobgp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"sync"

	"github.com/osrg/gobgp/v4/api"
	"github.com/osrg/gobgp/v4/pkg/apiutil"
	"github.com/osrg/gobgp/v4/pkg/packet/bgp"
	"github.com/osrg/gobgp/v4/pkg/server"
)

// SpeakerOptions describe a speaker.
type SpeakerOptions struct {
	Name string
	ASN  uint32
	// RouterID is an IPv4 address, unique among the speaker's peers.
	RouterID string
	// ListenAddress and ListenPort take sessions that peers open; port 0 takes none, the speaker opens its sessions
	// itself.
	ListenAddress string
	ListenPort    uint16
	// GRPCListen is where the API listens; empty is a free loopback port. The API knows no users: keep it on loopback.
	GRPCListen string
	Peers      []Peer
	// Refill gives the entries ("prefix@nexthop") that the claims hold; they are announced from the first update on.
	// nil starts empty.
	Refill func(ctx context.Context) ([]string, error)
	Logger *slog.Logger
}

// A Peer is a BGP neighbour.
type Peer struct {
	Address string
	// Port is 179 when 0.
	Port uint16
	ASN  uint32
	// LocalAddress is where the session comes from; empty lets the kernel choose.
	LocalAddress string
	// Hops is the largest distance of an external peer; 0 or 1 is a direct neighbour.
	Hops uint32
}

// Reconnecting is quick because a withdrawal that no peer hears is a lie; 2 s is GoBGP's smallest connect interval.
const (
	connectRetry = 2
	idleHold     = 2
)

// Speaker is a running GoBGP server with its gRPC API.
type Speaker struct {
	bgp   *server.BgpServer
	relay *relay
	dir   string
	once  sync.Once
}

// StartSpeaker starts a server, fills it, and only then brings up its peers and opens its API: neither a peer nor a
// client ever sees a speaker that has forgotten something. ctx bounds the start only. Close it when done.
func StartSpeaker(ctx context.Context, o SpeakerOptions) (*Speaker, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.GRPCListen == "" {
		o.GRPCListen = "127.0.0.1:0"
	}
	dir, err := os.MkdirTemp("", "speaker")
	if err != nil {
		return nil, fmt.Errorf("start speaker %s: %w", o.Name, err)
	}
	// GoBGP does not tell which port it got, nor that it got none: its API is on a socket of ours, and a listener of
	// ours passes the bytes on.
	socket := filepath.Join(dir, "api")
	level := new(slog.LevelVar)
	s := &Speaker{dir: dir, bgp: server.NewBgpServer(
		server.LoggerOption(o.Logger.With("speaker", o.Name), level), server.GrpcListenAddress("unix://"+socket))}
	go s.bgp.Serve()
	if err := s.start(ctx, o, socket); err != nil {
		return nil, errors.Join(fmt.Errorf("start speaker %s: %w", o.Name, err), s.Close())
	}
	return s, nil
}

func (s *Speaker) start(ctx context.Context, o SpeakerOptions, socket string) error {
	global := &api.Global{Asn: o.ASN, RouterId: o.RouterID, ListenPort: -1}
	if o.ListenPort != 0 {
		global.ListenPort = int32(o.ListenPort)
	}
	if o.ListenAddress != "" {
		global.ListenAddresses = []string{o.ListenAddress}
	}
	if err := s.bgp.StartBgp(ctx, &api.StartBgpRequest{Global: global}); err != nil {
		return fmt.Errorf("start BGP: %w", err)
	}
	if o.Refill != nil {
		if err := s.refill(ctx, o.Refill); err != nil {
			return err
		}
	}
	for _, p := range o.Peers {
		if err := s.bgp.AddPeer(ctx, &api.AddPeerRequest{Peer: p.wire(o.ASN)}); err != nil {
			return fmt.Errorf("add peer %s: %w", p.Address, err)
		}
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", o.GRPCListen)
	if err != nil {
		return fmt.Errorf("open API: %w", err)
	}
	s.relay = startRelay(listener, socket)
	return s.relay.ready(ctx)
}

func (s *Speaker) refill(ctx context.Context, entries func(context.Context) ([]string, error)) error {
	list, err := entries(ctx)
	if err != nil {
		return fmt.Errorf("read claims: %w", err)
	}
	want, err := parseEntries(list)
	if err != nil {
		return err
	}
	for _, e := range sorted(want) {
		path, err := e.native()
		if err != nil {
			return err
		}
		if _, err := s.bgp.AddPath(apiutil.AddPathRequest{Paths: []*apiutil.Path{path}}); err != nil {
			return fmt.Errorf("announce %s: %w", e, err)
		}
	}
	return nil
}

// native is the entry for the library; it refuses a path without a family.
func (e entry) native() (*apiutil.Path, error) {
	nlri, err := bgp.NewIPAddrPrefix(e.prefix)
	if err != nil {
		return nil, fmt.Errorf("write prefix %s: %w", e.prefix, err)
	}
	hop, err := bgp.NewPathAttributeNextHop(e.nextHop)
	if err != nil {
		return nil, fmt.Errorf("write next hop %s: %w", e.nextHop, err)
	}
	origin := bgp.NewPathAttributeOrigin(bgp.BGP_ORIGIN_ATTR_TYPE_IGP)
	return &apiutil.Path{Family: bgp.RF_IPv4_UC, Nlri: nlri, Attrs: []bgp.PathAttributeInterface{origin, hop}}, nil
}

func (p Peer) wire(own uint32) *api.Peer {
	out := &api.Peer{
		Conf:      &api.PeerConf{NeighborAddress: p.Address, PeerAsn: p.ASN},
		Transport: &api.Transport{LocalAddress: p.LocalAddress, RemotePort: uint32(p.Port)},
		Timers:    &api.Timers{Config: &api.TimersConfig{ConnectRetry: connectRetry, IdleHoldTimeAfterReset: idleHold}},
	}
	if p.ASN != own && p.Hops > 1 {
		out.EbgpMultihop = &api.EbgpMultihop{Enabled: true, MultihopTtl: min(p.Hops, math.MaxUint8)}
	}
	return out
}

// Addr is where the gRPC API listens.
func (s *Speaker) Addr() netip.AddrPort {
	tcp, ok := s.relay.listener.Addr().(*net.TCPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	return tcp.AddrPort()
}

// Close says goodbye to the peers, who forget what they were told, and ends the server. It may be called twice.
func (s *Speaker) Close() error {
	var err error
	s.once.Do(func() {
		if s.relay != nil {
			s.relay.close()
		}
		s.bgp.Stop()
		err = os.RemoveAll(s.dir)
	})
	return err
}
