package bgp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"

	"google.golang.org/grpc"

	"github.com/culvertnet/culvert/adapters/simcloud/world"
)

// Vendor is this proxy's name in faults, ledger and resources.
const Vendor = "bgp"

// Scenario is the remote Site: the key `bgp:` of a world file.
type Scenario struct {
	Site SiteConfig `yaml:"site"`
}

// SiteConfig is who the remote site is. Zero fields have defaults.
type SiteConfig struct {
	Name     string   `yaml:"name"`     // default site-1
	ASN      uint32   `yaml:"asn"`      // default 65002
	RouterID string   `yaml:"routerId"` // default 203.0.113.2; next hop of its own routes, too
	Routes   []string `yaml:"routes"`   // prefixes the site announces to every speaker
}

// Options say where the proxy and the site listen. The zero value: free ports on 127.0.0.1.
type Options struct {
	Scenario Scenario
	Listen   string // of the gRPC proxy, "127.0.0.1:0" when empty
	SitePort int    // of the site's BGP listener on 127.0.0.1; 0 picks a free one
}

// Proxy is the running fault proxy with its site. Safe for concurrent use.
type Proxy struct {
	// Site is the remote site.
	Site *Site

	w        *world.World
	listener *trackingListener
	grpc     *grpc.Server
	served   chan error
	closing  sync.Once
	closed   error

	mu       sync.Mutex
	speakers map[string]*speaker
}

// Start runs the site and the proxy until Close or the end of ctx. Call it after World.Baseline: what the site learned
// in an earlier life of the world is cleared, for the site has to learn it again.
func Start(ctx context.Context, w *world.World, o Options) (*Proxy, error) {
	w.Register(Vendor, project)
	if o.Listen == "" {
		o.Listen = "127.0.0.1:0"
	}
	listener, err := net.Listen("tcp", o.Listen)
	if err != nil {
		return nil, fmt.Errorf("open fault door: %w", err)
	}
	site, err := startSite(ctx, w, o.Scenario.Site, o.SitePort)
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	d := &Proxy{
		w: w, Site: site, listener: track(listener), served: make(chan error, 1), speakers: map[string]*speaker{},
	}
	d.grpc = grpc.NewServer(grpc.ForceServerCodecV2(rawCodec{}), grpc.UnknownServiceHandler(d.relay))
	go func() { d.served <- d.grpc.Serve(d.listener) }()
	context.AfterFunc(ctx, func() { _ = d.Close() }) // its error has nobody to go to when the caller's context ends
	return d, nil
}

// Addr is where the proxy listens: host:port of a gRPC server.
func (d *Proxy) Addr() string { return d.listener.Addr().String() }

// Close ends every call and session and returns when nothing of the proxy runs any more. Closing twice is harmless.
func (d *Proxy) Close() error {
	d.closing.Do(func() {
		d.grpc.Stop()
		// that is Serve's answer when it comes after Stop
		if err := <-d.served; !errors.Is(err, grpc.ErrServerStopped) {
			d.closed = err
		}
		d.mu.Lock()
		defer d.mu.Unlock()
		for _, s := range d.speakers {
			d.closed = errors.Join(d.closed, s.conn.Close())
		}
		d.Site.close()
	})
	return d.closed
}

// HTTP serves the proxy's part of the world's control endpoint:
//
//	GET  /sim/bgp           {"site": {"name","address","port","asn"}, "speakers": {NAME: {...}}, "door": "host:port"}
//	GET  /sim/bgp/table     [{"prefix","nextHop","asPath"}], the site's table
//	POST /sim/bgp/speakers  {"name","grpc","asn","listen"}; answers as GET /sim/bgp, with its "localAddress"
//
// Problems are {"error": "..."} with 4xx.
func (d *Proxy) HTTP() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /sim/bgp", func(rw http.ResponseWriter, r *http.Request) {
		reply(rw, http.StatusOK, d.status(r.Context()))
	})
	mux.HandleFunc("GET /sim/bgp/table", func(rw http.ResponseWriter, r *http.Request) {
		routes, err := d.Site.Table(r.Context())
		if err != nil {
			reply(rw, http.StatusBadRequest, problem{err.Error()})
			return
		}
		reply(rw, http.StatusOK, routes)
	})
	mux.HandleFunc("POST /sim/bgp/speakers", d.serveRegister)
	return mux
}

type problem struct {
	Error string `json:"error"`
}

// proxyStatus is what the proxy tells about itself.
type proxyStatus struct {
	Site         siteStatus               `json:"site"`
	Speakers     map[string]speakerStatus `json:"speakers"`
	Proxy        string                   `json:"door"`
	LocalAddress string                   `json:"localAddress,omitempty"`
}

type siteStatus struct {
	Name    string `json:"name"`
	Address string `json:"address"`
	Port    int    `json:"port"`
	ASN     uint32 `json:"asn"`
}

type speakerStatus struct {
	Registration
	Session string `json:"session"` // the site's view: ESTABLISHED, ACTIVE, IDLE, ...
}

func (d *Proxy) status(ctx context.Context) proxyStatus {
	out := proxyStatus{Site: d.Site.status(), Proxy: d.Addr(), Speakers: map[string]speakerStatus{}}
	sessions := d.Site.sessions(ctx)
	d.mu.Lock()
	defer d.mu.Unlock()
	for name, s := range d.speakers {
		out.Speakers[name] = speakerStatus{Registration: s.Registration, Session: sessions[s.address]}
	}
	return out
}

func reply(rw http.ResponseWriter, code int, v any) {
	rw.Header().Set("Content-Type", "application/json")
	rw.WriteHeader(code)
	_ = json.NewEncoder(rw).Encode(v) // the caller may be gone
}
