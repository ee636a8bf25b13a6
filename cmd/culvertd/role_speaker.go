package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"

	"github.com/culvertnet/culvert/adapters/gobgp"
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
	var world struct {
		Site struct {
			Address string `json:"address"`
			Port    uint16 `json:"port"`
			ASN     uint32 `json:"asn"`
		} `json:"site"`
	}
	if err := askWorld(ctx, http.MethodGet, p.at.World+"/sim/bgp", nil, &world); err != nil {
		return o, fmt.Errorf("find the remote site: %w", err)
	}
	// The site tells its speakers apart by address, so each has a loopback address of its own.
	local := fmt.Sprintf("127.0.2.%d", i+1)
	o.Peers = append(o.Peers, gobgp.Peer{
		Address: world.Site.Address, Port: world.Site.Port, ASN: world.Site.ASN, LocalAddress: local, Hops: 2,
	})
	return o, nil
}

// registerSpeaker lets the simulated world's fault door pass calls on to the speaker, and its site take the session.
func (p *program) registerSpeaker(ctx context.Context, o gobgp.SpeakerOptions, grpc string) error {
	local := o.Peers[len(o.Peers)-1].LocalAddress
	registration := map[string]any{"name": o.Name, "grpc": grpc, "asn": o.ASN, "listen": local}
	if err := askWorld(ctx, http.MethodPost, p.at.World+"/sim/bgp/speakers", registration, nil); err != nil {
		return fmt.Errorf("register speaker %s: %w", o.Name, err)
	}
	return nil
}

// askWorld calls the simulated world's control door.
func askWorld(ctx context.Context, method, url string, body, into any) error {
	payload, err := json.Marshal(body)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(payload))
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode >= 300 {
		return fmt.Errorf("the world answers %s: %s", resp.Status, answer)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(answer, into)
}
