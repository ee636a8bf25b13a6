package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/culvertnet/culvert/events"
)

type letterInput struct {
	ID string `path:"id"`
}

func (s *server) deadLetters(api huma.API) {
	get(api, "list-dead-letters", "/v1/dead-letters", "List rejected messages, oldest first",
		func(ctx context.Context, in *struct {
			After string `query:"after" doc:"the Culvert-Next header of the page before"`
			Limit int    `query:"limit" minimum:"0" maximum:"1000" doc:"at most so many; 0 is 1000"`
		}) (*page[events.DeadLetter], error) {
			if in.Limit == 0 {
				in.Limit = 1000
			}
			letters, err := s.DeadLetters.List(ctx, in.After, in.Limit)
			if err != nil {
				return nil, problem(err)
			}
			out := &page[events.DeadLetter]{Body: append([]events.DeadLetter{}, letters...)}
			if len(letters) == in.Limit {
				out.Next = letters[in.Limit-1].ID
			}
			return out, nil
		})
	get(api, "show-dead-letter", "/v1/dead-letters/{id}", "Show one rejected message",
		func(ctx context.Context, in *letterInput) (*body[events.DeadLetter], error) {
			l, err := s.DeadLetters.Get(ctx, in.ID)
			if err != nil {
				return nil, problem(err)
			}
			return &body[events.DeadLetter]{Body: l}, nil
		})
	post(api, "requeue-dead-letter", "/v1/dead-letters/{id}/requeue", "Publish a rejected message again",
		func(ctx context.Context, in *letterInput) (*struct{}, error) {
			l, err := s.DeadLetters.Get(ctx, in.ID)
			if err != nil {
				return nil, problem(err)
			}
			if err := s.Publisher.Publish(ctx, events.Message{Subject: l.Subject, Header: l.Header,
				Body: l.Body}); err != nil {
				return nil, problem(err)
			}
			if err := s.DeadLetters.Remove(ctx, l.ID); err != nil {
				return nil, problem(err)
			}
			return nil, nil
		})
	huma.Register(api, huma.Operation{
		OperationID: "discard-dead-letter", Method: http.MethodDelete, Path: "/v1/dead-letters/{id}",
		Summary: "Discard a rejected message", DefaultStatus: http.StatusNoContent, Errors: []int{404, 503},
	}, func(ctx context.Context, in *letterInput) (*struct{}, error) {
		if err := s.DeadLetters.Remove(ctx, in.ID); err != nil {
			return nil, problem(err)
		}
		return nil, nil
	})
}
