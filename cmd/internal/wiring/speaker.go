package wiring

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/culvertnet/culvert/adapters/gobgp"
	"github.com/culvertnet/culvert/adapters/simcloud/control"
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
		closers = append(closers, s.Close)
		if p.World == "" {
			continue
		}
		if err := p.registerSpeaker(ctx, o, s.Addr().String()); err != nil {
			return nil, err
		}
	}
	return func() error { return closeAll(closers) }, nil
}

func (p Parts) speakerOptions(ctx context.Context, name string, i int) (gobgp.SpeakerOptions, error) {
	c := p.File.Speakers[name]
	o := gobgp.SpeakerOptions{Name: name, ASN: c.ASN, RouterID: c.RouterID, GRPCListen: c.GRPC, Logger: p.Log}
	resource := routing.Target{Via: routing.ViaBGP, Speaker: name}.ListResource()
	o.Refill = func(ctx context.Context) ([]string, error) {
		r, err := p.Claims.Load(ctx, resource)
		return r.Values(), err
	}
	for _, peer := range c.Peers {
		o.Peers = append(o.Peers, gobgp.Peer{Address: peer.Address, Port: uint16(peer.Port), ASN: peer.ASN, Hops: 2})
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
		Address: site.Address, Port: site.Port, ASN: site.ASN, LocalAddress: local, Hops: 2,
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
