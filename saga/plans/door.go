package plans

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/events/intake"
	"github.com/culvertnet/culvert/saga"
)

// Submitter takes admitted intents; the orchestrator is one.
type Submitter interface {
	Submit(ctx context.Context, in events.Intent) (saga.Receipt, error)
}

// A Door is the one Accept that every door calls: NATS, HTTP, and later Pub/Sub. Safe for concurrent use.
type Door struct {
	Catalogue Catalogue
	Engine    Submitter
	Now       func() time.Time
}

// Accept decodes a message strictly, admits every intent in it before any is submitted, and submits them in order. It
// answers when the last one is on stable storage. When one of a batch cannot be submitted after others have been, the
// error says so, and the whole batch can be sent again: an accepted intent is known again.
func (d Door) Accept(ctx context.Context, tenant string, header map[string]string, body []byte) ([]saga.Receipt, error) {
	intents, err := intake.DecodeIntents(tenant, header, body, d.Now())
	if err != nil {
		return nil, err
	}
	if err := d.admitAll(intents, isBatch(body)); err != nil {
		return nil, err
	}
	receipts := make([]saga.Receipt, 0, len(intents))
	for i, in := range intents {
		r, err := d.Engine.Submit(ctx, in)
		if err != nil {
			if i > 0 {
				err = fmt.Errorf("%d of %d intents are accepted, then: %w", i, len(intents), err)
			}
			return receipts, err
		}
		receipts = append(receipts, r)
	}
	return receipts, nil
}

// isBatch tells whether a message that has been decoded was a batch: no other form of an intent is an array.
func isBatch(body []byte) bool { return bytes.HasPrefix(bytes.TrimSpace(body), []byte("[")) }

// admitAll lists what is wrong with every intent; of a batch the fields begin with the intent's place, as they do for what
// is refused while decoding.
func (d Door) admitAll(intents []events.Intent, batch bool) error {
	var all events.Refusal
	for i, in := range intents {
		err := d.Catalogue.Admit(in)
		if err == nil {
			continue
		}
		r, refused := events.AsRefusal(err)
		if !refused {
			return err
		}
		for _, v := range r.Violations {
			if batch {
				v.Field = "/" + strconv.Itoa(i) + "/" + strings.TrimPrefix(v.Field, "/")
			}
			all.Violations = append(all.Violations, v)
		}
	}
	if len(all.Violations) == 0 {
		return nil
	}
	return &all
}

// CheckData judges data that shall replace an intent's (a replay with another input): what is refused here would be refused
// at any door. It gives the data in canonical form.
func (d Door) CheckData(in events.Intent) (json.RawMessage, error) {
	data, err := intake.CheckData(in.Kind, in.Want, in.Version, in.Data)
	if err != nil {
		return nil, err
	}
	in.Data = data
	return data, d.Catalogue.Admit(in)
}
