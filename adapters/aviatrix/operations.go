package aviatrix

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
)

// handlePrefix begins the handle of a task: "aviatrix:<controller>/<request id>".
const handlePrefix = "aviatrix:"

// taskPoll is the vendor's own interval between polls of a task, at most 360 of them (A.4).
const taskPoll = 10 * time.Second

const actionPoll = "check_task_status"

// Operations polls tasks: calls that the controller answers with a request id. The vendor's tool does so for gateway
// creation; a controller that answers any call here that way is understood too.
func (c *Client) Operations() workers.Operations { return operations{c} }

type operations struct{ c *Client }

// Poll implements [workers.Operations].
func (o operations) Poll(ctx context.Context, handle string) error {
	name, id, ok := strings.Cut(strings.TrimPrefix(handle, handlePrefix), "/")
	if !ok {
		return workers.Refuse("invalid", "poll task: handle %q has no request id", handle)
	}
	ctl, err := o.c.controller(name)
	if err != nil {
		return err
	}
	err = ctl.action(ctx, call{action: actionPoll, method: http.MethodPost, fields: url.Values{"request_id": {id}}},
		nil)
	var f *workers.Failure
	switch {
	case err == nil || errors.Is(err, errAlready):
		return nil
	case errors.Is(err, errRunning):
		return workers.WaitFor(handle, o.c.paced(taskPoll))
	case errors.Is(err, workers.ErrNotFound):
		return workers.ErrNotFound
	case errors.As(err, &f) && f.Class == events.Retry && f.Reason == events.ReasonUnavailable:
		return workers.WaitFor(handle, o.c.paced(taskPoll)) // a 502 or 503 without JSON: keep polling (A.4)
	case errors.As(err, &f):
		return err
	case ctx.Err() != nil:
		return err
	}
	return workers.Refuse("task", "%w", err) // any other reason: the task failed (A.4)
}
