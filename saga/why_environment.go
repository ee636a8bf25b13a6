package saga

import (
	"fmt"
	"strings"

	"github.com/culvertnet/culvert/events"
)

// WhyListed is why the saga that a connection is listed by does not move: what its last change has left in the summary, and
// what has come about since. It is pure.
func (env Environment) WhyListed(sum Summary) []events.Cause {
	if sum.Status.Ended() && sum.Status != events.SagaStuck {
		return nil
	}
	return env.see(sum.Why, sum)
}

// see completes causes by what a state cannot tell.
func (env Environment) see(causes []events.Cause, sum Summary) []events.Cause {
	seen := make([]events.Cause, 0, len(causes)+1)
	for _, c := range causes {
		seen = append(seen, env.crewed(c))
	}
	if p, held := env.Held[""]; held && !hasCode(seen, events.CauseHeld) && sum.Status != events.SagaStuck && !hasCode(seen, events.CauseCommand) {
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
		seen = append(seen, events.Cause{Code: events.CauseLate, Text: "overdue: no orchestrator does its work", Since: sum.Due})
	}
	if len(seen) == 0 {
		return nil
	}
	return seen
}

// crewed says of a command that nobody can take it, where that is known.
func (env Environment) crewed(c events.Cause) events.Cause {
	if c.Code != events.CauseCommand || env.Crews == nil {
		return c
	}
	crew := env.Crews[c.Capability()]
	switch {
	case len(crew.Workers) == 0:
		c.Code, c.Text = events.CauseNoWorker, c.Text+", and no worker of capability "+c.Capability()+" lives"
	case len(crew.Kinds) > 0 && !crew.Kinds[c.Kind]:
		c.Code, c.Text = events.CauseUnserved, c.Text+", and no worker that lives knows "+c.Kind+"; run workers of a release that does"
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
	c := events.Cause{Code: events.CauseHeld, Text: what + " is held", By: p.Actor, Since: p.At}
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

// What a summary holds of causes: it is read for every connection of a listing, so it is short.
const (
	summaryCauses = 3
	summaryText   = 160
)

// whySummarised is what a summary says of why its saga does not move.
func (e Engine) whySummarised(s State, held Held) []events.Cause {
	n := s.Newest()
	if s.active() {
		n = s.Saga.N
	} else if len(s.Queue) > 0 {
		n = s.Queue[0].N
	}
	causes := e.Why(s, n, Environment{Held: held})
	causes = causes[:min(len(causes), summaryCauses)]
	for i, c := range causes {
		causes[i].Advice = ""
		if r := []rune(c.Text); len(r) > summaryText {
			causes[i].Text = string(r[:summaryText-1]) + "…"
		}
	}
	return causes
}

// openWork counts the commands that are out.
func openWork(s State) map[string]OpenWork {
	var open map[string]OpenWork
	for _, c := range Open(s) {
		if open == nil {
			open = map[string]OpenWork{}
		}
		w := open[c.Capability]
		if w.Count == 0 || c.Due.Before(w.Since) {
			w.Since = c.Due
		}
		w.Count++
		open[c.Capability] = w
	}
	return open
}
