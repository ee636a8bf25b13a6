package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/culvertnet/culvert/adapters/httpapi"
	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/events/pause"
)

const contentTypeEvent = "application/cloudevents+json"

// send posts an intent, and follows its saga when asked to wait.
func (c *cli) send(ctx context.Context, event []byte, w waiting) error {
	accepted, err := c.api().Submit(ctx, contentTypeEvent, event)
	if err != nil {
		return err
	}
	for _, a := range accepted {
		if !w.wait {
			err := c.print(a, func() { fmt.Fprintln(c.out, a.Saga) })
			if err != nil {
				return err
			}
			continue
		}
		if err := c.follow(ctx, a.Saga, w.timeout); err != nil {
			return err
		}
	}
	return nil
}

// follow shows a saga until it has ended, then tells how by the exit code.
func (c *cli) follow(ctx context.Context, id string, timeout time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	show := c.progress()
	defer show.close()
	var last events.Status
	seen := func(v events.Status) {
		last = v
		show.update(v)
	}
	for {
		if err := c.watched(ctx, id, seen); err != nil {
			return err
		}
		if last.Status.Ended() {
			break
		}
		if pause.For(ctx, 500*time.Millisecond) != nil {
			return c.timedOut(ctx, id, timeout)
		}
	}
	show.close()
	if c.format != "table" {
		if err := c.printSaga(last); err != nil {
			return err
		}
	}
	return exitFor(last.Status)
}

// watched passes on what one stream says until it ends. One that breaks is no error: the daemon may be restarting.
func (c *cli) watched(ctx context.Context, id string, seen func(events.Status)) error {
	for v, err := range c.api().Watch(ctx, id) {
		var refused *httpapi.Problem
		switch {
		case err == nil:
			seen(v)
		case ctx.Err() == nil && errors.As(err, &refused) && refused.Status < http.StatusInternalServerError:
			return err
		default:
			return nil
		}
	}
	return nil
}

func (c *cli) timedOut(ctx context.Context, id string, timeout time.Duration) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		fmt.Fprintf(c.errs, "culvert: %s has not ended after %s; it continues\n", id, timeout)
		return exitTimedOut
	}
	return ctx.Err()
}
