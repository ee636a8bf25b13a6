package events_test

import (
	"strings"
	"testing"

	"github.com/culvertnet/culvert/events"
)

func TestStreamOf(t *testing.T) {
	key := events.Key{Tenant: "default", Name: "orders"}
	for subject, want := range map[string]events.Stream{
		events.IntentSubject("private-service"):             events.Intents,
		events.StatusSubject("private-service", "stuck"):    events.Statuses,
		events.CommandSubject("egress"):                     events.Commands,
		events.ResultSubject(key):                           events.Results,
		events.DeadSubject(events.CommandSubject("egress")): events.Dead,
		events.Intents.Subject:                              events.Intents,
		"culvert.status.private-service.*":                  events.Statuses,
		"culvert.dead.*":                                    events.Dead,
	} {
		if got, ok := events.StreamOf(subject); !ok || got != want {
			t.Errorf("%s is carried by %+v (%t), want %s", subject, got, ok, want.Name)
		}
	}
	for _, subject := range []string{
		"", "culvert", "culvert.intents", "culvert.intents.", "culvert.intents..a", "culvert.intents.a b",
		"culvert.intents.a\n",
		"culvert.intents.a*", "culvert.intents.>>", "culvert.intentsx.a", "other.intents.a", events.JournalSubject(key),
		events.Journal.Subject,
	} {
		if got, ok := events.StreamOf(subject); ok {
			t.Errorf("%q is carried by %s, want no stream", subject, got.Name)
		}
	}
}

func TestSubscriptionStream(t *testing.T) {
	good := events.Subscription{
		Name: "workers-1", Subjects: []string{events.CommandSubject("egress"), events.CommandSubject("network")},
	}
	if got, err := good.Stream(); err != nil || got != events.Commands {
		t.Errorf("a good subscription belongs to %+v: %v", got, err)
	}
	for want, spoil := range map[string]func(*events.Subscription){
		"name \"Workers": func(s *events.Subscription) { s.Name = "Workers.1" },
		"no subject":     func(s *events.Subscription) { s.Subjects = nil },
		"negative Paral": func(s *events.Subscription) { s.Parallel = -1 },
		"MaxDeliver":     func(s *events.Subscription) { s.MaxDeliver = -1 },
		"no stream":      func(s *events.Subscription) { s.Subjects = []string{"elsewhere.a"} },
		"of two streams,": func(s *events.Subscription) {
			s.Subjects = append(s.Subjects[:1:1], events.IntentSubject("x"))
		},
	} {
		bad := good
		spoil(&bad)
		if got, err := bad.Stream(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v belongs to %+v: %v, want %q", bad, got, err, want)
		}
	}
}
