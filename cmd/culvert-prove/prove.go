package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/culvertnet/culvert/cmd/internal/wiring"
	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/events/intake"
	"github.com/culvertnet/culvert/saga"
	"github.com/culvertnet/culvert/saga/plans"
	"github.com/culvertnet/culvert/workers/routing"
)

const (
	// proveSpeed is how fast a trial's world is, trialWithin how long one may take.
	proveSpeed  = 1200
	trialWithin = 3 * time.Minute
	// proveTries bounds how often a trial is repeated whose point was not passed: which of two processes is first may
	// differ.
	proveTries = 5
)

// proveLimits are the engine's patience in a trial: a lost command is given up soon, because nothing here is slow.
func proveLimits() saga.Limits {
	l := saga.DefaultLimits(proveSpeed)
	l.Deadline, l.Longest, l.Quiet, l.Skew = 5*time.Second, 5*time.Second, time.Second, 200*time.Millisecond
	return l
}

// prover runs an intent's own plan against the simulated world, with a fault at every step boundary.
type prover struct {
	file              wiring.File
	log               *slog.Logger
	catalogue         plans.Catalogue
	engine            saga.Engine
	scenario          []byte
	event, withdrawal []byte
	speakers          bool
	errs              io.Writer // takes what is said while it goes on
	parallel          int
	only              string
	quick, all        bool
}

// proveEvent runs every trial of one intent.
func (p *prover) proveEvent(ctx context.Context, event json.RawMessage, report *report) error {
	intents, err := intake.DecodeIntents(events.DefaultTenant, nil, event, time.Now())
	if err != nil {
		return err
	}
	intent := intents[0]
	if intent.Want != events.Apply {
		return events.NewRefusal("type", "apply", "only an apply can be proved: its withdrawal is a part of it")
	}
	p.event, p.speakers = event, p.usesSpeakers(intent)
	if p.withdrawal, err = withdrawalOf(event, intent); err != nil {
		return err
	}
	undisturbed, err := p.try(ctx, planned{})
	if err != nil {
		return fmt.Errorf("undisturbed run of %s: %w", intent.Connection.Name, err)
	}
	if undisturbed.ended != events.SagaCompleted || len(undisturbed.leftovers) > 0 {
		return fmt.Errorf("the undisturbed run of %s is %s (%s) and leaves %v: it has to work before it can be proved",
			intent.Connection.Name, undisturbed.ended, undisturbed.reason, undisturbed.leftovers)
	}
	trials, err := p.plan(ctx, intent.Connection.Name, undisturbed)
	if err != nil {
		return err
	}
	fmt.Fprintf(p.errs, "%s: %d trials\n", intent.Connection.Name, len(trials))
	p.proveAll(ctx, trials, report)
	return ctx.Err()
}

// proveAll runs the trials that are asked for, many at once.
func (p *prover) proveAll(ctx context.Context, trials []planned, report *report) {
	queue := make(chan planned)
	var all sync.WaitGroup
	for range p.parallel {
		all.Go(func() {
			for t := range queue {
				report.add(p.prove(ctx, t))
			}
		})
	}
	for _, t := range trials {
		if strings.Contains(t.Fault+" "+t.Point, p.only) && ctx.Err() == nil {
			queue <- t
		}
	}
	close(queue)
	all.Wait()
}

// usesSpeakers tells whether an intent's plan announces by a BGP speaker, which a trial then runs. An intent that
// cannot be planned needs none: the first run refuses it, with its field.
func (p *prover) usesSpeakers(intent events.Intent) bool {
	kind, known := p.engine.Kinds[intent.Kind]
	if !known {
		return false
	}
	plan, err := kind.Plan(saga.Planning{Intent: intent})
	return err == nil && slices.ContainsFunc(plan.Nodes, func(n saga.Node) bool {
		var in routing.AnnounceIn
		return n.Kind == routing.KindAnnounce && json.Unmarshal(n.Input, &in) == nil && in.Target.Via == routing.ViaBGP
	})
}

// withdrawalOf is the event that withdraws what an apply asks for.
func withdrawalOf(event []byte, apply events.Intent) ([]byte, error) {
	var e map[string]any
	if err := json.Unmarshal(event, &e); err != nil {
		return nil, fmt.Errorf("decode event: %w", err)
	}
	e["type"] = events.IntentType(apply.Kind, events.Withdraw, apply.Version)
	e["id"], e["data"] = fmt.Sprint(e["id"])+"-withdraw", map[string]any{}
	return json.Marshal(e)
}

// prove runs a planned trial until its fault has fired, and judges it.
func (p *prover) prove(ctx context.Context, t planned) trialResult {
	result := trialResult{planned: t}
	for range proveTries {
		r, err := p.try(ctx, t)
		result.judge(r, err)
		if r.fired || result.Error != "" {
			break
		}
	}
	if !result.Covered && result.Error == "" {
		result.Error = "the fault never fired"
	}
	return result
}

var errUnproved = errors.New("not proved")
