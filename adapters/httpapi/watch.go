package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"time"

	"github.com/tmaxmax/go-sse"

	"github.com/culvertnet/culvert/events"
)

// silence is after how long without a byte, not even of a comment, a stream counts as broken: a peer that vanished
// without a word would be waited for until the kernel gives up.
const silence = 3 * keepAlive

// Watch yields a saga's status as it changes, until it has ended, the reader stops, or ctx ends. A broken stream is an
// error; call again.
func (c Client) Watch(ctx context.Context, id string) iter.Seq2[events.Status, error] {
	return func(yield func(events.Status, error) bool) {
		ctx, cancel := context.WithCancelCause(ctx)
		defer cancel(nil)
		silent := time.AfterFunc(silence, func() { cancel(fmt.Errorf("nothing came for %s", silence)) })
		defer silent.Stop()
		resp, err := c.open(ctx, "/v1/sagas/"+url.PathEscape(id)+"/events")
		var refused *Problem
		if errors.As(err, &refused) {
			yield(events.Status{}, err)
			return
		}
		if err != nil {
			yield(events.Status{}, fmt.Errorf("watch %s: %w", id, err))
			return
		}
		defer resp.Body.Close()
		broken := io.ErrUnexpectedEOF
		for event, err := range sse.Read(heard{resp.Body, silent}, &sse.ReadConfig{MaxEventSize: maxBody}) {
			if err != nil {
				broken = err
				break
			}
			if event.Type != eventStatus || event.Data == "" {
				continue // not ours: the standard lets a reader pass over what it does not know
			}
			silent.Stop() // the reader may take its time
			var v events.Status
			err := json.Unmarshal([]byte(event.Data), &v)
			if !yield(v, err) || err != nil || v.Status.Ended() {
				return
			}
			silent.Reset(silence)
		}
		if cause := context.Cause(ctx); cause != nil {
			broken = cause
		}
		yield(events.Status{}, fmt.Errorf("watch %s: %w", id, broken))
	}
}

// open begins a stream.
func (c Client) open(ctx context.Context, path string) (*http.Response, error) {
	req, err := c.request(ctx, call{method: http.MethodGet, path: path})
	if err != nil {
		return nil, err
	}
	resp, err := c.client().Do(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		defer resp.Body.Close()
		return nil, readProblem(resp)
	}
	return resp, nil
}

// heard is a stream whose every byte puts off the alarm for silence.
type heard struct {
	io.Reader
	silent *time.Timer
}

// Read implements [io.Reader].
func (h heard) Read(b []byte) (int, error) {
	n, err := h.Reader.Read(b)
	if n > 0 {
		h.silent.Reset(silence)
	}
	return n, err
}
