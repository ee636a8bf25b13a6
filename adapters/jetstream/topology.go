package jetstream

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	js "github.com/nats-io/nats.go/jetstream"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/events/pause"
)

// Streams that are this adapter's own: the stores behind the ports Claims and Marks.
const (
	claimsStream = "CULVERT_CLAIMS"
	marksStream  = "CULVERT_MARKS"
)

// maxIntent is the largest message a stream of the bus takes. It leaves room below a default server's largest payload
// (1 MiB), so that the dead letter, which adds a reason, still fits.
const maxIntent = 1<<20 - 64<<10

// The sizes at which streams refuse more. Those in memory are reserved at start, so they are modest.
const (
	intentBytes = 256 << 20
	deadBytes   = 256 << 20
	workBytes   = 64 << 20
	statusBytes = 32 << 20
	markBytes   = 32 << 20
	statusAge   = 24 * time.Hour
)

// noRepeats is the shortest window for remembering message ids that the server takes (nats-server 2.15, stream.go).
// Ids of Culvert's own messages travel in a header of their own: a repeat that was dropped because of a
// window would be a message lost, as the same command is rightly sent again when its first copy came to nothing.
const noRepeats = 100 * time.Millisecond

// streams is everything that has to be there. All of it is made or updated at every start, which is also how the
// streams in memory come back after their server was away.
//
// Work streams (intents, commands, results) keep a message until it is acknowledged, so that it waits for a consumer
// that comes later, and refuse more when they are full: the publisher is told and sends again. Every subject of a work
// stream belongs to one subscription name.
func streams(o Options) []js.StreamConfig {
	stream := func(s events.Stream, bytes int64) js.StreamConfig {
		c := js.StreamConfig{
			Name: s.Name, Subjects: []string{s.Subject}, Retention: js.WorkQueuePolicy, Discard: js.DiscardNew,
			MaxBytes:   bytes,
			MaxMsgSize: maxIntent, Replicas: o.Replicas, Storage: js.MemoryStorage, Duplicates: noRepeats,
		}
		if s.Synced {
			c.Storage = js.FileStorage
		}
		return c
	}
	intents := stream(events.Intents, intentBytes)
	intents.Duplicates = 2 * time.Minute // publishers from outside may use Nats-Msg-Id
	statuses := stream(events.Statuses, statusBytes)
	statuses.Retention, statuses.Discard, statuses.MaxAge = js.LimitsPolicy, js.DiscardOld, statusAge
	dead := stream(events.Dead, deadBytes)
	dead.Retention, dead.MaxMsgSize, dead.Duplicates = js.LimitsPolicy, -1, 2*time.Minute
	return []js.StreamConfig{
		intents, stream(events.Commands, workBytes), stream(events.Results, workBytes), statuses, dead,
		journalStream(o), claimStream(o), markStream(o),
	}
}

// journalStream keeps records until Archive purges them. Single records cannot be deleted; purging a subject up to a
// sequence has to stay possible for Archive, so keeping others from it is a matter of permissions on
// $JS.API.STREAM.PURGE.
func journalStream(o Options) js.StreamConfig {
	return js.StreamConfig{
		Name: events.Journal.Name, Subjects: []string{events.Journal.Subject}, Retention: js.LimitsPolicy,
		Discard:  js.DiscardNew,
		MaxBytes: o.JournalBytes, Storage: js.FileStorage, Replicas: o.Replicas, DenyDelete: true,
		AllowAtomicPublish: true,
		AllowDirect:        true, Duplicates: noRepeats,
	}
}

// claimStream keeps the newest record of each resource.
func claimStream(o Options) js.StreamConfig {
	return js.StreamConfig{
		Name: claimsStream, Subjects: []string{claimsSubject + ">"}, Retention: js.LimitsPolicy, Discard: js.DiscardNew,
		MaxMsgsPerSubject: 1, Storage: js.FileStorage, Replicas: o.Replicas, AllowDirect: true, Duplicates: noRepeats,
	}
}

// markStream forgets marks by age: one that is older than any command's deadline is of no use. When it is full the
// oldest go first; a lost mark only makes an undo wait longer.
func markStream(o Options) js.StreamConfig {
	return js.StreamConfig{
		Name: marksStream, Subjects: []string{marksSubject + ">"}, Retention: js.LimitsPolicy, Discard: js.DiscardOld,
		MaxBytes:          markBytes,
		MaxMsgsPerSubject: 1, MaxAge: o.MarkAge, Storage: js.MemoryStorage, Replicas: o.Replicas, Duplicates: noRepeats,
	}
}

// ensure makes or updates every stream, and checks that those which must be synced are.
func ensure(ctx context.Context, j js.JetStream, o Options) error {
	for _, config := range streams(o) {
		s, err := j.CreateOrUpdateStream(ctx, config)
		if err != nil {
			return fmt.Errorf("make stream %s: %w", config.Name, err)
		}
		is := s.CachedInfo().Config
		if is.Storage != config.Storage || is.PersistMode != js.DefaultPersistMode {
			return fmt.Errorf("make stream %s: its storage is %v with persist mode %v", config.Name, is.Storage,
				is.PersistMode)
		}
	}
	return nil
}

const (
	// openWithin bounds how long a backend waits for servers that are still electing or busy: several elections.
	openWithin = time.Minute
	openTry    = 5 * time.Second
)

// ensureInTime ensures again while the servers do not answer or say that they cannot for now.
func ensureInTime(ctx context.Context, j js.JetStream, o Options) error {
	within, cancel := context.WithTimeout(ctx, openWithin)
	defer cancel()
	for {
		try, done := context.WithTimeout(within, openTry)
		err := ensure(try, j, o)
		done()
		if err == nil || !passing(err) {
			return err
		}
		o.Log.Warn("the servers cannot make streams for now", "error", err)
		if ended := pause.For(within, repairEvery); ended != nil {
			return errors.Join(ctx.Err(), err)
		}
	}
}

// passing tells that an error goes away when a leader is elected: silence, nobody there, or a cluster that is not
// available yet.
func passing(err error) bool {
	var api *js.APIError
	if errors.As(err, &api) {
		return api.ErrorCode == codeClusterNotAvailable
	}
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, nats.ErrTimeout) ||
		errors.Is(err, nats.ErrNoResponders)
}
