package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/saga"
	"github.com/culvertnet/culvert/workers"
)

// Options say how the database is used. URL is needed.
type Options struct {
	// URL is a connection string; what it leaves out comes from the environment (PGPASSFILE, PGSSLROOTCERT, …).
	URL string
	// AllowUnsynced accepts a server that reports fsync or full_page_writes off: a power failure can then lose what was
	// acknowledged.
	AllowUnsynced bool
	// LimitBytes is how large the database may grow; new work is refused from four fifths of it on, everything when it
	// is reached. Zero leaves it to the disk.
	LimitBytes int64
	// MarkAge is how long marks are kept: longer than any command's deadline. Default 24h.
	MarkAge time.Duration
	// Log takes what is repaired on the way; nil is silent.
	Log *slog.Logger
}

// Backend is everything this process keeps in PostgreSQL. Safe for concurrent use.
type Backend struct {
	pool *pgxpool.Pool
	opts Options
	room room
	news news

	end     context.CancelFunc
	running sync.WaitGroup
}

// Open connects, asks the server for proof that it syncs, checks the schema, and gives the ports.
func Open(ctx context.Context, o Options) (*Backend, error) {
	if o.MarkAge == 0 {
		o.MarkAge = 24 * time.Hour
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.MarkAge < 0 || o.LimitBytes < 0 {
		return nil, errors.New("open PostgreSQL: a negative MarkAge or LimitBytes")
	}
	config, err := pgxpool.ParseConfig(o.URL)
	if err != nil {
		return nil, fmt.Errorf("open PostgreSQL: %w", err)
	}
	config.ConnConfig.RuntimeParams["synchronous_commit"] = "on"
	config.ConnConfig.RuntimeParams["application_name"] = "culvert"
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("open PostgreSQL: %w", err)
	}
	if err := ready(ctx, pool, o); err != nil {
		pool.Close()
		return nil, fmt.Errorf("open PostgreSQL: %w", err)
	}
	h := &Backend{pool: pool, opts: o, news: news{changed: make(chan struct{})}}
	alive, end := context.WithCancel(context.Background())
	h.end = end
	h.running.Go(func() { h.listen(alive) })
	h.running.Go(func() { h.housekeep(alive) })
	return h, nil
}

func ready(ctx context.Context, pool *pgxpool.Pool, o Options) error {
	if !o.AllowUnsynced {
		if err := checkSynced(ctx, pool); err != nil {
			return err
		}
	}
	return checkSchema(ctx, pool)
}

// Journal is the port to the truth.
func (h *Backend) Journal() saga.Journal { return &Journal{h: h} }

// Claims is the port to the holds on shared things.
func (h *Backend) Claims() workers.Claims { return &Claims{h: h} }

// Marks is the port to who runs what.
func (h *Backend) Marks() workers.Marks { return &Marks{h: h} }

// DeadLetters is the port to what was rejected; Keep is how the bus puts a letter there.
func (h *Backend) DeadLetters() *DeadLetters { return &DeadLetters{h: h} }

var _ events.DeadLetters = (*DeadLetters)(nil)

// Close ends what runs in the background and the connections. Follow ends with its own context.
func (h *Backend) Close() {
	h.end()
	h.running.Wait()
	h.pool.Close()
}

// housekeepEvery is how often old marks are forgotten.
const housekeepEvery = 10 * time.Minute

func (h *Backend) housekeep(ctx context.Context) {
	tick := time.NewTicker(housekeepEvery)
	defer tick.Stop()
	for {
		_, err := h.pool.Exec(ctx, `DELETE FROM marks WHERE at < now() - $1::interval`, h.opts.MarkAge)
		if err != nil && ctx.Err() == nil {
			h.opts.Log.Warn("old marks are not forgotten for now", "error", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}
