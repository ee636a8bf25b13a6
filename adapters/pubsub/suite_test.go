package pubsub_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/api/option"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/culvertnet/culvert/adapters/postgres"
	"github.com/culvertnet/culvert/adapters/postgres/pglocal"
	"github.com/culvertnet/culvert/adapters/pubsub"
	"github.com/culvertnet/culvert/adapters/pubsub/pubsublocal"
	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/events/bustest"
)

// database keeps the dead letters of all tests; each case has a database of its own.
var database *pglocal.Server

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(run(m))
}

func run(m *testing.M) int {
	// A lease is ten seconds at least, and cases wait for it: they wait together.
	if err := flag.Set("test.parallel", "40"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	dir, err := os.MkdirTemp("", "culvert-pubsub-")
	if err == nil {
		defer func() { _ = os.RemoveAll(dir) }()
		database, err = pglocal.Start(context.Background(), dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	code := m.Run()
	if err := database.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	// The client library leaves this goroutine behind when a Receive ends by an error, as those of killed processes do;
	// opencensus, which it brings, starts one when it is loaded.
	if err := goleak.Find(goleak.IgnoreAnyFunction(
		"cloud.google.com/go/pubsub/v2.(*messageIterator).streamKeepAliveHandler",
	),
		goleak.IgnoreTopFunction("go.opencensus.io/stats/view.(*worker).start")); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

// rig is one fake Pub/Sub with one database.
type rig struct {
	server *pubsublocal.Server
	url    string
}

func newRig(t *testing.T, seed uint64) *rig {
	t.Helper()
	s, err := pubsublocal.Start(seed)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	r := &rig{server: s}
	if r.url, err = database.Database(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := postgres.Migrate(t.Context(), r.url); err != nil {
		t.Fatal(err)
	}
	conn := r.dial(t)
	defer func() { _ = conn.Close() }()
	if _, err := pubsub.Setup(t.Context(), options(conn)); err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *rig) dial(t *testing.T) *grpc.ClientConn {
	t.Helper()
	conn, err := grpc.NewClient(r.server.Addr(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

// options name the readers that the suite's cases read the status events by.
func options(conn *grpc.ClientConn) pubsub.Options {
	return pubsub.Options{
		Project: "p", Capabilities: []string{"network", "egress", "routing", "policy"}, Lease: 10 * time.Second,
		Client:        []option.ClientOption{option.WithGRPCConn(conn)},
		StatusReaders: []string{"console", "audit", "all-" + events.Name("s", events.Statuses.Name)},
	}
}

// join is another process. Its death is that of its connection.
func (r *rig) join(t *testing.T) bustest.Process {
	t.Helper()
	letters, err := postgres.Open(t.Context(), postgres.Options{URL: r.url})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(letters.Close)
	conn := r.dial(t)
	o := options(conn)
	o.Letters = letters.DeadLetters()
	h, err := pubsub.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.Close() }) // a killed one is closed already
	return bustest.Process{Bus: h.Bus(), DeadLetters: letters.DeadLetters(), Kill: func() { _ = conn.Close() }}
}

func TestBus(t *testing.T) {
	bustest.Test(t, func(t *testing.T) bustest.Harness {
		t.Parallel()
		return bustest.Harness{Join: newRig(t, 1).join}
	})
}

// The suite counts deliveries, so here are the faults that nobody may notice at all; TestFaultsLoseNothing has the
// others.
func TestBusUnderFaults(t *testing.T) {
	bustest.Test(t, func(t *testing.T) bustest.Harness {
		t.Parallel()
		r := newRig(t, 5)
		r.server.Set(pubsublocal.Rates{RefusePublish: .2, DelayDelivery: .2})
		return bustest.Harness{Join: r.join}
	})
}
