package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"time"

	"github.com/culvertnet/culvert/adapters/jetstream/natslocal"
	"github.com/culvertnet/culvert/cmd/internal/proof"
	"github.com/culvertnet/culvert/events"
)

// r3Servers is how many servers keep every stream.
const r3Servers = 3

// startR3 starts a cluster of three servers, built from the version in go.mod, and gives the flags that lead there.
func startR3(ctx context.Context, l *lab) (*natslocal.Cluster, *footing, error) {
	cluster, err := natslocal.Start(ctx, filepath.Join(l.s.bin, "nats-server"), l.dir, r3Servers)
	if err != nil {
		return nil, nil, err
	}
	l.ends = append(l.ends, cluster.Close)
	config, err := l.configFile("nats: {replicas: 3}\n")
	if err != nil {
		return nil, nil, err
	}
	return cluster, &footing{
		flags:  []string{"--nats-url", cluster.URL(), "--nats-monitors", strings.Join(cluster.Monitors(), ","), "--config", config},
		stores: cluster.Pids, quorum: r3Servers/2 + 1, report: natsReport(cluster.Monitors()...),
	}, nil
}

func r3Home(ctx context.Context, l *lab) (*footing, error) {
	_, f, err := startR3(ctx, l)
	return f, err
}

// r3: the NATS home. While a campaign runs, servers of a three-node cluster are killed, halted, cut off and slowed.
func r3(ctx context.Context, s settings) (err error) {
	s = s.filled(1000, 30)
	l, err := newLab(s)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	if err := l.startWorld(ctx); err != nil {
		return err
	}
	cluster, f, err := startR3(ctx, l)
	if err != nil {
		return err
	}
	crew := &crew{l: l, f: f, counts: map[string]int{}, live: map[string][]*member{}}
	if err := crew.found(ctx); err != nil {
		return err
	}
	c := newCampaign(l, "r3")
	c.apis = crew.apis
	c.start(ctx)
	storm := &storm{cluster: cluster, random: c.random}
	blows, err := c.throw(ctx, s.faults, storm.strike)
	if err != nil {
		return err
	}
	t := &table{header: "what figure"}
	if err := c.judge(ctx, t, blows, s.faults); err != nil {
		return err
	}
	return t.print()
}

// storm makes faults in a cluster, one at a time; each is over, and everybody has caught up, when strike returns.
type storm struct {
	cluster *natslocal.Cluster
	random  *rand.Rand
}

// strike makes the k-th fault.
func (s *storm) strike(ctx context.Context, k int) (string, error) {
	anyone := s.random.IntN(r3Servers)
	switch k % 4 {
	case 0:
		leader, err := s.leader(ctx)
		if err != nil {
			return "", err
		}
		s.cluster.Kill(leader)
		if err := proof.Pause(ctx, s.some(time.Second, 4*time.Second)); err != nil {
			return "", err
		}
		return "the journal's leader killed and restarted", s.cluster.Restart(ctx, leader)
	case 1:
		if err := s.cluster.Stop(anyone); err != nil {
			return "", err
		}
		if err := proof.Pause(ctx, s.some(3*time.Second, 12*time.Second)); err != nil {
			return "", err
		}
		return "a server halted (SIGSTOP) and continued", s.cluster.Continue(ctx, anyone)
	case 2:
		leader, err := s.leader(ctx)
		if err != nil {
			return "", err
		}
		s.cluster.Partition(leader)
		if err := proof.Pause(ctx, s.some(3*time.Second, 10*time.Second)); err != nil {
			return "", err
		}
		return "the journal's leader cut off from the others", s.cluster.Heal(ctx)
	default:
		s.cluster.Slow(anyone, s.some(20*time.Millisecond, 200*time.Millisecond))
		if err := proof.Pause(ctx, s.some(2*time.Second, 6*time.Second)); err != nil {
			return "", err
		}
		return "a server's link slow", s.cluster.Heal(ctx)
	}
}

// leader finds the journal's leader; an election is waited for.
func (s *storm) leader(ctx context.Context) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		i, err := s.cluster.Leader(ctx, events.Journal.Name)
		if err == nil {
			return i, nil
		}
		if ended := proof.Pause(ctx, 100*time.Millisecond); ended != nil {
			return 0, fmt.Errorf("%w: %w", ended, err)
		}
	}
}

func (s *storm) some(least, most time.Duration) time.Duration {
	return least + time.Duration(s.random.Int64N(int64(most-least)))
}
