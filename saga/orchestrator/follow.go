package orchestrator

import (
	"context"
	"fmt"
	"time"

	"github.com/culvertnet/culvert/events/pause"
	"github.com/culvertnet/culvert/saga"
)

// follow hears of every record, this process's and others': it wakes watchers, forgets what it knew of connections that
// have moved on, and learns of holds.
func (o *Orchestrator) follow(ctx context.Context) error {
	from, err := o.opts.Cursor.Load(ctx) // what is older has been told, and holds were learnt at start
	if err != nil {
		return fmt.Errorf("load cursor: %w", err)
	}
	return o.followFrom(ctx, from, func(r saga.Record) error {
		if !saga.IsEngines(r.Key) {
			o.cache.notBehind(r.Key, r.Version)
			o.hub.tell(r.Key, r.Version)
			return nil
		}
		if err := o.learnHold(ctx, r.Key, r.Version); err != nil {
			return err
		}
		return o.wake(ctx, wakeReleased)
	})
}

// followPause is how long a follower rests when the journal does not answer.
const followPause = time.Second

// followFrom hands every record after a position to take, until ctx ends. What fails is logged and taken again from the
// same record after a pause: a follower has nobody to give an error to.
func (o *Orchestrator) followFrom(ctx context.Context, from saga.Position, take func(saga.Record) error) error {
	for ctx.Err() == nil {
		for r, err := range o.opts.Journal.Follow(ctx, from) {
			if err == nil {
				err = take(r)
			}
			if err != nil {
				if ctx.Err() == nil {
					o.opts.Log.Warn("following the journal was interrupted; it is tried again", "position",
						uint64(from), "error", err)
				}
				break
			}
			from = r.Position
		}
		if pause.For(ctx, followPause) != nil {
			break
		}
	}
	return ctx.Err()
}
