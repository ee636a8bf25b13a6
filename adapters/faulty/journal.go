package faulty

import (
	"context"
	"fmt"
	"iter"
	"reflect"
	"slices"
	"strings"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/saga"
)

// Journal wraps a journal for a process. Appends are points, named by their facts.
func (p *Process) Journal(j saga.Journal) saga.Journal { return journal{p, j} }

type journal struct {
	p *Process
	j saga.Journal
}

// Append implements [saga.Journal].
func (j journal) Append(ctx context.Context, appends []saga.Append) []saga.Result {
	var names []string
	for _, a := range appends {
		names = append(names, describe(a))
	}
	var results []saga.Result
	err := j.p.Call(ctx, "append "+strings.Join(names, ", "), func() error {
		results = j.j.Append(ctx, appends)
		return nil
	})
	if err != nil {
		results = make([]saga.Result, len(appends))
		for i := range results {
			results[i].Err = fmt.Errorf("%w: %w", saga.ErrUnknown, err)
		}
	}
	return results
}

// describe names an append by its facts. Looks are reported in any order and any number of them at once, so they are
// named without their steps and once.
func describe(a saga.Append) string {
	facts, _, _, err := saga.DecodeRecord(a.Facts)
	if err != nil {
		return "?"
	}
	var words []string
	for _, f := range facts {
		word := reflect.TypeOf(f).Name()
		step := reflect.ValueOf(f).FieldByName("Step")
		if _, seen := f.(saga.StepSeen); !seen && step.IsValid() && step.Kind() == reflect.String {
			word += " " + step.String()
		}
		if !slices.Contains(words, word) {
			words = append(words, word)
		}
	}
	return strings.Join(words, "+")
}

// Load implements [saga.Journal].
func (j journal) Load(ctx context.Context, k events.Key) (saga.Snapshot, []saga.Record, error) {
	if err := j.p.alive(); err != nil {
		return saga.Snapshot{}, nil, err
	}
	snapshot, records, err := j.j.Load(ctx, k)
	if j.p.script.read() && len(records) > 0 {
		records = records[:len(records)-1]
	}
	return snapshot, records, err
}

// List implements [saga.Journal].
func (j journal) List(ctx context.Context, q saga.Query) (saga.Page, error) {
	if err := j.p.alive(); err != nil {
		return saga.Page{}, err
	}
	return j.j.List(ctx, q)
}

// Follow implements [saga.Journal].
func (j journal) Follow(ctx context.Context, after saga.Position) iter.Seq2[saga.Record, error] {
	return func(yield func(saga.Record, error) bool) {
		for r, err := range j.j.Follow(ctx, after) {
			if j.p.alive() != nil || !yield(r, err) {
				return
			}
		}
	}
}

// Archive implements [saga.Journal].
func (j journal) Archive(ctx context.Context, k events.Key, before uint64) error {
	if err := j.p.alive(); err != nil {
		return err
	}
	return j.j.Archive(ctx, k, before)
}
