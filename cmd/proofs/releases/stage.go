package releases

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/culvertnet/culvert/cmd/internal/proof/lab"
)

// A stage is one backend with its daemons, which can be killed and started again, also from another build. The
// simulated world and the servers of the backend are processes of their own and go on.
type stage struct {
	*lab.Lab
	name string
	// run starts the daemons with extra flags; the first one serves the API.
	run func(ctx context.Context, extra ...string) ([]*lab.Process, error)
	// keeps opens the journal that the daemons write.
	keeps keeper
	// flags are given to the daemons at every start.
	flags []string
	// round is how often the stories have been told before; each time they ask for other names and ranges.
	round   int
	running []*lab.Process
}

// newStage starts the simulated world and a backend, by its name.
func newStage(ctx context.Context, l *lab.Lab, backend string) (*stage, error) {
	if err := l.StartWorld(ctx); err != nil {
		return nil, err
	}
	set, known := stages[backend]
	if !known {
		return nil, fmt.Errorf("start backend: %q is none that has stories", backend)
	}
	return set(ctx, l)
}

// stages are the backends that stories are told on.
var stages = map[string]func(context.Context, *lab.Lab) (*stage, error){
	"embedded": embeddedStage, "nats": natsStage, "r3": r3Stage, "google": googleStage,
}

// up starts the daemons.
func (s *stage) up(ctx context.Context, extra ...string) error {
	var err error
	if s.running, err = s.run(ctx, slices.Concat(s.flags, extra)...); err != nil {
		return err
	}
	s.Daemon = s.running[0]
	return nil
}

// cut kills the daemons as a power switch would.
func (s *stage) cut() {
	for _, p := range s.running {
		p.Kill()
	}
}

// down lets the daemons drain.
func (s *stage) down() error {
	var err error
	for _, p := range s.running {
		err = errors.Join(err, p.Stop())
	}
	return err
}

// roles runs an orchestrator and a worker on a backend.
func roles(l *lab.Lab, f *lab.Backend) func(context.Context, ...string) ([]*lab.Process, error) {
	return func(ctx context.Context, extra ...string) (all []*lab.Process, err error) {
		l.Extra = extra
		defer func() { l.Extra = nil }()
		for _, role := range []string{"orchestrator", "worker"} {
			p, err := l.Join(ctx, f, role, role)
			if err != nil {
				return nil, err
			}
			all = append(all, p)
		}
		return all, nil
	}
}

func embeddedStage(_ context.Context, l *lab.Lab) (*stage, error) {
	st := &stage{Lab: l, name: "embedded"}
	st.run = func(ctx context.Context, extra ...string) ([]*lab.Process, error) {
		args := append([]string{
			"--data", filepath.Join(l.Dir, "embedded"), "--nats-monitor", "127.0.0.1:0", "--world", l.World,
			"--sim-speed", fmt.Sprint(l.Settings.Speed),
		}, extra...)
		p, err := l.Start(ctx, "embedded", args...)
		return []*lab.Process{p}, err
	}
	st.keeps = func(ctx context.Context) (*kept, error) {
		return keptByNATS(ctx, 1, st.Daemon.At.NATS, st.Daemon.At.Monitor)
	}
	return st, nil
}
