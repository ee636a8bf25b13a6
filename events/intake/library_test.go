package intake

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/cloudevents/sdk-go/v2/binding/format"
	"github.com/cloudevents/sdk-go/v2/event"

	"github.com/culvertnet/culvert/events"
)

// libraryEvents gives the events of a message as the CloudEvents library reads them: a second reader, which has to
// understand every accepted event as the intake does. It reads our spelling of each event.
func libraryEvents(header map[string]string, body []byte, now time.Time) ([]event.Event, error) {
	trees, refusal := readMessage(header, body)
	if refusal == nil {
		refusal = trees.check(func(t *tree) { t.checkEnvelope(now) })
	}
	if refusal != nil {
		return nil, refusal
	}
	read := make([]event.Event, 0, len(trees))
	for _, t := range trees {
		var e event.Event
		raw, err := json.Marshal(t.root)
		if err == nil {
			err = format.JSON.Unmarshal(raw, &e)
		}
		if err == nil {
			err = e.Validate()
		}
		if err != nil {
			return nil, err
		}
		read = append(read, e)
	}
	return read, nil
}

// libraryIntent makes an intent of an event as the CloudEvents library writes it.
func libraryIntent(tenant string, e event.Event, now time.Time) (events.Intent, error) {
	raw, err := format.JSON.Marshal(&e)
	if err != nil {
		return events.Intent{}, events.NewRefusal("", "cloudevents", "the event is not CloudEvents 1.0: %v", err)
	}
	intents, err := DecodeIntents(tenant, nil, raw, now)
	if err != nil {
		return events.Intent{}, err
	}
	return intents[0], nil
}

func TestEncodedHeaderValues(t *testing.T) {
	for value, want := range map[string]string{
		"/pipelines/%6Frders":   "/pipelines/orders",
		"/pipelines/%6frders":   "/pipelines/orders",
		"/pipelines/a+b":        "/pipelines/a+b", // a plus is no blank outside of a query
		"/pipelines/%2541":      "/pipelines/%41", // decoded once
		"/pipelines/%C3%A9":     "",               // printable ASCII only
		"/pipelines/%00orders":  "",
		"/pipelines/%FForders":  "",
		"/pipelines/%E2%80%AEx": "",
	} {
		header := attributes()
		header["Ce-Source"] = value
		got, err := DecodeIntents(events.DefaultTenant, header, []byte(payload), today)
		_, refused := events.AsRefusal(err)
		if want == "" && !refused || want != "" && (err != nil || got[0].Source != want) {
			t.Errorf("%s: want %q, got %v and %v", value, want, got, err)
		}
	}
	for _, value := range []string{"%", "a%", "a%4", "a%zz", "%+1", "%-1", "% 1", "%4", "%%41"} {
		header := attributes()
		header["Ce-Id"] = value
		_, err := DecodeIntents(events.DefaultTenant, header, []byte(payload), today)
		if refusal, is := events.AsRefusal(err); !is || refusal.Violations[0].Rule != "percent-encoding" {
			t.Errorf("%s: want a refusal by percent-encoding, got %v", value, err)
		}
	}
}
