package main

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/culvertnet/culvert/adapters/gobgp"
	"github.com/culvertnet/culvert/adapters/simcloud/control"
	"github.com/culvertnet/culvert/workers/routing"
)

// startSpeakers runs the BGP speakers of this process: all that are configured, or the one that role speaker names. Each
// is filled from the claims before a peer sees it. Against a simulated world its peer is the world's remote site.
func (p *program) startSpeakers(ctx context.Context) error {
	names := slices.Sorted(maps.Keys(p.config.File.Speakers))
	for i, name := range names {
		if p.config.Role == roleSpeaker && name != p.config.Speaker {
			continue
		}
		o, err := p.speakerOptions(ctx, name, i)
		if err != nil {
			return err
		}
		s, err := gobgp.StartSpeaker(ctx, o)
		if err != nil {
			return err
		}
		p.closers = append(p.closers, s.Close)
		if p.at.World == "" {
			continue
		}
		if err := p.registerSpeaker(ctx, o, s.Addr().String()); err != nil {
			return err
		}
	}
	return nil
}

func (p *program) speakerOptions(ctx context.Context, name string, i int) (gobgp.SpeakerOptions, error) {
	c := p.config.File.Speakers[name]
	o := gobgp.SpeakerOptions{Name: name, ASN: c.ASN, RouterID: c.RouterID, GRPCListen: c.GRPC, Logger: p.log}
	resource := routing.Target{Via: routing.ViaBGP, Speaker: name}.ListResource()
	o.Refill = func(ctx context.Context) ([]string, error) {
		r, err := p.home.claims.Load(ctx, resource)
		return r.Values(), err
	}
	for _, peer := range c.Peers {
		o.Peers = append(o.Peers, gobgp.Peer{Address: peer.Address, Port: uint16(peer.Port), ASN: peer.ASN, Hops: 2})
	}
	if p.at.World == "" {
		return o, nil
	}
	site, err := control.Client{URL: p.at.World}.Site(ctx)
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

// registerSpeaker lets the simulated world's fault door pass calls on to the speaker, and its site take the session.
func (p *program) registerSpeaker(ctx context.Context, o gobgp.SpeakerOptions, grpc string) error {
	local := o.Peers[len(o.Peers)-1].LocalAddress
	registration := control.Speaker{Name: o.Name, GRPC: grpc, ASN: o.ASN, Listen: local}
	if err := (control.Client{URL: p.at.World}).Register(ctx, registration); err != nil {
		return fmt.Errorf("register speaker %s: %w", o.Name, err)
	}
	return nil
}
