package lab

import (
	"context"
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
		v, err := l.API().Show(ctx, item.ID)
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
