package jetstream_test

import (
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"go.uber.org/goleak"

	"github.com/culvertnet/culvert/adapters/jetstream"
	"github.com/culvertnet/culvert/events/bustest"
	"github.com/culvertnet/culvert/saga"
	"github.com/culvertnet/culvert/saga/journaltest"
	"github.com/culvertnet/culvert/workers"
	"github.com/culvertnet/culvert/workers/claimstest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// embed starts a server that ends with the test.
func embed(t testing.TB, o jetstream.EmbedOptions) *jetstream.Embedded {
	t.Helper()
	if o.Dir == "" {
		o.Dir = t.TempDir()
	}
	e, err := jetstream.Embed(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Errorf("close server: %v", err)
		}
	})
	return e
}

// open opens a backend on a connection of its own, as another process would. Both end with the test.
func open(t testing.TB, e *jetstream.Embedded, o jetstream.Options) (*jetstream.Backend, *nats.Conn) {
	t.Helper()
	nc, err := e.Conn()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	if o.Synced == nil {
		o.Synced = e.AssertSynced
	}
	h, err := jetstream.Open(t.Context(), nc, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Close)
	return h, nc
}

// lease is short, because the suite waits until leases run out. It still leaves three signs of life room on a busy
// machine.
const lease = 750 * time.Millisecond

func TestBus(t *testing.T) {
	bustest.Test(t, func(t *testing.T) bustest.Harness {
		e := embed(t, jetstream.EmbedOptions{})
		return bustest.Harness{Join: func(t *testing.T) bustest.Process {
			h, nc := open(t, e, jetstream.Options{Lease: lease})
			return bustest.Process{Bus: h.Bus(), DeadLetters: h.DeadLetters(), Kill: nc.Close}
		}}
	})
}

func TestJournal(t *testing.T) {
	journaltest.Test(t, func(t *testing.T) journaltest.Harness {
		e := embed(t, jetstream.EmbedOptions{})
		return journaltest.Harness{
			Open: func(t *testing.T) saga.Journal {
				h, _ := open(t, e, jetstream.Options{})
				return h.Journal()
			},
			Limited: func(t *testing.T, bytes int64) saga.Journal {
				h, _ := open(t, e, jetstream.Options{JournalBytes: bytes})
				return h.Journal()
			},
		}
	})
}

func TestClaims(t *testing.T) {
	claimstest.TestClaims(t, func(t *testing.T) claimstest.ClaimsHarness {
		e := embed(t, jetstream.EmbedOptions{})
		return claimstest.ClaimsHarness{Open: func(t *testing.T) workers.Claims {
			h, _ := open(t, e, jetstream.Options{})
			return h.Claims()
		}}
	})
}

func TestMarks(t *testing.T) {
	claimstest.TestMarks(t, func(t *testing.T) claimstest.MarksHarness {
		e := embed(t, jetstream.EmbedOptions{})
		return claimstest.MarksHarness{Open: func(t *testing.T) workers.Marks {
			h, _ := open(t, e, jetstream.Options{})
			return h.Marks()
		}}
	})
}
