package stage

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/events/intake"
	"github.com/culvertnet/culvert/events/pause"
)

const (
	// tick is the real time between two looks at what is under way.
	tick = 10 * time.Millisecond
	// step is how far the clock moves when nothing is under way: a minute of the world.
	step = time.Second
	// patience bounds one run in real time. An undisturbed one takes seconds.
	patience = 5 * time.Minute
)

// An Intent is what a run asks for. Data is an apply's; Withdraw has none.
type Intent struct {
	Kind, Connection string
	Data             json.RawMessage
	Withdraw         bool
}

// message is the intent as a publisher sends it.
func (in Intent) message(id, version int) ([]byte, error) {
	want, data := events.Apply, in.Data
	if in.Withdraw {
		want, data = events.Withdraw, []byte("{}")
	}
	return json.Marshal(map[string]any{"specversion": "1.0", "id": strconv.Itoa(id), "source": "/proofs",
		"type": events.IntentType(in.Kind, want, version), "subject": in.Connection,
		"datacontenttype": "application/json", "data": data})
}

// Run submits an intent and lets time pass until its saga has ended and the witness holds nobody.
func (s *Stage) Run(ctx context.Context, in Intent) (events.Status, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	s.sent++
	body, err := in.message(s.sent, s.Catalogue[in.Kind].Newest())
	if err != nil {
		return events.Status{}, err
	}
	accepts := intake.Intake{Kinds: s.Catalogue, Engine: s.engine, Now: s.Clock.Now}
	receipts, err := accepts.Accept(ctx, events.DefaultTenant, nil, body)
	if err != nil {
		return events.Status{}, err
	}
	key := events.Key{Tenant: events.DefaultTenant, Name: in.Connection}
	for {
		state, err := s.engine.State(ctx, key)
		if err != nil {
			return events.Status{}, fmt.Errorf("the run of %s did not end: %w", in.Connection, err)
		}
		quiet, err := s.gate.quiet()
		if err != nil {
			return events.Status{}, err
		}
		view := state.View(true)
		if ended := state.Saga != nil && view.ID == receipts[0].Saga && view.Status.Ended(); ended && quiet {
			return view, s.rest(ctx)
		}
		if quiet {
			if err := s.gate.passed(ctx, s.Clock.Pass(step)); err != nil {
				return view, err
			}
		}
		if err := pause.For(ctx, tick); err != nil {
			return view, fmt.Errorf("the run of %s did not end: %s", in.Connection, view.Status)
		}
	}
}

// settled is how long the world is given after a saga to show all that was done, and claims to forget what was given
// up.
const settled = 120 * step

// rest lets the world come to rest.
func (s *Stage) rest(ctx context.Context) error { return s.Pass(ctx, settled) }
