package httpapi

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/saga"
)

type listInput struct {
	Status string `query:"status" enum:"accepted,running,compensating,completed,compensated,stuck" doc:"the newest saga's status"`
	Kind   string `query:"kind"`
	Name   string `query:"name" doc:"the connection's name, exactly"`
	After  string `query:"after" doc:"the Culvert-Next header of the page before"`
	Limit  int    `query:"limit" minimum:"0" maximum:"1000" doc:"at most so many; 0 is 1000"`
}

func (s *server) sagas(api huma.API) {
	get(api, "list-sagas", "/v1/sagas", "List connections by their newest saga, newest change first", s.list)
	get(api, "show-saga", "/v1/sagas/{id}", "Show one saga with its steps, or a connection's newest by name",
		func(ctx context.Context, in *struct {
			ID string `path:"id" doc:"a saga id, or a connection's name"`
		}) (*body[events.Status], error) {
			v, err := s.explained(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			return &body[events.Status]{Body: v}, nil
		})
}

func (s *server) list(ctx context.Context, in *listInput) (*page[events.Status], error) {
	if in.Limit == 0 {
		in.Limit = 1000
	}
	found, err := s.Listing.List(ctx, saga.Query{
		Status: events.SagaStatus(in.Status), Kind: in.Kind, Name: in.Name, After: in.After, Limit: in.Limit,
	})
	if err != nil {
		return nil, problem(err)
	}
	env := s.environment(ctx)
	out := &page[events.Status]{Next: found.Next, Body: []events.Status{}}
	for _, item := range found.Items {
		if item.Summary.Saga == "" { // the engine's own keys have no sagas
			continue
		}
		v := events.Status{
			ID: item.Summary.Saga, Connection: item.Key.Name, Kind: item.Summary.Kind,
			Action:  string(item.Summary.Want),
			Version: item.Summary.Version, Status: item.Summary.Status, Reason: item.Summary.Reason,
			Retained: []string{},
			Why:      env.WhyListed(item.Summary),
		}
		if !item.Summary.Started.IsZero() {
			v.StartedAt = &item.Summary.Started
		}
		if !item.Summary.Ended.IsZero() {
			v.EndedAt = &item.Summary.Ended
		}
		out.Body = append(out.Body, v)
	}
	return out, nil
}

// explained shows a saga with why it does not move.
func (s *server) explained(ctx context.Context, id string) (events.Status, error) {
	v, state, err := s.found(ctx, id)
	if err != nil {
		return v, err
	}
	_, n, err := events.ParseSaga(v.ID)
	if err != nil {
		return v, problem(err)
	}
	v.Why = s.Engine.Rules().Why(state, n, s.environment(ctx))
	return v, nil
}

// find shows a saga by its id, or the newest one of the connection with this name.
func (s *server) find(ctx context.Context, id string) (events.Status, error) {
	v, _, err := s.found(ctx, id)
	return v, err
}

// found is find with the connection's state.
func (s *server) found(ctx context.Context, id string) (events.Status, saga.State, error) {
	return s.foundAt(ctx, id, 0)
}

// foundAt is found in a version of the connection that was heard of, or a later one.
func (s *server) foundAt(ctx context.Context, id string, version uint64) (events.Status, saga.State, error) {
	key, n, err := events.ParseSaga(id)
	if err != nil {
		key, n = events.Key{Tenant: events.DefaultTenant, Name: id}, 0
		if key.Validate() != nil {
			return events.Status{}, saga.State{}, fail(events.ProblemNotFound, "no saga or connection "+id)
		}
	}
	state, err := s.Engine.StateAt(ctx, key, version)
	if err != nil {
		return events.Status{}, saga.State{}, problem(err)
	}
	if n == 0 {
		n = state.Newest()
	}
	v, known := state.ViewOf(n)
	if !known {
		return events.Status{}, saga.State{}, fail(events.ProblemNotFound, "no saga or connection "+id)
	}
	return v, state, nil
}
