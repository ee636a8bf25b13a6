package jetstream

import (
	"strings"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
	"pgregory.net/rapid"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/events/wiretest"
	"github.com/culvertnet/culvert/workers"
)

func TestTokensReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.String().Draw(t, "name")
		subject := tokens(want)
		if strings.ContainsAny(subject, " *>\t\r\n\x00") || strings.Contains(subject, "..") ||
			strings.HasPrefix(subject, ".") || strings.HasSuffix(subject, ".") {
			t.Fatalf("%q is written as %q, which is no legal subject", want, subject)
		}
		if got, err := name(subject); err != nil || got != want {
			t.Fatalf("%q is read back as %q, %v", want, got, err)
		}
	})
}

func TestForeignSubjectsAreNoNames(t *testing.T) {
	for _, s := range []string{"=g0", "a=", "a=1", "=="} {
		if got, err := name(s); err == nil {
			t.Errorf("%q reads as %q", s, got)
		}
	}
}

func TestReservedHeadersAreRefused(t *testing.T) {
	for _, name := range []string{"Nats-Msg-Id", "nats-rollup", "NATS-Expected-Last-Sequence", "Culvert-Dead-Reason"} {
		m := events.Message{Subject: events.CommandSubject("network"), Header: map[string]string{name: "x"}}
		if _, err := encode(m); err == nil {
			t.Errorf("header %s was accepted: it has a meaning to the server or to this adapter", name)
		}
	}
}

// TestHeadersAreReadBack: what the grammar of headers takes comes back as it was, but for names that are the broker's
// own.
func TestHeadersAreReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name, value := wiretest.Names().Draw(t, "name"), wiretest.Names().Draw(t, "value")
		m := events.Message{Subject: events.CommandSubject("network"), ID: "1", Header: map[string]string{name: value}}
		sent, err := encode(m)
		switch grammar := events.CheckHeader(name, value); {
		case grammar != nil && err == nil:
			t.Errorf("header %q: %q is sent, though %v", name, value, grammar)
		case err == nil:
			if back := decode(sent.Subject, sent.Header, sent.Data); back.Subject != m.Subject || back.ID != m.ID ||
				back.Header[name] != value {
				t.Errorf("%+v is read back as %+v", m, back)
			}
		case grammar == nil && !reserved(name):
			t.Errorf("header %q: %q is refused: %v", name, value, err)
		}
	})
}

// TestClaimSubjectsAreReadBack: every resource has a subject that the server takes, and that reads back.
func TestClaimSubjectsAreReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		resource := wiretest.Names().Draw(t, "family") + "/" + wiretest.Names().Draw(t, "rest")
		if workers.CheckResource(resource) != nil {
			return
		}
		subject := claimSubject(resource)
		if !server.IsValidLiteralSubject(subject) || len(subject) > server.MAX_CONTROL_LINE_SIZE-512 {
			t.Errorf("the server does not take %q", subject)
		}
		if back, err := claimOf(subject); err != nil || back != resource {
			t.Errorf("%q is read back as %q: %v", resource, back, err)
		}
		if filter := claimsFilter(resource); !server.IsValidSubject(filter) || !events.Covers(filter, subject) {
			t.Errorf("the filter %q does not cover %q", filter, subject)
		}
	})
}
