package httpapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/culvertnet/culvert/events"
)

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
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	flush := http.NewResponseController(w)
	for {
		if v, err = s.find(r.Context(), v.ID); err != nil {
			return // the reader is gone, or comes again
		}
		b, err := json.Marshal(v)
		if err != nil {
			return
		}
		if _, err := fmt.Fprintf(w, "event: status\ndata: %s\n\n", b); err != nil || flush.Flush() != nil {
			return
		}
		if v.Status.Ended() {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-changed:
		}
	}
}

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
