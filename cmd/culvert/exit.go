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
)

func (e exit) Error() string { return fmt.Sprintf("exit %d", int(e)) }

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
	lines := []string{"refused:"}
	for _, e := range p.Errors {
		lines = append(lines, fmt.Sprintf("  %s (%v): %s", e.Location, e.Value, e.Message))
	}
	return strings.Join(lines, "\n")
}
