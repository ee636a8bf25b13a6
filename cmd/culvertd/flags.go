package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/culvertnet/culvert/cmd/internal/wiring"
)

// A task is what a command of culvertd does with its configuration.
type task func(ctx context.Context, c Config) error

// newCommand is the command line: culvertd alone serves, culvertd setup makes what a backend stands on.
func newCommand(serve, setup task) *cobra.Command {
	root := &cobra.Command{
		Use: "culvertd", Short: "Run the daemon: all roles in one process, or one of them",
		SilenceUsage: true, SilenceErrors: true, Args: noArguments, CompletionOptions: cobra.CompletionOptions{
			DisableDefaultCmd: true,
		},
	}
	var s settings
	s.bind(root.PersistentFlags())
	run := func(do task) func(*cobra.Command, []string) error {
		return func(cmd *cobra.Command, _ []string) error {
			c, err := s.read()
			if err != nil {
				return err
			}
			return do(cmd.Context(), c)
		}
	}
	root.RunE = run(serve)
	root.AddCommand(&cobra.Command{
		Use: "setup", Short: "Make the streams, or the schema, topics and subscriptions, that a backend needs",
		Args: noArguments, RunE: run(setup),
	})
	return root
}

func noArguments(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("parse arguments: %q is no flag", args[0])
	}
	return nil
}

// execute runs a command line. Help goes to out, hints go to errs.
func execute(ctx context.Context, root *cobra.Command, args []string, out, errs io.Writer) error {
	root.InitDefaultHelpFlag() // -help was accepted too
	root.SetArgs(longFlags(root.Flags(), args, errs))
	root.SetOut(out)
	root.SetErr(errs)
	return root.ExecuteContext(ctx)
}

// longFlags writes the flags that are spelt with one dash, as they were accepted before, with two. A hint says so once.
func longFlags(known *pflag.FlagSet, args []string, errs io.Writer) []string {
	long := make([]string, 0, len(args)) // never nil: cobra would take the process's own arguments
	value, told := false, false
	for i, arg := range args {
		if arg == "--" && !value {
			return append(long, args[i:]...)
		}
		name, _, whole := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		flag := known.Lookup(name)
		if !value && flag != nil && strings.HasPrefix(arg, "-") && !strings.HasPrefix(arg, "--") {
			arg = "-" + arg
			if !told {
				fmt.Fprintf(errs, "culvertd: write --%s with two dashes; one dash is accepted for now\n", name)
			}
			told = true
		}
		value = !value && flag != nil && strings.HasPrefix(arg, "--") && !whole && flag.NoOptDefVal == ""
		long = append(long, arg)
	}
	return long
}

// settings are the flags as they are written.
type settings struct {
	Config
	capabilities, monitors, file string
}

func (s *settings) bind(f *pflag.FlagSet) {
	f.StringVar(&s.Data, "data", defaultData(), "folder for state")
	f.StringVar(&s.HTTP, "http", "127.0.0.1:8480", "address of the HTTP API; port 0 picks a free one")
	f.StringVar(&s.NATS, "nats", "127.0.0.1:4222", "address of the embedded NATS server; port 0 picks a free one")
	f.StringVar(&s.NATSMonitor, "nats-monitor", "",
		"address of the embedded server's monitoring endpoint, for processes that join it; port 0 picks a free one")
	f.Float64Var(&s.SimSpeed, "sim-speed", 60, "how much faster than ours time passes in the simulated world")
	f.StringVar(&s.WorldFile, "world-file", "", "scenario of the simulated world (YAML)")
	f.StringVar(&s.Role, "role", roleAll, "what this process does: "+strings.Join(roles, ", "))
	f.StringVar(&s.capabilities, "capabilities", strings.Join(capabilities, ","), "what role worker serves")
	f.StringVar(&s.NATSURL, "nats-url", "", "URL of a NATS server to use instead of the embedded one")
	f.StringVar(&s.PostgresURL, "postgres-url", os.Getenv("CULVERT_POSTGRES_URL"),
		"PostgreSQL of the Google backend (default: CULVERT_POSTGRES_URL; the password is better in PGPASSFILE)")
	f.Lookup("postgres-url").DefValue = "" // help shows no password
	f.StringVar(&s.PubSubProject, "pubsub-project", "",
		"project whose Pub/Sub carries the messages of the Google backend; PUBSUB_EMULATOR_HOST is honoured")
	f.StringVar(
		&s.World, "world", "", "URL of a simulated world in another process; none: the real clouds, in role all too",
	)
	f.StringVar(&s.Speaker, "speaker", "site-edge", "which speaker role speaker is")
	f.BoolVar(&s.Paused, "paused", false, "start paused: accept intents, request nothing until culvert resume")
	f.BoolVar(&s.Paused, "held", false, "")
	_ = f.MarkDeprecated("held", "it is called --paused now") // the only error is a flag that is not there
	f.DurationVar(&s.CheckpointEvery, "checkpoint-every", time.Minute,
		"how often the heads of changed journals are noted in the journal of checkpoints")
	f.BoolVar(&s.AllowUnsynced, "allow-unsynced", false,
		"accept a broker that does not prove it syncs before it acknowledges")
	f.StringVar(
		&s.monitors, "nats-monitors", "", "monitoring endpoints (http://host:8222) of every server of --nats-url",
	)
	f.StringVar(&s.file, "config", "", "configuration file (YAML)")
}

// read completes the configuration with the file, and checks it.
func (s *settings) read() (Config, error) {
	c := s.Config
	c.Capabilities = strings.Split(s.capabilities, ",")
	if s.monitors != "" {
		c.NATSMonitors = strings.Split(s.monitors, ",")
	}
	var err error
	if c.File, err = wiring.ReadFile(s.file); err != nil {
		return Config{}, err
	}
	return c, errors.Join(c.validate(), c.File.Validate())
}
