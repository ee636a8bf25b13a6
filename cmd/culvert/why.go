package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/culvertnet/culvert/events"
)

// short is why a saga does not move, in one column: the first cause that needs hands, else the first, and how many
// more.
func short(why []events.Cause) string {
	if len(why) == 0 {
		return ""
	}
	first := why[0]
	for _, w := range why {
		if w.Code.NeedsHands() {
			first = w
			break
		}
	}
	s := string(first.Code)
	if first.Step != "" {
		s = first.Step + " " + s
	}
	if first.Code == events.CauseStuck { // the reason says the rest
		s = "needs operator action"
	}
	if !first.Since.IsZero() {
		s += " since " + clock(first.Since)
	}
	if !first.Until.IsZero() {
		s += " until " + clock(first.Until)
	}
	if n := len(why) - 1; n > 0 {
		s += fmt.Sprintf(" (+%d)", n)
	}
	return s
}

// causeText is one cause in full.
func causeText(w events.Cause) string {
	var b strings.Builder
	if w.Step != "" {
		b.WriteString(w.Step + ": ")
	}
	b.WriteString(strings.ReplaceAll(w.String(), "\n", " "))
	if !w.Since.IsZero() {
		b.WriteString(", since " + clock(w.Since))
	}
	if !w.Until.IsZero() {
		b.WriteString(", until " + clock(w.Until))
	}
	return b.String()
}

// clock writes a moment as short as it can be told.
func clock(t time.Time) string { return t.UTC().Format("01-02T15:04:05Z") }
