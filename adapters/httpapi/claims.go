package httpapi

import (
	"context"
	"errors"

	"github.com/danielgtaylor/huma/v2"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
)

// BreakOrder is the body of a break: whose hold of which resource, and why.
type BreakOrder struct {
	Order
	Resource string `json:"resource" minLength:"1"`
	Holder   string `json:"holder" minLength:"1"`
}

// breakTries bounds how often a break tries again against others who change the record.
const breakTries = 10

func (s *server) claims(api huma.API) {
	get(api, "list-claims", "/v1/claims", "List claims on shared resources",
		func(ctx context.Context, in *struct {
			Prefix string `query:"prefix" doc:"only resources whose name begins with this"`
			After  string `query:"after" doc:"the Culvert-Next header of the page before"`
			Limit  int    `query:"limit" minimum:"0" maximum:"1000" doc:"at most so many; 0 is 1000"`
		}) (*page[workers.Claimed], error) {
			if in.Limit == 0 {
				in.Limit = 1000
			}
			found, err := s.Claims.Find(ctx, workers.ClaimQuery{Prefix: in.Prefix, After: in.After, Limit: in.Limit})
			if err != nil {
				return nil, problem(err)
			}
			out := &page[workers.Claimed]{Next: found.Next, Body: []workers.Claimed{}}
			for _, item := range found.Items {
				if !workers.BackendsOwn(item.Resource) {
					out.Body = append(out.Body, item)
				}
			}
			return out, nil
		})
	post(api, "break-claim", "/v1/claims/break", "Break a claim", s.breakClaim)
}

func (s *server) breakClaim(ctx context.Context, in *struct{ Body BreakOrder }) (*struct{}, error) {
	for range breakTries {
		r, err := s.Claims.Load(ctx, in.Body.Resource)
		if err != nil {
			return nil, problem(err)
		}
		broken, had := workers.Break(r, in.Body.Holder)
		if !had {
			return nil, fail(events.ProblemNotFound, in.Body.Holder+" holds nothing of "+in.Body.Resource)
		}
		if broken.Note == nil {
			broken.Note = map[string]string{}
		}
		// stays with the record, for who asks later
		broken.Note["broken "+in.Body.Holder] = in.Body.Actor + ": " + in.Body.Reason
		err = s.Claims.Store(ctx, in.Body.Resource, broken)
		if err == nil {
			return nil, nil
		}
		if !errors.Is(err, workers.ErrClaimConflict) {
			return nil, problem(err)
		}
	}
	return nil, fail(events.ProblemContended, "others change the record all the time; try again")
}
