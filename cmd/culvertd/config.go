package main

import (
	"os"
	"path/filepath"
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
	// NATSURL is an external broker; World the URL of a simulated world in another process. Role all starts a world of
	// its own where World is empty; noWorld means the real clouds.
	NATSURL, World string
	// PostgresURL and PubSubProject are the Google backend: the database of journal and claims, the project of the
	// topics.
	PostgresURL, PubSubProject string
	// Speaker is the one speaker that role speaker plays.
	Speaker string
	// Paused starts the engine paused: it accepts, and requests nothing until it is resumed.
	Paused bool
	// CheckpointEvery is how often the heads of changed journals are listed in the journal of checkpoints.
	CheckpointEvery time.Duration
	// NATSMonitors are the monitoring endpoints of the external broker's servers, by which it proves that it syncs.
	NATSMonitors []string
	// AllowUnsynced accepts a broker that does not prove that it syncs before it acknowledges.
	AllowUnsynced bool
	File          wiring.File
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
