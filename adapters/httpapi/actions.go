package httpapi

import (
	"context"
	"encoding/json"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/saga"
)

// Order is the body of every operator's action.
type Order struct {
	Actor  string `json:"actor,omitempty" maxLength:"128" doc:"who asks; identities are not checked yet"`
	Reason string `json:"reason" minLength:"1" maxLength:"1024"`
}

// ReplayOrder is the body of a replay.
type ReplayOrder struct {
	Order
	From  string          `json:"from,omitempty" enum:"start,failed" doc:"default start"`
	Input json.RawMessage `json:"input,omitempty" doc:"data that replaces the intent's"`
}

// ResolveOrder is the body of a resolve.
type ResolveOrder struct {
	Order
	Step       string `json:"step" minLength:"1"`
	Resolution string `json:"resolution" enum:"retry,mark-undone,skip"`
}

// HoldOrder is the body of a pause or resume of the engine.
type HoldOrder struct {
	Order
	// Capability is one of Options.Capabilities; empty for the whole engine.
	Capability string `json:"capability,omitempty"`
}

type sagaOrder[T any] struct {
	ID   string `path:"id"`
	Body T
}

// capabilities puts the list of them into the schema of a hold: the document and the check are made from one list. It
// comes before the operations whose body that is.
func (s *server) capabilities(api huma.API) {
	if len(s.Capabilities) == 0 {
		return
	}
	registry := api.OpenAPI().Components.Schemas
	hold := registry.SchemaFromRef(registry.Schema(reflect.TypeFor[HoldOrder](), true, "HoldOrder").Ref)
	field := hold.Properties["capability"]
	for _, name := range s.Capabilities {
		field.Enum = append(field.Enum, name)
	}
	field.Enum = append(field.Enum, "")
	field.PrecomputeMessages()
}

func (s *server) actions(api huma.API) {
	s.capabilities(api)
	post(api, "cancel-saga", "/v1/sagas/{id}/cancel", "Cancel a saga before it commits",
		func(ctx context.Context, in *sagaOrder[Order]) (*body[Accepted], error) {
			return s.act(
				ctx, in.ID, events.Action{Kind: events.ActionCancel, Actor: in.Body.Actor, Reason: in.Body.Reason},
			)
		})
	post(api, "replay-saga", "/v1/sagas/{id}/replay", "Run a compensated or stuck saga again, or continue a stuck one",
		func(ctx context.Context, in *sagaOrder[ReplayOrder]) (*body[Accepted], error) {
			return s.replayed(ctx, in, events.ActionReplay)
		})
	post(api, "survey-saga", "/v1/sagas/{id}/survey", "Observe the objects of a connection at rest, before a replay",
		func(ctx context.Context, in *sagaOrder[ReplayOrder]) (*body[Accepted], error) {
			return s.replayed(ctx, in, events.ActionSurvey)
		})
	get(api, "show-survey", "/v1/sagas/{id}/survey", "Show what the last survey observed, and what a replay would do",
		s.survey)
	post(api, "resolve-step", "/v1/sagas/{id}/resolve", "Settle a stuck step",
		func(ctx context.Context, in *sagaOrder[ResolveOrder]) (*body[Accepted], error) {
			b := in.Body
			return s.act(ctx, in.ID, events.Action{
				Kind: events.ActionResolve, Actor: b.Actor, Reason: b.Reason, Step: b.Step,
				Resolution: events.Resolution(b.Resolution),
			})
		})
	for _, kind := range []events.ActionKind{events.ActionPause, events.ActionResume} {
		post(api, string(kind)+"-connection", "/v1/connections/{id}/"+string(kind), "Pause or resume a connection",
			func(ctx context.Context, in *sagaOrder[Order]) (*body[Accepted], error) {
				return s.hold(ctx, events.Key{Tenant: events.DefaultTenant, Name: in.ID}, kind, in.Body)
			})
		post(api, string(kind)+"-engine", "/v1/engine/"+string(kind), "Pause or resume the engine, or a capability",
			func(ctx context.Context, in *struct{ Body HoldOrder }) (*body[Accepted], error) {
				return s.hold(ctx, saga.EngineKey(in.Body.Capability), kind, in.Body.Order)
			})
	}
}

// replayed is a replay, or a survey of what one would do.
func (s *server) replayed(
	ctx context.Context, in *sagaOrder[ReplayOrder], kind events.ActionKind,
) (*body[Accepted], error) {
	a := events.Action{
		Kind: kind, Actor: in.Body.Actor, Reason: in.Body.Reason, From: events.ReplayFrom(in.Body.From),
		Input: in.Body.Input,
	}
	if a.From == "" {
		a.From = events.FromStart
	}
	if a.Input != nil {
		checked, err := s.replaced(ctx, in.ID, a.Input)
		if err != nil {
			return nil, err
		}
		a.Input = checked
	}
	if kind == events.ActionReplay && a.From == events.FromFailed {
		if err := s.served(ctx, in.ID); err != nil {
			return nil, err
		}
	}
	return s.act(ctx, in.ID, a)
}

// replaced judges data that shall replace that of a saga's intent, as data of the version that the intent has.
func (s *server) replaced(ctx context.Context, id string, data json.RawMessage) (json.RawMessage, error) {
	v, state, err := s.found(ctx, id)
	if err != nil {
		return nil, err
	}
	_, n, err := events.ParseSaga(v.ID)
	if err != nil {
		return nil, problem(err)
	}
	intent, known := state.IntentOf(n)
	if !known {
		return data, nil // an older saga, which the engine refuses to replay whatever the data
	}
	intent.Data = data
	checked, err := s.Intake.CheckData(intent)
	if err != nil {
		return nil, problem(err)
	}
	return checked, nil
}

// act carries out an order about a saga, named by id or by its connection.
func (s *server) act(ctx context.Context, id string, a events.Action) (*body[Accepted], error) {
	v, err := s.find(ctx, id)
	if err != nil {
		return nil, err
	}
	key, _, err := events.ParseSaga(v.ID)
	if err != nil {
		return nil, problem(err)
	}
	a.Connection, a.Saga = key, v.ID
	return s.order(ctx, a)
}

func (s *server) hold(ctx context.Context, key events.Key, kind events.ActionKind, o Order) (*body[Accepted], error) {
	if err := key.Validate(); err != nil {
		return nil, fail(events.ProblemNotFound, err.Error())
	}
	return s.order(ctx, events.Action{Kind: kind, Connection: key, Actor: o.Actor, Reason: o.Reason})
}

func (s *server) order(ctx context.Context, a events.Action) (*body[Accepted], error) {
	if a.Actor == "" {
		a.Actor = "anonymous"
	}
	if err := a.Validate(); err != nil {
		return nil, problem(err)
	}
	r, err := s.Engine.Act(ctx, a)
	if err != nil {
		return nil, problem(err)
	}
	return &body[Accepted]{Body: Accepted{Saga: r.Saga}}, nil
}
