package egress

import (
	"context"
	"strings"

	"github.com/culvertnet/culvert/workers"
)

// A tenure is the time of one generation of a step: it begins with a Do and ends with an Undo. While it lasts, a Look tells
// the step's state from the same state that others made; and its record remembers what the step saw first and wrote. It is
// kept as a counted thing with one holder that never lingers.
type tenure struct {
	counted workers.Counted
	// record is what begin and look have read.
	record workers.Record
}

const partTenure = "tenure"

func (d Drivers) tenure(run workers.Run) tenure {
	c := workers.Counted{Claims: d.Claims, Times: d.Times, Resource: "own/" + run.Holder().String()}
	c.Times.Linger = 0
	return tenure{counted: c}
}

// begin begins the tenure, or goes on with it.
func (t tenure) begin(ctx context.Context, run workers.Run) (tenure, error) {
	var err error
	t.record, err = t.counted.Join(ctx, run, partTenure)
	return t, err
}

// look reads the record and whether the tenure lasts: an end that was cut off has not ended it.
func (t tenure) look(ctx context.Context, run workers.Run) (_ tenure, lasts bool, err error) {
	t.record, _, err = t.counted.Held(ctx, run, partTenure)
	return t, t.record.HeldBy(run.Connection.String()), err
}

// note remembers a fact, unless the record has it.
func (t tenure) note(ctx context.Context, run workers.Run, key, value string) error {
	if t.record.Note[key] == value {
		return nil
	}
	return t.counted.Note(ctx, run, key, value)
}

// noted reads a fact as the record had it.
func (t tenure) noted(key string) string { return t.record.Note[key] }

// end ends the tenure and forgets its notes.
func (t tenure) end(ctx context.Context, run workers.Run) error {
	run.Hurry = false // nothing is shared, so there is nothing to leave for the next
	if _, err := t.counted.Leave(ctx, run, partTenure); err != nil {
		return err
	}
	return t.counted.Left(ctx, run, partTenure)
}

// otherHolder names a live holder of the record that belongs to another connection.
func otherHolder(r workers.Record, run workers.Run) (string, bool) {
	for _, h := range r.Holds {
		if h.Live() && !strings.HasPrefix(h.Holder, run.Connection.String()+"/") {
			return h.Holder, true
		}
	}
	return "", false
}
