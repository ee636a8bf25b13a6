package main

import (
	"fmt"
	"slices"
	"time"

	"github.com/culvertnet/culvert/events"
)

var spinner = []rune("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏")

// picture is a saga as lines: a line a step with a sign or spinner, the elapsed time, and what it waits for or what
// went wrong. It is pure: frame turns the spinner, now ends the time of what still runs.
func picture(v events.Status, frame int, now time.Time) []string {
	lines := []string{fmt.Sprintf("%s  %s%s", v.ID, v.Status, inBrackets(v.Reason))}
	for _, s := range inOrder(v) {
		note := s.Operation
		if s.Error != nil {
			note = s.Error.Message
		}
		if s.Status == events.StepDone || s.Status == events.StepUndone {
			note = ""
		}
		lines = append(lines, fmt.Sprintf("  %c %-22s %-8s %-9s %8s  %s", sign(s.Status, frame), s.Name, s.Transition,
			s.Status, took(s, now), note))
	}
	if v.Status.Ended() {
		for _, line := range remarks(v) {
			lines = append(lines, "  "+line)
		}
	}
	return lines
}

// inOrder gives the steps in the order in which they go: as planned, and on the way back in reverse after the checks.
func inOrder(v events.Status) []events.StepView {
	back := func(s events.StepView) bool { return s.Status == events.StepUndoing || s.Status == events.StepUndone }
	check := func(s events.StepView) bool { return s.Transition == "check" }
	if !slices.ContainsFunc(v.Steps, back) {
		return v.Steps
	}
	reversed := slices.DeleteFunc(slices.Clone(v.Steps), check)
	slices.Reverse(reversed)
	checks := slices.DeleteFunc(slices.Clone(v.Steps), func(s events.StepView) bool { return !check(s) })
	return append(checks, reversed...)
}

func sign(s events.StepStatus, frame int) rune {
	switch s {
	case events.StepDone:
		return '✓'
	case events.StepUndone:
		return '↩'
	case events.StepRefused, events.StepStuck:
		return '✗'
	case events.StepPending, events.StepSkipped:
		return '·'
	}
	return spinner[frame%len(spinner)]
}
