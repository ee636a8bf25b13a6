package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/culvertnet/culvert/adapters/httpapi"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run is the program without the process, for tests: it gives the exit code.
func run(ctx context.Context, args []string, in io.Reader, out, errs io.Writer) int {
	c := &cli{in: in, out: out, errs: errs}
	root := c.root()
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(errs)
	err := root.ExecuteContext(ctx)
	var code exit
	var misuse usage
	switch {
	case err == nil:
		return 0
	case errors.As(err, &code):
		return int(code)
	}
	fmt.Fprintln(errs, "culvert:", explain(err))
	if c.started && !errors.As(err, &misuse) {
		return int(exitFailed)
	}
	return int(exitUsage)
}

// cli is what every subcommand shares.
type cli struct {
	in        io.Reader
	out, errs io.Writer
	server    string
	format    string
	// started says that arguments were understood: what fails after it is no mistake of usage.
	started bool
}

func (c *cli) root() *cobra.Command {
	root := &cobra.Command{
		Use: "culvert", Short: "Private paths for serverless services", SilenceUsage: true, SilenceErrors: true,
		PersistentPreRunE: func(*cobra.Command, []string) error {
			if c.format != "table" && c.format != "json" && c.format != "yaml" {
				return fmt.Errorf("invalid --output %q: want table, json or yaml", c.format)
			}
			return nil
		},
	}
	server := os.Getenv("CULVERT_SERVER")
	if server == "" {
		server = "http://127.0.0.1:8480"
	}
	root.PersistentFlags().StringVar(&c.server, "server", server, "URL of the daemon (env CULVERT_SERVER)")
	root.PersistentFlags().StringVarP(&c.format, "output", "o", "table", "table, json or yaml")
	root.AddCommand(
		c.submit(), c.list(), c.show(), c.watch(), c.cancel(), c.hold("pause"), c.hold("resume"), c.withdraw(),
		c.replay(),
		c.resolve(), c.deadLetters(), c.claims(), c.explainKind(), c.sim(), c.workers(), c.doctor(), c.export(),
		c.importInto(), c.prove(),
	)
	for _, cmd := range root.Commands() {
		c.strict(cmd)
	}
	return root
}

// strict notes when a command really begins, which is after its arguments and flags were understood, and lets one that
// only has subcommands refuse what is none.
func (c *cli) strict(cmd *cobra.Command) {
	for _, sub := range cmd.Commands() {
		c.strict(sub)
	}
	begin := cmd.RunE
	if cmd.HasSubCommands() {
		begin = func(cmd *cobra.Command, args []string) error {
			return usage(fmt.Sprintf("%s has no command %q; see %s --help", cmd.CommandPath(), strings.Join(args, " "),
				cmd.CommandPath()))
		}
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c.started = true
		return begin(cmd, args)
	}
}

func (c *cli) api() httpapi.Client {
	url := c.server
	if !strings.Contains(url, "://") {
		url = "http://" + url
	}
	return httpapi.Client{URL: url}
}
