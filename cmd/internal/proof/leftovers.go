package proof

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/culvertnet/culvert/adapters/simcloud/control"
	"github.com/culvertnet/culvert/events/pause"
)

// Vendors settle some things late: settleWithin bounds how long that is waited for, settleEvery is the time between
// looks.
const (
	settleWithin = 5 * time.Second
	settleEvery  = 50 * time.Millisecond
)

// LeftOvers waits until the world differs from its scenario in nothing but what is retained by name, and gives what is
// left when the vendors had time to settle.
func LeftOvers(ctx context.Context, sim control.Client, retained []string) ([]control.Difference, error) {
	for end := time.Now().Add(settleWithin); ; {
		all, err := sim.Resources(ctx)
		if err != nil {
			return nil, err
		}
		left := Unexplained(all, retained)
		if len(left) == 0 || time.Now().After(end) {
			return left, nil
		}
		if err := pause.For(ctx, settleEvery); err != nil {
			return nil, err
		}
	}
}

// Unexplained are the differences that nothing retained names.
func Unexplained(all []control.Difference, retained []string) []control.Difference {
	var left []control.Difference
	for _, d := range all {
		short := d.Name[strings.LastIndex(d.Name, "/")+1:]
		if !slices.ContainsFunc(retained, func(r string) bool { return strings.Contains(r, short) }) {
			left = append(left, d)
		}
	}
	return left
}
