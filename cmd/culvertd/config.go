package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/culvertnet/culvert/cmd/internal/wiring"
)

// The roles of a process.
const (
	roleAll          = "all"
	roleOrchestrator = "orchestrator"
	roleWorker       = "worker"
	roleWorld        = "world"
	roleSpeaker      = "speaker"
)

var (
	roles        = []string{roleAll, roleOrchestrator, roleWorker, roleWorld, roleSpeaker}
	capabilities = wiring.Capabilities()
)

// noWorld, as --world, stands for the real clouds.
const noWorld = "none"

// Config is every setting of the daemon: flags first, the rest from one strict YAML file.
type Config struct {
	// Data is where state lives: the journal, the broker's streams, the simulated world's ledger.
	Data string
	// HTTP is where the API listens, NATS where the embedded broker does; port 0 picks a free one.
	HTTP, NATS string
	// NATSMonitor is where the embedded broker's monitoring endpoint listens; empty opens none.
	NATSMonitor string
	// SimSpeed is how many minutes pass in the simulated world in one of ours; waits and polls scale with it.
	SimSpeed float64
	// WorldFile is the scenario of the simulated world; empty for the default one.
	WorldFile    string
	Role         string
	Capabilities []string
	// NATSURL is an external broker; World the URL of a simulated world in another process. Role all starts a world of its
	// own where World is empty; noWorld means the real clouds.
	NATSURL, World string
	// PostgresURL and PubSubProject are the Google home: the database of journal and claims, the project of the topics.
	PostgresURL, PubSubProject string
	// Speaker is the one speaker that role speaker plays.
	Speaker string
	// Held starts the engine held: it accepts, and requests nothing until it is resumed.
	Held bool
	// CheckpointEvery is how often the heads of changed journals are listed in the journal of checkpoints.
	CheckpointEvery time.Duration
	// NATSMonitors are the monitoring endpoints of the external broker's servers, by which it proves that it syncs.
	NATSMonitors []string
	// AllowUnsynced accepts a broker that does not prove that it syncs before it acknowledges.
	AllowUnsynced bool
	File          wiring.File
}

// parseConfig reads flags and the file. Help and usage go to out.
func parseConfig(args []string, out io.Writer) (Config, error) {
	c := Config{}
	f := flag.NewFlagSet("culvertd", flag.ContinueOnError)
	f.SetOutput(out)
	f.StringVar(&c.Data, "data", defaultData(), "folder for state")
	f.StringVar(&c.HTTP, "http", "127.0.0.1:8480", "address of the HTTP API; port 0 picks a free one")
	f.StringVar(&c.NATS, "nats", "127.0.0.1:4222", "address of the embedded NATS server; port 0 picks a free one")
	f.StringVar(&c.NATSMonitor, "nats-monitor", "", "address of the embedded server's monitoring endpoint, for processes that join it; port 0 picks a free one")
	f.Float64Var(&c.SimSpeed, "sim-speed", 60, "how much faster than ours time passes in the simulated world")
	f.StringVar(&c.WorldFile, "world-file", "", "scenario of the simulated world (YAML)")
	f.StringVar(&c.Role, "role", roleAll, "what this process does: "+strings.Join(roles, ", "))
	caps := f.String("capabilities", strings.Join(capabilities, ","), "what role worker serves")
	f.StringVar(&c.NATSURL, "nats-url", "", "URL of a NATS server to use instead of the embedded one")
	f.StringVar(&c.PostgresURL, "postgres-url", os.Getenv("CULVERT_POSTGRES_URL"), "PostgreSQL of the Google home (default: CULVERT_POSTGRES_URL; the password is better in PGPASSFILE)")
	f.StringVar(&c.PubSubProject, "pubsub-project", "", "project whose Pub/Sub carries the messages of the Google home; PUBSUB_EMULATOR_HOST is honoured")
	f.StringVar(&c.World, "world", "", "URL of a simulated world in another process; none: the real clouds, in role all too")
	f.StringVar(&c.Speaker, "speaker", "site-edge", "which speaker role speaker is")
	f.BoolVar(&c.Held, "held", false, "start held: accept intents, request nothing until resumed")
	f.DurationVar(&c.CheckpointEvery, "checkpoint-every", time.Minute, "how often the heads of changed journals are noted in the journal of checkpoints")
	f.BoolVar(&c.AllowUnsynced, "allow-unsynced", false, "accept a broker that does not prove it syncs before it acknowledges")
	monitors := f.String("nats-monitors", "", "monitoring endpoints (http://host:8222) of every server of --nats-url")
	file := f.String("config", "", "configuration file (YAML)")
	if err := f.Parse(args); err != nil {
		return Config{}, err
	}
	if f.NArg() > 0 {
		return Config{}, fmt.Errorf("parse arguments: %q is no flag", f.Arg(0))
	}
	c.Capabilities = strings.Split(*caps, ",")
	if *monitors != "" {
		c.NATSMonitors = strings.Split(*monitors, ",")
	}
	var err error
	if c.File, err = wiring.ReadFile(*file); err != nil {
		return Config{}, err
	}
	if err := errors.Join(c.validate(), c.File.Validate()); err != nil {
		return Config{}, err
	}
	return c, nil
}

// defaultData is the XDG state folder.
func defaultData() string {
	if dir := os.Getenv("XDG_STATE_HOME"); dir != "" {
		return filepath.Join(dir, "culvert")
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "culvert-state"
	}
	return filepath.Join(home, ".local", "state", "culvert")
}
