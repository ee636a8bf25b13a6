package gobgp

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"github.com/osrg/gobgp/v4/api"
	"github.com/osrg/gobgp/v4/pkg/apiutil"
	"github.com/osrg/gobgp/v4/pkg/packet/bgp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// guard stands before the speaker's API, which knows no users: whoever can reach it may read, and may announce and
// withdraw what the speaker's operator allows. Peers, policies and the server itself are the configuration's.
type guard struct {
	speaker *Speaker
	peers   []Peer
	// ranges and held are what may be announced: everything inside the one, and exactly the other.
	ranges []netip.Prefix
	held   []netip.Prefix
	// order lets one announcement at a time be counted and made.
	order sync.Mutex
}

// mayRead are the methods that change nothing.
var mayRead = []string{"GetBgp", "GetTable", "ListPath", "ListPeer", "WatchEvent"}

func (g *guard) options() []grpc.ServerOption {
	return []grpc.ServerOption{grpc.UnaryInterceptor(g.unary), grpc.StreamInterceptor(g.stream)}
}

func (g *guard) unary(ctx context.Context, in any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	switch in := in.(type) {
	case *api.AddPathRequest:
		g.order.Lock()
		defer g.order.Unlock()
		if err := g.mayAdd(in); err != nil {
			return nil, err
		}
	case *api.DeletePathRequest:
		if in.GetPath() == nil {
			return nil, status.Error(codes.PermissionDenied,
				"the speaker withdraws by prefix, one at a time, and not everything at once")
		}
	default:
		if err := readsOnly(info.FullMethod); err != nil {
			return nil, err
		}
	}
	return next(ctx, in)
}

func (g *guard) stream(srv any, out grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) error {
	if err := readsOnly(info.FullMethod); err != nil {
		return err
	}
	return next(srv, described{out, g.speaker.sessions})
}

func readsOnly(method string) error {
	if name := method[strings.LastIndexByte(method, '/')+1:]; !slices.Contains(mayRead, name) {
		return status.Errorf(codes.PermissionDenied,
			"%s: the speaker takes AddPath, DeletePath and reads; all else is its configuration's", name)
	}
	return nil
}

// described is a stream whose list of peers tells more than GoBGP's, and no password: that has them in plain text.
type described struct {
	grpc.ServerStream
	sessions *sessions
}

// SendMsg implements [grpc.ServerStream].
func (s described) SendMsg(m any) error {
	if r, ok := m.(*api.ListPeerResponse); ok {
		if c := r.GetPeer().GetConf(); c != nil {
			c.AuthPassword = ""
		}
		if st := r.GetPeer().GetState(); st != nil {
			st.AuthPassword = ""
		}
		s.sessions.fill(r.GetPeer())
	}
	return s.ServerStream.SendMsg(m)
}

// mayAdd is nil for a path as this package makes them, inside what the operator allows. The caller holds order.
func (g *guard) mayAdd(in *api.AddPathRequest) error {
	e, err := plainPath(in)
	if err != nil {
		return err
	}
	if !within(g.ranges, e.prefix) && !slices.Contains(g.held, e.prefix) {
		return status.Errorf(codes.PermissionDenied, "%s %s: no pool of its tenants and none of its subnets has it",
			e.prefix, notAllowed)
	}
	return g.room(e.prefix)
}

// room is nil while every peer takes one more prefix, or when the prefix is announced already.
func (g *guard) room(p netip.Prefix) error {
	own, err := g.speaker.own()
	if err != nil {
		return status.Errorf(codes.Unavailable, "read own prefixes: %s", err)
	}
	if limit := MaxPrefixes(g.peers); limit > 0 && len(own) >= limit && !slices.Contains(own, p) {
		return status.Errorf(codes.FailedPrecondition, "%s is one too many: %s %d prefixes, maxPrefixes of a peer", p,
			noRoom, limit)
	}
	return nil
}

// plainPath reads a path that has nothing but a prefix, an origin and a next hop. Anything else could slip past the
// ranges (a prefix in its binary form) or past the policy (a path that says it comes from a peer).
func plainPath(in *api.AddPathRequest) (entry, error) {
	p, bad := in.GetPath(), func(what string) (entry, error) {
		return entry{}, status.Errorf(codes.InvalidArgument, "invalid path: %s", what)
	}
	family := p.GetFamily()
	if in.GetTableType() != api.TableType_TABLE_TYPE_GLOBAL || in.GetVrfId() != "" ||
		family.GetAfi() != api.Family_AFI_IP || family.GetSafi() != api.Family_SAFI_UNICAST {
		return bad("want IPv4 unicast in the global table")
	}
	if p.GetIsWithdraw() || p.GetNeighborIp() != "" || p.GetSourceId() != "" || p.GetSourceAsn() != 0 ||
		len(p.GetNlriBinary()) > 0 || len(p.GetPattrsBinary()) > 0 {
		return bad("want a prefix of the speaker's own, spelled out")
	}
	origins := 0
	for _, attr := range p.GetPattrs() {
		if attr.GetOrigin() != nil {
			origins++
		}
	}
	if len(p.GetPattrs()) != 2 || origins != 1 || nextHopOf(p) == "" {
		return bad("want an origin and a next hop, and nothing else")
	}
	e, err := parseEntry(prefixOf(p) + "@" + nextHopOf(p))
	if err != nil {
		return bad(err.Error())
	}
	return e, nil
}

// own lists the prefixes that were added here.
func (s *Speaker) own() ([]netip.Prefix, error) {
	var out []netip.Prefix
	req := apiutil.ListPathRequest{TableType: api.TableType_TABLE_TYPE_GLOBAL, Family: bgp.RF_IPv4_UC}
	err := s.bgp.ListPath(req, func(n bgp.NLRI, _ []*apiutil.Path) {
		if p, err := netip.ParsePrefix(n.String()); err == nil {
			out = append(out, p)
		}
	})
	return out, err
}
