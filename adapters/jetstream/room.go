package jetstream

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/saga"
)

// A Room tells how many bytes the servers keep and how many they can, as far as it knows; a limit of zero means no
// limit.
type Room func(context.Context) (used, limit int64, err error)

// MonitorRoom asks the monitoring endpoint of each server, and tells of the fullest.
func MonitorRoom(endpoints ...string) Room {
	return func(ctx context.Context) (used, limit int64, err error) {
		for _, endpoint := range endpoints {
			var r server.JSInfo
			if err := getReport(ctx, endpoint, &r); err != nil {
				return 0, 0, fmt.Errorf("ask %s: %w", endpoint, err)
			}
			if u, l := int64(r.Store), r.Config.MaxStore; l > 0 &&
				(limit == 0 || float64(u)/float64(l) > float64(used)/float64(limit)) {
				used, limit = u, l
			}
		}
		return used, limit, nil
	}
}

// Room of the embedded server is what it may keep, and not more than its disk has left.
func (e *Embedded) Room(context.Context) (used, limit int64, err error) {
	report, err := e.running.Load().Jsz(&server.JSzOptions{Config: true})
	if err != nil {
		return 0, 0, fmt.Errorf("read the server's report: %w", err)
	}
	used, limit = int64(report.Store), report.Config.MaxStore
	free, err := freeBytes(report.Config.StoreDir)
	if err != nil {
		return 0, 0, err
	}
	if limit <= 0 || used+free < limit {
		limit = used + free
	}
	return used, limit, nil
}

// gauge remembers for a moment how full the store is, and adds what this process has appended since.
type gauge struct {
	mu    sync.Mutex
	asked time.Time
	rooms [2]struct{ used, limit int64 }
	since int64
}

// gaugeEvery is how old an answer may be.
const gaugeEvery = time.Second

// grow notes that something was appended.
func (g *gauge) grow(bytes int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.since += int64(bytes)
}

// admits tells whether new work is taken: ErrFull from four fifths of what can be kept on, so that what runs already
// has room to come to its end. A store that cannot be asked is not taken for full.
func (j *Journal) admits(ctx context.Context) error {
	g := &j.gauge
	g.mu.Lock()
	defer g.mu.Unlock()
	if time.Since(g.asked) >= gaugeEvery {
		g.asked, g.since = time.Now(), 0
		for i, room := range []Room{j.streamRoom, j.h.opts.Room} {
			if room == nil {
				continue
			}
			var err error
			if g.rooms[i].used, g.rooms[i].limit, err = room(ctx); err != nil {
				j.h.opts.Log.Warn("how full the store is cannot be told for now", "error", err)
			}
		}
	}
	for _, r := range g.rooms {
		if used := r.used + g.since; r.limit > 0 && used >= r.limit/5*4 {
			return fmt.Errorf("%w for new work: %d of %d bytes are used, and the last fifth is kept for what is "+
				"under way", saga.ErrFull, used, r.limit)
		}
	}
	return nil
}

// streamRoom is the journal's own, when it has a bound.
func (j *Journal) streamRoom(ctx context.Context) (used, limit int64, err error) {
	if j.h.opts.JournalBytes <= 0 {
		return 0, 0, nil
	}
	s, err := j.h.js.Stream(ctx, events.Journal.Name)
	if err != nil {
		return 0, 0, err
	}
	return int64(s.CachedInfo().State.Bytes), j.h.opts.JournalBytes, nil
}
