package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "culvertd:", err)
		os.Exit(1)
	}
}

// run is the program without the process, for tests: it serves until ctx ends, drains and returns. The bound addresses
// go to out as one line of JSON once everything listens. The command setup makes what a backend stands on instead.
func run(ctx context.Context, args []string, out, errs io.Writer) error {
	if len(args) > 0 && args[0] == "prove" {
		return errors.New(`"prove" is no command of culvertd any more: use "culvert prove FILE"`)
	}
	program := func(c Config) *program {
		return &program{
			config: c, log: slog.New(slog.NewTextHandler(errs, &slog.HandlerOptions{Level: slog.LevelInfo})),
		}
	}
	serve := func(ctx context.Context, c Config) error {
		p := program(c)
		p.ready = func(a addresses) error { return json.NewEncoder(out).Encode(a) }
		return p.run(ctx)
	}
	return execute(ctx, newCommand(
		serve, func(ctx context.Context, c Config) error { return setup(ctx, program(c), out) },
	), args, out, errs)
}

// addresses are where a process can be reached.
type addresses struct {
	HTTP  string `json:"http"`
	NATS  string `json:"nats"`
	World string `json:"world"`
	// Monitor is the embedded broker's monitoring endpoint, when --nats-monitor opens one.
	Monitor string `json:"monitor,omitempty"`
}
