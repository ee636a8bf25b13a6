package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/culvertnet/culvert/adapters/httpapi"
	"github.com/culvertnet/culvert/events"
)

// exit is an exit code that others script against.
type exit int

// The exit codes: 0 is as wished.
const (
	exitFailed      exit = 1
	exitUsage       exit = 2
	exitCompensated exit = 3
	exitStuck       exit = 4
	exitTimedOut    exit = 5
	exitBlocked     exit = 6
	exitUnasked     exit = 7
)

func (e exit) Error() string { return fmt.Sprintf("exit %d", int(e)) }

// usage is a mistake in how the command line was used, which shows only when a command looks at all its arguments.
type usage string

func (u usage) Error() string { return string(u) }

// exitFor is the code for a saga that was waited for; nil when it completed.
func exitFor(s events.SagaStatus) error {
	switch s {
	case events.SagaCompleted:
		return nil
	case events.SagaCompensated:
		return exitCompensated
	case events.SagaStuck:
		return exitStuck
	}
	return exitFailed
}

// explain writes an error for a person: a refusal with one line a violation.
func explain(err error) string {
	var p *httpapi.Problem
	if !errors.As(err, &p) || len(p.Errors) == 0 {
		return err.Error()
	}
	said, _, _ := strings.Cut(err.Error(), p.Error()) // who says it, where something does
	lines := []string{said + "refused:"}
	for _, e := range p.Errors {
		location := e.Location
		if location == "" {
			location = "event"
		}
		lines = append(lines, fmt.Sprintf("  %s (%v): %s", location, e.Value, e.Message))
	}
	return strings.Join(lines, "\n")
}
