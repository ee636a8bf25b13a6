package httpapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/culvertnet/culvert/events"
)

// eventStatus is the name of a stream's events.
const eventStatus = "status"

// events serves and documents the stream, which is not one body and so none of the library's operations.
func (s *server) events(api huma.API, mux *http.ServeMux) {
	const path = "/v1/sagas/{id}/events"
	schemas := api.OpenAPI().Components.Schemas
	failure := &huma.Response{Description: "Problem", Content: map[string]*huma.MediaType{
		"application/problem+json": {Schema: schemas.Schema(reflect.TypeFor[huma.ErrorModel](), true, "ErrorModel")},
	}}
	event := &huma.Schema{Type: huma.TypeObject, Required: []string{"event", "data"},
		Properties: map[string]*huma.Schema{
			"event": {
				Type: huma.TypeString, Enum: []any{eventStatus},
			}, "data": schemas.Schema(reflect.TypeFor[events.Status](), true, "Status"),
		}}
	api.OpenAPI().AddOperation(&huma.Operation{
		OperationID: "watch-saga", Method: http.MethodGet, Path: path,
		Summary: "Follow one saga as server-sent events, until it has ended",
		Description: "Each event is named \"status\"; its data is one line of JSON, the saga's status as show-saga " +
			"gives it. The first comes at once, then one follows after each change; the stream ends after the one " +
			"whose status is completed, compensated or stuck. While nothing changes, a comment line comes every " +
			"15 s. A stream that ends before is broken: ask again.",
		Parameters: []*huma.Param{{
			Name: "id", In: "path", Required: true, Description: "a saga id, or a connection's name",
			Schema: &huma.Schema{Type: huma.TypeString},
		}},
		Responses: map[string]*huma.Response{
			"200": {Description: "OK", Content: map[string]*huma.MediaType{
				"text/event-stream": {Schema: &huma.Schema{Type: huma.TypeArray, Items: event}},
			}},
			"404": failure, "503": failure,
		},
	})
	mux.HandleFunc("GET "+path, s.stream)
}

// stream sends a saga's status as server-sent events: now, after each change, and an end when the saga has ended. A
// reader that comes back starts with the present status; what lies between is not repeated.
func (s *server) stream(w http.ResponseWriter, r *http.Request) {
	v, err := s.find(r.Context(), r.PathValue("id"))
	if err != nil {
		writeProblem(w, err)
		return
	}
	key, _, err := events.ParseSaga(v.ID)
	if err != nil {
		writeProblem(w, problem(err))
		return
	}
	changed, stop := s.Engine.Watch(key)
	defer stop()
	alive := time.NewTicker(s.KeepAlive)
	defer alive.Stop()
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	flush := http.NewResponseController(w)
	for heard, sent := uint64(0), uint64(0); ; {
		v, state, err := s.foundAt(r.Context(), v.ID, heard)
		if err != nil {
			return // the reader is gone, or comes again
		}
		chunk := ": nothing new\n\n"
		if state.Version != sent {
			b, err := json.Marshal(v)
			if err != nil {
				return
			}
			chunk = fmt.Sprintf("event: %s\ndata: %s\n\n", eventStatus, b)
		}
		if _, err := io.WriteString(w, chunk); err != nil || flush.Flush() != nil {
			return
		}
		if v.Status.Ended() {
			return
		}
		sent = state.Version
		select {
		case <-r.Context().Done():
			return
		case heard = <-changed:
		case <-alive.C:
		}
	}
}

// keepAlive is how often a stream without changes says that it lives; the HTML standard (9.2.7) advises 15 s.
const keepAlive = 15 * time.Second

func writeProblem(w http.ResponseWriter, err error) {
	status := http.StatusInternalServerError
	var se huma.StatusError
	if errors.As(err, &se) {
		status = se.GetStatus()
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(se) // the reader is told by the status already
}
