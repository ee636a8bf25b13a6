package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/culvertnet/culvert/adapters/httpapi"
	"github.com/culvertnet/culvert/events"
)

// startWithin bounds how long a process may take to say where it is, endWithin how long to drain.
const (
	startWithin = 60 * time.Second
	endWithin   = 20 * time.Second
)

// Lab is a folder with processes, all of which it ends.
type Lab struct {
	Settings Settings
	Dir      string
	Procs    []*Process
	// Daemon serves the API; world is the simulated world's URL.
	Daemon *Process
	World  string
	// env is added to the environment of every process.
	env []string
	// Ends are what ends after the processes: the backend that they stand on.
	Ends []func() error
	// Extra are flags for every process of a backend.
	Extra []string
}

// New makes the folder; Close ends everything in it.
func New(s Settings) (*Lab, error) {
	dir, err := os.MkdirTemp("", "culvert-proof-")
	if err != nil {
		return nil, err
	}
	return &Lab{Settings: s, Dir: dir}, nil
}

// WithWorld runs something beside a simulated world of its own, and ends the world and all that was started.
func WithWorld(ctx context.Context, s Settings, run func(context.Context, *Lab) error) (err error) {
	l, err := New(s)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	if err := l.StartWorld(ctx); err != nil {
		return err
	}
	return run(ctx, l)
}

// Alone starts one daemon that is everything, at a speed of the world's time.
func Alone(ctx context.Context, s Settings, speed float64, args ...string) (*Lab, error) {
	l, err := New(s)
	if err != nil {
		return nil, err
	}
	args = append([]string{"--data", filepath.Join(l.Dir, "data"), "--sim-speed", fmt.Sprint(speed)}, args...)
	if l.Daemon, err = l.Start(ctx, "daemon", args...); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	l.World = l.Daemon.At.World
	return l, nil
}

// Close ends everything and removes the folder.
func (l *Lab) Close() error {
	var err error
	for i := len(l.Procs) - 1; i >= 0; i-- {
		select {
		case <-l.Procs[i].ended:
		default:
			err = errors.Join(err, l.Procs[i].Stop())
		}
	}
	for _, end := range slices.Backward(l.Ends) {
		err = errors.Join(err, end())
	}
	if l.Settings.Keep {
		fmt.Fprintln(os.Stderr, "kept:", l.Dir)
		return err
	}
	return errors.Join(err, os.RemoveAll(l.Dir))
}

// API is the daemon's.
func (l *Lab) API() httpapi.Client { return httpapi.Client{URL: l.Daemon.At.HTTP} }

// Submit posts an event and gives the saga's id.
func (l *Lab) Submit(ctx context.Context, event []byte) (string, error) {
	accepted, err := l.API().Submit(ctx, "application/cloudevents+json", event)
	if err != nil {
		return "", err
	}
	return accepted[0].Saga, nil
}

// Wait follows a saga to its end, over restarts of the daemon.
func (l *Lab) Wait(ctx context.Context, id string) (events.Status, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	for {
		for v, err := range l.API().Watch(ctx, id) {
			if err == nil && v.Status.Ended() {
				return v, nil
			}
		}
		select {
		case <-ctx.Done():
			v, _ := l.API().Show(context.WithoutCancel(ctx), id)
			return v, fmt.Errorf("%s has not ended: %s", id, Describe(v))
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// Run submits and waits.
func (l *Lab) Run(ctx context.Context, event []byte) (events.Status, error) {
	id, err := l.Submit(ctx, event)
	if err != nil {
		return events.Status{}, err
	}
	return l.Wait(ctx, id)
}

// Describe says where a saga is, with what its steps complain of.
func Describe(v events.Status) string {
	text := string(v.Status)
	if v.Reason != "" {
		text += " (" + v.Reason + ")"
	}
	for _, s := range v.Steps {
		if s.Error != nil && s.Status != events.StepDone && s.Status != events.StepUndone {
			text += fmt.Sprintf("; %s %s: %s", s.Name, s.Status, s.Error.Message)
		}
	}
	return text
}
