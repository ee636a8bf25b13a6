package backends

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/culvertnet/culvert/adapters/jetstream/natslocal"
	"github.com/culvertnet/culvert/cmd/internal/proof"
	"github.com/culvertnet/culvert/cmd/internal/proof/campaign"
	"github.com/culvertnet/culvert/cmd/internal/proof/lab"
	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/events/pause"
)

// r3: the NATS backend. While a campaign runs, servers of a three-node cluster are killed, halted, cut off and slowed.
func r3(ctx context.Context, s lab.Settings) error {
	return lab.WithWorld(ctx, s.Filled(1000, 30), r3Campaign)
}

func r3Campaign(ctx context.Context, l *lab.Lab) error {
	cluster, f, err := lab.StartR3(ctx, l)
	if err != nil {
		return err
	}
	c, _, err := campaign.Staffed(ctx, l, f, "r3")
	if err != nil {
		return err
	}
	storm := &storm{cluster: cluster, random: c.Random}
	blows, err := c.Throw(ctx, l.Settings.Faults, storm.strike)
	if err != nil {
		return err
	}
	t := &proof.Table{Header: "what figure"}
	if err := c.Judge(ctx, t, blows, l.Settings.Faults); err != nil {
		return err
	}
	return t.Print()
}

// storm makes faults in a cluster, one at a time; each is over, and everybody has caught up, when strike returns.
type storm struct {
	cluster *natslocal.Cluster
	random  *rand.Rand
}

// strike makes the k-th fault.
func (s *storm) strike(ctx context.Context, k int) (string, error) {
	anyone := s.random.IntN(lab.R3Servers)
	switch k % 4 {
	case 0:
		leader, err := s.leader(ctx)
		if err != nil {
			return "", err
		}
		s.cluster.Kill(leader)
		if err := pause.For(ctx, s.some(time.Second, 4*time.Second)); err != nil {
			return "", err
		}
		return "the journal's leader killed and restarted", s.cluster.Restart(ctx, leader)
	case 1:
		if err := s.cluster.Stop(anyone); err != nil {
			return "", err
		}
		if err := pause.For(ctx, s.some(3*time.Second, 12*time.Second)); err != nil {
			return "", err
		}
		return "a server halted (SIGSTOP) and continued", s.cluster.Continue(ctx, anyone)
	case 2:
		leader, err := s.leader(ctx)
		if err != nil {
			return "", err
		}
		s.cluster.Partition(leader)
		if err := pause.For(ctx, s.some(3*time.Second, 10*time.Second)); err != nil {
			return "", err
		}
		return "the journal's leader cut off from the others", s.cluster.Heal(ctx)
	default:
		s.cluster.Slow(anyone, s.some(20*time.Millisecond, 200*time.Millisecond))
		if err := pause.For(ctx, s.some(2*time.Second, 6*time.Second)); err != nil {
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
		if ended := pause.For(ctx, 100*time.Millisecond); ended != nil {
			return 0, fmt.Errorf("%w: %w", ended, err)
		}
	}
}

func (s *storm) some(least, most time.Duration) time.Duration {
	return least + time.Duration(s.random.Int64N(int64(most-least)))
}
