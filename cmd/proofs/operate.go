package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/culvertnet/culvert/adapters/httpapi"
	"github.com/culvertnet/culvert/adapters/simcloud/control"
	"github.com/culvertnet/culvert/events"
)

// operate: what operators do after an outage, with every role in a process of its own. Many sagas are replayed behind a
// canary, the command is killed in between and run again; surveys change nothing; the death of all workers is named.
func operate(ctx context.Context, s settings) error {
	l, err := newLab(s)
	if err != nil {
		return err
	}
	t := &table{header: "what figure"}
	err = operateRun(ctx, l, t)
	return errors.Join(err, t.print(), l.close())
}

func operateRun(ctx context.Context, l *lab, t *table) error {
	broker, err := l.startBroker(ctx, "always")
	if err != nil {
		return err
	}
	defer broker.stop()
	if _, err := l.startRoles(ctx, broker); err != nil {
		return err
	}
	// A refused binding comes after most of a plan, so what is replayed has been made and undone before.
	if err := l.fault(ctx, control.Fault{Vendor: "gcp", Call: "services.patch", Mode: "refuse", Times: -1}); err != nil {
		return err
	}
	orders := splitOrders()
	ends := l.runAll(ctx, orders)
	t.row(allEnded(ends, events.SagaCompensated), "compensated by an outage", fmt.Sprintf("%d of %d", count(ends, events.SagaCompensated), len(orders)))
	if err := l.replayMany(ctx, t, len(orders)); err != nil {
		return err
	}
	if err := l.surveyAll(ctx, t, orders); err != nil {
		return err
	}
	if err := l.loseWorkers(ctx, broker, t); err != nil {
		return err
	}
	return splitEnd(ctx, l, t)
}

// replayMany replays behind a canary: too early, then killed in between, then to the end.
func (l *lab) replayMany(ctx context.Context, t *table, n int) error {
	line := []string{"replay", "--status", "compensated", "--name-prefix", "split-", "--canary", "1", "--pace", "10/s", "--max-failures", "3", "--wait", "-o", "json", "--reason", "the outage is over"}
	var rows []struct{ Status string }
	code, err := l.run1(ctx, &rows, line...)
	if err != nil {
		return err
	}
	left := 0
	for _, r := range rows {
		if r.Status == "left" {
			left++
		}
	}
	t.row(need(code == 3 && left == n-1, "exit %d", code), "replayed too early: the canary stops it, left", left)
	if err := l.clearFaults(ctx); err != nil {
		return err
	}
	before, err := l.cutOff(ctx, n, line)
	if err != nil {
		return err
	}
	t.row(need(len(before) > 0 && len(before) < n, "it was not cut off in between"), "killed in between: not yet replayed", len(before))
	code, err = l.run1(ctx, &rows, line...)
	t.row(errors.Join(err, need(code == 0, "exit %d", code)), "run again: replayed", len(rows))
	return l.replayedOnce(ctx, t, n)
}

// cutOff kills the command when about half is replayed, and gives what is not.
func (l *lab) cutOff(ctx context.Context, n int, line []string) ([]events.Status, error) {
	cut, kill := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, _ = l.run1(cut, nil, line...) // it is killed
	}()
	var left []events.Status
	for end := time.Now().Add(time.Minute); ; {
		var err error
		if left, err = l.api().List(ctx, map[string][]string{"status": {"compensated"}}); err != nil || len(left) <= n/2 || time.Now().After(end) {
			kill()
			<-ended
			return left, err
		}
		select {
		case <-ctx.Done():
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// replayedOnce expects every connection completed, none by more sagas than it needed: two, and the canary three.
func (l *lab) replayedOnce(ctx context.Context, t *table, n int) error {
	sagas := 0
	for end := time.Now().Add(2 * time.Minute); ; {
		all, err := l.api().List(ctx, nil)
		if err != nil {
			return err
		}
		completed := 0
		sagas = 0
		for _, v := range all {
			_, number, err := events.ParseSaga(v.ID)
			if err != nil {
				return err
			}
			sagas += int(number)
			if v.Status == events.SagaCompleted {
				completed++
			}
		}
		if completed == n || time.Now().After(end) {
			t.row(need(completed == n && sagas == 2*n+1, "%d sagas, not %d", sagas, 2*n+1), "completed, each replayed once", fmt.Sprintf("%d of %d", completed, n))
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// surveyAll looks at every connection, and expects all of it there and not one effect.
func (l *lab) surveyAll(ctx context.Context, t *table, orders []order) error {
	before, err := l.effects(ctx)
	if err != nil {
		return err
	}
	rows, odd := 0, []string{}
	began := time.Now()
	for _, o := range orders {
		var v events.Survey
		if _, err := l.run1(ctx, &v, "replay", o.name, "--plan", "-o", "json", "--reason", "is it so?"); err != nil {
			return err
		}
		for _, r := range v.Rows {
			switch {
			case r.Seen == events.Present && r.Will == events.WillKeep:
				rows++
			case r.Seen != events.Absent || r.Will != events.WillNothing:
				odd = append(odd, fmt.Sprintf("%s %s is %s and would be %s", o.name, r.Step, r.Seen, r.Will))
			}
		}
	}
	took := time.Since(began) / time.Duration(len(orders))
	after, err := l.effects(ctx)
	t.row(errors.Join(err, need(len(odd) == 0 && rows > 0, "%d odd, first %v", len(odd), slices.Concat(odd, []string{""})[0])), "surveyed: steps done and matching", rows)
	t.row(need(len(after) == len(before), "%d effects before, %d after", len(before), len(after)), "effects of surveys", len(after)-len(before))
	t.row(nil, "one survey took", took.Round(time.Millisecond))
	return nil
}

// loseWorkers kills every worker, waits until the doctor says so, and expects all well once there is one again.
func (l *lab) loseWorkers(ctx context.Context, b *broker, t *table) error {
	var args []string
	for _, p := range l.procs {
		if i := slices.Index(p.args, "--role"); i >= 0 && p.args[i+1] == "worker" {
			args = p.args
			p.kill()
		}
	}
	killed := time.Now()
	id, err := l.submit(ctx, withdraw("split-00"))
	if err != nil {
		return err
	}
	took, err := l.diagnosed(ctx, events.CauseNoWorker, true)
	t.row(err, "all workers killed: named by the doctor after", took.Sub(killed).Round(time.Second))
	text, err := l.metrics(ctx)
	t.row(errors.Join(err, need(strings.Contains(text, `culvert_workers{capability="network"} 0`) || !strings.Contains(text, `culvert_workers{capability="network"}`), "%s", text)), "live workers in /metrics", 0)
	if _, err := l.start(ctx, "worker-3", args...); err != nil {
		return err
	}
	v, err := l.wait(ctx, id)
	t.row(errors.Join(err, need(v.Status == events.SagaCompleted, "%s", describe(v))), "a worker again: what waited", v.Status)
	_, err = l.diagnosed(ctx, events.CauseNoWorker, false)
	t.row(err, "the doctor finds no missing worker", "-")
	return nil
}

// diagnosed waits until the doctor has found a cause, or finds it no more.
func (l *lab) diagnosed(ctx context.Context, code events.CauseCode, want bool) (time.Time, error) {
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); {
		d, err := l.api().Diagnose(ctx)
		if err != nil {
			return time.Now(), err
		}
		if slices.ContainsFunc(d.Findings, func(f httpapi.Symptom) bool { return f.Code == code }) == want {
			return time.Now(), nil
		}
		select {
		case <-ctx.Done():
			return time.Now(), ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
	return time.Now(), fmt.Errorf("the doctor finds %s: not %v", code, want)
}

func (l *lab) metrics(ctx context.Context) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, l.daemon.at.HTTP+"/metrics", nil)
	if err != nil {
		return "", err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return string(b), err
}

// run1 runs the command line, reads its JSON, and gives its exit code.
func (l *lab) run1(ctx context.Context, into any, args ...string) (int, error) {
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, filepath.Join(l.s.bin, "culvert"), args...)
	cmd.Env = append(os.Environ(), "CULVERT_SERVER="+l.daemon.at.HTTP)
	cmd.Stdout, cmd.Stderr = &out, os.Stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return 0, err
	}
	if into != nil {
		if err := json.Unmarshal(out.Bytes(), into); err != nil {
			return 0, fmt.Errorf("read answer of culvert %s: %w", args[0], err)
		}
	}
	return cmd.ProcessState.ExitCode(), nil
}
