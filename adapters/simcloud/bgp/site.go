package bgp

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/osrg/gobgp/v4/api"
	"github.com/osrg/gobgp/v4/pkg/apiutil"
	"github.com/osrg/gobgp/v4/pkg/packet/bgp"
	"github.com/osrg/gobgp/v4/pkg/server"

	"github.com/culvertnet/culvert/adapters/simcloud/world"
)

const siteAddress = "127.0.0.1"

// resync is how often the table is compared with the resources without a reason: a world that was reset forgets routes
// that stand.
const resync = time.Second

// Site is the remote site: a GoBGP server that only listens.
type Site struct {
	w      *world.World
	conf   SiteConfig
	port   int
	server *server.BgpServer
	dirty  chan struct{} // the table changed
	stop   context.CancelFunc
	done   chan struct{}
}

// Route is one best route the site has learned.
type Route struct {
	Prefix  netip.Prefix `json:"prefix"`
	NextHop netip.Addr   `json:"nextHop"`
	ASPath  []uint32     `json:"asPath"`
}

func startSite(ctx context.Context, w *world.World, conf SiteConfig, port int) (*Site, error) {
	conf.Name = cmp.Or(conf.Name, "site-1")
	conf.ASN = cmp.Or(conf.ASN, 65002)
	conf.RouterID = cmp.Or(conf.RouterID, "203.0.113.2")
	s := &Site{
		w: w, conf: conf, server: server.NewBgpServer(), dirty: make(chan struct{}, 1), done: make(chan struct{}),
	}
	go s.server.Serve()
	if err := s.listen(ctx, port); err != nil {
		s.server.Stop()
		return nil, fmt.Errorf("start site %s: %w", conf.Name, err)
	}
	ctx, s.stop = context.WithCancel(context.WithoutCancel(ctx))
	changed := func() {
		select {
		case s.dirty <- struct{}{}:
		default: // a look is due anyway
		}
	}
	err := s.server.WatchEvent(ctx, server.WatchEventMessageCallbacks{
		OnBestPath: func([]*apiutil.Path, time.Time) { changed() },
	}, server.WatchBestPath(true))
	if err == nil {
		err = s.originate()
	}
	if err != nil {
		s.stop()
		s.server.Stop()
		return nil, fmt.Errorf("start site %s: %w", conf.Name, err)
	}
	changed() // what an earlier life of the world has left is cleared at once
	go s.follow(ctx)
	return s, nil
}

// listen starts BGP on the wished port, or on a free one: the library wants a number, so a few are tried, for another
// process may take a free port between the look and the listening.
func (s *Site) listen(ctx context.Context, port int) error {
	var err error
	for range 5 {
		s.port = port
		if port == 0 {
			if s.port, err = freePort(); err != nil {
				return err
			}
		}
		err = s.server.StartBgp(ctx, &api.StartBgpRequest{Global: &api.Global{
			Asn: s.conf.ASN, RouterId: s.conf.RouterID, ListenPort: int32(s.port), ListenAddresses: []string{
				siteAddress,
			},
		}})
		if err == nil || port != 0 {
			return err
		}
	}
	return err
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", siteAddress+":0")
	if err != nil {
		return 0, err
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}

// originate announces the site's own prefixes.
func (s *Site) originate() error {
	for _, text := range s.conf.Routes {
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			return fmt.Errorf("announce %q: %w", text, err)
		}
		nlri, err := bgp.NewIPAddrPrefix(prefix.Masked())
		if err != nil {
			return fmt.Errorf("announce %q: %w", text, err)
		}
		hop, err := bgp.NewPathAttributeNextHop(netip.MustParseAddr(s.conf.RouterID)) // StartBgp has parsed it
		if err != nil {
			return fmt.Errorf("announce %q: %w", text, err)
		}
		_, err = s.server.AddPath(apiutil.AddPathRequest{Paths: []*apiutil.Path{{
			Family: bgp.RF_IPv4_UC, Nlri: nlri, Attrs: []bgp.PathAttributeInterface{bgp.NewPathAttributeOrigin(0), hop},
		}}})
		if err != nil {
			return fmt.Errorf("announce %q: %w", text, err)
		}
	}
	return nil
}

// accept makes the site take a session from an address. keep leaves a standing session alone.
func (s *Site) accept(ctx context.Context, address netip.Addr, asn uint32, keep bool) error {
	state, known := s.sessions(ctx)[address]
	if known && keep && state == api.PeerState_SESSION_STATE_ESTABLISHED.String()[len(statePrefix):] {
		return nil
	}
	if known {
		s.forget(ctx, address)
	}
	return s.server.AddPeer(ctx, &api.AddPeerRequest{Peer: &api.Peer{
		Conf:      &api.PeerConf{NeighborAddress: address.String(), PeerAsn: asn},
		Transport: &api.Transport{PassiveMode: true},
		Timers:    &api.Timers{Config: &api.TimersConfig{HoldTime: 9, KeepaliveInterval: 3, IdleHoldTimeAfterReset: 1}},
	}})
}

// forget ends the session with an address and drops what was learned from it.
func (s *Site) forget(ctx context.Context, address netip.Addr) {
	err := s.server.DeletePeer(ctx, &api.DeletePeerRequest{Address: address.String()})
	_ = err // the only error is that there is no such peer, which is what was wanted
}

const statePrefix = "SESSION_STATE_"

// sessions tells the state of each session the site knows.
func (s *Site) sessions(ctx context.Context) map[netip.Addr]string {
	out := map[netip.Addr]string{}
	err := s.server.ListPeer(ctx, &api.ListPeerRequest{}, func(p *api.Peer) {
		if a, err := netip.ParseAddr(p.GetConf().GetNeighborAddress()); err == nil {
			out[a] = p.GetState().GetSessionState().String()[len(statePrefix):]
		}
	})
	if err != nil {
		return map[netip.Addr]string{} // the server is stopping: there are none
	}
	return out
}

// Table returns the best routes the site has learned from speakers, sorted by prefix; its own are not in it.
func (s *Site) Table(ctx context.Context) ([]Route, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	routes := []Route{}
	err := s.server.ListPath(apiutil.ListPathRequest{
		TableType: api.TableType_TABLE_TYPE_GLOBAL, Family: bgp.RF_IPv4_UC,
	},
		func(nlri bgp.NLRI, paths []*apiutil.Path) {
			for _, p := range paths {
				if !p.Best || !p.PeerAddress.IsValid() || p.PeerAddress.IsUnspecified() {
					continue
				}
				if route, ok := routeOf(nlri, p.Attrs); ok {
					routes = append(routes, route)
				}
			}
		})
	if err != nil {
		return nil, fmt.Errorf("list the table of %s: %w", s.conf.Name, err)
	}
	slices.SortFunc(routes, func(a, b Route) int { return cmp.Compare(a.Prefix.String(), b.Prefix.String()) })
	return routes, nil
}

func routeOf(nlri bgp.NLRI, attrs []bgp.PathAttributeInterface) (Route, bool) {
	prefix, err := netip.ParsePrefix(nlri.String())
	if err != nil {
		return Route{}, false
	}
	route := Route{Prefix: prefix, ASPath: []uint32{}}
	for _, attr := range attrs {
		switch a := attr.(type) {
		case *bgp.PathAttributeNextHop:
			route.NextHop = a.Value
		case *bgp.PathAttributeAsPath:
			for _, segment := range a.Value {
				route.ASPath = append(route.ASPath, segment.GetAS()...)
			}
		}
	}
	return route, true
}

// follow shows the table among the world's resources whenever it has changed.
func (s *Site) follow(ctx context.Context) {
	defer close(s.done)
	tick := time.NewTicker(resync)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-s.dirty:
		}
		if err := s.show(ctx); err != nil && !errors.Is(err, context.Canceled) {
			return // the world's file cannot be written: nothing true can be shown any more
		}
	}
}

// show makes the world's site routes equal to the table. They are nobody's effect.
func (s *Site) show(ctx context.Context) error {
	routes, err := s.Table(ctx)
	if err != nil {
		return err
	}
	return s.w.Do(func(tx *world.Tx) error {
		stale := map[string]bool{}
		for _, e := range tx.List(Vendor, kindSiteRoute, s.conf.Name+"/") {
			stale[e.Name] = true
		}
		for _, r := range routes {
			name := s.conf.Name + "/" + r.Prefix.String()
			doc := world.Doc{"nextHop": r.NextHop.String(), "asPath": fmt.Sprint(r.ASPath)}
			delete(stale, name)
			if old, ok := tx.Get(Vendor, kindSiteRoute, name); !ok || world.Text(old) != world.Text(doc) {
				tx.QuietPut(Vendor, kindSiteRoute, name, doc)
			}
		}
		for name := range stale {
			tx.QuietDelete(Vendor, kindSiteRoute, name)
		}
		return nil
	})
}

func (s *Site) status() siteStatus {
	return siteStatus{Name: s.conf.Name, Address: siteAddress, Port: s.port, ASN: s.conf.ASN}
}

func (s *Site) close() {
	s.stop()
	<-s.done
	s.server.Stop()
}
