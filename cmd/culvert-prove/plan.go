package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/culvertnet/culvert/adapters/faulty"
	"github.com/culvertnet/culvert/adapters/simcloud/control"
	"github.com/culvertnet/culvert/adapters/simcloud/world"
	"github.com/culvertnet/culvert/events"
)

// planned is a trial to be.
type planned struct {
	Intent string `json:"intent"`
	// Boundary is the kind of place, Point the very one, Fault what happens there.
	Boundary string `json:"boundary"`
	Point    string `json:"point"`
	Fault    string `json:"fault"`
	blows    []faulty.Blow
	faults   []control.Fault
	// back are faults of the withdrawal, from its start.
	back []control.Fault
	// continues says that what is stuck is continued once, as an operator does when the vendor is well again.
	continues bool
	// ends are the ends that are right.
	ends []events.SagaStatus
}

// plan lists the trials: what an undisturbed run passes and calls is where something can go wrong.
func (p *prover) plan(ctx context.Context, intent string, undisturbed outcome) ([]planned, error) {
	var all []planned
	through := []events.SagaStatus{events.SagaCompleted}
	for _, point := range faulty.FactPoints(undisturbed.passed) {
		if !p.all && !distinct(point) {
			continue
		}
		kinds := []faulty.Kind{faulty.Death}
		switch {
		case strings.HasPrefix(point, "after "):
			kinds = append(kinds, faulty.Lost)
		case strings.HasPrefix(point, "before take "):
			kinds = append(kinds, faulty.Delay)
		case strings.HasPrefix(point, "before answer "):
			kinds = append(kinds, faulty.Repeat)
		}
		for _, kind := range kinds {
			if p.quick && kind != faulty.Death {
				continue
			}
			all = append(all, planned{
				Intent: intent, Boundary: boundary(point), Point: point, Fault: string(kind), ends: through,
				blows: []faulty.Blow{{Point: point, Kind: kind}},
			})
		}
	}
	calls, err := p.vendorTrials(ctx, intent, undisturbed)
	return append(all, calls...), err
}

// vendorTrials are those at the calls of vendors: of the way there, of the way back, and of undoing what came before a
// refusal.
func (p *prover) vendorTrials(ctx context.Context, intent string, undisturbed outcome) ([]planned, error) {
	var all []planned
	through := []events.SagaStatus{events.SagaCompleted}
	either := []events.SagaStatus{events.SagaCompleted, events.SagaCompensated}
	for _, call := range undisturbed.calls {
		for mode, ends := range map[string][]events.SagaStatus{world.LoseReply: either,
			world.Refuse: {events.SagaCompensated}} {
			fault := control.Fault{Vendor: call.Vendor, Call: call.Name, Mode: mode, Times: 1}
			all = append(all, planned{
				Intent: intent, Boundary: "vendor call", Point: call.Vendor + " " + call.Name,
				Fault: vendorFaults[mode], ends: ends, faults: []control.Fault{fault},
			})
		}
	}
	for _, call := range undisturbed.undone {
		for mode, ends := range map[string][]events.SagaStatus{
			world.LoseReply: through, world.FailBefore: through, world.Refuse: {events.SagaStuck, events.SagaCompleted},
		} {
			all = append(all, planned{
				Intent: intent, Boundary: "withdrawal", Point: call.Vendor + " " + call.Name, Fault: vendorFaults[mode],
				ends: ends, continues: mode == world.Refuse,
				back: []control.Fault{{Vendor: call.Vendor, Call: call.Name, Mode: mode, Times: 1}},
			})
		}
	}
	if len(undisturbed.calls) == 0 {
		return all, nil
	}
	last := undisturbed.calls[len(undisturbed.calls)-1]
	refused := control.Fault{Vendor: last.Vendor, Call: last.Name, Mode: world.Refuse, Times: 1}
	back, err := p.try(ctx, planned{faults: []control.Fault{refused}})
	if err != nil {
		return nil, fmt.Errorf("run that is refused at %s: %w", last.Name, err)
	}
	for _, call := range back.undone {
		for mode, ends := range map[string][]events.SagaStatus{
			world.FailBefore: {events.SagaCompensated}, world.Refuse: {events.SagaStuck, events.SagaCompensated},
		} {
			all = append(all, planned{
				Intent: intent, Boundary: "undo", Point: call.Vendor + " " + call.Name,
				Fault: "undo " + vendorFaults[mode], ends: ends, continues: mode == world.Refuse,
				// The second is for the way back: the same call may come on the way there.
				faults: []control.Fault{refused,
					{Vendor: call.Vendor, Call: call.Name, Mode: mode, Times: 1, Behind: true}},
			})
		}
	}
	return all, nil
}

// distinct leaves out what comes to the same: a call's second time (the polls of a long operation, mostly), and the
// moment before a call, which is the one after the call before it.
func distinct(point string) bool {
	first := strings.HasSuffix(point, " #1")
	return first && (strings.HasPrefix(point, "after ") || strings.HasPrefix(point, "before take ") ||
		strings.HasPrefix(point, "before answer "))
}

// vendorFaults names the world's modes in a reader's words.
var vendorFaults = map[string]string{world.LoseReply: "timeout after the effect", world.Refuse: "refused",
	world.FailBefore: "failed"}

// boundary is the kind of a point: its words up to what it is about.
func boundary(point string) string {
	words := strings.Fields(point)[1:]
	switch words[0] {
	case "publish", "take", "answer":
		if events.Covers(events.Statuses.Subject, words[1]) {
			return words[0] + " status"
		}
		return words[0] + " " + words[1]
	case "store":
		return "store claim"
	case "fact":
		return "append"
	}
	return words[0]
}
