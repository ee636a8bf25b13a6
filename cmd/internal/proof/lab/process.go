package lab

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// Process is one culvertd.
type Process struct {
	cmd  *exec.Cmd
	Args []string
	log  string
	At   struct {
		HTTP  string `json:"http"`
		NATS  string `json:"nats"`
		World string `json:"world"`
		// Monitor is the embedded broker's.
		Monitor string `json:"monitor"`
	}
	ended chan struct{}
}

// Start runs a culvertd on free ports and waits until it says where it is.
func (l *Lab) Start(ctx context.Context, name string, args ...string) (*Process, error) {
	p := &Process{Args: args, log: filepath.Join(l.Dir, name+".log"), ended: make(chan struct{})}
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	p.cmd = exec.Command(filepath.Join(l.Settings.Bin, "culvertd"),
		append([]string{"--http", "127.0.0.1:0", "--nats", "127.0.0.1:0"}, args...)...)
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
	l.Procs = append(l.Procs, p)
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
		if err := json.Unmarshal([]byte(line), &p.At); err != nil {
			return nil, fmt.Errorf("start %s: it did not say where it is; its log ends:\n%s", name, tail(p.log))
		}
		return p, nil
	case <-time.After(startWithin):
		return nil, fmt.Errorf("start %s: no word after %s; its log ends:\n%s", name, startWithin, tail(p.log))
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Pid is the process's id.
func (p *Process) pid() int { return p.cmd.Process.Pid }

// Kill ends a process as a power switch would.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill()
	<-p.ended
}

// Stop lets a process drain.
func (p *Process) Stop() error {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.ended:
		if code := p.cmd.ProcessState.ExitCode(); code != 0 {
			return fmt.Errorf("process ended with %d; its log ends:\n%s", code, tail(p.log))
		}
		return nil
	case <-time.After(endWithin):
		p.Kill()
		return fmt.Errorf("process did not drain in %s", endWithin)
	}
}

func tail(file string) string {
	b, err := os.ReadFile(file)
	if err != nil {
		return err.Error()
	}
	return string(b[max(0, len(b)-3000):])
}
