package intake

import (
	"strings"
	"time"

	"github.com/culvertnet/culvert/events"
)

// DecodeIntents reads the intents of one message: structured JSON, batch or binary mode, told by its headers, whose
// names count in any case. A message without content type and without attribute headers is structured JSON, as NATS
// publishers send it. A structured or binary message gives exactly one intent. now bounds the events' times.
//
// The error is an *[events.Refusal] that lists the violations of envelope and data of every event together (the first
// hundred): "schema-<keyword>" for what a schema says, "type" for a type that is not known. Of a batch the fields begin
// with the event's place ("/3/id"), and one bad event refuses all.
func DecodeIntents(tenant string, header map[string]string, body []byte, now time.Time) ([]events.Intent, error) {
	trees, refusal := readMessage(header, body)
	if refusal == nil {
		refusal = trees.check(func(t *tree) {
			t.checkEnvelope(now)
			t.checkIntent(tenant)
		})
	}
	if refusal != nil {
		return nil, refusal
	}
	intents := make([]events.Intent, 0, len(trees))
	for _, t := range trees {
		in, err := t.intent(tenant)
		if err != nil {
			return nil, err
		}
		intents = append(intents, in)
	}
	return intents, nil
}

// joinHeader makes the single-valued header that DecodeIntents takes from one with lists of values (HTTP). An attribute
// or content type that is there twice is refused: nobody can tell which one is meant.
func joinHeader(header map[string][]string) (map[string]string, error) {
	joined := make(map[string]string, len(header))
	for name, values := range header {
		lower := strings.ToLower(name)
		if !strings.HasPrefix(lower, attributePrefix) && lower != "content-type" {
			continue
		}
		if _, twice := joined[lower]; twice || len(values) > 1 {
			return nil, events.NewRefusal(strings.TrimPrefix(lower, attributePrefix), "duplicate-attribute",
				"the header %s is there more than once", name)
		}
		if len(values) == 1 {
			joined[lower] = values[0]
		}
	}
	return joined, nil
}

// A tree is one event, read but not yet believed.
type tree struct {
	// at is the event's place in a batch, "" outside of one.
	at   string
	root map[string]any
	// unread says that the data of a binary message could not be read, which has been noted.
	unread     bool
	violations []events.Violation
}

type trees []*tree

// check runs a check on every event and folds what was found.
func (ts trees) check(each func(*tree)) *events.Refusal {
	var all []events.Violation
	for _, t := range ts {
		each(t)
		for _, v := range t.violations {
			all = append(all, events.Violation{Field: t.at + v.Field, Rule: v.Rule, Message: v.Message})
			if t.at == "" {
				all[len(all)-1].Field = attributeName(v.Field)
			}
		}
	}
	if len(all) == 0 {
		return nil
	}
	return clipped(all)
}

// attributeName turns the pointer of an attribute into its name; pointers into the data stay pointers.
func attributeName(pointer string) string {
	name := strings.TrimPrefix(pointer, "/")
	if name == "data" || strings.Contains(name, "/") {
		return pointer
	}
	return name
}
