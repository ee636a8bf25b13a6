package lab

import (
	"context"
	"slices"
	"time"

	"github.com/culvertnet/culvert/events"
)

// InFlight tells whether some step has a command out that can change the world.
func (l *Lab) InFlight(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	list, err := l.API().List(ctx, map[string][]string{"status": {"running"}})
	if err != nil {
		return false
	}
	for _, item := range list {
		if v, err := l.API().Show(ctx, item.ID); err == nil && ChangesWorld(v) {
			return true
		}
	}
	return false
}

// ChangesWorld tells whether a saga has a command in flight that changes the world.
func ChangesWorld(v events.Status) bool {
	return slices.ContainsFunc(v.Steps, func(s events.StepView) bool {
		return s.Status == events.StepRequested && s.Transition != "check" && s.Name != "prove"
	})
}
