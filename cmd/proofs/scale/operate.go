package scale

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/culvertnet/culvert/adapters/httpapi"
	"github.com/culvertnet/culvert/adapters/simcloud/control"
	"github.com/culvertnet/culvert/cmd/internal/proof"
	"github.com/culvertnet/culvert/cmd/internal/proof/lab"
	"github.com/culvertnet/culvert/events"
)

// operate: what operators do after an outage, with every role in a process of its own. Many sagas are replayed behind a
// canary, the command is killed in between and run again; surveys change nothing; the death of all workers is named.
func operate(ctx context.Context, s lab.Settings) error {
	l, err := lab.New(s)
	if err != nil {
		return err
	}
	t := &proof.Table{Header: "what figure"}
	err = operateRun(ctx, l, t)
	return errors.Join(err, t.Print(), l.Close())
}

func operateRun(ctx context.Context, l *lab.Lab, t *proof.Table) error {
	broker, err := l.StartBroker(ctx, "always")
	if err != nil {
		return err
	}
	defer broker.Stop()
	if _, err := l.StartRoles(ctx, broker); err != nil {
		return err
	}
	// A refused binding comes after most of a plan, so what is replayed has been made and undone before.
	if err := l.Fault(ctx, control.Fault{Vendor: "gcp", Call: "services.patch", Mode: "refuse",
		Times: -1}); err != nil {
		return err
	}
	orders := splitOrders()
	ends := l.RunAll(ctx, orders)
	t.Row(lab.AllEnded(ends, events.SagaCompensated), "compensated by an outage",
		fmt.Sprintf("%d of %d", lab.CountEnded(ends, events.SagaCompensated), len(orders)))
	if err := replayMany(ctx, l, t, len(orders)); err != nil {
		return err
	}
	if err := surveyAll(ctx, l, t, orders); err != nil {
		return err
	}
	if err := loseWorkers(ctx, l, broker, t); err != nil {
		return err
	}
	return splitEnd(ctx, l, t)
}

// replayMany replays behind a canary: too early, then killed in between, then to the end.
func replayMany(ctx context.Context, l *lab.Lab, t *proof.Table, n int) error {
	line := []string{"replay", "--status", "compensated", "--name-prefix", "split-", "--canary", "1", "--pace", "10/s",
		"--max-failures", "3", "--wait", "-o", "json", "--reason", "the outage is over"}
	var rows []struct{ Status string }
	code, err := l.Command(ctx, &rows, line...)
	if err != nil {
		return err
	}
	left := 0
	for _, r := range rows {
		if r.Status == "left" {
			left++
		}
	}
	t.Row(proof.Need(code == 3 && left == n-1, "exit %d", code), "replayed too early: the canary stops it, left", left)
	if err := l.ClearFaults(ctx); err != nil {
		return err
	}
	before, err := cutOff(ctx, l, n, line)
	if err != nil {
		return err
	}
	t.Row(proof.Need(len(before) > 0 && len(before) < n, "it was not cut off in between"),
		"killed in between: not yet replayed", len(before))
	code, err = l.Command(ctx, &rows, line...)
	t.Row(errors.Join(err, proof.Need(code == 0, "exit %d", code)), "run again: replayed", len(rows))
	return replayedOnce(ctx, l, t, n)
}

// cutOff kills the command when about half is replayed, and gives what is not.
func cutOff(ctx context.Context, l *lab.Lab, n int, line []string) ([]events.Status, error) {
	cut, kill := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, _ = l.Command(cut, nil, line...) // it is killed
	}()
	var left []events.Status
	for end := time.Now().Add(time.Minute); ; {
		var err error
		if left, err = l.API().List(ctx, map[string][]string{"status": {"compensated"}}); err != nil ||
			len(left) <= n/2 || time.Now().After(end) {
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
func replayedOnce(ctx context.Context, l *lab.Lab, t *proof.Table, n int) error {
	sagas := 0
	for end := time.Now().Add(2 * time.Minute); ; {
		all, err := l.API().List(ctx, nil)
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
			t.Row(proof.Need(completed == n && sagas == 2*n+1, "%d sagas, not %d", sagas, 2*n+1),
				"completed, each replayed once", fmt.Sprintf("%d of %d", completed, n))
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
func surveyAll(ctx context.Context, l *lab.Lab, t *proof.Table, orders []lab.Order) error {
	before, err := l.Effects(ctx)
	if err != nil {
		return err
	}
	rows, odd := 0, []string{}
	began := time.Now()
	for _, o := range orders {
		var v events.Survey
		if _, err := l.Command(ctx, &v, "replay", o.Name, "--plan", "-o", "json", "--reason", "is it so?"); err != nil {
			return err
		}
		for _, r := range v.Rows {
			switch {
			case r.Seen == events.Present && r.Will == events.WillKeep:
				rows++
			case r.Seen != events.Absent || r.Will != events.WillNothing:
				odd = append(odd, fmt.Sprintf("%s %s is %s and would be %s", o.Name, r.Step, r.Seen, r.Will))
			}
		}
	}
	took := time.Since(began) / time.Duration(len(orders))
	after, err := l.Effects(ctx)
	t.Row(errors.Join(err, proof.Need(len(odd) == 0 && rows > 0, "%d odd, first %v", len(odd),
		slices.Concat(odd, []string{""})[0])), "surveyed: steps done and matching", rows)
	t.Row(proof.Need(len(after) == len(before), "%d effects before, %d after", len(before), len(after)),
		"effects of surveys", len(after)-len(before))
	t.Row(nil, "one survey took", took.Round(time.Millisecond))
	return nil
}

// loseWorkers kills every worker, waits until the doctor says so, and expects all well once there is one again.
func loseWorkers(ctx context.Context, l *lab.Lab, b *lab.Broker, t *proof.Table) error {
	var args []string
	for _, p := range l.Procs {
		if i := slices.Index(p.Args, "--role"); i >= 0 && p.Args[i+1] == "worker" {
			args = p.Args
			p.Kill()
		}
	}
	killed := time.Now()
	id, err := l.Submit(ctx, lab.Withdraw("split-00"))
	if err != nil {
		return err
	}
	took, err := diagnosed(ctx, l, events.CauseNoWorker, true)
	t.Row(err, "all workers killed: named by the doctor after", took.Sub(killed).Round(time.Second))
	text, err := metrics(ctx, l)
	t.Row(errors.Join(err, proof.Need(strings.Contains(text, `culvert_workers{capability="network"} 0`) ||
		!strings.Contains(text, `culvert_workers{capability="network"}`), "%s", text)), "live workers in /metrics", 0)
	if _, err := l.Start(ctx, "worker-3", args...); err != nil {
		return err
	}
	v, err := l.Wait(ctx, id)
	t.Row(errors.Join(err, proof.Need(v.Status == events.SagaCompleted, "%s", lab.Describe(v))),
		"a worker again: what waited", v.Status)
	_, err = diagnosed(ctx, l, events.CauseNoWorker, false)
	t.Row(err, "the doctor finds no missing worker", "-")
	return nil
}

// diagnosed waits until the doctor has found a cause, or finds it no more.
func diagnosed(ctx context.Context, l *lab.Lab, code events.CauseCode, want bool) (time.Time, error) {
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); {
		d, err := l.API().Diagnose(ctx)
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

func metrics(ctx context.Context, l *lab.Lab) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, l.Daemon.At.HTTP+"/metrics", nil)
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
