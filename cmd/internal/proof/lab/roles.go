package lab

import (
	"context"
	"path/filepath"
	"strings"
)

// StartRoles starts every role in a process of its own, and gives the worker that will be killed.
func (l *Lab) StartRoles(ctx context.Context, b *Broker) (victim *Process, err error) {
	world, err := l.Start(ctx, "world", "--role", "world", "--data", filepath.Join(l.Dir, "world"), "--sim-speed", "60")
	if err != nil {
		return nil, err
	}
	l.World = world.At.World
	for _, name := range []string{"orchestrator", "speaker", "worker-1", "worker-2"} {
		role, _, _ := strings.Cut(name, "-")
		p, err := l.Start(ctx, name, "--role", role, "--data", filepath.Join(l.Dir, name), "--nats-url", b.URL,
			"--nats-monitors", b.Monitor, "--world", l.World, "--sim-speed", "60")
		if err != nil {
			return nil, err
		}
		if role == "orchestrator" {
			l.Daemon = p
		}
		victim = p
	}
	return victim, nil
}
