package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/culvertnet/culvert/adapters/httpapi"
	"github.com/culvertnet/culvert/adapters/simcloud/control"
	"github.com/culvertnet/culvert/cmd/internal/proof"
	"github.com/culvertnet/culvert/events"
)

// startWithin bounds how long a process may take to say where it is, endWithin how long to drain.
const (
	startWithin = 60 * time.Second
	endWithin   = 20 * time.Second
)

// lab is a folder with processes, all of which it ends.
type lab struct {
	s     settings
	dir   string
	procs []*process
	// daemon serves the API; world is the simulated world's URL.
	daemon *process
	world  string
	// env is added to the environment of every process.
	env []string
	// ends are what ends after the processes: the home that they stand on.
	ends []func() error
	// extra are flags for every process of a home.
	extra []string
}

// process is one culvertd.
type process struct {
	cmd  *exec.Cmd
	args []string
	log  string
	at   struct {
		HTTP  string `json:"http"`
		NATS  string `json:"nats"`
		World string `json:"world"`
		// Monitor is the embedded broker's.
		Monitor string `json:"monitor"`
	}
	ended chan struct{}
}

func newLab(s settings) (*lab, error) {
	dir, err := os.MkdirTemp("", "culvert-proof-")
	if err != nil {
		return nil, err
	}
	return &lab{s: s, dir: dir}, nil
}

// alone starts one daemon that is everything, at a speed of the world's time.
func alone(ctx context.Context, s settings, speed float64, args ...string) (*lab, error) {
	l, err := newLab(s)
	if err != nil {
		return nil, err
	}
	args = append([]string{"--data", filepath.Join(l.dir, "data"), "--sim-speed", fmt.Sprint(speed)}, args...)
	if l.daemon, err = l.start(ctx, "daemon", args...); err != nil {
		return nil, errors.Join(err, l.close())
	}
	l.world = l.daemon.at.World
	return l, nil
}

// start runs a culvertd on free ports and waits until it says where it is.
func (l *lab) start(ctx context.Context, name string, args ...string) (*process, error) {
	p := &process{args: args, log: filepath.Join(l.dir, name+".log"), ended: make(chan struct{})}
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	p.cmd = exec.Command(filepath.Join(l.s.bin, "culvertd"), append([]string{"--http", "127.0.0.1:0", "--nats", "127.0.0.1:0"}, args...)...)
	p.cmd.Stderr = log
	p.cmd.Env = append(os.Environ(), l.env...)
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	l.procs = append(l.procs, p)
	first := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(out).ReadString('\n')
		first <- line
		_, _ = io.Copy(io.Discard, out)
		_ = p.cmd.Wait()
		close(p.ended)
	}()
	select {
	case line := <-first:
		if err := json.Unmarshal([]byte(line), &p.at); err != nil {
			return nil, fmt.Errorf("start %s: it did not say where it is; its log ends:\n%s", name, tail(p.log))
		}
		return p, nil
	case <-time.After(startWithin):
		return nil, fmt.Errorf("start %s: no word after %s; its log ends:\n%s", name, startWithin, tail(p.log))
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// kill ends a process as a power switch would.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	<-p.ended
}

// stop lets a process drain.
func (p *process) stop() error {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.ended:
		if code := p.cmd.ProcessState.ExitCode(); code != 0 {
			return fmt.Errorf("process ended with %d; its log ends:\n%s", code, tail(p.log))
		}
		return nil
	case <-time.After(endWithin):
		p.kill()
		return fmt.Errorf("process did not drain in %s", endWithin)
	}
}

// close ends everything and removes the folder.
func (l *lab) close() error {
	var err error
	for i := len(l.procs) - 1; i >= 0; i-- {
		select {
		case <-l.procs[i].ended:
		default:
			err = errors.Join(err, l.procs[i].stop())
		}
	}
	for _, end := range slices.Backward(l.ends) {
		err = errors.Join(err, end())
	}
	if l.s.keep {
		fmt.Fprintln(os.Stderr, "kept:", l.dir)
		return err
	}
	return errors.Join(err, os.RemoveAll(l.dir))
}

func (l *lab) api() httpapi.Client { return httpapi.Client{URL: l.daemon.at.HTTP} }

// submit posts an event and gives the saga's id.
func (l *lab) submit(ctx context.Context, event []byte) (string, error) {
	accepted, err := l.api().Submit(ctx, "application/cloudevents+json", event)
	if err != nil {
		return "", err
	}
	return accepted[0].Saga, nil
}

// wait follows a saga to its end, over restarts of the daemon.
func (l *lab) wait(ctx context.Context, id string) (events.Status, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	for {
		for v, err := range l.api().Watch(ctx, id) {
			if err == nil && v.Status.Ended() {
				return v, nil
			}
		}
		select {
		case <-ctx.Done():
			v, _ := l.api().Show(context.WithoutCancel(ctx), id)
			return v, fmt.Errorf("%s has not ended: %s", id, describe(v))
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// run submits and waits.
func (l *lab) run(ctx context.Context, event []byte) (events.Status, error) {
	id, err := l.submit(ctx, event)
	if err != nil {
		return events.Status{}, err
	}
	return l.wait(ctx, id)
}

// sim is the simulated world's control endpoint.
func (l *lab) sim() control.Client { return control.Client{URL: l.world} }

func (l *lab) effects(ctx context.Context) ([]control.Effect, error) { return l.sim().Effects(ctx) }

func (l *lab) resources(ctx context.Context) ([]control.Difference, error) {
	return l.sim().Resources(ctx)
}

// clean waits for the world to be as the scenario says, for what the vendors themselves still settle; then tells.
func (l *lab) clean(ctx context.Context) error {
	left, err := proof.LeftOvers(ctx, l.sim(), nil)
	if err != nil || len(left) == 0 {
		return err
	}
	return fmt.Errorf("the world is not clean: %d differences, first %+v", len(left), left[0])
}

func (l *lab) fault(ctx context.Context, f control.Fault) error { return l.sim().AddFault(ctx, f) }

// hits counts how often faults fired.
func (l *lab) hits(ctx context.Context) (int, error) {
	list, err := l.sim().Faults(ctx)
	_, hits := proof.Fired(list)
	return hits, err
}

func (l *lab) clearFaults(ctx context.Context) error {
	return l.sim().Reset(ctx, control.Reset{Faults: true})
}

// describe says where a saga is, with what its steps complain of.
func describe(v events.Status) string {
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

func tail(file string) string {
	b, err := os.ReadFile(file)
	if err != nil {
		return err.Error()
	}
	return string(b[max(0, len(b)-3000):])
}
