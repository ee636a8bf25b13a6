package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/culvertnet/culvert/cmd/internal/wiring"
)

// A footing is the home that a proof's processes stand on: the flags that lead there.
type footing struct {
	flags []string
	// founder is the daemon that a home lives in; nil where the home has processes of its own.
	founder *process
	// stores are the ids of the processes that keep the records; quorum is how many of them have to have synced a record
	// before it is acknowledged.
	stores func() []int
	quorum int
	// report asks the store itself whether it syncs.
	report func(context.Context) (string, error)
}

// homes are the homes that a proof can be run on, by name.
var homes = map[string]func(ctx context.Context, l *lab) (*footing, error){"embedded": embeddedHome, "google": googleHome, "r3": r3Home}

// embeddedHome is a daemon that is everything, with its broker open to others.
func embeddedHome(ctx context.Context, l *lab) (*footing, error) {
	args := append([]string{
		"--data", filepath.Join(l.dir, "founder"), "--nats-monitor", "127.0.0.1:0", "--world", l.world, "--sim-speed", fmt.Sprint(l.s.speed),
	}, l.extra...)
	founder, err := l.start(ctx, "founder", args...)
	if err != nil {
		return nil, err
	}
	return &footing{
		flags: []string{"--nats-url", founder.at.NATS, "--nats-monitors", founder.at.Monitor}, founder: founder,
		stores: pids(founder.cmd.Process.Pid), quorum: 1, report: natsReport(founder.at.Monitor),
	}, nil
}

// pids are processes that are known from the beginning.
func pids(all ...int) func() []int { return func() []int { return all } }

// configFile is the daemon's built-in configuration with something more.
func (l *lab) configFile(more string) (string, error) {
	file := filepath.Join(l.dir, "culvertd.yaml")
	return file, os.WriteFile(file, append(wiring.Simulated(), more...), 0o600)
}

// startWorld starts the simulated world in a process of its own.
func (l *lab) startWorld(ctx context.Context) error {
	p, err := l.start(ctx, "world", "--role", "world", "--data", filepath.Join(l.dir, "world"), "--sim-speed", fmt.Sprint(l.s.speed))
	if err != nil {
		return err
	}
	l.world = p.at.World
	return nil
}

// join starts one role on a home.
func (l *lab) join(ctx context.Context, f *footing, role, name string) (*process, error) {
	args := []string{"--role", role, "--data", filepath.Join(l.dir, name), "--world", l.world, "--sim-speed", fmt.Sprint(l.s.speed)}
	return l.start(ctx, name, slices.Concat(args, f.flags, l.extra)...)
}
