package broken

import (
	"context"
	"errors"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/culvertnet/culvert/cmd/internal/proof"
	"github.com/culvertnet/culvert/cmd/internal/proof/lab"
	"github.com/culvertnet/culvert/events"
)

// broken completes each story's connection in a world of its own, breaks one thing after the other behind the product,
// and asks what differs. The world's evaluator has to confirm that packets go otherwise. What is missing from the start
// is asked for in another world, where the apply has to end before the first effect.
func broken(ctx context.Context, s lab.Settings) error {
	t := &proof.Table{Header: "line story what packets told"}
	var all errgroup.Group
	all.SetLimit(max(s.Parallel, 1))
	speaking := make(chan struct{}, 1) // speakers have their addresses from the world, which is one at a time
	alone := func(of story, play func()) func() error {
		return func() error {
			if of.speakers() {
				speaking <- struct{}{}
				defer func() { <-speaking }()
			}
			play()
			return nil
		}
	}
	for _, one := range stories() {
		rows := one.breaks
		one.breaks = slices.DeleteFunc(slices.Clone(rows), func(b breach) bool {
			return !strings.Contains(one.name+" "+b.line+" "+b.name, s.Only)
		})
		if len(one.breaks) == 0 {
			continue
		}
		all.Go(alone(one, func() { one.after(ctx, t) }))
		for _, b := range one.breaks {
			if b.refuses+b.doubt != "" {
				all.Go(alone(one, func() {
					ended, err := one.lacks(ctx, b)
					t.Row(err, cell(b.line), one.name, cell("from the start: "+b.name), "-", cell(ended))
				}))
			}
		}
	}
	_ = all.Wait() // each has its row
	return t.Print()
}

// after completes the connection and breaks it, thing by thing.
func (s story) after(ctx context.Context, t *proof.Table) {
	stand, err := s.open(ctx, nil)
	if err != nil {
		t.Row(err, "-", s.name, "did_not_begin", "-", "-")
		return
	}
	defer func() {
		if err := stand.Close(); err != nil {
			t.Row(err, "-", s.name, "did_not_end", "-", "-")
		}
	}()
	v, err := stand.Run(ctx, s.intent())
	if err == nil {
		err = proof.Need(v.Status == events.SagaCompleted, "ended %s: %s", v.Status, v.Reason)
	}
	if err == nil {
		err = errors.Join(stand.notes(), stand.whole(ctx))
	}
	for _, cause := range s.doubts {
		told := slices.ContainsFunc(v.Unverified(), func(u events.Unverified) bool { return u.Cause == cause })
		err = errors.Join(err, proof.Need(told, "%s is not told as unverified: %+v", cause, v.Unverified()))
	}
	t.Row(err, "-", s.name, "whole", 0, "no_alarm")
	if v.Status != events.SagaCompleted {
		return
	}
	for _, b := range s.breaks {
		changed, step, err := stand.meets(ctx, b)
		t.Row(err, cell(b.line), s.name, cell(b.name), changed, cell(step+" names "+stand.made.Replace(b.object)))
		if errors.Is(err, context.Canceled) {
			return
		}
	}
}

func cell(text string) string { return strings.ReplaceAll(text, " ", "_") }
