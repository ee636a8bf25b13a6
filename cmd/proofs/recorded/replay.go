package recorded

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// settleWithin bounds how long a read is repeated until it shows what the recording shows.
const settleWithin = 3 * time.Second

// replay sends one log's requests to a world, in order.
type replay struct {
	root  string // URL of the world
	names *names
}

// reply is what the world answered.
type reply struct {
	status int
	body   map[string]any
	choice map[string]string // how the request's mentions were read
}

// unserved tells the world's own word for a method that it does not have.
func (r reply) unserved() bool {
	e, _ := r.body["error"].(map[string]any)
	message, _ := e["message"].(string)
	return r.status == http.StatusNotFound && strings.HasPrefix(message, "no such method in the simulated world")
}

// send carries out one exchange. Which object a placeholder means is tried: a read takes the candidate that looks most
// like the recording, a change the first that has the recorded status. A refused change had no effect, so trying
// another is harmless.
func (r *replay) send(ctx context.Context, e exchange) (reply, error) {
	mentions, prefer := r.mentions(e)
	var best reply
	score := -1
	for _, choice := range r.names.choices(mentions, prefer) {
		got, err := r.once(ctx, e, choice)
		if err != nil {
			return reply{}, err
		}
		s := 0
		if got.status == e.status {
			s = 1 + alike(e.answer, got.body)
		}
		if s > score {
			best, score = got, s
		}
		if e.method != http.MethodGet && (got.status < 300 || got.status == e.status) {
			break
		}
	}
	if e.method == http.MethodGet && best.status == e.status {
		var err error
		if best, err = r.settle(ctx, e, best); err != nil {
			return reply{}, err
		}
	}
	r.note(e, best)
	return best, nil
}

// mentions lists what a request names, and which object is meant first: the one last seen at this address; a new one
// where the recording found nothing or made it.
func (r *replay) mentions(e exchange) ([]string, map[string]string) {
	raw, _ := json.Marshal(e.body) // it was read from JSON
	own := r.names.objectsIn(e.path)
	prefer := map[string]string{}
	if len(own) > 0 {
		collection := own[len(own)-1]
		if seen, ok := r.names.seen[e.path]; ok {
			prefer[collection] = seen
		}
		if e.status == http.StatusNotFound {
			prefer[collection] = r.names.fresh(collection)
		}
	}
	if name, _ := e.body["name"].(string); e.method == http.MethodPost && placeholder.MatchString(name) {
		for _, collection := range r.names.objectsIn(e.collection() + "/" + name) {
			prefer[collection] = r.names.fresh(collection)
		}
	}
	all := own
	for _, m := range r.names.objectsIn(string(raw)) {
		if indexOf(all, m) < 0 {
			all = append(all, m)
		}
	}
	return all, prefer
}

// note remembers what the answer tells about later requests.
func (r *replay) note(e exchange, got reply) {
	about := r.path(e, got.choice)
	if got.status < 300 {
		for _, verb := range []string{"/setLabels", ":"} {
			about, _, _ = strings.Cut(about, verb)
		}
		if own := r.names.objectsIn(e.path); len(own) > 0 {
			r.names.seen[e.path] = got.choice[own[len(own)-1]]
		}
		if name, _ := e.body["name"].(string); e.method == http.MethodPost {
			for _, collection := range r.names.objectsIn(name) {
				r.names.created(collection, got.choice[collection])
			}
		}
		r.names.learn(e.answer, got.body, about)
	}
}

func (r *replay) path(e exchange, choice map[string]string) string {
	return r.names.expand(e.path, choice)
}

// query is the recorded query with values in the place of its placeholders. It is taken apart before anything is
// unescaped: a value may have an ampersand of its own.
func (r *replay) query(e exchange, choice map[string]string) (string, error) {
	recorded, err := url.ParseQuery(e.query)
	if err != nil {
		return "", fmt.Errorf("query %q: %w", e.query, err)
	}
	values := url.Values{}
	for name, list := range recorded {
		for _, v := range list {
			values.Add(name, r.names.expand(v, choice))
		}
	}
	return values.Encode(), nil
}

// once sends the request with one reading of its mentions.
func (r *replay) once(ctx context.Context, e exchange, choice map[string]string) (reply, error) {
	path := r.path(e, choice)
	var body io.Reader
	if e.body != nil {
		about, _, _ := strings.Cut(path, "/setLabels")
		raw, err := json.Marshal(r.names.expandBody(map[string]any(e.body), "", about, choice))
		if err != nil {
			return reply{}, err
		}
		body = bytes.NewReader(raw)
	}
	query, err := r.query(e, choice)
	if err != nil {
		return reply{}, err
	}
	target := r.root + (&url.URL{Path: path, RawQuery: query}).String()
	req, err := http.NewRequestWithContext(ctx, e.method, target, body)
	if err != nil {
		return reply{}, err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return reply{}, err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return reply{}, err
	}
	got := reply{status: resp.StatusCode, choice: choice}
	if len(bytes.TrimSpace(raw)) > 0 {
		if err := json.Unmarshal(raw, &got.body); err != nil {
			return reply{}, fmt.Errorf("%s %s: answer %q: %w", e.method, path, raw, err)
		}
	}
	return got, nil
}

// settle repeats a read until it is as far as the recording: an operation done, a resource ready.
func (r *replay) settle(ctx context.Context, e exchange, got reply) (reply, error) {
	ctx, cancel := context.WithTimeout(ctx, settleWithin)
	defer cancel()
	for !r.settled(e.answer, got.body) {
		select {
		case <-ctx.Done():
			return got, nil // the comparison tells
		case <-time.After(5 * time.Millisecond):
		}
		again, err := r.once(context.WithoutCancel(ctx), e, got.choice)
		if err != nil {
			return reply{}, err
		}
		got = again
	}
	return got, nil
}

func (r *replay) settled(recorded, ours map[string]any) bool {
	for _, field := range []string{"done", "status", "state", "pscConnectionStatus", "observedGeneration",
		"reconciling"} {
		if want, ok := recorded[field]; ok && want != ours[field] {
			return false
		}
	}
	return recorded["done"] != nil || ours["done"] == nil
}

// alike counts the fields of two answers with the same value.
func alike(a, b any) int {
	switch a := a.(type) {
	case map[string]any:
		b, _ := b.(map[string]any)
		n := 0
		for k, v := range a {
			if other, ok := b[k]; ok {
				n += alike(v, other)
			}
		}
		return n
	case []any:
		b, _ := b.([]any)
		n := 0
		for i := range min(len(a), len(b)) {
			n += alike(a[i], b[i])
		}
		return n
	default:
		if a == b {
			return 1
		}
	}
	return 0
}

// prior makes the network that every project has from the start, before the first recorded request.
func (r *replay) prior(ctx context.Context, project string) error {
	e := exchange{method: http.MethodPost, path: "/compute/v1/projects/" + project + "/global/networks",
		body: map[string]any{
			"name": priorNetwork, "description": "Default network for the project", "autoCreateSubnetworks": true}}
	got, err := r.once(ctx, e, nil)
	if err == nil && got.status != http.StatusOK {
		err = fmt.Errorf("make the network of project %s: %d %s", project, got.status, message(got.body))
	}
	return err
}
