package main

import (
	"context"
	"fmt"
	"time"

	"github.com/culvertnet/culvert/adapters/simcloud/control"
	"github.com/culvertnet/culvert/events"
)

// inFlight tells whether some step has a command out that can change the world.
func (l *lab) inFlight(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	list, err := l.api().List(ctx, map[string][]string{"status": {"running"}})
	if err != nil {
		return false
	}
	for _, item := range list {
		v, err := l.api().Show(ctx, item.ID)
		if err != nil {
			return false
		}
		for _, s := range v.Steps {
			if s.Status == events.StepRequested && s.Transition != "check" && s.Name != "prove" {
				return true
			}
		}
	}
	return false
}

// oneLiveEffect tells whether creates minus deletes is zero or one for every named object.
func oneLiveEffect(list []control.Effect) error {
	live := map[string]int{}
	for _, e := range list {
		key := e.Vendor + " " + e.Kind + " " + e.Name
		switch e.Effect {
		case "create":
			live[key]++
		case "delete":
			live[key]--
		}
		if live[key] < 0 || live[key] > 1 {
			return fmt.Errorf("%s has %d live effects at %d", key, live[key], e.Seq)
		}
	}
	return nil
}
