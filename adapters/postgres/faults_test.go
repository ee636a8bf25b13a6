package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/culvertnet/culvert/adapters/postgres"
	"github.com/culvertnet/culvert/adapters/postgres/pglocal"
	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/saga"
)

func key(n int) events.Key {
	return events.Key{Tenant: events.DefaultTenant, Name: fmt.Sprintf("k%d", n)}
}

// writer appends to its own connections, several at a time, until it has told enough appends landed.
type writer struct {
	first, keys, rounds int
	told                atomic.Int64
}

func (w *writer) run(ctx context.Context, t *testing.T, j saga.Journal) {
	at := make([]uint64, w.keys)
	for round := 0; round < w.rounds && ctx.Err() == nil; {
		var batch []saga.Append
		for n := range w.keys {
			batch = append(batch, saga.Append{
				Key: key(w.first + n), After: at[n], ID: fmt.Sprintf("%d/%d/%d", w.first, n, at[n]),
				Facts: []byte("[]"), Snapshot: []byte("{}"),
			})
		}
		moved := true
		for n, r := range j.Append(ctx, batch) {
			switch {
			case r.Err == nil:
				at[n] = r.Version
				w.told.Add(1)
			case errors.Is(r.Err, saga.ErrConflict):
				t.Errorf("%s: a conflict without a rival: %v", batch[n].Key, r.Err)
				return
			default: // the server is away: the same again
				moved = false
			}
		}
		if moved {
			round++
		}
	}
}

// Nothing that was told landed is lost, and nothing lands twice or is skipped by a follower, while the server is
// killed, restarted and its connections are cut.
func TestFaultsLoseNothing(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	own, err := pglocal.Start(ctx, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = own.Stop() })
	url, err := own.Database(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := postgres.Migrate(ctx, url); err != nil {
		t.Fatal(err)
	}
	const writers, keys, rounds = 4, 5, 60
	seen := make(chan map[events.Key]uint64, 1)
	go func() { seen <- followAll(ctx, t, open(t, postgres.Options{URL: url}).Journal(), writers*keys*rounds) }()
	var all sync.WaitGroup
	var told []*writer
	for n := range writers {
		w := &writer{first: n * keys, keys: keys, rounds: rounds}
		told = append(told, w)
		j := open(t, postgres.Options{URL: url}).Journal()
		all.Go(func() { w.run(ctx, t, j) })
	}
	done := make(chan struct{})
	go func() { all.Wait(); close(done) }()
	faults := disturb(ctx, t, own, url, func() int64 {
		var n int64
		for _, w := range told {
			n += w.told.Load()
		}
		return n
	}, writers*keys*rounds)
	<-done
	for k, version := range <-seen {
		if version != rounds {
			t.Errorf("%s followed to %d, want %d", k, version, rounds)
		}
	}
	t.Logf("%d appends told landed, %d faults", writers*keys*rounds, faults)
}

// disturb makes one fault at each tenth of the work.
func disturb(
	ctx context.Context, t *testing.T, s *pglocal.Server, url string, told func() int64, total int64,
) (faults int) {
	t.Helper()
	random := rand.New(rand.NewPCG(1, 2))
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for tenth := int64(1); tenth < 10 && ctx.Err() == nil; {
		if told() < tenth*total/10 {
			<-tick.C
			continue
		}
		tenth++
		faults++
		var err error
		switch random.IntN(3) {
		case 0:
			err = errors.Join(s.Kill(), s.Run(ctx))
		case 1:
			err = errors.Join(s.Stop(), s.Run(ctx))
		default:
			err = cut(ctx, url)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return faults
}

// cut ends every other connection to the database.
func cut(ctx context.Context, url string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	_,
		err = conn.Exec(ctx,
		`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`)
	return err
}

// followAll reads n records and expects each connection's versions to come once and in order.
func followAll(ctx context.Context, t *testing.T, j saga.Journal, n int) map[events.Key]uint64 {
	at := map[events.Key]uint64{}
	last := saga.Position(0)
	for r, err := range j.Follow(ctx, 0) {
		if err != nil {
			t.Error(err)
			return at
		}
		if r.Version != at[r.Key]+1 || r.Position <= last {
			t.Errorf("%s: version %d at %d after version %d at %d", r.Key, r.Version, r.Position, at[r.Key], last)
		}
		at[r.Key], last = r.Version, r.Position
		if n--; n == 0 {
			return at
		}
	}
	t.Errorf("%d records were not followed", n)
	return at
}

func TestRefusesASchemaThatIsNotItsOwn(t *testing.T) {
	url, err := server.Database(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	expect := func(words string) {
		t.Helper()
		if _, err := postgres.Open(t.Context(), postgres.Options{URL: url}); err == nil ||
			!strings.Contains(err.Error(), words) {
			t.Errorf("open: %v, want %q", err, words)
		}
	}
	expect("culvertd setup")
	if applied, err := postgres.Migrate(t.Context(), url); err != nil || len(applied) == 0 {
		t.Fatalf("migrate: %v, %v", applied, err)
	}
	if applied, err := postgres.Migrate(t.Context(), url); err != nil || len(applied) != 0 {
		t.Errorf("second migrate: %v, %v", applied, err)
	}
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	if _, err := conn.Exec(t.Context(), `INSERT INTO schema_version VALUES (99)`); err != nil {
		t.Fatal(err)
	}
	expect("run a newer release")
	if _, err := postgres.Migrate(t.Context(), url); err == nil || !strings.Contains(err.Error(), "newer") {
		t.Errorf("migrate of a newer schema: %v", err)
	}
}

func TestRefusesAServerThatDoesNotSync(t *testing.T) {
	own, err := pglocal.Start(t.Context(), t.TempDir(), "fsync=off")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = own.Stop() })
	url, err := own.Database(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := postgres.Migrate(t.Context(), url); err != nil {
		t.Fatal(err)
	}
	if _, err := postgres.Open(t.Context(), postgres.Options{URL: url}); err == nil || !strings.Contains(err.Error(),
		"fsync=off") {
		t.Errorf("open: %v", err)
	}
	open(t, postgres.Options{URL: url, AllowUnsynced: true})
}

func BenchmarkAppend(b *testing.B) {
	for _, keys := range []int{1, 16, 256} {
		b.Run(fmt.Sprintf("keys=%d", keys), func(b *testing.B) {
			j := open(b, postgres.Options{URL: database(b)}).Journal()
			facts := []byte(strings.Repeat("x", 1000))
			version := uint64(0)
			for b.Loop() {
				var batch []saga.Append
				for n := range keys {
					batch = append(batch, saga.Append{
						Key: key(n), After: version, ID: fmt.Sprint(version), Facts: facts, Snapshot: []byte("{}"),
					})
				}
				for _, r := range j.Append(b.Context(), batch) {
					if r.Err != nil {
						b.Fatal(r.Err)
					}
				}
				version++
			}
			b.ReportMetric(float64(b.N*keys)/b.Elapsed().Seconds(), "appends/s")
		})
	}
}
