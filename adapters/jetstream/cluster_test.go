package jetstream_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	js "github.com/nats-io/nats.go/jetstream"

	"github.com/culvertnet/culvert/adapters/jetstream"
	"github.com/culvertnet/culvert/events/bustest"
	"github.com/culvertnet/culvert/saga"
	"github.com/culvertnet/culvert/saga/journaltest"
	"github.com/culvertnet/culvert/workers"
	"github.com/culvertnet/culvert/workers/claimstest"
)

// cluster is three servers that keep three copies of everything. One serves all cases of a suite; each case begins with
// its streams purged.
type cluster struct{ servers []*server.Server }

func startCluster(t *testing.T) *cluster {
	t.Helper()
	c := newCluster(t)
	for i := range c.servers {
		c.start(t, i)
	}
	c.awaitLeader(t)
	return c
}

// newCluster makes the servers and starts none.
func newCluster(t *testing.T) *cluster {
	t.Helper()
	const n = 3
	var routes []*url.URL
	ports := make([]int, n)
	for i := range ports {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		ports[i] = l.Addr().(*net.TCPAddr).Port
		routes = append(routes, &url.URL{Scheme: "nats-route", Host: l.Addr().String()})
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	c := &cluster{}
	for i := range n {
		s, err := server.NewServer(&server.Options{
			ServerName: fmt.Sprintf("s%d", i), JetStream: true, StoreDir: t.TempDir(), SyncAlways: true,
			Host: "127.0.0.1",
			Port: server.RANDOM_PORT, NoLog: true, NoSigs: true, Cluster: server.ClusterOpts{
				Name: "c", Host: "127.0.0.1", Port: ports[i],
			},
			Routes: routes,
		})
		if err != nil {
			t.Fatal(err)
		}
		c.servers = append(c.servers, s)
	}
	return c
}

// start starts a server that ends with the test.
func (c *cluster) start(t *testing.T, i int) {
	s := c.servers[i]
	s.Start()
	t.Cleanup(func() {
		s.Shutdown()
		s.WaitForShutdown()
	})
}

// awaitLeader waits until every server is current with a leader of the cluster.
func (c *cluster) awaitLeader(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		leader, current := false, true
		for _, s := range c.servers {
			leader = leader || s.JetStreamIsLeader()
			current = current && s.JetStreamIsCurrent()
		}
		if leader && current {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatal("cluster has no leader")
		}
	}
}

// empty purges every stream, and gives the func that opens a process's backend on the next server.
func (c *cluster) empty(
	t *testing.T,
) func(t *testing.T, more ...func(*jetstream.Options)) (*jetstream.Backend, *nats.Conn) {
	t.Helper()
	j, err := js.New(c.connect(t, 0))
	if err != nil {
		t.Fatal(err)
	}
	streams := j.ListStreams(t.Context())
	for info := range streams.Info() {
		stream, err := j.Stream(t.Context(), info.Config.Name)
		if err != nil {
			t.Fatal(err)
		}
		consumers := stream.ConsumerNames(t.Context())
		for name := range consumers.Name() {
			if err := stream.DeleteConsumer(t.Context(), name); err != nil && !errors.Is(err, js.ErrConsumerNotFound) {
				t.Fatal(err)
			}
		}
		if err := errors.Join(consumers.Err(), stream.Purge(t.Context())); err != nil {
			t.Fatal(err)
		}
	}
	if streams.Err() != nil {
		t.Fatal(streams.Err())
	}
	joined := 0
	return func(t *testing.T, more ...func(*jetstream.Options)) (*jetstream.Backend, *nats.Conn) {
		t.Helper()
		nc := c.connect(t, joined)
		joined++
		o := jetstream.Options{Synced: jetstream.AllowUnsynced(), Replicas: 3, Lease: 2 * lease}
		for _, change := range more {
			change(&o)
		}
		h, err := jetstream.Open(t.Context(), nc, o)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(h.Close)
		return h, nc
	}
}

func (c *cluster) connect(t *testing.T, n int) *nats.Conn {
	t.Helper()
	nc, err := jetstream.Connect(t.Context(), c.servers[n%len(c.servers)].ClientURL())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	return nc
}

// A process that comes up with its cluster waits until that has a leader.
func TestOpenWaitsForALeader(t *testing.T) {
	c := newCluster(t)
	c.start(t, 0)
	nc := c.connect(t, 0)
	said := make(chan struct{}, 1000)
	log := slog.New(slog.NewTextHandler(written(func() { said <- struct{}{} }), nil))
	opened := make(chan error, 1)
	go func() {
		h, err := jetstream.Open(
			t.Context(), nc, jetstream.Options{Synced: jetstream.AllowUnsynced(), Replicas: 3, Log: log},
		)
		if err == nil {
			h.Close()
		}
		opened <- err
	}()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	select {
	case <-said:
	case err := <-opened:
		t.Fatalf("open without a leader: %v", err)
	case <-ctx.Done():
		t.Fatal("nothing is said about the leader that is missing")
	}
	c.start(t, 1)
	c.start(t, 2)
	if err := <-opened; err != nil {
		t.Errorf("open: %v", err)
	}
}

// written is called for whatever is written.
type written func()

func (w written) Write(b []byte) (int, error) { w(); return len(b), nil }

func TestCluster(t *testing.T) {
	c := startCluster(t)
	t.Run("Bus", func(t *testing.T) {
		bustest.Test(t, func(t *testing.T) bustest.Harness {
			backend := c.empty(t)
			return bustest.Harness{Join: func(t *testing.T) bustest.Process {
				h, nc := backend(t)
				return bustest.Process{Bus: h.Bus(), DeadLetters: h.DeadLetters(), Kill: nc.Close}
			}}
		})
	})
	t.Run("Journal", func(t *testing.T) {
		journaltest.Test(t, func(t *testing.T) journaltest.Harness {
			backend := c.empty(t)
			return journaltest.Harness{
				Open: func(t *testing.T) saga.Journal {
					h, _ := backend(t)
					return h.Journal()
				},
				Limited: func(t *testing.T, bytes int64) saga.Journal {
					h, _ := backend(t, func(o *jetstream.Options) { o.JournalBytes = bytes })
					return h.Journal()
				},
			}
		})
	})
	t.Run("Claims", func(t *testing.T) {
		claimstest.TestClaims(t, func(t *testing.T) claimstest.ClaimsHarness {
			backend := c.empty(t)
			return claimstest.ClaimsHarness{Open: func(t *testing.T) workers.Claims {
				h, _ := backend(t)
				return h.Claims()
			}}
		})
	})
	t.Run("Marks", func(t *testing.T) {
		claimstest.TestMarks(t, func(t *testing.T) claimstest.MarksHarness {
			backend := c.empty(t)
			return claimstest.MarksHarness{Open: func(t *testing.T) workers.Marks {
				h, _ := backend(t)
				return h.Marks()
			}}
		})
	})
}
