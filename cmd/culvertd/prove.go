package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/culvertnet/culvert/adapters/faulty"
	"github.com/culvertnet/culvert/adapters/simcloud/control"
	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/events/intake"
	"github.com/culvertnet/culvert/saga"
	"github.com/culvertnet/culvert/saga/plans"
)

const (
	// proveSpeed is how fast a trial's world is, trialWithin how long one may take.
	proveSpeed  = 1200
	trialWithin = 3 * time.Minute
	// proveTries bounds how often a trial is repeated whose point was not passed: which of two processes is first may differ.
	proveTries = 5
)

// proveLimits are the engine's patience in a trial: a lost command is given up soon, because nothing here is slow.
func proveLimits() saga.Limits {
	l := saga.DefaultLimits(proveSpeed)
	l.Deadline, l.Quiet, l.Skew = 5*time.Second, time.Second, 200*time.Millisecond
	return l
}

// prover runs an intent's own plan against the simulated world, with a fault at every step boundary.
type prover struct {
	config            Config
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

// prove is the command behind "culvert prove": it reads events as JSON from in, and writes a table or JSON.
func prove(ctx context.Context, args []string, in io.Reader, out, errs io.Writer) error {
	f := flag.NewFlagSet("prove", flag.ContinueOnError)
	f.SetOutput(errs)
	p := &prover{log: slog.New(slog.DiscardHandler), errs: errs}
	config := f.String("config", "", "configuration file (YAML): pools, gateways, controllers, speakers; default: that of the simulated world")
	scenario := f.String("world", "", "scenario of the simulated world (YAML); default: examples/world.yaml")
	format := f.String("o", "table", "table or json")
	f.IntVar(&p.parallel, "parallel", 24, "trials at once")
	f.StringVar(&p.only, "only", "", "only trials whose name contains this")
	f.BoolVar(&p.quick, "quick", false, "no lost answers, and no messages that come twice or late")
	f.BoolVar(&p.all, "all", false, "every point at every time it is passed, those that come to the same included: an hour rather than minutes")
	if err := f.Parse(args); err != nil {
		return err
	}
	flags := []string{"--sim-speed", fmt.Sprint(proveSpeed)}
	if *config != "" {
		flags = append(flags, "--config", *config)
	}
	var err error
	if p.config, err = parseConfig(flags, errs); err != nil {
		return err
	}
	if *scenario != "" {
		if p.scenario, err = os.ReadFile(*scenario); err != nil {
			return fmt.Errorf("read scenario: %w", err)
		}
	}
	p.catalogue = plans.All(p.config.File.plansOperator())
	p.engine = saga.Engine{Kinds: p.catalogue.Kinds(), Limits: proveLimits()}
	list, err := readEvents(in)
	if err != nil {
		return err
	}
	report := proof{}
	for _, event := range list {
		if err := p.proveEvent(ctx, event, &report); err != nil {
			return err
		}
	}
	if err := report.print(out, *format); err != nil {
		return err
	}
	return report.verdict()
}

// readEvents reads one event or a list of them.
func readEvents(in io.Reader) ([]json.RawMessage, error) {
	body, err := io.ReadAll(in)
	if err != nil {
		return nil, fmt.Errorf("read intent: %w", err)
	}
	var list []json.RawMessage
	if json.Unmarshal(body, &list) != nil {
		list = []json.RawMessage{body}
	}
	return list, nil
}

// proveEvent runs every trial of one intent.
func (p *prover) proveEvent(ctx context.Context, event json.RawMessage, report *proof) error {
	intents, err := intake.DecodeIntents(events.DefaultTenant, nil, event, time.Now())
	if err != nil {
		return err
	}
	if intents[0].Want != events.Apply {
		return events.NewRefusal("type", "apply", "only an apply can be proved: its withdrawal is a part of it")
	}
	p.event, p.speakers = event, strings.Contains(string(event), `"bgp"`)
	if p.withdrawal, err = withdrawalOf(event); err != nil {
		return err
	}
	undisturbed, err := p.try(ctx, planned{})
	if err != nil {
		return fmt.Errorf("undisturbed run of %s: %w", intents[0].Connection.Name, err)
	}
	if undisturbed.ended != events.SagaCompleted || len(undisturbed.leftovers) > 0 {
		return fmt.Errorf("the undisturbed run of %s is %s (%s) and leaves %v: it has to work before it can be proved",
			intents[0].Connection.Name, undisturbed.ended, undisturbed.reason, undisturbed.leftovers)
	}
	trials, err := p.plan(ctx, intents[0].Connection.Name, undisturbed)
	if err != nil {
		return err
	}
	queue := make(chan planned)
	var all sync.WaitGroup
	for range p.parallel {
		all.Go(func() {
			for t := range queue {
				report.add(p.prove(ctx, t))
			}
		})
	}
	fmt.Fprintf(p.errs, "%s: %d trials\n", intents[0].Connection.Name, len(trials))
	for _, t := range trials {
		if strings.Contains(t.Fault+" "+t.Point, p.only) && ctx.Err() == nil {
			queue <- t
		}
	}
	close(queue)
	all.Wait()
	return ctx.Err()
}

// withdrawalOf is the event that withdraws what an apply asks for.
func withdrawalOf(event []byte) ([]byte, error) {
	var e map[string]any
	if err := json.Unmarshal(event, &e); err != nil {
		return nil, fmt.Errorf("decode event: %w", err)
	}
	e["type"] = strings.Replace(fmt.Sprint(e["type"]), ".apply.", ".withdraw.", 1)
	e["id"], e["data"] = fmt.Sprint(e["id"])+"-withdraw", map[string]any{}
	return json.Marshal(e)
}

// planned is a trial to be.
type planned struct {
	Intent string `json:"intent"`
	// Boundary is the kind of place, Point the very one, Fault what happens there.
	Boundary string `json:"boundary"`
	Point    string `json:"point"`
	Fault    string `json:"fault"`
	blows    []faulty.Blow
	faults   []control.Fault
	// back are faults of the withdrawal, from its start.
	back []control.Fault
	// continues says that what is stuck is continued once, as an operator does when the vendor is well again.
	continues bool
	// ends are the ends that are right.
	ends []events.SagaStatus
}

// plan lists the trials: what an undisturbed run passes and calls is where something can go wrong.
func (p *prover) plan(ctx context.Context, intent string, undisturbed outcome) ([]planned, error) {
	var all []planned
	through := []events.SagaStatus{events.SagaCompleted}
	for _, point := range faulty.FactPoints(undisturbed.passed) {
		if !p.all && !distinct(point) {
			continue
		}
		kinds := []faulty.Kind{faulty.Death}
		switch {
		case strings.HasPrefix(point, "after "):
			kinds = append(kinds, faulty.Lost)
		case strings.HasPrefix(point, "before take "):
			kinds = append(kinds, faulty.Delay)
		case strings.HasPrefix(point, "before answer "):
			kinds = append(kinds, faulty.Repeat)
		}
		for _, kind := range kinds {
			if p.quick && kind != faulty.Death {
				continue
			}
			all = append(all, planned{
				Intent: intent, Boundary: boundary(point), Point: point, Fault: string(kind), ends: through, blows: []faulty.Blow{{Point: point, Kind: kind}},
			})
		}
	}
	calls, err := p.vendorTrials(ctx, intent, undisturbed)
	return append(all, calls...), err
}

// vendorTrials are those at the calls of vendors: of the way there, of the way back, and of undoing what came before a refusal.
func (p *prover) vendorTrials(ctx context.Context, intent string, undisturbed outcome) ([]planned, error) {
	var all []planned
	through := []events.SagaStatus{events.SagaCompleted}
	either := []events.SagaStatus{events.SagaCompleted, events.SagaCompensated}
	for _, call := range undisturbed.calls {
		for mode, ends := range map[string][]events.SagaStatus{"lose-reply": either, "refuse": {events.SagaCompensated}} {
			fault := control.Fault{Vendor: call[0], Call: call[1], Mode: mode, Times: 1}
			all = append(all, planned{
				Intent: intent, Boundary: "vendor call", Point: call[0] + " " + call[1], Fault: vendorFaults[mode], ends: ends, faults: []control.Fault{fault},
			})
		}
	}
	for _, call := range undisturbed.undone {
		for mode, ends := range map[string][]events.SagaStatus{
			"lose-reply": through, "fail-before": through, "refuse": {events.SagaStuck, events.SagaCompleted},
		} {
			all = append(all, planned{
				Intent: intent, Boundary: "withdrawal", Point: call[0] + " " + call[1], Fault: vendorFaults[mode], ends: ends, continues: mode == "refuse",
				back: []control.Fault{{Vendor: call[0], Call: call[1], Mode: mode, Times: 1}},
			})
		}
	}
	if len(undisturbed.calls) == 0 {
		return all, nil
	}
	last := undisturbed.calls[len(undisturbed.calls)-1]
	refused := control.Fault{Vendor: last[0], Call: last[1], Mode: "refuse", Times: 1}
	back, err := p.try(ctx, planned{faults: []control.Fault{refused}})
	if err != nil {
		return nil, fmt.Errorf("run that is refused at %s: %w", last[1], err)
	}
	for _, call := range back.undone {
		for mode, ends := range map[string][]events.SagaStatus{
			"fail-before": {events.SagaCompensated}, "refuse": {events.SagaStuck, events.SagaCompensated},
		} {
			all = append(all, planned{
				Intent: intent, Boundary: "undo", Point: call[0] + " " + call[1], Fault: "undo " + vendorFaults[mode], ends: ends, continues: mode == "refuse",
				faults: []control.Fault{refused, {Vendor: call[0], Call: call[1], Mode: mode, Times: 1}},
			})
		}
	}
	return all, nil
}

// distinct leaves out what comes to the same: a call's second time (the polls of a long operation, mostly), and the moment
// before a call, which is the one after the call before it.
func distinct(point string) bool {
	first := strings.HasSuffix(point, " #1")
	return first && (strings.HasPrefix(point, "after ") || strings.HasPrefix(point, "before take ") || strings.HasPrefix(point, "before answer "))
}

// vendorFaults names the world's modes in a reader's words.
var vendorFaults = map[string]string{"lose-reply": "timeout after the effect", "refuse": "refused", "fail-before": "failed"}

// boundary is the kind of a point: its words up to what it is about.
func boundary(point string) string {
	words := strings.Fields(point)[1:]
	switch words[0] {
	case "publish", "take", "answer":
		if strings.HasPrefix(words[1], "culvert.status") {
			return words[0] + " status"
		}
		return words[0] + " " + words[1]
	case "store":
		return "store claim"
	case "fact":
		return "append"
	}
	return words[0]
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
