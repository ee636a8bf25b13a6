package wiring

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/culvertnet/culvert/adapters/gobgp"
	"github.com/culvertnet/culvert/adapters/simcloud/control"
	"github.com/culvertnet/culvert/workers"
	"github.com/culvertnet/culvert/workers/routing"
)

// Speakers runs the configured BGP speakers: all, or only the one that is named. Each is filled from the claims before
// a peer sees it. Against a simulated world its peer is the world's remote site. They run until the caller calls stop.
func (p Parts) Speakers(ctx context.Context, only string) (stop func() error, err error) {
	var closers []func() error
	defer func() {
		if err != nil {
			err = errors.Join(err, closeAll(closers))
		}
	}()
	for i, name := range slices.Sorted(maps.Keys(p.File.Speakers)) {
		if only != "" && name != only {
			continue
		}
		o, err := p.speakerOptions(ctx, name, i)
		if err != nil {
			return nil, err
		}
		s, err := gobgp.StartSpeaker(ctx, o)
		if err != nil {
			return nil, err
		}
		closers = append(closers, s.Close, p.report(ctx, name, s))
		if p.World == "" {
			continue
		}
		if err := p.registerSpeaker(ctx, o, s.Addr().String()); err != nil {
			return nil, err
		}
	}
	return func() error { return closeAll(closers) }, nil
}

// simulatedHold is short, so that the site gives a sign of life each two seconds: nobody waits for it for long.
const simulatedHold = 6 * time.Second

// report tells operators what a speaker sees of its peers, until stop.
func (p Parts) report(ctx context.Context, name string, s *gobgp.Speaker) (stop func() error) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	optional := p.File.Speakers[name].remote().Optional
	var running sync.WaitGroup
	running.Go(func() {
		workers.SpeakerReports{
			Claims: p.Claims, Speaker: name, Process: ProcessName(), Now: time.Now,
			Read: func() ([]workers.Neighbour, int) {
				peers, announced := s.Sessions()
				for i := range peers {
					peers[i].Optional = slices.Contains(optional, peers[i].Address)
				}
				return peers, announced
			},
		}.Run(ctx, func(err error) { p.Log.Warn("state of speaker is not written", "speaker", name, "error", err) })
	})
	return func() error {
		cancel()
		running.Wait()
		return nil
	}
}

func (p Parts) speakerOptions(ctx context.Context, name string, i int) (gobgp.SpeakerOptions, error) {
	c := p.File.Speakers[name]
	o := gobgp.SpeakerOptions{Name: name, ASN: c.ASN, RouterID: c.RouterID, GRPCListen: c.GRPC, Logger: p.Log,
		Allowed: p.File.Announces(name)}
	resource := routing.Target{Via: routing.ViaBGP, Speaker: name}.ListResource()
	o.Refill = func(ctx context.Context) ([]string, error) {
		r, err := p.Claims.Load(ctx, resource)
		return r.Values(), err
	}
	for _, configured := range c.Peers {
		peer, err := configured.withPassword()
		if err != nil {
			return o, fmt.Errorf("start speaker %s: %w", name, err)
		}
		o.Peers = append(o.Peers, peer)
	}
	if p.World == "" {
		return o, nil
	}
	site, err := control.Client{URL: p.World}.Site(ctx)
	if err != nil {
		return o, fmt.Errorf("find the remote site: %w", err)
	}
	// The site tells its speakers apart by address, so each has a loopback address of its own.
	local := fmt.Sprintf("127.0.2.%d", i+1)
	o.Peers = append(o.Peers, gobgp.Peer{
		Address: site.Address, Port: site.Port, ASN: site.ASN, LocalAddress: local, HoldTime: simulatedHold,
	})
	return o, nil
}

// registerSpeaker lets the simulated world's fault proxy pass calls on to the speaker, and its site take the session.
func (p Parts) registerSpeaker(ctx context.Context, o gobgp.SpeakerOptions, grpc string) error {
	local := o.Peers[len(o.Peers)-1].LocalAddress
	registration := control.Speaker{Name: o.Name, GRPC: grpc, ASN: o.ASN, Listen: local}
	if err := (control.Client{URL: p.World}).Register(ctx, registration); err != nil {
		return fmt.Errorf("register speaker %s: %w", o.Name, err)
	}
	return nil
}
