package gobgp_test

import (
	"context"
	"net/netip"
	"slices"
	"testing"

	"github.com/osrg/gobgp/v4/api"
	"github.com/osrg/gobgp/v4/pkg/apiutil"
	"github.com/osrg/gobgp/v4/pkg/packet/bgp"
	"github.com/osrg/gobgp/v4/pkg/server"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"github.com/culvertnet/culvert/adapters/gobgp"
	"github.com/culvertnet/culvert/workers"
)

// edge is a router beside the speaker, on a loopback address of its own.
func edge(t *testing.T, addr, id string, asn uint32) (*server.BgpServer, uint16) {
	t.Helper()
	s, port := server.NewBgpServer(), freePort(t, addr)
	go s.Serve()
	global := &api.Global{Asn: asn, RouterId: id, ListenPort: int32(port), ListenAddresses: []string{addr}}
	if err := s.StartBgp(t.Context(), &api.StartBgpRequest{Global: global}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	peer := &api.Peer{
		Conf:         &api.PeerConf{NeighborAddress: "127.0.0.1", PeerAsn: ourASN},
		Transport:    &api.Transport{PassiveMode: true},
		EbgpMultihop: &api.EbgpMultihop{Enabled: true, MultihopTtl: 4},
	}
	if err := s.AddPeer(t.Context(), &api.AddPeerRequest{Peer: peer}); err != nil {
		t.Fatal(err)
	}
	return s, port
}

func say(t *testing.T, s *server.BgpServer, prefix, hop string) {
	t.Helper()
	nlri, err := bgp.NewIPAddrPrefix(netip.MustParsePrefix(prefix))
	if err != nil {
		t.Fatal(err)
	}
	via, err := bgp.NewPathAttributeNextHop(netip.MustParseAddr(hop))
	if err != nil {
		t.Fatal(err)
	}
	path := &apiutil.Path{Family: bgp.RF_IPv4_UC, Nlri: nlri,
		Attrs: []bgp.PathAttributeInterface{bgp.NewPathAttributeOrigin(0), via}}
	if _, err := s.AddPath(apiutil.AddPathRequest{Paths: []*apiutil.Path{path}}); err != nil {
		t.Fatal(err)
	}
}

// table is what a router has, of its own and learned.
func table(t *testing.T, s *server.BgpServer) []string {
	t.Helper()
	var out []string
	req := apiutil.ListPathRequest{TableType: api.TableType_TABLE_TYPE_GLOBAL, Family: bgp.RF_IPv4_UC}
	if err := s.ListPath(req, func(n bgp.NLRI, _ []*apiutil.Path) { out = append(out, n.String()) }); err != nil {
		t.Fatal(err)
	}
	slices.Sort(out)
	return out
}

// A speaker with two peers tells each of them its own prefixes and nothing that the other one said, a default route
// least of all. The prefix that comes last comes after whatever leaks: one session keeps its order.
func TestSpeakerIsNoTransit(t *testing.T) {
	a, portA := edge(t, "127.0.0.11", "192.0.2.11", 65011)
	b, portB := edge(t, "127.0.0.12", "192.0.2.12", 65012)
	say(t, a, "203.0.113.0/24", "127.0.0.11")
	say(t, a, "0.0.0.0/0", "127.0.0.11")
	say(t, b, "198.51.100.0/24", "127.0.0.12")
	const first, last = "10.200.0.1/32", "10.200.0.2/32"
	say(t, b, first, "127.0.0.12") // somebody else's word for what is ours
	s := startSpeaker(t, gobgp.SpeakerOptions{
		Peers: []gobgp.Peer{
			{Address: "127.0.0.11", Port: portA, ASN: 65011, LocalAddress: "127.0.0.1", Hops: 2},
			{Address: "127.0.0.12", Port: portB, ASN: 65012, LocalAddress: "127.0.0.1", Hops: 2},
		},
		Refill: func(context.Context) ([]string, error) { return []string{first + "@10.9.0.1"}, nil },
	})
	c := newClient(t, s.Addr().String())
	everything := []string{"0.0.0.0/0", first, "198.51.100.0/24", "203.0.113.0/24"}
	eventually(t, "what both peers said is known", func() bool {
		known, err := c.Check(t.Context(), target())
		return err == nil && slices.Equal(known, everything)
	})
	write(t, c, first+"@10.9.0.1", last+"@10.9.0.1")
	eventually(t, "both have the last prefix", func() bool {
		return slices.Contains(table(t, a), last) && slices.Contains(table(t, b), last)
	})
	if got, want := table(t, a), []string{"0.0.0.0/0", first, last, "203.0.113.0/24"}; !slices.Equal(got, want) {
		t.Errorf("peer A has %v, want %v", got, want)
	}
	if got, want := table(t, b), []string{first, last, "198.51.100.0/24"}; !slices.Equal(got, want) {
		t.Errorf("peer B has %v, want %v", got, want)
	}
}

// pathOf is a path as the client makes them.
func pathOf(prefix string, bits uint32) *api.Path {
	return &api.Path{
		Family: &api.Family{Afi: api.Family_AFI_IP, Safi: api.Family_SAFI_UNICAST},
		Nlri: &api.NLRI{Nlri: &api.NLRI_Prefix{
			Prefix: &api.IPAddressPrefix{Prefix: prefix, PrefixLen: bits},
		}},
		Pattrs: []*api.Attribute{
			{Attr: &api.Attribute_Origin{Origin: &api.OriginAttribute{}}},
			{Attr: &api.Attribute_NextHop{NextHop: &api.NextHopAttribute{NextHop: hop}}},
		},
	}
}

// Whoever reaches the API can announce what the operator allows and withdraw it, and can do nothing else: no other
// prefix, however it is written, no peer, no policy, no end of the server.
func TestTheSpeakerAnnouncesWhatIsAllowedWhoeverAsks(t *testing.T) {
	s := startSpeaker(t, gobgp.SpeakerOptions{
		Refill: func(context.Context) ([]string, error) { return []string{"10.77.0.9/32@" + hop}, nil },
	})
	conn, err := grpc.NewClient(s.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	speaker, ctx := api.NewGoBgpServiceClient(conn), t.Context()
	add := func(change func(*api.Path)) error {
		p := pathOf("10.200.0.7", 32)
		change(p)
		_, err := speaker.AddPath(ctx, &api.AddPathRequest{TableType: api.TableType_TABLE_TYPE_GLOBAL, Path: p})
		return err
	}
	to := func(prefix string, bits uint32) func(*api.Path) {
		return func(p *api.Path) { p.Nlri = pathOf(prefix, bits).GetNlri() }
	}
	_, addPeer := speaker.AddPeer(ctx, &api.AddPeerRequest{Peer: &api.Peer{
		Conf: &api.PeerConf{NeighborAddress: "127.0.0.9", PeerAsn: siteASN},
	}})
	_, deletePolicy := speaker.DeletePolicyAssignment(ctx, &api.DeletePolicyAssignmentRequest{All: true,
		Assignment: &api.PolicyAssignment{Name: "global", Direction: api.PolicyDirection_POLICY_DIRECTION_EXPORT}})
	_, stop := speaker.StopBgp(ctx, &api.StopBgpRequest{})
	_, everything := speaker.DeletePath(ctx, &api.DeletePathRequest{TableType: api.TableType_TABLE_TYPE_GLOBAL})
	flood, err := speaker.AddPathStream(ctx)
	if err != nil {
		t.Fatal(err)
	}
	_, stream := flood.CloseAndRecv()
	for name, tc := range map[string]struct {
		err  error
		want codes.Code
	}{
		"allowed":             {add(func(*api.Path) {}), codes.OK},
		"held by the claims":  {add(to("10.77.0.9", 32)), codes.OK},
		"beside what is held": {add(to("10.77.0.8", 31)), codes.PermissionDenied},
		"default route":       {add(to("0.0.0.0", 0)), codes.PermissionDenied},
		"outside":             {add(to("10.200.16.1", 32)), codes.PermissionDenied},
		"wider than allowed":  {add(to("10.200.0.0", 19)), codes.PermissionDenied},
		"binary prefix":       {add(func(p *api.Path) { p.NlriBinary = []byte{8, 10} }), codes.InvalidArgument},
		"binary attributes": {
			add(func(p *api.Path) { p.PattrsBinary = [][]byte{{0x40, 1, 1, 0}} }), codes.InvalidArgument,
		},
		"as if from a peer": {add(func(p *api.Path) { p.NeighborIp = "127.0.0.9" }), codes.InvalidArgument},
		"a community of its own": {add(func(p *api.Path) {
			p.Pattrs = append(p.Pattrs, &api.Attribute{Attr: &api.Attribute_Communities{
				Communities: &api.CommunitiesAttribute{Communities: []uint32{1}},
			}})
		}), codes.InvalidArgument},
		"another family": {add(func(p *api.Path) { p.Family.Safi = api.Family_SAFI_MULTICAST }),
			codes.InvalidArgument},
		"stream":     {stream, codes.PermissionDenied},
		"peer":       {addPeer, codes.PermissionDenied},
		"policy":     {deletePolicy, codes.PermissionDenied},
		"stop":       {stop, codes.PermissionDenied},
		"delete all": {everything, codes.PermissionDenied},
	} {
		if got := status.Code(tc.err); got != tc.want {
			t.Errorf("%s: got %s (%v), want %s", name, got, tc.err, tc.want)
		}
	}
	c := newClient(t, s.Addr().String())
	list, err := c.Read(ctx, target())
	if want := []string{"10.200.0.7/32@" + hop, "10.77.0.9/32@" + hop}; err != nil ||
		!slices.Equal(list.Entries, want) {
		t.Errorf("the speaker announces %v, %v, want %v", list.Entries, err, want)
	}
	err = c.Write(ctx, [16]byte{}, target(), announcing("10.201.0.1/32@"+hop))
	if o := workers.Outcome(err, "unsure"); o.Class != "refuse" || o.Reason != "not-allowed" {
		t.Errorf("write outside: got %v, want refuse not-allowed", err)
	}
}
