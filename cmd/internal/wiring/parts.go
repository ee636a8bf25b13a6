package wiring

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"time"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
)

// Parts are what a process brings along. Nothing in it is changed by the methods.
type Parts struct {
	File File
	// World is the root of the simulated world; empty stands for the real clouds. Speed is how much faster than ours
	// its time passes.
	World string
	Speed float64
	// Bus, Claims and Marks are the ports of a worker; speakers need the claims only.
	Bus    events.Bus
	Claims workers.Claims
	Marks  workers.Marks
	// Now is the clock of adapters and workers; nil is time.Now.
	Now func() time.Time
	// Release is what workers call their version.
	Release string
	Log     *slog.Logger
}

// Pace is how much faster than ours the vendors' time passes: 1 against real clouds.
func (p Parts) Pace() float64 {
	if p.World == "" {
		return 1
	}
	return p.Speed
}

// Worker makes a worker that serves some capabilities. The caller runs it, and then calls closeDrivers.
func (p Parts) Worker(ctx context.Context, served []string) (w *workers.Worker, closeDrivers func() error, err error) {
	d, err := p.drivers(ctx)
	if err != nil {
		return nil, nil, err
	}
	registry, err := workers.NewRegistry(d.handlers(served)...)
	if err == nil {
		w, err = p.worker(registry, d)
	}
	if err != nil {
		return nil, nil, errors.Join(err, d.bgp.Close())
	}
	return w, d.bgp.Close, nil
}

// ProcessName tells this process from others.
func ProcessName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "process"
	}
	return fmt.Sprintf("%s-%d-%s", host, os.Getpid(), rand.Text()[:6])
}

// closeAll closes in reverse order.
func closeAll(closers []func() error) (err error) {
	for _, c := range slices.Backward(closers) {
		err = errors.Join(err, c())
	}
	return err
}
