package backends

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/culvertnet/culvert/cmd/internal/proof"
	"github.com/culvertnet/culvert/cmd/internal/proof/campaign"
	"github.com/culvertnet/culvert/cmd/internal/proof/lab"
	"github.com/culvertnet/culvert/events"
)

// move: a backend with finished and open sagas is exported, taken over by another, and from there by a third: embedded,
// then Google, then embedded again. The listings are equal, and what was open goes on to its end where it has come to.
func move(ctx context.Context, s lab.Settings) error {
	return lab.WithWorld(ctx, s.Filled(24, 0), moveTwice)
}

func moveTwice(ctx context.Context, l *lab.Lab) error {
	t := &proof.Table{Header: "step figure detail"}
	m := &mover{Lab: l, Table: t}
	for _, step := range []func(context.Context) error{m.begin, m.toGoogle, m.middle, m.toEmbedded, m.end} {
		if err := step(ctx); err != nil {
			return errors.Join(err, t.Print())
		}
	}
	return t.Print()
}

type mover struct {
	*lab.Lab
	*proof.Table
	// processes are those of the present backend; open are the sagas that were exported on their way.
	processes []*lab.Process
	open      []string
}

func (m *mover) order(i int) lab.Order { return campaign.Order("move", i) }

// begin runs sagas on an embedded backend, and leaves some of them open.
func (m *mover) begin(ctx context.Context) error {
	p, err := m.Start(ctx, "first", "--data", filepath.Join(m.Dir, "first"), "--world", m.World, "--sim-speed",
		fmt.Sprint(m.Settings.Speed))
	if err != nil {
		return err
	}
	m.Daemon, m.processes = p, []*lab.Process{p}
	var orders []lab.Order
	for i := range m.Settings.Sagas / 2 {
		orders = append(orders, m.order(i))
	}
	ends := m.RunAll(ctx, orders)
	m.Row(lab.AllEnded(ends, events.SagaCompleted), "embedded: completed", len(ends), "")
	return m.leaveOpen(ctx, m.Settings.Sagas/2)
}

// leaveOpen begins sagas and holds the engine as soon as each has a command out.
func (m *mover) leaveOpen(ctx context.Context, from int) error {
	m.open = nil
	for i := from; i < from+3; i++ {
		id, err := m.Submit(ctx, m.order(3*i+1).Event()) // with a connector, which takes its time
		if err != nil {
			return err
		}
		m.open = append(m.open, id)
	}
	for !m.InFlight(ctx) && ctx.Err() == nil {
		continue
	}
	_, err := m.command(ctx, "pause", "--reason", "move")
	return err
}

// command runs the command line against the present backend.
func (m *mover) command(ctx context.Context, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, filepath.Join(m.Settings.Bin, "culvert"),
		append([]string{"--server", m.Daemon.At.HTTP}, args...)...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("culvert %s: %w: %s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out)), nil
}

// listing is every saga as the present backend shows it.
func (m *mover) listing(ctx context.Context) ([]string, error) {
	list, err := m.API().List(ctx, nil)
	if err != nil {
		return nil, err
	}
	var all []string
	for _, v := range list {
		shown, err := m.API().Show(ctx, v.ID)
		if err != nil {
			return nil, err
		}
		shown.Why = nil // who works and who holds are the backend's own
		text, err := json.Marshal(shown)
		if err != nil {
			return nil, err
		}
		all = append(all, string(text))
	}
	slices.Sort(all)
	return all, nil
}

// moveTo exports the present backend, ends it, starts the next one and imports there.
func (m *mover) moveTo(ctx context.Context, name string, next func(context.Context) ([]*lab.Process, error)) error {
	file := filepath.Join(m.Dir, "to-"+name+".jsonl")
	said, err := m.command(ctx, "export", file)
	if err != nil {
		return err
	}
	before, err := m.listing(ctx) // the engine is held and quiet
	if err != nil {
		return err
	}
	said = said[strings.LastIndex(said, "\n")+1:]
	m.Row(nil, "exported", len(before), said)
	for _, p := range m.processes {
		if err := p.Stop(); err != nil {
			return err
		}
	}
	if m.processes, err = next(ctx); err != nil {
		return err
	}
	m.Daemon = m.processes[0]
	said, err = m.command(ctx, "import", file)
	if err != nil {
		return err
	}
	again, err := m.command(ctx, "import", file)
	m.Row(errors.Join(err, proof.Need(said == again, "the second import says %s", again)),
		name+": imported, and once more", len(before), said)
	after, err := m.listing(ctx)
	m.Row(errors.Join(err, differ(before, after)), name+": listing and every saga equal", len(after), "")
	running := 0
	for _, id := range m.open {
		v, err := m.API().Show(ctx, id)
		if err != nil {
			return err
		}
		if !v.Status.Ended() {
			running++
		}
	}
	m.Row(proof.Need(running > 0, "none is open"), name+": open when they came", running, "")
	if _, err := m.command(ctx, "resume", "--reason", "moved"); err != nil {
		return err
	}
	ended := 0
	for _, id := range m.open {
		v, err := m.Wait(ctx, id)
		if err != nil {
			return err
		}
		if v.Status == events.SagaCompleted {
			ended++
		}
	}
	m.Row(proof.Need(ended == len(m.open), "%d of %d", ended, len(m.open)), name+": went on to their end there", ended,
		"")
	doctor, err := m.command(ctx, "doctor", "--journal")
	m.Row(err, name+": journal", "-", doctor)
	return nil
}

// differ is nil for equal listings, and otherwise says what the first two that differ look like.
func differ(before, after []string) error {
	if len(before) != len(after) {
		return fmt.Errorf("%d sagas before, %d after", len(before), len(after))
	}
	for i, b := range before {
		if b != after[i] {
			return fmt.Errorf("a saga differs: before %s, after %s", b, after[i])
		}
	}
	return nil
}

func (m *mover) toGoogle(ctx context.Context) error {
	return m.moveTo(ctx, "google", func(ctx context.Context) ([]*lab.Process, error) {
		f, err := lab.OnGoogle(ctx, m.Lab)
		if err != nil {
			return nil, err
		}
		m.Extra = []string{"--paused"}
		defer func() { m.Extra = nil }()
		orchestrator, err := m.Join(ctx, f, "orchestrator", "second")
		if err != nil {
			return nil, err
		}
		worker, err := m.Join(ctx, f, "worker", "second-worker")
		return []*lab.Process{orchestrator, worker}, err
	})
}

// middle withdraws some on the second backend and leaves others open.
func (m *mover) middle(ctx context.Context) error {
	var orders []lab.Order
	for i := range m.Settings.Sagas / 4 {
		orders = append(orders, lab.Order{Name: m.order(i).Name, Service: "-"})
	}
	ends := m.RunAll(ctx, orders)
	m.Row(lab.AllEnded(ends, events.SagaCompleted), "google: withdrawn there", len(ends), "")
	return m.leaveOpen(ctx, m.Settings.Sagas)
}

func (m *mover) toEmbedded(ctx context.Context) error {
	return m.moveTo(ctx, "embedded", func(ctx context.Context) ([]*lab.Process, error) {
		p, err := m.Start(ctx, "third", "--data", filepath.Join(m.Dir, "third"), "--world", m.World, "--sim-speed",
			fmt.Sprint(m.Settings.Speed), "--paused")
		return []*lab.Process{p}, err
	})
}

// end withdraws the rest, and expects the world as it was.
func (m *mover) end(ctx context.Context) error {
	list, err := m.API().List(ctx, nil)
	if err != nil {
		return err
	}
	var orders []lab.Order
	for _, v := range list {
		if v.Action == "apply" {
			orders = append(orders, lab.Order{Name: v.Connection, Service: "-"})
		}
	}
	ends := m.RunAll(ctx, orders)
	m.Row(errors.Join(lab.AllEnded(ends, events.SagaCompleted), m.Clean(ctx)), "embedded: withdrawn, world clean",
		len(ends), "")
	effects, err := m.Effects(ctx)
	m.Row(errors.Join(err, proof.OneLive(effects)), "effects on named objects, none twice", len(effects), "")
	return nil
}
