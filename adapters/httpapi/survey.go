package httpapi

import (
	"context"
	"slices"

	"github.com/culvertnet/culvert/events"
)

type surveyInput struct {
	ID string `path:"id" doc:"a saga id, or a connection's name"`
}

// survey shows the last survey of a saga's connection.
func (s *server) survey(ctx context.Context, in *surveyInput) (*body[events.Survey], error) {
	v, state, err := s.found(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	survey, has := s.Engine.Rules().SurveyView(state)
	if !has || survey.Saga != v.ID {
		return nil, fail(events.ProblemNotFound, "there is no survey of "+v.ID)
	}
	return &body[events.Survey]{Body: survey}, nil
}

// served refuses to go on with a stuck saga whose steps no worker knows any more, while workers of the capability are
// there: their release has left the plan behind.
func (s *server) served(ctx context.Context, id string) error {
	_, state, err := s.found(ctx, id)
	if err != nil || state.Saga == nil {
		return err
	}
	crews := s.environment(ctx).Crews
	var unknown []string
	for _, st := range state.Saga.Steps {
		c := events.Cause{Kind: st.Kind}
		crew, there := crews[c.Capability()]
		if there && len(crew.Workers) > 0 && len(crew.Kinds) > 0 && !crew.Kinds[st.Kind] && st.Touched &&
			st.Status != events.StepUndone {
			unknown = append(unknown, st.Kind)
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	slices.Sort(unknown)
	return problem(events.NewConflict("saga", "unserved",
		"no live worker knows %v of this saga's plan: run workers of a release that does, replay the saga from the "+
			"start with the plan of this release, or withdraw the connection",
		slices.Compact(unknown)))
}
