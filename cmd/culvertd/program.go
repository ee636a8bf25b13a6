package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"golang.org/x/sync/errgroup"

	"github.com/culvertnet/culvert/adapters/simcloud"
	"github.com/culvertnet/culvert/adapters/simcloud/world"
	"github.com/culvertnet/culvert/cmd/internal/wiring"
)

// program is one process: what its role needs, started in order and stopped in reverse.
type program struct {
	config Config
	log    *slog.Logger
	ready  func(addresses) error

	at      addresses
	backend backend
	closers []func() error
	group   *errgroup.Group
}

// run starts the role's parts, tells where they are, and serves until ctx ends or a part fails.
func (p *program) run(ctx context.Context) (err error) {
	defer func() {
		for i := len(p.closers) - 1; i >= 0; i-- {
			err = errors.Join(err, p.closers[i]())
		}
	}()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	group, gctx := errgroup.WithContext(ctx)
	p.group = group
	err = p.start(gctx)
	if err == nil {
		err = p.ready(p.at)
	}
	if err != nil { // what runs already ends before what it stands on is closed
		cancel()
		return errors.Join(fmt.Errorf("start role %s: %w", p.config.Role, err), ignoreCanceled(group.Wait()))
	}
	group.Go(func() error { <-gctx.Done(); return nil })
	if err := ignoreCanceled(group.Wait()); err != nil {
		return err
	}
	p.log.Info("stopped")
	return nil
}

// ignoreCanceled takes the end that was asked for as no error.
func ignoreCanceled(err error) error {
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// start starts what the role is made of.
func (p *program) start(ctx context.Context) error {
	role := p.config.Role
	if p.config.World != noWorld {
		p.at.World = p.config.World
	}
	if role == roleWorld || role == roleAll && p.config.World == "" {
		if err := p.startWorld(ctx); err != nil || role == roleWorld {
			return err
		}
	}
	if err := p.openBackend(ctx); err != nil {
		return err
	}
	if role == roleSpeaker || role == roleAll {
		if err := p.startSpeakers(ctx); err != nil || role == roleSpeaker {
			return err
		}
	}
	if role == roleWorker || role == roleAll {
		if err := p.startWorker(ctx); err != nil {
			return err
		}
	}
	if role == roleOrchestrator || role == roleAll {
		return p.startOrchestrator(ctx)
	}
	return nil
}

// parts are what workers and speakers of this process are made of.
func (p *program) parts() wiring.Parts {
	return wiring.Parts{
		File: p.config.File, World: p.at.World, Speed: p.config.SimSpeed,
		Bus: p.backend.bus, Claims: p.backend.claims, Marks: p.backend.marks, Release: version, Log: p.log,
	}
}

// startSpeakers runs the BGP speakers of this process: all that are configured, or the one that role speaker names.
func (p *program) startSpeakers(ctx context.Context) error {
	only := ""
	if p.config.Role == roleSpeaker {
		only = p.config.Speaker
	}
	stop, err := p.parts().Speakers(ctx, only)
	if err != nil {
		return err
	}
	p.closers = append(p.closers, stop)
	return nil
}

// startWorld serves the simulated world. In role world it listens where --http says.
func (p *program) startWorld(ctx context.Context) error {
	o := simcloud.Options{World: world.Config{Speed: p.config.SimSpeed, Dir: filepath.Join(p.config.Data, "world")}}
	if p.config.Role == roleWorld {
		o.Listen = p.config.HTTP
	}
	if p.config.WorldFile != "" {
		scenario, err := os.ReadFile(p.config.WorldFile)
		if err != nil {
			return fmt.Errorf("read scenario: %w", err)
		}
		o.Scenario = scenario
	}
	if err := os.MkdirAll(o.World.Dir, 0o750); err != nil {
		return fmt.Errorf("make state folder: %w", err)
	}
	s, err := simcloud.Start(context.WithoutCancel(ctx), o) // outlives the workers, which still use it while they drain
	if err != nil {
		return fmt.Errorf("start simulated world: %w", err)
	}
	p.closers = append(p.closers, s.Close)
	p.at.World = s.URL()
	return nil
}
