package aviatrix

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/culvertnet/culvert/workers"
)

// loginTimeout bounds one login, whoever waits for it.
const loginTimeout = 30 * time.Second

// session is the one CID that all calls to a controller share. A CID lives for less than 90 minutes (A.1) and dies with
// a fail-over of the controller; there is no logout call.
type session struct {
	username string
	password func(context.Context) (string, error)

	mu     sync.Mutex
	cid    string
	flight *flight
	// refused is the last login's refusal, until the time after which another is tried: wrong credentials that many
	// sagas repeat lock an account.
	refused error
	until   time.Time
}

// loginPause is how long a refused login is not repeated, at the client's pace. guess: that controllers lock accounts.
const loginPause = time.Minute

// flight is one login that is under way; all who need a session wait for the same one.
type flight struct {
	done chan struct{}
	cid  string
	err  error
}

// open gives a session other than stale, the one that was found dead ("" when none was used yet). At most one login
// runs at a time; it goes on when the caller that started it gives up, because others wait for it.
func (c *controller) open(ctx context.Context, stale string) (string, error) {
	c.mu.Lock()
	if c.cid != "" && c.cid != stale {
		defer c.mu.Unlock()
		return c.cid, nil
	}
	if c.refused != nil && c.client.now().Before(c.until) {
		defer c.mu.Unlock()
		return "", c.refused
	}
	f := c.flight
	if f == nil {
		f = &flight{done: make(chan struct{})}
		c.flight = f
		go c.fly(context.WithoutCancel(ctx), f)
	}
	c.mu.Unlock()
	select {
	case <-f.done:
		return f.cid, f.err
	case <-ctx.Done():
		// Nothing was sent on this caller's behalf.
		return "", workers.Retry("deadline", 0, fmt.Errorf("log in to %s: %w", c.name, ctx.Err()))
	}
}

func (c *controller) fly(ctx context.Context, f *flight) {
	ctx, cancel := context.WithTimeout(ctx, loginTimeout)
	defer cancel()
	f.cid, f.err = c.login(ctx)
	c.mu.Lock()
	c.cid, c.flight, c.refused = f.cid, nil, nil
	if errors.Is(f.err, errLogin) {
		c.refused, c.until = f.err, c.client.now().Add(c.client.paced(loginPause))
	}
	c.mu.Unlock()
	close(f.done)
}

// login asks for a token first and goes on without one where the controller refuses it (A.1). A login has no effect
// that anybody could miss, so each of its failures is Retry, also wrong credentials: an operator may be about to
// correct them.
func (c *controller) login(ctx context.Context) (string, error) {
	password, err := c.password(ctx)
	if err != nil {
		return "", workers.Retry("login", 0, fmt.Errorf("read password of %s: %w", c.name, err))
	}
	header := http.Header{}
	token, err := c.token(ctx)
	if err != nil {
		return "", workers.Retry("login", 0, fmt.Errorf("log in to %s: %w", c.name, err))
	}
	if token != "" {
		header.Set("X-Access-Key", token)
	}
	form := url.Values{"action": {"login"}, "username": {c.username}, "password": {password}}
	a, err := c.send(ctx, request{method: http.MethodPost, path: "/v2/api", form: form, header: header})
	if err != nil {
		return "", workers.Retry("login", 0, fmt.Errorf("log in to %s: %w", c.name, err))
	}
	var reply struct {
		envelope
		CID string `json:"CID"`
	}
	if err := json.Unmarshal(a.body, &reply); err != nil {
		return "", workers.Retry(
			"login", 0, fmt.Errorf("log in to %s: HTTP %d without a readable answer", c.name, a.status),
		)
	}
	if !reply.Return || reply.CID == "" {
		return "", workers.Retry(
			"login", c.client.paced(loginPause), fmt.Errorf("log in to %s: %s: %w", c.name, reply.Reason, errLogin),
		)
	}
	return reply.CID, nil
}

// token gives "" where the controller has no such call.
func (c *controller) token(ctx context.Context) (string, error) {
	query := url.Values{"action": {"get_api_token"}}
	a, err := c.send(ctx, request{method: http.MethodGet, path: "/v2/api", query: query})
	if err != nil {
		return "", err
	}
	if a.status >= http.StatusInternalServerError {
		return "", fmt.Errorf("get api token: HTTP %d", a.status)
	}
	var reply struct {
		Return  bool `json:"return"`
		Results struct {
			Token string `json:"api_token"`
		} `json:"results"`
	}
	if json.Unmarshal(a.body, &reply) != nil || !reply.Return {
		return "", nil
	}
	return reply.Results.Token, nil
}

// errSession marks an answer that refused the call because its session is dead, errLogin one that refused a login.
var (
	errSession = errors.New("session has expired")
	errLogin   = errors.New("the controller refuses the login")
)

// expired knows the shapes in which the paths say that a session is dead (A.3), and takes each on every path.
func expired(reason, cid string) bool {
	for _, text := range []string{"CID is invalid", "Invalid session", "Invalid CID"} {
		if strings.Contains(reason, text) {
			return true
		}
	}
	return cid != "" && strings.Contains(reason, "Session "+cid+" expired")
}
