package httpapi

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/google/uuid"

	"github.com/culvertnet/culvert/events"
)

// maxBody is the largest request body: a full batch of intents.
const maxBody = 8 << 20

type server struct{ Options }

// Handler serves the API. The OpenAPI document is at /openapi.json and /openapi.yaml.
func Handler(o Options) http.Handler {
	mux := http.NewServeMux()
	config := huma.DefaultConfig("Culvert", o.Version)
	config.Info.Description = "Private paths for serverless services: intents in, sagas out."
	config.DocsPath, config.CreateHooks = "", nil // no page with scripts from elsewhere, no $schema in bodies
	config.RejectUnknownQueryParameters = true    // a filter that is misspelt must not select everything
	config.Transformers = append(config.Transformers, typeProblems)
	api := humago.New(mux, config)
	if o.KeepAlive == 0 {
		o.KeepAlive = keepAlive
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.ID == nil {
		o.ID = uuid.NewString
	}
	if o.PreflightWait == 0 {
		o.PreflightWait = preflightWait
	}
	s := &server{o}
	s.intents(api)
	s.sagas(api)
	s.actions(api)
	s.deadLetters(api)
	s.claims(api)
	s.audit(api)
	s.move(api)
	s.workers(api)
	s.signals(api, mux)
	s.doctor(api)
	s.preflight(api)
	s.info(api)
	s.events(api, mux)
	s.health(api)
	return http.MaxBytesHandler(strict(mux), maxBody)
}

// strict answers what no operation is for as a problem too.
func strict(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		refuse, pattern := mux.Handler(r)
		if pattern != "" {
			mux.ServeHTTP(w, r)
			return
		}
		said := refusal{header: http.Header{}}
		refuse.ServeHTTP(&said, r)
		if allow := said.header.Get("Allow"); allow != "" {
			w.Header().Set("Allow", allow)
		}
		writeProblem(w, fail(codeOf(said.status), r.Method+" "+r.URL.Path+" is no operation of this API"))
	})
}

// refusal takes the status that the router refuses with, and leaves its text.
type refusal struct {
	header http.Header
	status int
}

// Header, Write and WriteHeader make it an http.ResponseWriter.
func (r *refusal) Header() http.Header { return r.header }

// Write drops the text.
func (r *refusal) Write(b []byte) (int, error) { return len(b), nil }

// WriteHeader keeps the status.
func (r *refusal) WriteHeader(status int) { r.status = status }

// health tells a load balancer that the process serves.
func (s *server) health(api huma.API) {
	huma.Register(api, huma.Operation{
		OperationID: "health", Method: http.MethodGet, Path: "/healthz", Summary: "Report that the process serves",
		DefaultStatus: http.StatusNoContent,
	}, func(context.Context, *struct{}) (*struct{}, error) { return nil, nil })
}

// Info says where a running Culvert can be reached.
type Info struct {
	Version string `json:"version"`
	NATS    string `json:"nats"`
	World   string `json:"world"`
}

func (s *server) info(api huma.API) {
	get(api, "info", "/v1/info", "Show the addresses of this Culvert and its simulated world",
		func(context.Context, *struct{}) (*body[Info], error) {
			return &body[Info]{Body: Info{Version: s.Version, NATS: s.NATS, World: s.World}}, nil
		})
	get(api, "explain-kind", "/v1/kinds/{kind}", "Explain an intent kind", func(_ context.Context, in *struct {
		Kind    string `path:"kind"`
		Version int    `query:"version" minimum:"1" doc:"of the payload; default the newest"`
	}) (*body[KindInfo], error) {
		versions := s.Kinds[in.Kind]
		if in.Version == 0 {
			in.Version = len(versions)
		}
		switch {
		case len(versions) == 0:
			return nil, fail(events.ProblemNotFound, "unknown intent kind "+in.Kind)
		case in.Version > len(versions):
			return nil, fail(events.ProblemNotFound,
				fmt.Sprintf("kind %s has no version %d; the newest is %d", in.Kind, in.Version, len(versions)))
		}
		return &body[KindInfo]{Body: versions[in.Version-1]}, nil
	})
}

// body is a response with nothing but a body.
type body[T any] struct{ Body T }

// page is one part of a listing; Next leads to the following one and is empty on the last.
type page[T any] struct {
	Next string `header:"Culvert-Next" doc:"where the next page begins; not there on the last one"`
	Body []T
}

func get[In, Out any](api huma.API, id, path, summary string, h func(context.Context, *In) (*Out, error)) {
	huma.Register(api, huma.Operation{
		OperationID: id, Method: http.MethodGet, Path: path, Summary: summary, Errors: []int{400, 404, 503},
	}, h)
}

func post[In, Out any](api huma.API, id, path, summary string, h func(context.Context, *In) (*Out, error)) {
	huma.Register(api, huma.Operation{
		OperationID: id, Method: http.MethodPost, Path: path, Summary: summary, DefaultStatus: http.StatusAccepted,
		Errors: []int{400, 404, 409, 429, 503},
	}, h)
}
