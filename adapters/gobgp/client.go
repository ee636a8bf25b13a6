package gobgp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/netip"
	"time"

	"github.com/osrg/gobgp/v4/api"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	"github.com/culvertnet/culvert/workers"
	"github.com/culvertnet/culvert/workers/routing"
)

// callTimeout bounds one call; all are answered from memory.
const callTimeout = 15 * time.Second

// metadataSpeaker names the speaker a call is for, so that one address may stand for many speakers.
const metadataSpeaker = "speaker"

// Options tell where the speakers' gRPC APIs are.
type Options struct {
	// Proxy is the address ("127.0.0.1:50051") that takes calls for every speaker without an address of its own, and
	// tells them apart by the gRPC metadata "speaker".
	Proxy string
	// Speakers by the name that targets use.
	Speakers map[string]Remote
	// Credentials secure the connections; nil is plain text, which is taken for loopback addresses and unix sockets
	// only: GoBGP's API knows no users.
	Credentials credentials.TransportCredentials
}

// A Remote is a speaker as the client sees it.
type Remote struct {
	// Address of its gRPC API; empty means through the proxy.
	Address string
	// Optional are the addresses of peers without which an announcement is complete.
	Optional []string
	// MaxPrefixes is how many prefixes its peers take, 0 without a limit.
	MaxPrefixes int
}

// Client calls speakers. Safe for concurrent use.
type Client struct {
	conns    map[string]*grpc.ClientConn // by address
	speakers map[string]api.GoBgpServiceClient
	remotes  map[string]Remote
}

var _ routing.Announcements = (*Client)(nil)

// New checks the options; it connects when the first call is made. Close the client when done.
func New(o Options) (*Client, error) {
	c := &Client{conns: map[string]*grpc.ClientConn{}, speakers: map[string]api.GoBgpServiceClient{},
		remotes: maps.Clone(o.Speakers)}
	for name, remote := range o.Speakers {
		address := remote.Address
		if address == "" {
			address = o.Proxy
		}
		conn, err := c.conn(address, o.Credentials)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("configure speaker %q: %w", name, err), c.Close())
		}
		c.speakers[name] = api.NewGoBgpServiceClient(conn)
	}
	return c, nil
}

func (c *Client) conn(address string, creds credentials.TransportCredentials) (*grpc.ClientConn, error) {
	if conn, ok := c.conns[address]; ok {
		return conn, nil
	}
	if address == "" {
		return nil, errors.New("read address: neither an address nor a proxy is configured")
	}
	if creds == nil {
		if host, _, err := net.SplitHostPort(address); err == nil && !loopback(host) {
			return nil, fmt.Errorf("read address %s: credentials are required but for loopback addresses", address)
		}
		creds = insecure.NewCredentials()
	}
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(creds))
	if err != nil {
		return nil, fmt.Errorf("read address %s: %w", address, err)
	}
	c.conns[address] = conn
	return conn, nil
}

func loopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || (err == nil && a.IsLoopback())
}

// Close ends the connections.
func (c *Client) Close() error {
	var errs []error
	for _, conn := range c.conns {
		errs = append(errs, conn.Close())
	}
	return errors.Join(errs...)
}

// call finds a speaker and gives the context of one call to it.
func (c *Client) call(
	ctx context.Context, name string,
) (context.Context, context.CancelFunc, api.GoBgpServiceClient, error) {
	speaker, ok := c.speakers[name]
	if !ok {
		return nil, nil, nil, workers.Refuse("unknown-speaker", "find speaker %q: not configured", name)
	}
	ctx, cancel := context.WithTimeout(metadata.AppendToOutgoingContext(ctx, metadataSpeaker, name), callTimeout)
	return ctx, cancel, speaker, nil
}

// path is one path of a table.
type path struct {
	prefix  netip.Prefix
	nextHop string
	learned bool // from a peer
	age     time.Time
}

// paths reads one table of a speaker: the global one, or what a peer was sent (ADJ_OUT).
func (c *Client) paths(ctx context.Context, name string, req *api.ListPathRequest) ([]path, error) {
	ctx, cancel, speaker, err := c.call(ctx, name)
	if err != nil {
		return nil, err
	}
	defer cancel()
	req.Family = unicast()
	stream, err := speaker.ListPath(ctx, req)
	if err != nil {
		return nil, classify("list paths", false, err)
	}
	var out []path
	for {
		answer, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, classify("list paths", false, err)
		}
		prefix, err := netip.ParsePrefix(answer.GetDestination().GetPrefix())
		if err != nil {
			continue
		}
		for _, p := range answer.GetDestination().GetPaths() {
			_, from := netip.ParseAddr(p.GetNeighborIp()) // a path added through the API has no neighbour
			out = append(out, path{prefix: prefix.Masked(), nextHop: nextHopOf(p), learned: from == nil,
				age: p.GetAge().AsTime()})
		}
	}
}

// peer is one session of a speaker.
type peer struct {
	address string
	down    bool // switched off by its operator
	up      bool // established
	// since is when it came up or went down, heard what signs says; why is what keeps it down.
	since, heard time.Time
	why          string
}

func (c *Client) peers(ctx context.Context, name string) ([]peer, error) {
	ctx, cancel, speaker, err := c.call(ctx, name)
	if err != nil {
		return nil, err
	}
	defer cancel()
	stream, err := speaker.ListPeer(ctx, &api.ListPeerRequest{})
	if err != nil {
		return nil, classify("list peers", false, err)
	}
	var out []peer
	for {
		answer, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, classify("list peers", false, err)
		}
		out = append(out, peerOf(answer.GetPeer(), time.Now()))
	}
}

func peerOf(p *api.Peer, now time.Time) peer {
	state := p.GetState()
	out := peer{
		address: p.GetConf().GetNeighborAddress(), why: state.GetDisconnectMessage(),
		down: p.GetConf().GetAdminDown() || state.GetAdminState() == api.PeerState_ADMIN_STATE_DOWN,
		up:   state.GetSessionState() == api.PeerState_SESSION_STATE_ESTABLISHED,
	}
	out.since, out.heard = signs(p, now)
	return out
}
