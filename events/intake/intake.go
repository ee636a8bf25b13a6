package intake

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/culvertnet/culvert/events"
)

// Submitter takes admitted intents; the orchestrator is one. It answers when the intent is on stable storage. Errors
// are *[events.Refusal], [events.ErrBusy] or of its store. Safe for concurrent use.
type Submitter interface {
	Submit(ctx context.Context, in events.Intent) (events.Receipt, error)
}

// Admitter judges an intent by the rules that a schema cannot say; the catalogue of kinds is one. What is not admitted
// is a *[events.Refusal]. Safe for concurrent use.
type Admitter interface {
	Admit(in events.Intent) error
}

// An Intake is the one way in for intents, however they are sent. Safe for concurrent use.
type Intake struct {
	Kinds  Admitter
	Engine Submitter
	Now    func() time.Time
}

// Accept decodes a message strictly, as [DecodeIntents] says, admits every intent in it before any is submitted, and
// submits them in order. It answers when the last one is on stable storage. When one of a batch cannot be submitted
// after others have been, the error says so, and the whole batch can be sent again: an accepted intent is known again.
func (i Intake) Accept(
	ctx context.Context, tenant string, header map[string][]string, body []byte,
) ([]events.Receipt, error) {
	intents, err := i.Admitted(tenant, header, body)
	if err != nil {
		return nil, err
	}
	receipts := make([]events.Receipt, 0, len(intents))
	for n, in := range intents {
		r, err := i.Engine.Submit(ctx, in)
		if err != nil {
			if n > 0 {
				err = fmt.Errorf("%d of %d intents are accepted, then: %w", n, len(intents), err)
			}
			return receipts, err
		}
		receipts = append(receipts, r)
	}
	return receipts, nil
}

// Admitted decodes a message and admits every intent in it, as Accept does, and submits none.
func (i Intake) Admitted(tenant string, header map[string][]string, body []byte) ([]events.Intent, error) {
	single, err := joinHeader(header)
	if err != nil {
		return nil, err
	}
	intents, err := DecodeIntents(tenant, single, body, i.Now())
	if err != nil {
		return nil, err
	}
	return intents, i.admitAll(intents, isBatch(body))
}

// isBatch tells whether a message that has been decoded was a batch: no other form of an intent is an array.
func isBatch(body []byte) bool { return bytes.HasPrefix(bytes.TrimSpace(body), []byte("[")) }

// admitAll lists what is wrong with every intent; of a batch the fields begin with the intent's place, as they do for
// what is refused while decoding.
func (i Intake) admitAll(intents []events.Intent, batch bool) error {
	var all events.Refusal
	for n, in := range intents {
		err := i.Kinds.Admit(in)
		if err == nil {
			continue
		}
		r, refused := events.AsRefusal(err)
		if !refused {
			return err
		}
		for _, v := range r.Violations {
			if batch {
				v.Field = "/" + strconv.Itoa(n) + "/" + strings.TrimPrefix(v.Field, "/")
			}
			all.Violations = append(all.Violations, v)
		}
	}
	if len(all.Violations) == 0 {
		return nil
	}
	return &all
}

// CheckData judges data that shall replace an intent's (a replay with another input): what is refused here would be
// refused as an intent. It gives the data in canonical form.
func (i Intake) CheckData(in events.Intent) (json.RawMessage, error) {
	data, err := CheckData(in.Kind, in.Want, in.Version, in.Data)
	if err != nil {
		return nil, err
	}
	in.Data = data
	return data, i.Kinds.Admit(in)
}
