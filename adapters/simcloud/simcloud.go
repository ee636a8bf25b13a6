package simcloud

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"go.yaml.in/yaml/v4"
	"google.golang.org/grpc"

	"github.com/culvertnet/culvert/adapters/simcloud/aviatrix"
	"github.com/culvertnet/culvert/adapters/simcloud/bgp"
	"github.com/culvertnet/culvert/adapters/simcloud/google"
	"github.com/culvertnet/culvert/adapters/simcloud/reach"
	"github.com/culvertnet/culvert/adapters/simcloud/world"
	"github.com/culvertnet/culvert/examples"
)

// Options starts a world. The zero value is the default scenario in memory on a free loopback port.
type Options struct {
	World    world.Config
	Scenario []byte // a world file; nil = examples/world.yaml
	Listen   string // host:port; "" = 127.0.0.1:0
	BGP      BGP
}

// BGP says where the remote site's BGP and the fault proxy of the speakers listen. The zero value: free ports on
// 127.0.0.1.
type BGP struct {
	Listen   string // of the gRPC fault proxy
	SitePort int    // of the site's BGP listener
	Off      bool   // no BGP at all, for tests that need none
}

// scenario is a world file.
type scenario struct {
	Google   google.Scenario   `yaml:"google"`
	Aviatrix aviatrix.Scenario `yaml:"aviatrix"`
	BGP      bgp.Scenario      `yaml:"bgp"`
	Outside  reach.Scenario    `yaml:"outside"`
}

// Server is a running world.
type Server struct {
	// World is the state behind the endpoints, for what runs in the same process.
	World *world.World

	http        *http.Server
	listener    net.Listener
	controllers []string
	bgp         *bgp.Proxy // nil when it is off
	served      chan error
}

// Start opens the world, loads the scenario and serves until ctx ends or Close is called.
func Start(ctx context.Context, o Options) (*Server, error) {
	if o.Scenario == nil {
		o.Scenario = examples.World
	}
	if o.Listen == "" {
		o.Listen = "127.0.0.1:0"
	}
	var sc scenario
	decoder := yaml.NewDecoder(bytes.NewReader(o.Scenario))
	decoder.KnownFields(true)
	if err := decoder.Decode(&sc); err != nil {
		return nil, fmt.Errorf("read scenario: %w", err)
	}
	w, err := world.Open(o.World)
	if err != nil {
		return nil, err
	}
	s := &Server{World: w, served: make(chan error, 1)}
	if err := s.open(ctx, sc, o); err != nil {
		return nil, errors.Join(err, s.closeAPIs())
	}
	go func() { s.served <- s.http.Serve(s.listener) }()
	context.AfterFunc(ctx, func() { _ = s.Close() }) // Close's error has nobody to go to when the caller's context ends
	return s, nil
}

func (s *Server) open(ctx context.Context, sc scenario, o Options) error {
	mux, err := s.apis(sc)
	if err != nil {
		return err
	}
	if !o.BGP.Off {
		s.bgp, err = bgp.Start(
			ctx, s.World, bgp.Options{Scenario: sc.BGP, Listen: o.BGP.Listen, SitePort: o.BGP.SitePort},
		)
		if err != nil {
			return err
		}
		mux.Handle("/sim/bgp", s.bgp.HTTP())
		mux.Handle("/sim/bgp/", s.bgp.HTTP())
	}
	if s.listener, err = net.Listen("tcp", o.Listen); err != nil {
		return fmt.Errorf("listen for the simulated world: %w", err)
	}
	s.http = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	return nil
}

// apis builds every vendor's handler over the world and takes the baseline.
func (s *Server) apis(sc scenario) (*http.ServeMux, error) {
	mux := http.NewServeMux()
	clouds, err := google.New(s.World, sc.Google)
	if err != nil {
		return nil, err
	}
	controllers, err := aviatrix.New(s.World, sc.Aviatrix)
	if err != nil {
		return nil, err
	}
	if err := reach.Load(s.World, sc.Outside); err != nil {
		return nil, err
	}
	for name, controller := range controllers {
		s.controllers = append(s.controllers, name)
		prefix := "/controllers/" + name
		mux.Handle(prefix+"/", http.StripPrefix(prefix, controller))
	}
	mux.Handle("/", clouds)
	mux.Handle("/sim/", s.control())
	mux.Handle("GET /sim/judge", aviatrix.Oracle(s.World))
	return mux, s.World.Baseline()
}

// URL is the root of everything the world serves, without a trailing slash: the endpoint of all Google APIs; an
// Aviatrix controller is at URL()/controllers/NAME, the control endpoint at URL()/sim.
func (s *Server) URL() string { return "http://" + s.listener.Addr().String() }

// BGPAddr is the gRPC fault proxy in front of the speakers, host:port; "" when BGP is off.
func (s *Server) BGPAddr() string {
	if s.bgp == nil {
		return ""
	}
	return s.bgp.Addr()
}

// Close stops serving at once, cutting calls under way, and closes the world's file. Closing twice is harmless.
func (s *Server) Close() error {
	err := s.http.Close()
	s.served <- <-s.served // it has ended, also for whoever closes next
	return errors.Join(err, s.closeAPIs())
}

func (s *Server) closeAPIs() error {
	var err error
	if s.bgp != nil {
		err = s.bgp.Close()
		if errors.Is(err, grpc.ErrServerStopped) { // closed before its goroutine had begun to serve
			err = nil
		}
	}
	return errors.Join(err, s.World.Close())
}
