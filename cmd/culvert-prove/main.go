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
	"os/signal"
	"syscall"

	"github.com/culvertnet/culvert/cmd/internal/wiring"
	"github.com/culvertnet/culvert/saga"
	"github.com/culvertnet/culvert/saga/plans"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "culvert-prove:", err)
		os.Exit(1)
	}
}

// run is the program without the process, for tests: it writes a table or JSON to out, and to errs what goes on.
func run(ctx context.Context, args []string, in io.Reader, out, errs io.Writer) error {
	f := flag.NewFlagSet("culvert-prove", flag.ContinueOnError)
	f.SetOutput(errs)
	p := &prover{log: slog.New(slog.DiscardHandler), errs: errs}
	config := f.String("config", "",
		"configuration file (YAML): pools, gateways, controllers, speakers; default: that of the simulated world")
	scenario := f.String("world", "", "scenario of the simulated world (YAML); default: examples/world.yaml")
	format := f.String("o", "table", "table or json")
	f.IntVar(&p.parallel, "parallel", 24, "trials at once")
	f.StringVar(&p.only, "only", "", "only trials whose name contains this")
	f.BoolVar(&p.quick, "quick", false, "no lost answers, and no messages that come twice or late")
	f.BoolVar(&p.all, "all", false,
		"every point at every time it is passed, those that come to the same included: an hour rather than minutes")
	if err := f.Parse(args); err != nil {
		return err
	}
	if err := p.read(*config, *scenario); err != nil {
		return err
	}
	list, err := readEvents(in)
	if err != nil {
		return err
	}
	report := report{}
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

// read reads the configuration and the scenario; no names stand for the built-in ones.
func (p *prover) read(config, scenario string) (err error) {
	if p.file, err = wiring.ReadFile(config); err != nil {
		return err
	}
	if err := p.file.Validate(); err != nil {
		return err
	}
	if scenario != "" {
		if p.scenario, err = os.ReadFile(scenario); err != nil {
			return fmt.Errorf("read scenario: %w", err)
		}
	}
	p.catalogue = plans.All(p.file.PlansOperator())
	p.engine = saga.Engine{Kinds: p.catalogue.Kinds(), Limits: p.catalogue.Limits(proveLimits())}
	return nil
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
