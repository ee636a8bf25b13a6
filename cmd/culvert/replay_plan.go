package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"text/tabwriter"
	"time"

	"github.com/culvertnet/culvert/adapters/httpapi"
	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/events/pause"
)

// preview prints what a replay of each saga would do, and does nothing.
func (c *cli) preview(ctx context.Context, ids []string, o httpapi.ReplayOrder) error {
	surveys := []events.Survey{}
	for _, id := range ids {
		v, err := c.look(ctx, id, o)
		if err != nil {
			return fmt.Errorf("look at %s: %w", id, err)
		}
		surveys = append(surveys, v)
		if c.format == "table" {
			writeSurvey(c.out, v)
		}
	}
	switch {
	case c.format == "table":
		return nil
	case len(surveys) == 1:
		return c.print(surveys[0], nil)
	}
	return c.print(surveys, nil)
}

// warn says what a replay is about to do, where that can be told; what cannot be replayed is refused right after.
func (c *cli) warn(ctx context.Context, ids []string, o httpapi.ReplayOrder) {
	for _, id := range ids {
		v, err := c.look(ctx, id, o)
		var p *httpapi.Problem
		switch {
		case err == nil:
			writeSurvey(c.errs, v)
		case errors.As(err, &p) && p.Status < http.StatusInternalServerError:
		default:
			fmt.Fprintf(c.errs, "culvert: look at %s: %s\n", id, explain(err))
		}
	}
}

// lookEvery is how often a survey is asked for until it has ended.
const lookEvery = 100 * time.Millisecond

// look asks for a survey and waits for its end, which the engine bounds.
func (c *cli) look(ctx context.Context, id string, o httpapi.ReplayOrder) (events.Survey, error) {
	accepted, err := c.api().Post(ctx, "sagas/"+url.PathEscape(id)+"/survey", o)
	if err != nil {
		return events.Survey{}, err
	}
	for {
		v, err := c.api().Survey(ctx, accepted.Saga)
		if err != nil || v.Ended != "" {
			return v, err
		}
		if err := pause.For(ctx, lookEvery); err != nil {
			return v, err
		}
	}
}

// seen says in an operator's words what a Look saw.
var seen = map[events.Presence]string{
	events.Present: "done and matching", events.Different: "done but different", events.Absent: "absent",
	events.Foreign: "foreign", events.SeenUnknown: "unknown", "": "not made",
}

func writeSurvey(out io.Writer, v events.Survey) {
	fmt.Fprintf(out, "%s  replay from %s  observed: %s\n", v.Saga, v.From, v.Ended)
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "STEP\tGENERATION\tOBSERVED\tACTION\tREASON")
	for _, r := range v.Rows {
		generation, because := "", r.Because
		if r.Generation > 0 {
			generation = fmt.Sprint(r.Generation)
		}
		if r.Detail != "" && because != "" {
			because += ": " + r.Detail
		} else if because == "" {
			because = r.Detail
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", r.Step, generation, seen[r.Seen], r.Will, clip(because, 90))
	}
	w.Flush()
	for _, f := range v.Failing {
		fmt.Fprintln(out, "the connection as a whole:", f)
	}
	if v.Refused != "" {
		fmt.Fprintln(out, "a replay is refused:", v.Refused)
	}
}
