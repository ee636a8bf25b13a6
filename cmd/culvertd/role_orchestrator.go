package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/culvertnet/culvert/adapters/httpapi"
	"github.com/culvertnet/culvert/cmd/internal/wiring"
	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/events/intake"
	"github.com/culvertnet/culvert/saga"
	"github.com/culvertnet/culvert/saga/audit"
	"github.com/culvertnet/culvert/saga/orchestrator"
	"github.com/culvertnet/culvert/saga/plans"
	"github.com/culvertnet/culvert/schemas"
)

// startOrchestrator runs the engine, the intake from the bus, and the API.
func (p *program) startOrchestrator(ctx context.Context) error {
	catalogue := plans.All(p.config.File.PlansOperator())
	engine := saga.Engine{Kinds: catalogue.Kinds(),
		Limits: catalogue.Limits(saga.DefaultLimits(p.parts().Pace()))}
	var held saga.Held
	if p.config.Paused {
		held = held.With("", &saga.Pause{})
	}
	o := orchestrator.New(orchestrator.Options{
		Engine: engine, Held: held, Journal: p.backend.journal(), Bus: p.backend.bus, Cursor: wiring.Cursor{
			Claims: p.backend.claims,
		},
		Now: time.Now, ID: uuid.NewString, Name: wiring.ProcessName(), SweepEvery: 10 * time.Second,
		CheckpointEvery: p.config.CheckpointEvery, Log: p.log,
	})
	in := intake.Intake{Kinds: catalogue, Engine: o, Now: time.Now}
	p.group.Go(func() error { return o.Run(ctx) })
	p.group.Go(func() error { return in.Consume(ctx, p.backend.bus, p.log) })
	return p.serveHTTP(ctx, o, in, catalogue, engine)
}

// serveHTTP opens the API.
func (p *program) serveHTTP(
	ctx context.Context, o *orchestrator.Orchestrator, in intake.Intake, catalogue plans.Catalogue, engine saga.Engine,
) error {
	listener, err := net.Listen("tcp", p.config.HTTP)
	if err != nil {
		return fmt.Errorf("open HTTP: %w", err)
	}
	p.at.HTTP = "http://" + listener.Addr().String()
	server := &http.Server{
		Handler: httpapi.Handler(httpapi.Options{
			Engine: o, Intake: in, Listing: p.backend.journal(), DeadLetters: p.backend.deadLetters,
			Publisher: p.backend.bus,
			Mover:     o, Journal: p.backend.journal(), Plan: planned(in, engine.Kinds),
			Audit: func(ctx context.Context, against []saga.Head) (audit.Report, error) {
				return audit.Run(ctx, engine, p.backend.journal(), against)
			},
			Room: p.backend.room, Claims: p.backend.claims, Kinds: explain(catalogue), Capabilities: capabilities,
			World: p.at.World,
			NATS:  p.at.NATS, Version: version,
		}),
		ReadHeaderTimeout: 10 * time.Second,
		BaseContext:       func(net.Listener) context.Context { return ctx }, // streams end when the process drains
	}
	p.group.Go(func() error {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serve HTTP: %w", err)
		}
		return nil
	})
	p.group.Go(func() error {
		<-ctx.Done()
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		if err := server.Shutdown(end); err != nil {
			return server.Close()
		}
		return nil
	})
	return nil
}

// version is this release's.
const version = "0.1.0"

// explain describes every version of every kind by its schemas and the graph of its example.
func explain(catalogue plans.Catalogue) map[string][]httpapi.KindInfo {
	all := map[string][]httpapi.KindInfo{}
	for name, e := range catalogue {
		for version := 1; version <= e.Newest(); version++ {
			k := httpapi.KindInfo{
				Kind: name, Version: version, Newest: e.Newest(), Schemas: map[string]any{},
				Diagram: catalogue.Diagram(name, version),
			}
			for _, want := range []events.Want{events.Apply, events.Withdraw} {
				raw, known := schemas.Intent(name, string(want), version)
				var schema any
				if known && json.Unmarshal(raw, &schema) == nil {
					k.Schemas[string(want)] = schema
				}
			}
			all[name] = append(all[name], k)
		}
	}
	return all
}
