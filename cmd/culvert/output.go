package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/culvertnet/culvert/events"
)

// print writes a value as -o asks; table is called for the table form.
func (c *cli) print(v any, table func()) error {
	switch c.format {
	case "json":
		e := json.NewEncoder(c.out)
		e.SetIndent("", "  ")
		return e.Encode(v)
	case "yaml":
		b, err := json.Marshal(v)
		if err != nil {
			return fmt.Errorf("encode output: %w", err)
		}
		var plain any
		if err := json.Unmarshal(b, &plain); err != nil {
			return fmt.Errorf("encode output: %w", err)
		}
		if b, err = yaml.Marshal(plain); err != nil {
			return fmt.Errorf("encode output: %w", err)
		}
		_, err = c.out.Write(b)
		return err
	}
	table()
	return nil
}

// rows writes aligned columns.
func (c *cli) rows(header string, rows [][]string) {
	w := tabwriter.NewWriter(c.out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, strings.NewReplacer(" ", "\t", "_", " ").Replace(header))
	for _, r := range rows {
		fmt.Fprintln(w, strings.Join(r, "\t"))
	}
	w.Flush()
}

// printSaga writes one saga with its steps.
func (c *cli) printSaga(v events.Status) error {
	return c.print(v, func() {
		fmt.Fprintf(c.out, "%s  %s %s  %s%s\n", v.ID, v.Action, v.Kind, v.Status, inBrackets(v.Reason))
		var rows [][]string
		for _, s := range v.Steps {
			problem := ""
			if s.Error != nil {
				problem = s.Error.Message
			}
			rows = append(rows, []string{
				s.Name, s.Transition, string(s.Status), fmt.Sprint(s.Attempts), took(s, time.Now()), clip(problem, 100),
			})
		}
		c.rows("STEP TRANSITION STATUS ATTEMPTS TOOK ERROR", rows)
		for _, w := range v.Why {
			fmt.Fprintln(c.out, "waits:", causeText(w))
		}
		for _, line := range remarks(v) {
			fmt.Fprintln(c.out, line)
		}
	})
}

// remarks are what a saga leaves to be known: a line for each object that was left on purpose, for each claim that
// nobody has checked, and for each peer that it did not wait for.
func remarks(v events.Status) (lines []string) {
	for _, r := range v.Retained {
		lines = append(lines, "retained: "+r)
	}
	for _, u := range v.Unverified() {
		lines = append(lines, "unverified: "+u.Object+": "+u.Why+inBrackets(u.Cause))
	}
	for _, p := range v.PeersDown() {
		since := ""
		if !p.Since.IsZero() { // which only a speaker of our own knows
			since = " since " + p.Since.UTC().Format(time.RFC3339)
		}
		lines = append(lines, fmt.Sprintf("peer down: %s of %s%s: %s", p.Peer, p.Step, since, p.Reason))
	}
	return lines
}

// took is how long a step ran, or has run until now.
func took(s events.StepView, now time.Time) string {
	if s.StartedAt == nil {
		return ""
	}
	end := now
	if s.EndedAt != nil {
		end = *s.EndedAt
	}
	return end.Sub(*s.StartedAt).Round(10 * time.Millisecond).String()
}

func inBrackets(s string) string {
	if s == "" {
		return ""
	}
	return " (" + s + ")"
}

func clip(s string, n int) string {
	s = strings.ReplaceAll(s, "\n", " ")
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}
