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
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "culvertd:", err)
		os.Exit(1)
	}
}

// run is the program without the process, for tests: it serves until ctx ends, drains and returns. The bound addresses go
// to out as one line of JSON once everything listens. The command setup makes what a home stands on instead.
func run(ctx context.Context, args []string, out, errs io.Writer) error {
	if len(args) > 0 && args[0] == "prove" {
		return errors.New(`"prove" is no command of culvertd any more: use "culvert prove FILE"`)
	}
	command := ""
	if len(args) > 0 && args[0] == "setup" {
		command, args = args[0], args[1:]
	}
	c, err := parseConfig(args, errs)
	if err != nil {
		return err
	}
	p := &program{config: c, log: slog.New(slog.NewTextHandler(errs, &slog.HandlerOptions{Level: slog.LevelInfo}))}
	if command == "setup" {
		return setup(ctx, p, out)
	}
	p.ready = func(a addresses) error { return json.NewEncoder(out).Encode(a) }
	return p.run(ctx)
}

// addresses are where a process can be reached.
type addresses struct {
	HTTP  string `json:"http"`
	NATS  string `json:"nats"`
	World string `json:"world"`
	// Monitor is the embedded broker's monitoring endpoint, when --nats-monitor opens one.
	Monitor string `json:"monitor,omitempty"`
}
