package pubsub

import (
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/events/wiretest"
)

// resourceID is what Pub/Sub takes as the id of a topic or subscription
// (https://cloud.google.com/pubsub/docs/pubsub-basics, "resource names"); an id that begins with goog is refused.
var resourceID = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9._~+%-]{2,254}$`)

// TestPlacesAreWhatPubSubTakes: every capability and every subscription name has a subscription id that Pub/Sub takes,
// a subject that is carried, and a filter that needs no escapes.
func TestPlacesAreWhatPubSubTakes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var o Options
		if name := wiretest.Names().Draw(t, "capability"); events.ParseCapability(name) == nil {
			o.Capabilities = append(o.Capabilities, name)
		}
		if name := wiretest.Names().Draw(t, "reader"); events.ParseSubscriptionName(name) == nil {
			o.StatusReaders = append(o.StatusReaders, name)
		}
		ids := map[string]bool{}
		for _, p := range o.places() {
			if !resourceID.MatchString(p.id) || strings.HasPrefix(p.id, "goog") || ids[p.id] || len(p.filter) > 256 ||
				strings.Contains(p.filter, `\`) {
				t.Errorf("Pub/Sub does not take the subscription %+v", p)
			}
			ids[p.id] = true
		}
		for _, topic := range topics {
			if !resourceID.MatchString(topic) {
				t.Errorf("Pub/Sub does not take the topic %q", topic)
			}
		}
		for _, capability := range o.Capabilities {
			if stream, ok := o.carries(events.CommandSubject(capability)); !ok || stream != events.Commands {
				t.Errorf("commands of capability %q are not carried", capability)
			}
			if found, err := o.placesOf(events.CommandsOf(capability)); err != nil || len(found) != 1 {
				t.Errorf("commands of capability %q are read at %q: %v", capability, found, err)
			}
		}
		for _, reader := range o.StatusReaders {
			s := events.Subscription{Name: reader, Subjects: []string{events.Statuses.Subject}}
			if found, err := o.placesOf(s); err != nil || len(found) != 1 {
				t.Errorf("reader %q reads at %q: %v", reader, found, err)
			}
		}
	})
}

// TestHeadersAreReadBack: what the grammar of headers takes, and Pub/Sub has room for, comes back as it was.
func TestHeadersAreReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name, value := wiretest.Names().Draw(t, "name"), wiretest.Names().Draw(t, "value")
		m := events.Message{Subject: events.CommandSubject("network"), ID: "1", Header: map[string]string{name: value},
			Body: []byte("x")}
		sent, err := encode(m)
		switch grammar := events.CheckHeader(name, value); {
		case grammar != nil && err == nil:
			t.Errorf("header %q: %q is sent, though %v", name, value, grammar)
		case err == nil:
			if back := decode(sent, events.Commands); back.Subject != m.Subject || back.ID != m.ID ||
				back.Header[name] != value {
				t.Errorf("%+v is read back as %+v", m, back)
			}
		case grammar == nil && !strings.HasPrefix(name, "culvert_") && !strings.HasPrefix(strings.ToLower(name),
			"goog"):
			t.Errorf("header %q: %q is refused: %v", name, value, err)
		}
	})
}
