package aviatrix

import "time"

// task is an async call under way. The effect is in the world at once; only the answer takes its time (guess: the
// vendor shows an attachment some time before its task is done, too).
type task struct {
	Done time.Time `json:"done"`
	Call string    `json:"call"`
}

// startTask answers with the request id: a text up to 8.2, the only form that the provider of that release decodes, and
// an object from 9.0 (guess: since when; the newest provider takes both).
func startTask(c *call, took time.Duration) any {
	id := c.opaque()
	c.quiet(kindTask, task{Done: c.tx.Due(took), Call: c.name}, id)
	if c.ctl.major < 9 {
		return id
	}
	return map[string]string{"request_id": id}
}

// checkTaskStatus answers return:false REQUEST_IN_PROGRESS until the task is done.
func checkTaskStatus(c *call) (any, error) {
	t, ok := load[task](c, kindTask, c.in.get("request_id"))
	if !ok {
		return nil, refuse("Request ID %s does not exist.", c.in.get("request_id"))
	}
	if c.tx.Now().Before(t.Done) {
		return nil, refuse("REQUEST_IN_PROGRESS")
	}
	return t.Call + " completed.", nil
}
