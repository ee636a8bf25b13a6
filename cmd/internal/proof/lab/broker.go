package lab

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// Broker is a nats-server built from the version in go.mod.
type Broker struct {
	cmd          *exec.Cmd
	URL, Monitor string
}

// StartBroker starts a nats-server that syncs always, or at an interval.
func (l *Lab) StartBroker(ctx context.Context, sync string) (*Broker, error) {
	client, err := FreePort()
	if err != nil {
		return nil, err
	}
	monitor, err := FreePort()
	if err != nil {
		return nil, err
	}
	config := filepath.Join(l.Dir, "nats.conf")
	text := fmt.Sprintf("host: 127.0.0.1\nport: %d\nhttp: 127.0.0.1:%d\nmax_payload: 8MB\n"+
		"jetstream { store_dir: %q, sync_interval: %q }\n", client, monitor, filepath.Join(l.Dir, "nats"), sync)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return nil, err
	}
	b := &Broker{
		cmd:     exec.Command(filepath.Join(l.Settings.Bin, "nats-server"), "-c", config),
		URL:     fmt.Sprintf("nats://127.0.0.1:%d", client),
		Monitor: fmt.Sprintf("http://127.0.0.1:%d", monitor),
	}
	b.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := b.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start nats-server: %w", err)
	}
	for range 200 {
		resp, err := http.Get(b.Monitor + "/healthz")
		if err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return b, nil
			}
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
	b.Stop()
	return nil, errors.New("nats-server is not healthy after ten seconds")
}

// Pid is the server's process id.
func (b *Broker) Pid() int { return b.cmd.Process.Pid }

// Stop ends the server.
func (b *Broker) Stop() {
	_ = b.cmd.Process.Signal(syscall.SIGTERM)
	_ = b.cmd.Wait()
}

// FreePort is a port of loopback that nobody listens on now.
func FreePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
