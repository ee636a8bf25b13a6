package stage

import (
	"context"
	"fmt"
	"time"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/events/pause"
)

// Survey looks at everything of a connection at rest, as an operator can before a replay, and lets time pass until it
// has ended.
func (s *Stage) Survey(ctx context.Context, connection string) (events.Survey, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	key := events.Key{Tenant: events.DefaultTenant, Name: connection}
	state, err := s.engine.State(ctx, key)
	if err != nil {
		return events.Survey{}, err
	}
	if _, err := s.engine.Act(ctx, events.Action{Kind: events.ActionSurvey, Connection: key, Saga: state.View(true).ID,
		From: events.FromStart, Actor: "proof", Reason: "what is there now"}); err != nil {
		return events.Survey{}, err
	}
	for {
		if state, err = s.engine.State(ctx, key); err != nil {
			return events.Survey{}, fmt.Errorf("the survey of %s did not end: %w", connection, err)
		}
		quiet, err := s.gate.quiet()
		if err != nil {
			return events.Survey{}, err
		}
		seen, _ := s.engine.Rules().SurveyView(state)
		if seen.Ended != "" && quiet {
			return seen, nil
		}
		if quiet {
			if err := s.gate.passed(ctx, s.Clock.Pass(step)); err != nil {
				return seen, err
			}
		}
		if err := pause.For(ctx, tick); err != nil {
			return seen, fmt.Errorf("the survey of %s did not end: %w", connection, err)
		}
	}
}

// Pass lets time pass while nothing is under way: what the world does by itself happens.
func (s *Stage) Pass(ctx context.Context, d time.Duration) error {
	for range d / step {
		if err := s.gate.passed(ctx, s.Clock.Pass(step)); err != nil {
			return err
		}
	}
	return nil
}
