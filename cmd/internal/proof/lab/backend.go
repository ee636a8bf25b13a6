package lab

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/culvertnet/culvert/cmd/internal/wiring"
)

// A Backend is where a proof's processes keep messages and records: the flags that lead there.
type Backend struct {
	Flags []string
	// Seed is the daemon whose embedded broker the others share; nil where the backend has processes of its own.
	Seed *Process
	// Stores are the ids of the processes that keep the records; quorum is how many of them have to have synced a
	// record before it is acknowledged.
	Stores func() []int
	Quorum int
	// Report asks the store itself whether it syncs.
	Report func(context.Context) (string, error)
	// Observe counts the results on the bus by worker.
	Observe func() (*Results, error)
}

// Backends are the backends that a proof can be run on, by name.
func Backends() map[string]func(ctx context.Context, l *Lab) (*Backend, error) {
	return map[string]func(
		ctx context.Context, l *Lab,
	) (*Backend, error){"embedded": embeddedBackend, "google": OnGoogle,
		"r3": r3Backend}
}

// embeddedBackend is a daemon that is everything, with its broker open to others.
func embeddedBackend(ctx context.Context, l *Lab) (*Backend, error) {
	args := append([]string{
		"--data", filepath.Join(l.Dir, "seed"), "--nats-monitor", "127.0.0.1:0", "--world", l.World, "--sim-speed",
		fmt.Sprint(l.Settings.Speed),
	}, l.Extra...)
	seed, err := l.Start(ctx, "seed", args...)
	if err != nil {
		return nil, err
	}
	return &Backend{
		Flags: []string{"--nats-url", seed.At.NATS, "--nats-monitors", seed.At.Monitor}, Seed: seed,
		Stores: Pids(seed.pid()), Quorum: 1, Report: NATSReport(seed.At.Monitor),
		Observe: func() (*Results, error) { return ObserveNATS(seed.At.NATS) },
	}, nil
}

// Pids are processes that are known from the beginning.
func Pids(all ...int) func() []int { return func() []int { return all } }

// configFile is the daemon's built-in configuration with something more.
func (l *Lab) configFile(more string) (string, error) {
	file := filepath.Join(l.Dir, "culvertd.yaml")
	return file, os.WriteFile(file, append(wiring.Simulated(), more...), 0o600)
}

// StartWorld starts the simulated world in a process of its own.
func (l *Lab) StartWorld(ctx context.Context) error {
	p, err := l.Start(ctx, "world", "--role", "world", "--data", filepath.Join(l.Dir, "world"), "--sim-speed",
		fmt.Sprint(l.Settings.Speed))
	if err != nil {
		return err
	}
	l.World = p.At.World
	return nil
}

// Join starts one role on a backend.
func (l *Lab) Join(ctx context.Context, f *Backend, role, name string) (*Process, error) {
	args := []string{"--role", role, "--data", filepath.Join(l.Dir, name), "--world", l.World, "--sim-speed",
		fmt.Sprint(l.Settings.Speed)}
	return l.Start(ctx, name, slices.Concat(args, f.Flags, l.Extra)...)
}
