package httpapi

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/saga"
	"github.com/culvertnet/culvert/workers"
)

// Mover takes journals to another backend and from one. Safe for concurrent use.
type Mover interface {
	// QuietAt tells from when on nothing that was requested can have an effect any more; zero means that nothing is
	// out.
	QuietAt(ctx context.Context) (time.Time, error)
	// Import appends records of another backend; see orchestrator.Orchestrator.
	Import(ctx context.Context, records []saga.Record) error
	// Held tells what is not requested now.
	Held() saga.Held
}

// A MovedRecord is one record of a journal on its way to another backend.
type MovedRecord struct {
	Connection string    `json:"connection"`
	Version    uint64    `json:"version"`
	ID         string    `json:"id"`
	At         time.Time `json:"at"`
	Facts      []byte    `json:"facts" doc:"the record's bytes, as they are chained"`
}

// ImportOrder is a part of what is imported. Parts may be sent again.
type ImportOrder struct {
	Records []MovedRecord     `json:"records,omitempty"`
	Claims  []workers.Claimed `json:"claims,omitempty"`
}

// movedPage bounds one page of records, movedIdle how long one waits for the next.
const (
	movedPage = 200
	movedIdle = 500 * time.Millisecond
)

func (s *server) move(api huma.API) {
	get(api, "export-records", "/v1/export/records",
		"Read the journals of all connections, record by record, for another backend",
		func(ctx context.Context, in *struct {
			After uint64 `query:"after" doc:"the Culvert-Next header of the page before"`
			Live  bool   `query:"live" doc:"export although the engine is not paused"`
		}) (*page[MovedRecord], error) {
			if err := s.mayMove(ctx, in.Live); err != nil {
				return nil, err
			}
			return s.exportPage(ctx, saga.Position(in.After))
		})
	huma.Register(api, huma.Operation{
		OperationID: "import", Method: http.MethodPost, Path: "/v1/import",
		Summary:       "Import journals and claims of another backend; the engine has to be paused",
		DefaultStatus: http.StatusNoContent, Errors: []int{400, 409, 503}, MaxBodyBytes: maxBody,
	}, s.importPart)
}

// mayMove tells whether what is exported now is the last word.
func (s *server) mayMove(ctx context.Context, live bool) error {
	if live {
		return nil
	}
	if !s.Mover.Held().All() {
		return fail(events.ProblemNotHeld,
			"the engine is not paused, so work would go on here while another backend continues from the export: run "+
				"culvert pause")
	}
	quiet, err := s.Mover.QuietAt(ctx)
	if err != nil {
		return problem(err)
	}
	if left := time.Until(quiet); !quiet.IsZero() && left > 0 {
		detail := "commands in flight; quiescent in " + left.Round(time.Second).String()
		return later(fail(events.ProblemInFlight, detail), left)
	}
	return nil
}

// exportPage reads some records; what does not come in a while is not there yet.
func (s *server) exportPage(ctx context.Context, after saga.Position) (*page[MovedRecord], error) {
	within, stop := context.WithCancel(ctx)
	defer stop()
	idle := time.AfterFunc(movedIdle, stop)
	defer idle.Stop()
	out := &page[MovedRecord]{Body: []MovedRecord{}}
	bytes := 0
	for r, err := range s.Journal.Follow(within, after) {
		if err != nil {
			return nil, problem(err)
		}
		idle.Reset(movedIdle)
		after = r.Position
		if !saga.IsEngines(r.Key) {
			out.Body = append(out.Body, MovedRecord{
				Connection: r.Key.String(), Version: r.Version, ID: r.ID, At: r.At, Facts: r.Facts,
			})
			bytes += len(r.Facts)
		}
		if len(out.Body) == movedPage || bytes > maxBody/4 {
			out.Next = strconv.FormatUint(uint64(after), 10)
			return out, nil
		}
	}
	return out, ctx.Err()
}

func (s *server) importPart(ctx context.Context, in *struct{ Body ImportOrder }) (*struct{}, error) {
	records := make([]saga.Record, len(in.Body.Records))
	for i, r := range in.Body.Records {
		key, err := events.ParseKey(r.Connection)
		if err != nil {
			return nil, fail(events.ProblemRequest, err.Error())
		}
		records[i] = saga.Record{Key: key, Version: r.Version, ID: r.ID, At: r.At, Facts: r.Facts}
	}
	switch err := s.Mover.Import(ctx, records); {
	case errors.Is(err, saga.ErrNotHeld):
		return nil, fail(events.ProblemNotHeld, err.Error())
	case errors.Is(err, saga.ErrConflict), errors.Is(err, saga.ErrBroken):
		return nil, fail(events.ProblemDiverged, err.Error())
	case err != nil:
		return nil, problem(err)
	}
	for _, c := range in.Body.Claims {
		if err := s.importClaim(ctx, c); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// importClaim takes over what is held of one resource. A record that is here already and equal is passed over.
func (s *server) importClaim(ctx context.Context, c workers.Claimed) error {
	c.Record.Version = 0
	err := s.Claims.Store(ctx, c.Resource, c.Record)
	if !errors.Is(err, workers.ErrClaimConflict) {
		return problemOrNil(err)
	}
	is, err := s.Claims.Load(ctx, c.Resource)
	if err != nil {
		return problem(err)
	}
	if is.Version = 0; !is.Equal(c.Record) {
		return fail(events.ProblemDiverged, "claims of "+c.Resource+" are here already, and others")
	}
	return nil
}

func problemOrNil(err error) error {
	if err == nil {
		return nil
	}
	return problem(err)
}
