package intake

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"

	"github.com/culvertnet/culvert/events"
)

var today = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// payload is the smallest data that the schema takes; attributes go with it in binary mode.
const payload = `{"service":{"platform":"cloud-run","project":"acme-prod","region":"europe-west3","name":"fn-0002"},"network":"projects/acme-net/global/networks/spoke-vpc"}`

func attributes() map[string]string {
	return map[string]string{
		"Content-Type": "application/json", "Ce-Specversion": "1.0", "Ce-Id": "a-1", "Ce-Source": "/pipelines/orders",
		"Ce-Type": "culvert.private-service.apply.v1", "Ce-Subject": "orders",
	}
}

// structured is the same event in structured mode, with more attributes and other data where given.
func structured(more, data string) []byte {
	return fmt.Appendf(nil,
		`{"specversion":"1.0","id":"a-1","source":"/pipelines/orders","type":"culvert.private-service.apply.v1","subject":"orders"%s,"data":%s}`, more, data)
}

func one(t *testing.T, header map[string]string, body []byte) events.Intent {
	t.Helper()
	got, err := DecodeIntents(events.DefaultTenant, header, body, today)
	if err != nil || len(got) != 1 {
		t.Fatalf("want one intent, got %d and %v", len(got), err)
	}
	return got[0]
}

func TestEveryModeGivesTheSameIntent(t *testing.T) {
	want := one(t, nil, structured("", payload))
	if want.Connection != (events.Key{Tenant: events.DefaultTenant, Name: "orders"}) ||
		want.Kind != "private-service" || want.Want != events.Apply || want.Version != 1 ||
		want.Source != "/pipelines/orders" || want.ID != "a-1" || want.IfVersion != nil || !want.Time.IsZero() ||
		want.Digest == "" {
		t.Fatalf("the intent is not what the event says: %+v", want)
	}
	lower := map[string]string{}
	for name, value := range attributes() {
		lower[strings.ToLower(name)] = value
	}
	charset := attributes()
	charset["Content-Type"] = "application/json; charset=UTF-8"
	encoded := attributes()
	encoded["Ce-Source"] = "/pipelines/%6Frders"
	cases := map[string]struct {
		header map[string]string
		body   []byte
	}{
		"structured by its content type": {
			map[string]string{"Content-Type": "application/cloudevents+json; charset=utf-8"}, structured("", payload),
		},
		"binary, as HTTP writes headers": {attributes(), []byte(payload)},
		"binary, as NATS writes them":    {lower, []byte(payload)},
		"binary with a charset":          {charset, []byte(payload)},
		"binary with encoded values":     {encoded, []byte(payload)},
		"a batch of one": {map[string]string{"content-type": "application/cloudevents-batch+json"},
			slices.Concat([]byte("["), structured("", payload), []byte("]"))},
		"other headers do not count": {
			map[string]string{"Nats-Msg-Id": "x", "Accept": "*/*"}, structured("", payload),
		},
	}
	for why, c := range cases {
		if got := one(t, c.header, c.body); got.Digest != want.Digest || string(got.Data) != string(want.Data) ||
			got.Connection != want.Connection {
			t.Errorf("%s: want %+v, got %+v", why, want, got)
		}
	}
}

func TestDigestIsOfWhatIsAsked(t *testing.T) {
	base := one(t, nil, structured("", payload)).Digest
	spaced := strings.ReplaceAll(payload, ":", " :\n\t")
	turned := `{"network":"projects/acme-net/global/networks/spoke-vpc","service":{"name":"fn-0002","region":"europe-west3","project":"acme-prod","platform":"cloud-run"}}`
	escaped := strings.Replace(payload, "fn-0002", `fn\u002d0002`, 1)
	for why, body := range map[string][]byte{
		"blanks ask nothing":     structured("", spaced),
		"order asks nothing":     structured("", turned),
		"escapes ask nothing":    structured("", escaped),
		"time is of the sending": structured(`,"time":"2026-11-20T10:00:00Z"`, payload),
		"the trace is of the sending": structured(
			`,"traceparent":"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"`, payload,
		),
		"another id is another sending":   []byte(strings.Replace(string(structured("", payload)), "a-1", "a-2", 1)),
		"an explicit content type is one": structured(`,"datacontenttype":"application/json"`, payload),
	} {
		if got := one(t, nil, body).Digest; got != base {
			t.Errorf("%s, but the digest changed", why)
		}
	}
	for why, body := range map[string][]byte{
		"another service":       structured("", strings.Replace(payload, "fn-0002", "fn-0003", 1)),
		"a version is compared": structured(`,"ifversion":0`, payload),
		"another version":       structured(`,"ifversion":4`, payload),
		"another connection":    []byte(strings.Replace(string(structured("", payload)), `"orders"`, `"payments"`, 1)),
		"a withdrawal":          []byte(strings.Replace(string(structured("", `{}`)), "apply", "withdraw", 1)),
		"a number where was one": structured(
			"", strings.Replace(payload, `"region"`, `"followTraffic":true,"region"`, 1),
		),
	} {
		if got := one(t, nil, body).Digest; got == base {
			t.Errorf("%s asks something else, but the digest is the same", why)
		}
	}
	number := func(n string) string {
		return one(t, nil, structured(
			"", strings.Replace(payload, `"network"`, `"egress":{"connector":{"minInstances":`+n+`}},"network"`, 1),
		)).Digest
	}
	if number("2") != number("2.0") || number("2") != number("0.2e1") || number("2") == number("3") {
		t.Error("numbers are compared by what they are, not by how they are written")
	}
}

func TestExtensions(t *testing.T) {
	for text, want := range map[string]uint64{`0`: 0, `7`: 7, `"7"`: 7, `2147483647`: 2147483647} {
		in := one(t, nil, structured(`,"ifversion":`+text, payload))
		if in.IfVersion == nil || *in.IfVersion != want {
			t.Errorf("ifversion %s: want %d, got %v", text, want, in.IfVersion)
		}
	}
	header := attributes()
	header["ce-ifversion"] = "7"
	if in := one(t, header, []byte(payload)); in.IfVersion == nil || *in.IfVersion != 7 {
		t.Errorf("ifversion in a header: got %v", in.IfVersion)
	}
}

func TestTimeBounds(t *testing.T) {
	at := func(d time.Duration) error {
		_, err := DecodeIntents(
			events.DefaultTenant, nil, structured(`,"time":"`+today.Add(d).Format(time.RFC3339)+`"`, payload), today,
		)
		return err
	}
	if err := at(24 * time.Hour); err != nil {
		t.Errorf("a day ahead is a clock that is wrong: %v", err)
	}
	if err := at(24*time.Hour + time.Second); err == nil {
		t.Error("more than a day ahead was accepted")
	}
	if err := at(-10 * 365 * 24 * time.Hour); err != nil {
		t.Errorf("an old event is still an event: %v", err)
	}
}

func TestRefusalsListEverything(t *testing.T) {
	body := strings.Replace(string(structured(`,"owner":"me"`, strings.Replace(payload, `"fn-0002"`, `"F"`, 1))),
		`"a-1"`, `"a b"`, 1)
	_, err := DecodeIntents(events.DefaultTenant, nil, []byte(body), today)
	refusal, is := events.AsRefusal(err)
	if !is {
		t.Fatalf("want a refusal, got %v", err)
	}
	var got []string
	for _, v := range refusal.Violations {
		got = append(got, v.Field+" "+string(v.Rule))
	}
	want := []string{"id schema-pattern", "owner extension", "/data/service/name schema-pattern"}
	if !slices.Equal(got, want) {
		t.Errorf("attributes and data are refused together: want %v, got %v", want, got)
	}
}

func TestTenantIsChecked(t *testing.T) {
	_, err := DecodeIntents("a.b", nil, structured("", payload), today)
	if refusal, is := events.AsRefusal(err); !is || refusal.Violations[0].Rule != "tenant" {
		t.Errorf("a tenant that would split a subject was taken: %v", err)
	}
}

// An event that went through the CloudEvents library gives the intent that its text gives.
func TestTheLibraryReadsTheSame(t *testing.T) {
	files, err := filepath.Glob("../../schemas/examples/*/valid/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no valid examples: %v", err)
	}
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		want := one(t, nil, body)
		decoded, err := libraryEvents(nil, body, today)
		if err != nil || len(decoded) != 1 {
			t.Fatalf("%s: %d events and %v", file, len(decoded), err)
		}
		got, err := libraryIntent(events.DefaultTenant, decoded[0], today)
		if err != nil || got.Digest != want.Digest || string(got.Data) != string(want.Data) ||
			!got.Time.Equal(want.Time) || got.Source != want.Source || got.ID != want.ID {
			t.Errorf("%s: want %+v, got %+v, %v", file, want, got, err)
		}
	}
}

func TestIntakeRefusesWhatWasBuiltWrong(t *testing.T) {
	built := func(change func(*event.Event)) event.Event {
		e := event.New()
		e.SetID("a-1")
		e.SetSource("/cli")
		e.SetType(events.IntentType("private-service", events.Withdraw, 1))
		e.SetSubject("orders")
		if err := e.SetData(event.ApplicationJSON, map[string]any{}); err != nil {
			t.Fatal(err)
		}
		change(&e)
		return e
	}
	if in, err := libraryIntent(events.DefaultTenant, built(func(*event.Event) {}), today); err != nil ||
		in.Want != events.Withdraw {
		t.Fatalf("a good event was refused: %v", err)
	}
	for why, e := range map[string]event.Event{
		"nothing at all":   {},
		"no subject":       built(func(e *event.Event) { e.SetSubject("") }),
		"an old version":   built(func(e *event.Event) { e.SetSpecVersion("0.3") }),
		"data that is not": built(func(e *event.Event) { e.DataEncoded = nil }),
		"bytes for data":   built(func(e *event.Event) { _ = e.SetData("text/plain", "hello") }),
	} {
		if _, err := libraryIntent(events.DefaultTenant, e, today); err == nil {
			t.Errorf("%s was taken for an intent", why)
		} else if _, is := events.AsRefusal(err); !is {
			t.Errorf("%s: the publisher needs a refusal, got %v", why, err)
		}
	}
}

func TestCheckData(t *testing.T) {
	data, err := CheckData("private-service", events.Apply, 1, []byte(" "+payload))
	if err != nil || string(data) != string(one(t, nil, structured("", payload)).Data) {
		t.Errorf("edited data is kept in the spelling of accepted data: %s, %v", data, err)
	}
	for why, c := range map[string]struct{ kind, data, field, rule string }{
		"an unknown kind":   {"dns", payload, "type", "type"},
		"text, not JSON":    {"private-service", "{", "/data", "json"},
		"a missing network": {"private-service", `{"service":{}}`, "/data/network", "schema-required"},
		"null":              {"private-service", `null`, "/data", "schema-type"},
		"a repeated field":  {"private-service", `{"network":1,"network":2}`, "/data/network", "duplicate-key"},
	} {
		_, err := CheckData(c.kind, events.Apply, 1, []byte(c.data))
		refusal, is := events.AsRefusal(err)
		if !is || !slices.ContainsFunc(refusal.Violations,
			func(v events.Violation) bool { return v.Field == c.field && string(v.Rule) == c.rule }) {
			t.Errorf("%s: want %s at %s, got %v", why, c.rule, c.field, err)
		}
	}
}

func TestJoinHeader(t *testing.T) {
	got, err := joinHeader(
		map[string][]string{"Ce-Id": {"a"}, "Content-Type": {"application/json"}, "Accept": {"a", "b"}, "Ce-Empty": {}},
	)
	if want := map[string]string{"ce-id": "a", "content-type": "application/json"}; err != nil ||
		!maps.Equal(got, want) {
		t.Errorf("want %v, got %v, %v", want, got, err)
	}
	for why, header := range map[string]map[string][]string{
		"two ids in one header":    {"Ce-Id": {"a", "b"}},
		"two ids in two spellings": {"Ce-Id": {"a"}, "ce-id": {"b"}},
		"two content types":        {"Content-Type": {"application/json", "text/plain"}},
	} {
		if _, err := joinHeader(header); err == nil {
			t.Errorf("%s: nobody can tell which one is meant, but one was taken", why)
		}
	}
	if _, err := libraryEvents(map[string]string{"Ce-Id": "a", "ce-id": "b"}, nil, today); err == nil {
		t.Error("two spellings of one attribute were decoded")
	}
	if _, err := libraryEvents(map[string]string{"Ce-Datacontenttype": "application/json",
		"content-type": "text/plain"}, nil, today); err == nil {
		t.Error("two content types were decoded")
	}
}
