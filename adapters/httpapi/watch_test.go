package httpapi_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/culvertnet/culvert/adapters/httpapi"
	"github.com/culvertnet/culvert/events"
)

// Whatever the standard calls a stream of events is read as one: not every proxy keeps the bytes as the server wrote
// them.
func TestAStreamIsReadAsTheStandardSays(t *testing.T) {
	const running, completed = `{"id":"default_orders.1","status":"running"}`,
		`{"id":"default_orders.1","status":"completed"}`
	for why, stream := range map[string]string{
		"as our server writes it": "event: status\ndata: " + running +
			"\n\n: nothing new\n\nevent: status\ndata: " + completed + "\n\n",
		"without the optional blank": "event:status\ndata:" + running + "\n\nevent:status\ndata:" + completed + "\n\n",
		"with the line ends of DOS": "event: status\r\ndata: " + running + "\r\n\r\nevent: status\r\ndata: " +
			completed + "\r\n\r\n",
		"data on several lines": "event: status\ndata: {\"id\":\"default_orders.1\",\ndata: " +
			"\"status\":\"running\"}\n\nevent: status\ndata: " + completed + "\n\n",
		"with ids and retry": "retry: 5\nid: 7\nevent: status\ndata: " + running +
			"\n\nid: 8\nevent: status\ndata: " + completed + "\n\n",
		"the data before the name": "data: " + running + "\nevent: status\n\ndata: " + completed +
			"\nevent: status\n\n",
		"with events of another name": "event: notice\ndata: {\"status\":\"stuck\"}\n\nevent: status\ndata: " +
			running + "\n\nevent: status\ndata: " + completed + "\n\n",
		"with a byte order mark": "\uFEFFevent: status\ndata: " + running + "\n\nevent: status\ndata: " +
			completed + "\n\n",
		"a long event": "event: status\ndata: " + running[:len(running)-1] + `,"x":"` +
			strings.Repeat("x", 1<<20) + "\"}\n\nevent: status\ndata: " + completed + "\n\n",
	} {
		got, err := watched(t, stream)
		if err != nil || len(got) != 2 || got[0].Status != events.SagaRunning ||
			got[1].Status != events.SagaCompleted || got[0].ID != "default_orders.1" {
			t.Errorf("%s: read %+v, %v", why, got, err)
		}
	}
}

// A stream that breaks off is an error and gives nothing of the event that it broke off in.
func TestABrokenStreamIsToldFromAnEnd(t *testing.T) {
	const running = "event: status\ndata: {\"status\":\"running\"}\n\n"
	for why, stream := range map[string]string{
		"between two events": running, "in a comment": running + ": noth",
		"in the data":            running + "event: status\ndata: {\"status\":\"comp",
		"before the blank line":  running + "event: status\ndata: {\"status\":\"completed\"}\n",
		"with only other events": running + "event: x\ndata: y\n\n",
	} {
		got, err := watched(t, stream)
		if !errors.Is(err, io.ErrUnexpectedEOF) || len(got) != 1 {
			t.Errorf("%s: read %+v, %v", why, got, err)
		}
	}
	if got, err := watched(t, running+"event: status\ndata: {\n\n"); err == nil || len(got) != 1 {
		t.Errorf("data that is not JSON: read %+v, %v", got, err)
	}
}

// watched gives what a client reads of a stream, and its last error.
func watched(t *testing.T, stream string) ([]events.Status, error) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, stream)
	}))
	defer server.Close()
	var all []events.Status
	for v, err := range (httpapi.Client{URL: server.URL}).Watch(t.Context(), "default_orders.1") {
		if err != nil {
			return all, err
		}
		all = append(all, v)
	}
	return all, nil
}
