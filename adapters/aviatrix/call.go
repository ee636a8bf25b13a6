package aviatrix

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/culvertnet/culvert/workers"
)

// Every call has a deadline of its own below the caller's. The vendor's own tool gives the slowest call 15 minutes
// (B.4); nothing here needs that long.
const (
	readTimeout  = 30 * time.Second
	writeTimeout = 4 * time.Minute
	// maxAnswer bounds an answer; lists come whole, there is no paging (A.4).
	maxAnswer = 64 << 20
)

// request is one HTTP request below a controller's root; form or body, not both.
type request struct {
	method, path string
	query, form  url.Values
	body         []byte
	header       http.Header
}

type answer struct {
	status int
	body   []byte
	words  string // what a v2.5 answer says to people, without the session
}

// envelope is the answer of every v2 call: HTTP 200 also when it refuses.
type envelope struct {
	Return  bool            `json:"return"`
	Results json.RawMessage `json:"results"`
	Reason  string          `json:"reason"`
}

// read is a v2 read: GET with everything in the query.
func (c *controller) read(ctx context.Context, action string, fields url.Values, into any) error {
	return c.action(ctx, call{action: action, fields: fields, method: http.MethodGet}, into)
}

// write is a v2 call that changes something: a form. It answers nil, a Wait on the task that the controller made of it,
// or the reason's class (errors.go).
func (c *controller) write(ctx context.Context, action string, fields url.Values) error {
	var results json.RawMessage
	if err := c.action(ctx, call{action: action, fields: fields, method: http.MethodPost, mutates: true},
		&results); err != nil {
		return err
	}
	if id := taskOf(results, fields.Get("async") == "true"); id != "" {
		return workers.WaitFor(handlePrefix+c.name+"/"+id, c.client.paced(taskPoll))
	}
	return nil
}

// taskOf is the id of the task that a controller made of a call: an object with it, or where the call asked for a task,
// the id alone (A.4: a text on 8.2, either on later releases). Any other text is only said to people.
func taskOf(results json.RawMessage, asked bool) string {
	var task struct {
		ID string `json:"request_id"`
	}
	if json.Unmarshal(results, &task) == nil && task.ID != "" {
		return task.ID
	}
	if !asked {
		return ""
	}
	return text(results)
}

// call is one v2 action.
type call struct {
	action  string
	fields  url.Values
	method  string
	asJSON  bool
	mutates bool
}

func (c *controller) action(ctx context.Context, in call, into any) error {
	return c.within(ctx, in.action, in.mutates, func(ctx context.Context, cid string) error {
		r, err := in.request(cid)
		if err != nil {
			return err
		}
		a, err := c.send(ctx, r)
		if err != nil {
			return transport(in.action, in.mutates, err)
		}
		if a.status != http.StatusOK {
			return c.client.status(in.action, in.mutates, a)
		}
		var e envelope
		if err := json.Unmarshal(a.body, &e); err != nil {
			return unreadable(in.action, in.mutates, err)
		}
		if expired(e.Reason, cid) && !e.Return {
			return errSession
		}
		if !e.Return {
			return c.client.reason(in.action, in.mutates, withoutSession(e.Reason, cid))
		}
		return decode(in.action, in.mutates, e.Results, into)
	})
}

func (in call) request(cid string) (request, error) {
	fields := url.Values{"CID": {cid}, "action": {in.action}}
	for k, v := range in.fields {
		fields[k] = v
	}
	switch {
	case in.method == http.MethodGet:
		return request{method: in.method, path: "/v2/api", query: fields}, nil
	case !in.asJSON:
		return request{method: in.method, path: "/v2/api", form: fields}, nil
	}
	flat := map[string]string{}
	for k := range fields {
		flat[k] = fields.Get(k)
	}
	body, err := json.Marshal(flat)
	return request{method: in.method, path: "/v2/api", body: body}, err
}

// resource is one v2.5 call; body is nil for none.
type resource struct {
	method, path string // the path may have a query
	body         any
}

// rest makes one v2.5 call: HTTP status and {"message"} tell how it went.
func (c *controller) rest(ctx context.Context, in resource, into any) error {
	mutates := in.method != http.MethodGet
	name := in.method + " " + in.path
	var text []byte
	if in.body != nil {
		var err error
		if text, err = json.Marshal(in.body); err != nil {
			return fmt.Errorf("write body of %s: %w", name, err)
		}
	}
	path, query, _ := strings.Cut(in.path, "?")
	values, err := url.ParseQuery(query)
	if err != nil {
		return fmt.Errorf("write query of %s: %w", name, err)
	}
	return c.within(ctx, name, mutates, func(ctx context.Context, cid string) error {
		header := http.Header{"Authorization": {"cid " + cid}}
		a, err := c.send(
			ctx, request{method: in.method, path: "/v2.5/api/" + path, query: values, body: text, header: header},
		)
		if err != nil {
			return transport(name, mutates, err)
		}
		if a.status >= 200 && a.status < 300 {
			return decode(name, mutates, a.body, into)
		}
		var told struct {
			Message string `json:"message"`
		}
		readable := json.Unmarshal(a.body, &told) == nil && told.Message != ""
		a.words = withoutSession(told.Message, cid)
		switch {
		case readable && expired(told.Message, cid):
			return errSession
		case a.status == http.StatusNotFound && in.method == http.MethodPost: // what is to be made cannot be gone
			return workers.Refuse("refused", "call %s: HTTP %d: %s", name, a.status, a.words)
		case a.status == http.StatusNotFound:
			return fmt.Errorf("call %s: %s: %w", name, a.words, workers.ErrNotFound)
		case slices.Contains(declined, a.status),
			readable && a.status < 500 && a.status != http.StatusTooManyRequests:
			return c.client.told(name, mutates, a.status, a.words)
		}
		return c.client.status(name, mutates, a)
	})
}

// within runs one call with a slot, a deadline and a session, and once more with a new session when the first was dead:
// the refused call did nothing.
func (c *controller) within(
	ctx context.Context, name string, mutates bool, run func(context.Context, string) error,
) error {
	select {
	case c.slots <- struct{}{}:
		defer func() { <-c.slots }()
	case <-ctx.Done():
		return workers.Retry("busy", 0, fmt.Errorf("call %s of %s: %w", name, c.name, ctx.Err()))
	}
	timeout := readTimeout
	if mutates {
		timeout = writeTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	cid, err := c.open(ctx, "")
	if err != nil {
		return err
	}
	if err = run(ctx, cid); !errors.Is(err, errSession) {
		return err
	}
	if cid, err = c.open(ctx, cid); err != nil {
		return err
	}
	if err = run(ctx, cid); errors.Is(err, errSession) {
		return workers.Retry("session", 0, fmt.Errorf("call %s of %s: %w", name, c.name, err))
	}
	return err
}

// send makes one HTTP request. Its error never holds the URL: reads carry the session in it.
func (c *controller) send(ctx context.Context, r request) (answer, error) {
	body, contentType := io.Reader(http.NoBody), ""
	switch {
	case r.form != nil:
		body, contentType = strings.NewReader(r.form.Encode()), "application/x-www-form-urlencoded"
	case r.body != nil:
		body, contentType = bytes.NewReader(r.body), "application/json"
	}
	target := c.root + r.path
	if len(r.query) > 0 {
		target += "?" + r.query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, r.method, target, body)
	if err != nil {
		return answer{}, bare(err)
	}
	for k, v := range r.header {
		req.Header[k] = v
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return answer{}, bare(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	return answer{status: resp.StatusCode, body: text}, bare(err)
}

// bare takes the URL off an error of net/http.
func bare(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// withoutSession takes the session off a controller's words: they go into journals and logs, and whoever has it is
// logged in.
func withoutSession(text, cid string) string {
	if cid == "" {
		return text
	}
	return strings.ReplaceAll(text, cid, "SESSION")
}

func decode(name string, mutates bool, text []byte, into any) error {
	if into == nil || len(bytes.TrimSpace(text)) == 0 {
		return nil
	}
	if err := json.Unmarshal(text, into); err != nil {
		return unreadable(name, mutates, err)
	}
	return nil
}
