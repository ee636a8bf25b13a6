package httpapi

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/culvertnet/culvert/workers"
)

// readRateWaits gives the longest waits of calls for a vendor's rate, over all workers that are there.
func (s *server) readRateWaits(ctx context.Context, now time.Time) ([]workers.BudgetWait, error) {
	beats, err := workers.Roster(ctx, s.Claims, now)
	if err != nil {
		return nil, err
	}
	type key struct{ project, group string }
	longest := map[key]float64{}
	for _, b := range beats {
		for _, w := range b.Waits {
			k := key{w.Project, w.Group}
			longest[k] = max(longest[k], w.Seconds)
		}
	}
	all := []workers.BudgetWait{}
	for k, seconds := range longest {
		all = append(all, workers.BudgetWait{Project: k.project, Group: k.group, Seconds: seconds})
	}
	slices.SortFunc(all, func(a, b workers.BudgetWait) int {
		return cmp.Or(cmp.Compare(a.Project, b.Project), cmp.Compare(a.Group, b.Group))
	})
	return all, nil
}
