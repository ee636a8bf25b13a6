package control

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// Client calls the control endpoint of the world at URL, its root without /sim. Safe for concurrent use. A call ends
// with its context; nothing is repeated. What the world refuses is a *Refusal.
type Client struct{ URL string }

// Refusal is an answer of the world that is not the one asked for.
type Refusal struct {
	Status  int // of HTTP
	Message string
}

// Error says what the world said.
func (r *Refusal) Error() string {
	return fmt.Sprintf("world refuses: %s (status %d)", r.Message, r.Status)
}

// Endpoints asks where the world's vendors are.
func (c Client) Endpoints(ctx context.Context) (e Endpoints, err error) {
	return e, c.Get(ctx, "world", &e)
}

// Effects gives the ledger, oldest first.
func (c Client) Effects(ctx context.Context) (list []Effect, err error) {
	return list, c.Get(ctx, "effects", &list)
}

// Calls gives how often each call came, by vendor and name.
func (c Client) Calls(ctx context.Context) (list []Calls, err error) {
	return list, c.Get(ctx, "calls", &list)
}

// Grants gives the permissions that calls needed, by project.
func (c Client) Grants(ctx context.Context) (list []Grant, err error) {
	return list, c.Get(ctx, "grants", &list)
}

// Resources gives every difference from the scenario; none is a clean world.
func (c Client) Resources(ctx context.Context) (list []Difference, err error) {
	return list, c.Get(ctx, "resources", &list)
}

// Diff gives every difference as text, before and after.
func (c Client) Diff(ctx context.Context) ([]byte, error) {
	return c.call(ctx, http.MethodGet, "diff", nil)
}

// Faults gives every fault since they were last cleared, spent ones too, with their hits.
func (c Client) Faults(ctx context.Context) (list []Fault, err error) {
	return list, c.Get(ctx, "faults", &list)
}

// AddFault arms faults, in order.
func (c Client) AddFault(ctx context.Context, faults ...Fault) error {
	for _, f := range faults {
		if err := c.post(ctx, "faults", f); err != nil {
			return err
		}
	}
	return nil
}

// Reset clears faults, or puts the whole world back.
func (c Client) Reset(ctx context.Context, what Reset) error { return c.post(ctx, "reset", what) }

// Site tells how the remote site is reached by BGP.
func (c Client) Site(ctx context.Context) (Site, error) {
	var answer struct {
		Site Site `json:"site"`
	}
	err := c.Get(ctx, "bgp", &answer)
	return answer.Site, err
}

// Register presents a BGP speaker: the fault proxy passes calls on to it, and the site takes its session.
func (c Client) Register(ctx context.Context, s Speaker) error {
	return c.post(ctx, "bgp/speakers", s)
}

// Get reads one page of the endpoint ("effects") as JSON.
func (c Client) Get(ctx context.Context, page string, into any) error {
	answer, err := c.call(ctx, http.MethodGet, page, nil)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(answer, into); err != nil {
		return fmt.Errorf("read %s of the simulated world: %w", page, err)
	}
	return nil
}

func (c Client) post(ctx context.Context, page string, body any) error {
	payload, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("encode %s for the simulated world: %w", page, err)
	}
	_, err = c.call(ctx, http.MethodPost, page, payload)
	return err
}

func (c Client) call(ctx context.Context, method, page string, payload []byte) ([]byte, error) {
	fail := func(err error) ([]byte, error) {
		return nil, fmt.Errorf("ask the simulated world for %s: %w", page, err)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.URL+"/sim/"+page, bytes.NewReader(payload))
	if err != nil {
		return fail(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fail(err)
	}
	defer func() { _ = resp.Body.Close() }() // it was read
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return fail(err)
	}
	if resp.StatusCode >= http.StatusMultipleChoices {
		return fail(refusal(resp.StatusCode, answer))
	}
	return answer, nil
}

// refusal reads the world's problem, {"error": "…"}.
func refusal(status int, answer []byte) *Refusal {
	var problem struct {
		Error string `json:"error"`
	}
	if json.Unmarshal(answer, &problem) != nil || problem.Error == "" {
		problem.Error = strings.TrimSpace(string(answer))
	}
	return &Refusal{Status: status, Message: problem.Error}
}
