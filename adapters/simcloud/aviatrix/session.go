package aviatrix

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// sessions holds who is logged in. In memory on purpose: after a fail-over of a real controller every CID is invalid.
type sessions struct {
	mu     sync.Mutex
	until  map[string]time.Time
	tokens map[string]bool
}

func newSessions() *sessions {
	return &sessions{until: map[string]time.Time{}, tokens: map[string]bool{}}
}

func (s *sessions) open(cid string, until time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.until[cid] = until
}

func (s *sessions) end(cid string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.until, cid)
}

func (s *sessions) valid(cid string, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	until, ok := s.until[cid]
	if ok && !now.Before(until) {
		delete(s.until, cid)
		return false
	}
	return ok
}

func (s *sessions) issue(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokens[token] = true
}

func (s *sessions) issued(token string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tokens[token]
}

// opaque makes a value nobody can guess from the last one: also not the one a world that was opened again would hand
// out.
func (c *call) opaque() string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %d %d", c.ctl.conf.Name, c.tx.ID(), c.tx.Now().UnixNano()))
	return hex.EncodeToString(sum[:16])
}

// getAPIToken is the first step of a login since 7.0.
func getAPIToken(c *call) (any, error) {
	token := c.opaque()
	c.ctl.sessions.issue(token)
	return map[string]string{"api_token": token}, nil
}

// login answers with a fresh CID each time. A login without a token is accepted (public scripts still do it), one with
// a wrong token is not (guess: the text of both refusals).
func (c *controller) login(inner *call, token string) []byte {
	if token != "" && !c.sessions.issued(token) {
		return envelope(nil, refuse("Invalid API token."))
	}
	if inner.in.get("username") != c.conf.Username || inner.in.values.Get("password") != c.conf.Password {
		return envelope(nil, refuse("User name/password does not match."))
	}
	cid := inner.opaque()
	c.sessions.open(cid, inner.tx.Due(c.conf.SessionLifetime))
	return marshal(map[string]any{
		"return": true,
		"results": "User login:" + c.conf.Username +
			" in account:admin has been authorized successfully - Please check email confirmation.",
		"CID": cid,
	})
}

// expired words a dead session the way each path does: clients that know one shape only miss the others.
func expired(r *http.Request, in fields) error {
	switch {
	case in.json:
		return refuse("Session %s expired", in.get("CID"))
	case r.URL.Path == "/v1/api":
		return refuse("CID is invalid or expired.")
	}
	return refuse("Invalid session. Please login again.")
}
