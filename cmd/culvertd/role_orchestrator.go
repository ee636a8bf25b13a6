package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/culvertnet/culvert/adapters/httpapi"
	"github.com/culvertnet/culvert/cmd/internal/wiring"
	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/saga"
	"github.com/culvertnet/culvert/saga/audit"
	"github.com/culvertnet/culvert/saga/orchestrator"
	"github.com/culvertnet/culvert/saga/plans"
	"github.com/culvertnet/culvert/schemas"
)

// startOrchestrator runs the engine and its doors: NATS and HTTP.
func (p *program) startOrchestrator(ctx context.Context) error {
	catalogue := plans.All(p.config.File.PlansOperator())
	engine := saga.Engine{Kinds: catalogue.Kinds(), Limits: saga.DefaultLimits(p.parts().Pace())}
	var held saga.Held
	if p.config.Held {
		held = held.With("", &saga.Pause{})
	}
	o := orchestrator.New(orchestrator.Options{
		Engine: engine, Held: held, Journal: p.home.journal(), Bus: p.home.bus, Cursor: wiring.Cursor{Claims: p.home.claims},
		Now: time.Now, ID: uuid.NewString, Name: wiring.ProcessName(), SweepEvery: 10 * time.Second,
		CheckpointEvery: p.config.CheckpointEvery, Log: p.log,
	})
	door := plans.Door{Catalogue: catalogue, Engine: o, Now: time.Now}
	p.group.Go(func() error { return o.Run(ctx) })
	p.group.Go(func() error { return p.home.bus.Consume(ctx, intakeSubscription, takeIntent(door, p.log)) })
	return p.serveHTTP(ctx, o, door, engine)
}

// intakeSubscription is the durable place of the intents stream. An intent that is delivered so often has taken many a
// process with it, or has met a full queue for more than an hour; in the dead letters it is not lost.
var intakeSubscription = events.Subscription{
	Name: "intake", Subjects: []string{events.Intents.Subject}, Parallel: 64, MaxDeliver: events.MaxAgain,
}

// takeIntent is the NATS door: what can be decoded and admitted is accepted, the rest goes to the dead letters.
func takeIntent(door plans.Door, log *slog.Logger) func(context.Context, events.Delivery) events.Verdict {
	return events.Guarded(func(ctx context.Context, d events.Delivery) events.Verdict {
		_, err := door.Accept(ctx, events.DefaultTenant, d.Header, d.Body)
		return orchestrator.Verdict(err, d.Attempt)
	}, func(d events.Delivery, panicked string) {
		log.Error("intake panicked", "subject", d.Subject, "attempt", d.Attempt, "panic", panicked)
	})
}

// serveHTTP opens the API.
func (p *program) serveHTTP(ctx context.Context, o *orchestrator.Orchestrator, door plans.Door, engine saga.Engine) error {
	listener, err := net.Listen("tcp", p.config.HTTP)
	if err != nil {
		return fmt.Errorf("open HTTP: %w", err)
	}
	p.at.HTTP = "http://" + listener.Addr().String()
	server := &http.Server{
		Handler: httpapi.Handler(httpapi.Options{
			Engine: o, Intake: door, Listing: p.home.journal(), DeadLetters: p.home.deadLetters, Publisher: p.home.bus,
			Mover: o, Journal: p.home.journal(),
			Audit: func(ctx context.Context, against []saga.Head) (audit.Report, error) {
				return audit.Run(ctx, engine, p.home.journal(), against)
			},
			Room: p.home.room, Claims: p.home.claims, Kinds: explain(door.Catalogue), World: p.at.World, NATS: p.at.NATS, Version: version,
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

// explain describes every kind by its schemas and the graph of its example.
func explain(catalogue plans.Catalogue) map[string]httpapi.KindInfo {
	all := map[string]httpapi.KindInfo{}
	for name, e := range catalogue {
		version := e.Newest()
		k := httpapi.KindInfo{Kind: name, Schemas: map[string]any{}, Diagram: catalogue.Diagram(name, version)}
		for _, want := range []events.Want{events.Apply, events.Withdraw} {
			raw, known := schemas.Intent(name, string(want), version)
			var schema any
			if known && json.Unmarshal(raw, &schema) == nil {
				k.Schemas[string(want)] = schema
			}
		}
		all[name] = k
	}
	return all
}
