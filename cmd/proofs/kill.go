package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
)

// kill: the embedded home. culvertd, which is broker, journal, engine and workers at once, is killed again and again while
// a campaign runs; the world lives in a process of its own.
func kill(ctx context.Context, s settings) error {
	s = s.filled(2000, 100)
	l, err := newLab(s)
	if err != nil {
		return err
	}
	t := &table{header: "what figure"}
	err = killRun(ctx, l, t)
	return errors.Join(err, t.print(), l.close())
}

func killRun(ctx context.Context, l *lab, t *table) error {
	if err := l.startWorld(ctx); err != nil {
		return err
	}
	var err error
	args := []string{"--data", filepath.Join(l.dir, "data"), "--world", l.world, "--sim-speed", fmt.Sprint(l.s.speed)}
	if l.daemon, err = l.start(ctx, "daemon", args...); err != nil {
		return err
	}
	// The same address after each kill, so that waiting callers find it again.
	http := l.daemon.at.HTTP
	args = append(args, "--http", http[len("http://"):])
	c := newCampaign(l, "kill")
	c.apis = func() []string { return []string{http} }
	c.start(ctx)
	blows, err := c.throw(ctx, l.s.faults, func(ctx context.Context, _ int) (string, error) {
		l.daemon.kill()
		var err error
		l.daemon, err = l.start(ctx, "daemon", args...)
		return "SIGKILL of the daemon", err
	})
	if err != nil {
		return err
	}
	return c.judge(ctx, t, blows, l.s.faults)
}
