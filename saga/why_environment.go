package saga

import (
	"fmt"
	"strings"
	"time"

	"github.com/culvertnet/culvert/events"
)

// WhyListed is why the saga that a connection is listed by does not move: what its last change has left in the summary,
// and what has come about since. It is pure.
func (env Environment) WhyListed(sum Summary) []events.Cause {
	if sum.Status.Ended() && sum.Status != events.SagaStuck {
		return nil
	}
	return env.see(sum)
}

// see completes causes by what a state cannot tell.
func (env Environment) see(sum Summary) []events.Cause {
	seen := make([]events.Cause, 0, len(sum.Why)+1)
	for _, r := range sum.Why {
		seen = append(seen, env.crewed(r, sum.Saga))
	}
	if p, held := env.Held[""]; held && !hasCode(seen, events.CauseHeld) && sum.Status != events.SagaStuck &&
		!hasCode(seen, events.CauseCommand) {
		seen = append(seen, heldBy("the engine", p))
	}
	for i, c := range seen {
		if c.Code != events.CauseHeld || c.Kind == "" {
			continue
		}
		what := "capability " + c.Capability()
		p, held := env.Held[c.Capability()]
		if !held {
			what = "the engine"
			p, held = env.Held[""]
		}
		if held {
			by := heldBy(what, p)
			seen[i].Text, seen[i].By = by.Text, by.By
		}
	}
	if !sum.Paused && !sum.Due.IsZero() && !env.Now.IsZero() && env.Now.After(sum.Due.Add(overdue)) {
		seen = append(
			seen, events.Cause{Code: events.CauseLate, Text: "overdue: no live orchestrator moves it", Since: sum.Due},
		)
	}
	if len(seen) == 0 {
		return nil
	}
	return seen
}

// crewed words a reason, and says of a command who executes it, or that nobody can, where that is known.
func (env Environment) crewed(r Reason, saga string) events.Cause {
	if r.Code != events.CauseCommand || env.Crews == nil {
		return r.worded()
	}
	crew := env.Crews[r.Capability()]
	if key, _, err := events.ParseSaga(saga); err == nil && r.Verb != "" {
		r.By = crew.Runs[events.Command{Connection: key, Step: r.Step, Generation: r.Generation, Epoch: r.Epoch}.ID()]
	}
	c := r.worded()
	switch {
	case len(crew.Workers) == 0:
		c.Code, c.Text = events.CauseNoWorker, c.Text+", and there is no live worker for capability "+c.Capability()
	case len(crew.Kinds) > 0 && !crew.Kinds[c.Kind]:
		c.Code, c.Text = events.CauseUnserved, c.Text+", and no live worker knows "+c.Kind+
			"; run workers of a release that does"
	case c.By == "":
		c.Text += fmt.Sprintf(", for %s", workersText(crew.Workers))
	}
	return c
}

func workersText(names []string) string {
	if len(names) > 3 {
		return fmt.Sprintf("one of %d workers", len(names))
	}
	return strings.Join(names, " or ")
}

func heldBy(what string, p Pause) events.Cause {
	c := events.Cause{Code: events.CauseHeld, Text: what + " is paused", By: p.Actor, Since: p.At}
	if p.Actor != "" {
		c.Text += " by " + p.Actor + ": " + p.Reason
	}
	return c
}

func hasCode(causes []events.Cause, code events.CauseCode) bool {
	for _, c := range causes {
		if c.Code == code {
			return true
		}
	}
	return false
}

// openWork counts the commands in flight.
func openWork(s *State, moves []Move) map[string]OpenWork {
	var open map[string]OpenWork
	count := func(kind string, due time.Time) {
		if open == nil {
			open = map[string]OpenWork{}
		}
		capability := Node{Kind: kind}.Capability()
		w := open[capability]
		if w.Count == 0 || due.Before(w.Since) {
			w.Since = due
		}
		w.Count++
		open[capability] = w
	}
	for i := range moves {
		if m := &moves[i]; m.Act == ActExpire {
			count(m.step.Kind, m.step.Open.Due)
		}
	}
	if s.Survey.open() {
		for _, l := range s.Survey.Looks {
			if l.Seen == "" {
				count(l.Kind, s.Survey.At)
			}
		}
	}
	return open
}
