package faults

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/culvertnet/culvert/cmd/internal/proof"
	"github.com/culvertnet/culvert/cmd/internal/proof/campaign"
	"github.com/culvertnet/culvert/cmd/internal/proof/lab"
)

// kill: the embedded backend. culvertd, which is broker, journal, engine and workers at once, is killed again and again
// while a campaign runs; the world lives in a process of its own.
func kill(ctx context.Context, s lab.Settings) error {
	s = s.Filled(2000, 100)
	l, err := lab.New(s)
	if err != nil {
		return err
	}
	t := &proof.Table{Header: "what figure"}
	err = killRun(ctx, l, t)
	return errors.Join(err, t.Print(), l.Close())
}

func killRun(ctx context.Context, l *lab.Lab, t *proof.Table) error {
	if err := l.StartWorld(ctx); err != nil {
		return err
	}
	var err error
	args := []string{"--data", filepath.Join(l.Dir, "data"), "--world", l.World, "--sim-speed",
		fmt.Sprint(l.Settings.Speed)}
	if l.Daemon, err = l.Start(ctx, "daemon", args...); err != nil {
		return err
	}
	// The same address after each kill, so that waiting callers find it again.
	http := l.Daemon.At.HTTP
	args = append(args, "--http", http[len("http://"):])
	c := campaign.New(l, "kill")
	c.APIs = func() []string { return []string{http} }
	c.Start(ctx)
	blows, err := c.Throw(ctx, l.Settings.Faults, func(ctx context.Context, _ int) (string, error) {
		l.Daemon.Kill()
		var err error
		l.Daemon, err = l.Start(ctx, "daemon", args...)
		return "SIGKILL of the daemon", err
	})
	if err != nil {
		return err
	}
	return c.Judge(ctx, t, blows, l.Settings.Faults)
}
