package plans

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/culvertnet/culvert/adapters/httpapi"
	"github.com/culvertnet/culvert/cmd/internal/proof"
	"github.com/culvertnet/culvert/cmd/internal/proof/lab"
	"github.com/culvertnet/culvert/events"
)

// invalidIntents are the bad intents that the schemas ship, each with the field and rule that refuses it.
const invalidIntents = "schemas/examples/*/invalid/manifest.json"

// badIntent is one line of their manifest.
type badIntent struct {
	File   string            `json:"file"`
	Mode   string            `json:"mode"`
	Header map[string]string `json:"header"`
	Field  string            `json:"field"`
	Rule   string            `json:"rule"`
	Why    string            `json:"why"`

	folder string
}

// badIntents are the bad intents of the envelope and of every kind.
func badIntents() ([]badIntent, error) {
	files, err := filepath.Glob(invalidIntents)
	if err != nil {
		return nil, err
	}
	var all []badIntent
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		var list []badIntent
		if err := json.Unmarshal(raw, &list); err != nil {
			return nil, fmt.Errorf("read manifest %s: %w", file, err)
		}
		for i := range list {
			list[i].folder = filepath.Dir(file)
		}
		all = append(all, list...)
	}
	return all, nil
}

// bad: every bad intent is refused over HTTP with its field and rule, and over NATS is in the dead
// letters with the reason. None is accepted, none is lost.
func bad(ctx context.Context, s lab.Settings) error {
	l, err := lab.Alone(ctx, s, 600)
	if err != nil {
		return err
	}
	t := &proof.Table{Header: "what figure"}
	err = badRun(ctx, l, t)
	return errors.Join(err, t.Print(), l.Close())
}

func badRun(ctx context.Context, l *lab.Lab, t *proof.Table) error {
	list, err := badIntents()
	if err != nil {
		return err
	}
	refused, published := 0, 0
	nc, err := nats.Connect(l.Daemon.At.NATS)
	if err != nil {
		return err
	}
	defer nc.Close()
	for _, b := range list {
		body, err := os.ReadFile(filepath.Join(b.folder, b.File))
		if err != nil {
			return err
		}
		if err := refusedOverHTTP(ctx, l, b, body); err != nil {
			t.Row(err, "HTTP "+b.File, b.Why)
		} else {
			refused++
		}
		if err := publishBad(nc, b, body); err != nil {
			t.Row(err, "NATS "+b.File, b.Why)
		} else {
			published++
		}
	}
	t.Row(proof.Need(refused == len(list) && refused >= 100, "%d of %d", refused, len(list)),
		"refused over HTTP, naming field and rule", refused)
	letters, err := waitLetters(ctx, l, published)
	t.Row(errors.Join(err, proof.Need(len(letters) == published, "%d letters of %d", len(letters), published)),
		"in the dead letters with a reason over NATS", len(letters))
	sagas, err := l.API().List(ctx, map[string][]string{})
	t.Row(errors.Join(err, proof.Need(len(sagas) == 0, "%d accepted", len(sagas))), "accepted", len(sagas))
	t.Row(l.Clean(ctx), "differences in the world", "sim resources")
	return nil
}

// headerOf is what a mode sends.
func headerOf(b badIntent) map[string]string {
	if b.Header != nil {
		return b.Header
	}
	if b.Mode == "batch" {
		return map[string]string{"content-type": "application/cloudevents-batch+json"}
	}
	return map[string]string{"content-type": "application/cloudevents+json"}
}

func refusedOverHTTP(ctx context.Context, l *lab.Lab, b badIntent, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, l.Daemon.At.HTTP+"/v1/intents", bytes.NewReader(body))
	if err != nil {
		return err
	}
	for k, v := range headerOf(b) {
		req.Header.Set(k, v)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode < 400 || resp.StatusCode >= 500 {
		return fmt.Errorf("answered %s: %s", resp.Status, answer)
	}
	var p httpapi.Problem
	if err := json.Unmarshal(answer, &p); err != nil {
		return fmt.Errorf("answered %s without a problem: %s", resp.Status, answer)
	}
	for _, e := range p.Errors {
		if fmt.Sprint(e.Value) == b.Rule && strings.HasSuffix(e.Location, b.Field) {
			return nil
		}
	}
	return fmt.Errorf("want %s (%s), answered %s %s", b.Field, b.Rule, resp.Status, answer)
}

func publishBad(nc *nats.Conn, b badIntent, body []byte) error {
	m := nats.NewMsg(events.IntentSubject("private-service"))
	for k, v := range headerOf(b) {
		if strings.ContainsAny(v, "\r\n") { // no client can send it
			return nil
		}
		m.Header.Set(k, v)
	}
	m.Data = body
	_, err := nc.RequestMsg(m, 10*time.Second)
	return err
}

// waitLetters waits until so many dead letters are there.
func waitLetters(ctx context.Context, l *lab.Lab, want int) (letters []events.DeadLetter, err error) {
	for range 200 {
		if letters, err = l.API().DeadLetters(ctx); err != nil || len(letters) >= want {
			break
		}
		select {
		case <-ctx.Done():
			return letters, ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
	for _, letter := range letters {
		if letter.Reason == "" {
			return letters, fmt.Errorf("dead letter %s has no reason", letter.ID)
		}
	}
	return letters, err
}
