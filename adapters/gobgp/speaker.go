package gobgp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/osrg/gobgp/v4/api"
	"github.com/osrg/gobgp/v4/pkg/apiutil"
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
	// Allowed are the ranges whose prefixes may be announced; without any the speaker announces what it is refilled
	// with and takes nothing else.
	Allowed []netip.Prefix
	// Refill gives the entries ("prefix@nexthop") that the claims hold; they are announced from the first update on,
	// also where Allowed no longer has them. nil starts empty.
	Refill func(ctx context.Context) ([]string, error)
	Logger *slog.Logger
}

// Speaker is a running GoBGP server with its gRPC API.
type Speaker struct {
	bgp   *server.BgpServer
	guard *guard
	// sessions are what it remembers of its peers; stop ends that.
	sessions *sessions
	stop     context.CancelFunc
	watching sync.WaitGroup
	relay    *relay
	dir      string
	// started: BGP runs, and has to be stopped.
	started bool
	once    sync.Once
}

// StartSpeaker starts a server, fills it, and only then brings up its peers and opens its API: neither a peer nor a
// client ever sees a speaker that has forgotten something. ctx bounds the start only. Close it when done.
func StartSpeaker(ctx context.Context, o SpeakerOptions) (*Speaker, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	o.Peers = slices.Clone(o.Peers)
	if o.GRPCListen == "" {
		o.GRPCListen = "127.0.0.1:0"
	}
	for i, p := range o.Peers {
		if err := p.Validate(o.ASN); err != nil {
			return nil, fmt.Errorf("start speaker %s: peer %s: %w", o.Name, p.Address, err)
		}
		o.Peers[i].Address = netip.MustParseAddr(p.Address).String() // as GoBGP spells it
	}
	dir, err := os.MkdirTemp("", "speaker")
	if err != nil {
		return nil, fmt.Errorf("start speaker %s: %w", o.Name, err)
	}
	// GoBGP does not tell which port it got, nor that it got none: its API is on a socket of ours, and a listener of
	// ours passes the bytes on.
	socket := filepath.Join(dir, "api")
	s := &Speaker{dir: dir, sessions: newSessions(o, time.Now)}
	s.guard = &guard{speaker: s, ranges: o.Allowed, peers: o.Peers}
	logger := slog.New(tap{Handler: o.Logger.With("speaker", o.Name).Handler(), note: s.sessions.note})
	s.bgp = server.NewBgpServer(server.LoggerOption(logger, new(slog.LevelVar)),
		server.GrpcListenAddress("unix://"+socket), server.GrpcOption(s.guard.options()))
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
	s.started = true
	held, err := claimed(ctx, o.Refill)
	if err != nil {
		return err
	}
	for _, e := range held {
		s.guard.held = append(s.guard.held, e.prefix)
	}
	if err := s.setPolicy(ctx, allowed(o.Allowed, held), o); err != nil {
		return err
	}
	if err := s.fill(held); err != nil {
		return err
	}
	for _, p := range o.Peers {
		if err := s.bgp.AddPeer(ctx, &api.AddPeerRequest{Peer: p.wire(o.ASN)}); err != nil {
			return fmt.Errorf("add peer %s: %w", p.Address, err)
		}
	}
	s.watch(ctx)
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", o.GRPCListen)
	if err != nil {
		return fmt.Errorf("open API: %w", err)
	}
	s.relay = startRelay(listener, socket)
	return s.relay.ready(ctx)
}

// watch follows the peers' sessions until Close.
func (s *Speaker) watch(ctx context.Context) {
	ctx, s.stop = context.WithCancel(context.WithoutCancel(ctx))
	s.watching.Go(func() { s.sessions.run(ctx, s.list) })
}

func (s *Speaker) list(ctx context.Context) []*api.Peer {
	var out []*api.Peer
	if err := s.bgp.ListPeer(ctx, &api.ListPeerRequest{}, func(p *api.Peer) { out = append(out, p) }); err != nil {
		return nil // the server ends
	}
	return out
}

// claimed are the entries that the claims hold, in order.
func claimed(ctx context.Context, entries func(context.Context) ([]string, error)) ([]entry, error) {
	if entries == nil {
		return nil, nil
	}
	list, err := entries(ctx)
	if err != nil {
		return nil, fmt.Errorf("read claims: %w", err)
	}
	want, err := parseEntries(list)
	return sorted(want), err
}

// fill announces what the claims hold.
func (s *Speaker) fill(held []entry) error {
	for _, e := range held {
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

// Addr is where the gRPC API listens.
func (s *Speaker) Addr() netip.AddrPort {
	tcp, ok := s.relay.listener.Addr().(*net.TCPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	return tcp.AddrPort()
}

// Close ends the server. Peers with graceful restart keep what they were told for their time, in which a new speaker
// takes over; the others forget it at once. It may be called twice.
func (s *Speaker) Close() error {
	var err error
	s.once.Do(func() {
		if s.relay != nil {
			s.relay.close()
		}
		if s.stop != nil {
			s.stop()
			s.watching.Wait()
		}
		// Peers that keep the paths of a speaker which restarts are left without a word; the others are told.
		leave := &api.StopBgpRequest{AllowGracefulRestart: true}
		if s.started {
			err = s.bgp.StopBgp(context.Background(), leave)
		}
		s.bgp.Stop() // ends its API, too
		err = errors.Join(err, os.RemoveAll(s.dir))
	})
	return err
}
