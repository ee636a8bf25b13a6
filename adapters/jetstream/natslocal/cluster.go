// Package natslocal runs a cluster of nats-servers as child processes on loopback, whose network can be cut and slowed,
// for proofs and tests that need real ones that they may kill. It is no part of the product.
package natslocal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// healthyWithin bounds how long a server may take until it says that it is healthy.
const healthyWithin = 90 * time.Second

// A Cluster is a number of servers that keep copies of the same streams, each synced before it answers. Its methods are
// not for concurrent use.
type Cluster struct {
	bin     string
	links   *links
	servers []*server
}

type server struct {
	name, config          string
	client, monitor, port int
	id                    string
	proxy                 *proxy
	process               *exec.Cmd
}

// Start runs n servers from the binary bin, with their stores below dir, and waits until all are healthy.
func Start(ctx context.Context, bin, dir string, n int) (*Cluster, error) {
	c := &Cluster{bin: bin, links: newLinks()}
	var routes []string
	for i := range n {
		s := &server{name: fmt.Sprintf("s%d", i)}
		ports, err := freePorts(3)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("start cluster: %w", err), c.Close())
		}
		s.client, s.monitor, s.port = ports[0], ports[1], ports[2]
		if s.proxy, err = newProxy(fmt.Sprintf("127.0.0.1:%d", s.port), c.links); err != nil {
			return nil, errors.Join(fmt.Errorf("start cluster: %w", err), c.Close())
		}
		c.servers = append(c.servers, s)
		routes = append(routes, "nats-route://"+s.proxy.addr())
	}
	for _, s := range c.servers {
		if err := s.configure(dir, routes); err != nil {
			return nil, errors.Join(fmt.Errorf("start cluster: %w", err), c.Close())
		}
		if err := s.run(c.bin); err != nil {
			return nil, errors.Join(fmt.Errorf("start cluster: %w", err), c.Close())
		}
	}
	for i := range c.servers {
		if err := c.awaitHealthy(ctx, i); err != nil {
			return nil, errors.Join(fmt.Errorf("start cluster: %w", err), c.Close())
		}
	}
	return c, nil
}

func freePorts(n int) ([]int, error) {
	var ports []int
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer func() { _ = l.Close() }()
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}

// configure writes the server's file. It is known to the others by its proxy only.
func (s *server) configure(dir string, routes []string) error {
	text := fmt.Sprintf(`server_name: %s
host: 127.0.0.1
port: %d
http: "127.0.0.1:%d"
max_payload: 8MB
ping_interval: "2s"
ping_max: 2
jetstream { store_dir: %q, sync_interval: always }
cluster { name: culvert, host: 127.0.0.1, port: %d, cluster_advertise: %q, routes: [%s] }
`, s.name, s.client, s.monitor, filepath.Join(dir, s.name), s.port, s.proxy.addr(), strings.Join(routes, ", "))
	s.config = filepath.Join(dir, s.name+".conf")
	return os.WriteFile(s.config, []byte(text), 0o600)
}

func (s *server) run(bin string) error {
	log, err := os.OpenFile(s.config+".log", os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	s.process = exec.Command(bin, "-c", s.config)
	s.process.Stdout, s.process.Stderr = log, log
	s.process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := s.process.Start(); err != nil {
		return fmt.Errorf("run %s: %w", s.name, err)
	}
	return nil
}

// awaitHealthy waits until a server says that it has caught up with everything it keeps, and learns its id.
func (c *Cluster) awaitHealthy(ctx context.Context, i int) error {
	s := c.servers[i]
	ctx, cancel := context.WithTimeout(ctx, healthyWithin)
	defer cancel()
	for {
		_, err := s.ask(ctx, "/healthz")
		if err == nil {
			var varz struct {
				ID string `json:"server_id"`
			}
			body, err := s.ask(ctx, "/varz")
			if err != nil {
				return err
			}
			if err := json.Unmarshal(body, &varz); err != nil {
				return err
			}
			c.links.mu.Lock()
			c.links.owner[s.proxy.target] = varz.ID
			c.links.mu.Unlock()
			s.id = varz.ID
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s is not healthy: %w", s.name, err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func (s *server) ask(ctx context.Context, path string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("http://127.0.0.1:%d%s", s.monitor, path),
		nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s answers %s: %s", path, resp.Status, body)
	}
	return body, err
}

// URL is where clients connect: all servers.
func (c *Cluster) URL() string {
	var all []string
	for _, s := range c.servers {
		all = append(all, fmt.Sprintf("nats://127.0.0.1:%d", s.client))
	}
	return strings.Join(all, ",")
}

// Monitors are the servers' monitoring endpoints.
func (c *Cluster) Monitors() []string {
	var all []string
	for _, s := range c.servers {
		all = append(all, fmt.Sprintf("http://127.0.0.1:%d", s.monitor))
	}
	return all
}

// Pids are the servers' processes.
func (c *Cluster) Pids() []int {
	var all []int
	for _, s := range c.servers {
		all = append(all, s.process.Process.Pid)
	}
	return all
}

// Leader is the number of the server that leads a stream, as another one says.
func (c *Cluster) Leader(ctx context.Context, stream string) (int, error) {
	var last error
	for _, s := range c.servers {
		body, err := s.ask(ctx, "/jsz?accounts=true&streams=true")
		if err != nil {
			last = err
			continue
		}
		var report struct {
			Accounts []struct {
				Streams []struct {
					Name    string `json:"name"`
					Cluster struct {
						Leader string `json:"leader"`
					} `json:"cluster"`
				} `json:"stream_detail"`
			} `json:"account_details"`
		}
		if err := json.Unmarshal(body, &report); err != nil {
			return 0, fmt.Errorf("find leader: %w", err)
		}
		for _, a := range report.Accounts {
			for _, st := range a.Streams {
				for i, s := range c.servers {
					if st.Name == stream && st.Cluster.Leader == s.name {
						return i, nil
					}
				}
			}
		}
	}
	return 0, errors.Join(fmt.Errorf("find leader: nobody leads %s", stream), last)
}

// Kill ends a server as a power switch would; Restart runs it again and waits until it has caught up.
func (c *Cluster) Kill(i int) {
	_ = c.servers[i].process.Process.Kill()
	_ = c.servers[i].process.Wait()
}

// Restart runs a killed server again.
func (c *Cluster) Restart(ctx context.Context, i int) error {
	if err := c.servers[i].run(c.bin); err != nil {
		return err
	}
	return c.awaitHealthy(ctx, i)
}

// Stop halts a server without ending it (SIGSTOP).
func (c *Cluster) Stop(i int) error { return c.servers[i].process.Process.Signal(syscall.SIGSTOP) }

// Continue lets a halted server go on, and waits until it has caught up.
func (c *Cluster) Continue(ctx context.Context, i int) error {
	if err := c.servers[i].process.Process.Signal(syscall.SIGCONT); err != nil {
		return err
	}
	return c.awaitHealthy(ctx, i)
}

// Partition cuts a server off from the others; clients still reach it.
func (c *Cluster) Partition(i int) {
	c.links.mu.Lock()
	defer c.links.mu.Unlock()
	c.links.cut[c.servers[i].id] = true
}

// Slow makes everything between a server and the others late.
func (c *Cluster) Slow(i int, by time.Duration) {
	c.links.mu.Lock()
	defer c.links.mu.Unlock()
	c.links.slow[c.servers[i].id] = by
}

// Heal ends partitions and delays, and waits until all have caught up.
func (c *Cluster) Heal(ctx context.Context) error {
	c.links.heal()
	for i := range c.servers {
		if err := c.awaitHealthy(ctx, i); err != nil {
			return err
		}
	}
	return nil
}

// Close ends every server.
func (c *Cluster) Close() error {
	for _, s := range c.servers {
		if s.process != nil && s.process.Process != nil {
			_ = s.process.Process.Signal(syscall.SIGCONT)
			_ = s.process.Process.Kill()
			_ = s.process.Wait()
		}
	}
	for _, s := range c.servers {
		if s.proxy != nil {
			s.proxy.close()
		}
	}
	return nil
}
