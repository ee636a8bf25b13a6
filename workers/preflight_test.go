package workers_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/culvertnet/culvert/adapters/memory"
	"github.com/culvertnet/culvert/workers"
)

// asker is a vendor that answers as a test tells.
type asker struct {
	says  workers.Preflighted
	err   error
	asked [][]workers.PlannedStep
	kinds []string
}

// Ask answers.
func (a *asker) Ask(
	_ context.Context, steps []workers.PlannedStep, kinds []string,
) (workers.Preflighted, error) {
	a.asked, a.kinds = append(a.asked, steps), kinds
	return a.says, a.err
}

// exchange runs a worker beside a question and gives what is answered.
func exchange(t *testing.T, a *asker, steps ...workers.PlannedStep) map[string]workers.PreflightAnswer {
	t.Helper()
	var got map[string]workers.PreflightAnswer
	synctest.Test(t, func(t *testing.T) {
		claims := memory.NewClaims()
		b := newBench(t, probe{}, func(o *workers.Options) {
			o.Presence, o.Preflight = &workers.Presence{Claims: claims}, a
		})
		defer b.stop()
		q := workers.PreflightQuestion{ID: "q1", Steps: steps, Until: time.Now().Add(30 * time.Second)}
		if err := workers.AskWorkers(t.Context(), claims, q, time.Now()); err != nil {
			t.Fatal(err)
		}
		<-time.After(10 * time.Second) // virtual: the worker has looked several times
		synctest.Wait()
		var err error
		if got, err = workers.Answers(t.Context(), claims, "q1"); err != nil {
			t.Fatal(err)
		}
		if other, err := workers.Answers(t.Context(), claims, "q2"); err != nil || len(other) > 0 {
			t.Errorf("another question has the answers %v, %v", other, err)
		}
	})
	return got
}

// A worker answers for the steps that it serves, once a question.
func TestAWorkerAnswersForItsSteps(t *testing.T) {
	lacks := []workers.Lack{{State: workers.Missing, What: workers.LackPermission, Project: "p", Name: "x.y.get"}}
	a := &asker{says: workers.Preflighted{There: 3, Lacks: lacks}}
	mine := workers.PlannedStep{Kind: "test.probe", Input: []byte(`{}`)}
	got := exchange(t, a, mine, workers.PlannedStep{Kind: "other.step", Input: []byte(`{}`)})
	if one := got["worker-1"]; len(got) != 1 || one.There != 3 || len(one.Lacks) != 1 ||
		one.Lacks[0].Name != "x.y.get" {
		t.Errorf("answers: %+v", got)
	}
	if len(a.asked) != 1 || len(a.asked[0]) != 1 || a.asked[0][0].Kind != mine.Kind ||
		!slices.Equal(a.kinds, []string{"test.probe"}) {
		t.Errorf("the vendor was asked %v for %v", a.asked, a.kinds)
	}
}

// A plan with no step of a worker's leaves it nothing to ask, and it says so; a question without steps is for all.
func TestAWorkerWithoutStepsAsksNothing(t *testing.T) {
	a := &asker{}
	got := exchange(t, a, workers.PlannedStep{Kind: "other.step", Input: []byte(`{}`)})
	if _, answered := got["worker-1"]; !answered || len(a.asked) > 0 {
		t.Errorf("answered %t, asked %v", answered, a.asked)
	}
	if exchange(t, a); len(a.asked) != 1 || len(a.asked[0]) != 0 {
		t.Errorf("asked for everything: %v", a.asked)
	}
}

// What cannot be asked at all is told with the reason.
func TestAWorkerTellsWhyItCouldNotAsk(t *testing.T) {
	got := exchange(t, &asker{err: errors.New("no credentials")})
	if got["worker-1"].Error != "no credentials" {
		t.Errorf("answers: %+v", got)
	}
}

// Questions and answers go when nobody waits for them any more.
func TestPreflightsLeaveNothing(t *testing.T) {
	claims, at := memory.NewClaims(), time.Now()
	for i, id := range []string{"q1", "q2"} {
		now := at.Add(time.Duration(i) * time.Minute)
		q := workers.PreflightQuestion{ID: id, Until: now.Add(30 * time.Second)}
		if err := workers.AskWorkers(t.Context(), claims, q, now); err != nil {
			t.Fatal(err)
		}
	}
	r, err := claims.Load(t.Context(), workers.FamilyPreflight.Resource("questions"))
	if err != nil || len(r.Note) != 1 || r.Note["q2"] == "" {
		t.Errorf("questions: %v, %v", r.Note, err)
	}
	if !workers.BackendsOwn(workers.FamilyPreflight.Resource("answers")) {
		t.Error("operators see the exchange among the claims of the world")
	}
}

// An answer that cannot be read is one with an error: its worker is not taken for silent.
func TestAnUnreadableAnswerIsTold(t *testing.T) {
	claims := memory.NewClaims()
	note := map[string]string{"q1 w1": `{"there": "many"}`, "q2 w1": `{}`}
	if err := claims.Store(
		t.Context(), workers.FamilyPreflight.Resource("answers"), workers.Record{Note: note},
	); err != nil {
		t.Fatal(err)
	}
	got, err := workers.Answers(t.Context(), claims, "q1")
	if err != nil || len(got) != 1 || !strings.Contains(got["w1"].Error, "its answer cannot be read") {
		t.Errorf("answers: %+v, %v", got, err)
	}
}
