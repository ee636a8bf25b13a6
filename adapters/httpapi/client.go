package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/saga"
	"github.com/culvertnet/culvert/saga/audit"
	"github.com/culvertnet/culvert/workers"
)

// Client is the mirror of the server. Safe for concurrent use.
type Client struct {
	// URL is the server's root.
	URL  string
	HTTP *http.Client
}

// Problem is the server's refusal (RFC 9457).
type Problem struct {
	// Type is a URI that ends in the problem's code; see [Problem.Code].
	Type   string `json:"type"`
	Status int    `json:"status"`
	Title  string `json:"title"`
	Detail string `json:"detail"`
	Errors []struct {
		Message  string `json:"message"`
		Location string `json:"location"`
		Value    any    `json:"value"`
	} `json:"errors"`
}

// Error says the detail.
func (p *Problem) Error() string {
	if p.Detail == "" {
		return fmt.Sprintf("server answers %d %s", p.Status, p.Title)
	}
	return p.Detail
}

// Submit posts an intent or batch with its content type (CloudEvents structured or batch mode).
func (c Client) Submit(ctx context.Context, contentType string, body []byte) ([]Accepted, error) {
	var answer []Accepted
	err := c.do(ctx, call{http.MethodPost, "/v1/intents", contentType, body}, &answer)
	return answer, err
}

// List lists connections by query ("status", "kind", "name"): every page.
func (c Client) List(ctx context.Context, query url.Values) ([]events.Status, error) {
	return pages[events.Status](ctx, c, "/v1/sagas", query)
}

// pages reads every page of a listing; never nil without an error.
func pages[T any](ctx context.Context, c Client, path string, query url.Values) ([]T, error) {
	all, query := []T{}, maps.Clone(query)
	for {
		req, err := c.request(ctx, call{method: http.MethodGet, path: path + "?" + query.Encode()})
		if err != nil {
			return nil, err
		}
		var part []T
		header, err := c.send(req, &part)
		if err != nil {
			return nil, err
		}
		all = append(all, part...)
		next := header.Get("Culvert-Next")
		if next == "" {
			return all, nil
		}
		if query == nil {
			query = url.Values{}
		}
		query.Set("after", next)
	}
}

// Show reads a saga by id, or a connection's newest by name.
func (c Client) Show(ctx context.Context, id string) (events.Status, error) {
	var v events.Status
	return v, c.do(ctx, call{http.MethodGet, "/v1/sagas/" + url.PathEscape(id), "", nil}, &v)
}

// Post carries out an order: path below /v1, body as JSON.
func (c Client) Post(ctx context.Context, path string, order any) (Accepted, error) {
	var answer Accepted
	b, err := json.Marshal(order)
	if err != nil {
		return answer, fmt.Errorf("encode order: %w", err)
	}
	return answer, c.do(ctx, call{http.MethodPost, "/v1/" + path, "application/json", b}, &answer)
}

// Audit verifies the journal, against heads of an earlier audit if there are any.
func (c Client) Audit(ctx context.Context, against []saga.Head) (audit.Report, error) {
	var r audit.Report
	b, err := json.Marshal(AuditOrder{Against: against})
	if err != nil {
		return r, fmt.Errorf("encode heads: %w", err)
	}
	return r, c.do(ctx, call{http.MethodPost, "/v1/journal/audit", "application/json", b}, &r)
}

// ExportRecords yields every record of every connection, in the order of the journal.
func (c Client) ExportRecords(ctx context.Context, live bool) iter.Seq2[MovedRecord, error] {
	return func(yield func(MovedRecord, error) bool) {
		query := url.Values{"live": {strconv.FormatBool(live)}}
		for {
			req, err := c.request(ctx, call{method: http.MethodGet, path: "/v1/export/records?" + query.Encode()})
			var part []MovedRecord
			var header http.Header
			if err == nil {
				header, err = c.send(req, &part)
			}
			if err != nil {
				yield(MovedRecord{}, err)
				return
			}
			for _, r := range part {
				if !yield(r, nil) {
					return
				}
			}
			next := header.Get("Culvert-Next")
			if next == "" {
				return
			}
			query.Set("after", next)
		}
	}
}

// Import sends a part of an export.
func (c Client) Import(ctx context.Context, part ImportOrder) error {
	b, err := json.Marshal(part)
	if err != nil {
		return fmt.Errorf("encode import: %w", err)
	}
	return c.do(ctx, call{http.MethodPost, "/v1/import", "application/json", b}, nil)
}

// Info asks where things are.
func (c Client) Info(ctx context.Context) (Info, error) {
	var v Info
	return v, c.do(ctx, call{http.MethodGet, "/v1/info", "", nil}, &v)
}

// Explain explains a version of an intent kind; version 0 is the newest.
func (c Client) Explain(ctx context.Context, kind string, version int) (KindInfo, error) {
	var v KindInfo
	path := "/v1/kinds/" + url.PathEscape(kind)
	if version != 0 {
		path += "?version=" + strconv.Itoa(version)
	}
	return v, c.do(ctx, call{http.MethodGet, path, "", nil}, &v)
}

// DeadLetters lists what was rejected, oldest first.
func (c Client) DeadLetters(ctx context.Context) ([]events.DeadLetter, error) {
	return pages[events.DeadLetter](ctx, c, "/v1/dead-letters", nil)
}

// DeadLetter reads one dead letter.
func (c Client) DeadLetter(ctx context.Context, id string) (events.DeadLetter, error) {
	var v events.DeadLetter
	return v, c.do(ctx, call{http.MethodGet, "/v1/dead-letters/" + url.PathEscape(id), "", nil}, &v)
}

// Discard forgets one dead letter.
func (c Client) Discard(ctx context.Context, id string) error {
	return c.do(ctx, call{http.MethodDelete, "/v1/dead-letters/" + url.PathEscape(id), "", nil}, nil)
}

// Claims lists what is claimed of resources whose names begin with prefix.
func (c Client) Claims(ctx context.Context, prefix string) ([]workers.Claimed, error) {
	return pages[workers.Claimed](ctx, c, "/v1/claims", url.Values{"prefix": {prefix}})
}

// Survey reads the last survey of a saga.
func (c Client) Survey(ctx context.Context, id string) (events.Survey, error) {
	var v events.Survey
	return v, c.do(ctx, call{http.MethodGet, "/v1/sagas/" + url.PathEscape(id) + "/survey", "", nil}, &v)
}

// Workers lists the workers that live.
func (c Client) Workers(ctx context.Context) ([]workers.Beat, error) {
	var v []workers.Beat
	return v, c.do(ctx, call{http.MethodGet, "/v1/workers", "", nil}, &v)
}

// Signals reads what an autoscaler needs.
func (c Client) Signals(ctx context.Context) (Signals, error) {
	var v Signals
	return v, c.do(ctx, call{http.MethodGet, "/v1/signals", "", nil}, &v)
}

// Diagnose finds everything that does not move.
func (c Client) Diagnose(ctx context.Context) (Diagnosis, error) {
	var v Diagnosis
	return v, c.do(ctx, call{http.MethodGet, "/v1/doctor", "", nil}, &v)
}

// Preflight asks what the workers lack for an intent, or for everything when there is none.
func (c Client) Preflight(ctx context.Context, event []byte) (Preflight, error) {
	var v Preflight
	return v, c.do(ctx, call{http.MethodPost, "/v1/preflight", "application/cloudevents+json", event}, &v)
}

func (c Client) client() *http.Client {
	if c.HTTP != nil {
		return c.HTTP
	}
	return http.DefaultClient
}

// call is one request.
type call struct {
	method, path, contentType string
	body                      []byte
}

func (c Client) do(ctx context.Context, r call, into any) error {
	req, err := c.request(ctx, r)
	if err != nil {
		return err
	}
	_, err = c.send(req, into)
	return err
}

func (c Client) request(ctx context.Context, r call) (*http.Request, error) {
	req, err := http.NewRequestWithContext(
		ctx, r.method, strings.TrimSuffix(c.URL, "/")+r.path, bytes.NewReader(r.body),
	)
	if err != nil {
		return nil, fmt.Errorf("make request: %w", err)
	}
	if r.contentType != "" {
		req.Header.Set("Content-Type", r.contentType)
	}
	return req, nil
}

func (c Client) send(req *http.Request, into any) (http.Header, error) {
	resp, err := c.client().Do(req)
	if err != nil {
		return nil, fmt.Errorf("ask %s: %w", c.URL, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode >= 300 {
		return nil, readProblem(resp)
	}
	if into == nil || resp.StatusCode == http.StatusNoContent || resp.ContentLength == 0 {
		return resp.Header, nil
	}
	if err := json.NewDecoder(resp.Body).Decode(into); err != nil {
		return nil, fmt.Errorf("read answer of %s: %w", req.URL.Path, err)
	}
	return resp.Header, nil
}

func readProblem(resp *http.Response) error {
	p := &Problem{Status: resp.StatusCode, Title: http.StatusText(resp.StatusCode)}
	b, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return fmt.Errorf("read problem: %w", err)
	}
	if json.Unmarshal(b, p) != nil {
		p.Detail = strings.TrimSpace(string(b))
	}
	return p
}
