package gcp

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/culvertnet/culvert/workers"
)

// memoFor is how long an answer stands for another call of the same command. What is older is asked again, so that
// nothing is changed by what was so a while ago.
const memoFor = 5 * time.Second

// memoCarrier answers a read that its command has made already from the command's memo, and one that a command beside
// it has made from what that was told.
type memoCarrier struct {
	next     http.RoundTripper
	now      func() time.Time
	siblings *siblings
}

// A remembered answer, whole: what is there, or that it is not there.
type remembered struct {
	at     time.Time
	code   int
	status string
	header http.Header
	body   []byte
}

// RoundTrip makes the call unless its answer is known. Operations are always asked: they go on by themselves.
func (c memoCarrier) RoundTrip(req *http.Request) (*http.Response, error) {
	memo, asking := workers.MemoOf(req.Context()), workers.AskingOf(req.Context())
	switch {
	case memo == nil:
		return c.next.RoundTrip(req)
	case req.Method != http.MethodGet:
		touched := touchedBy(req)
		memo.ForgetOf(touched)
		c.siblings.forget(asking.Saga)
		defer memo.ForgetOf(touched) // what was read while it was under way may be either
		defer c.siblings.forget(asking.Saga)
		return c.next.RoundTrip(req)
	case strings.Contains(req.URL.Path, "/operations/"):
		return c.next.RoundTrip(req)
	}
	key, at := req.URL.String(), c.now()
	kept, since, ok := memo.Get(key)
	if r, is := kept.(remembered); ok && is && at.Sub(r.at) < memoFor {
		return r.answer(req), nil
	}
	beside, mine := c.siblings.find(asking, key, at)
	if beside != nil && !mine {
		if r, ok := beside.wait(req); ok {
			memo.Keep(key, since, r)
			return r.answer(req), nil
		}
	}
	resp, r, err := c.ask(req, at)
	if mine {
		beside.tell(r, r.code != 0)
	}
	if err != nil || r.code == 0 {
		return resp, err
	}
	memo.Keep(key, since, r)
	return r.answer(req), nil
}

// touchedBy tells which reads may have another answer after a write. A zone's records, and who sees it, are in no other
// zone; a policy of invokers is in nothing but itself. Of any other write nobody knows what else it changes.
func touchedBy(req *http.Request) func(key string) bool {
	const zones, invokers = "/managedZones", ":setIamPolicy"
	path := req.URL.Path
	if service, is := strings.CutSuffix(path, invokers); is {
		return func(key string) bool { return strings.Contains(key, service+":") }
	}
	project, zone, is := strings.Cut(path, zones+"/")
	if !is || !strings.Contains(project, "/dns/") {
		return func(string) bool { return true }
	}
	zone, _, _ = strings.Cut(zone, "/")
	others := project + zones + "/"
	return func(key string) bool {
		_, of, is := strings.Cut(key, others)
		return !is || of == zone || strings.HasPrefix(of, zone+"/") || strings.HasPrefix(of, zone+"?")
	}
}

// ask makes the call. What is not remembered has no code: another answer than what is there or not, whose body is still
// to be read.
func (c memoCarrier) ask(req *http.Request, at time.Time) (*http.Response, remembered, error) {
	resp, err := c.next.RoundTrip(req)
	if err != nil || resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusNotFound {
		return resp, remembered{}, err
	}
	body, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close() // it was read, or its error is told
	if err != nil {
		return nil, remembered{}, err
	}
	return resp, remembered{at: at, code: resp.StatusCode, status: resp.Status, header: resp.Header, body: body}, nil
}

func (r remembered) answer(req *http.Request) *http.Response {
	return &http.Response{Status: r.status, StatusCode: r.code, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: r.header.Clone(), Body: io.NopCloser(bytes.NewReader(r.body)), ContentLength: int64(len(r.body)),
		Request: req}
}
