package plans

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/culvertnet/culvert/cmd/internal/proof"
	"github.com/culvertnet/culvert/cmd/internal/proof/lab"
	"github.com/culvertnet/culvert/cmd/internal/proof/least"
)

// A journey is one way of an example, with the most calls that it may cost. Polls of operations and logins are not
// among them: how many there are is a matter of time. It is two more than the least: a session that ends costs a look.
type journey struct {
	example, way string
	most         int
	moments      func(least.World) []least.Moment
}

// inTheWorld is what the lists of the default world hold.
var inTheWorld = least.World{Services: 1003, Zones: 1}

// fewest is the least that the way can cost, without what a speaker of BGP tells (see package least).
func (j journey) fewest() int { return least.Timeless(j.moments(inTheWorld)) }

func journeys() []journey {
	return []journey{
		{"private-service", "apply", 266, least.ApplyDirect},
		{"private-service", "withdraw", 87, least.WithdrawDirect},
		{"private-service-connector", "apply", 186, least.ApplyConnector},
		{"private-service-connector", "withdraw", 57, least.WithdrawConnector},
	}
}

// countCalls: the two examples cost no more calls than they are known to. The world counts them, reads too.
func countCalls(ctx context.Context, s lab.Settings) error {
	l, err := lab.Alone(ctx, s, 200)
	if err != nil {
		return err
	}
	t := &proof.Table{Header: "call"}
	err = countRun(ctx, l, t)
	return errors.Join(err, t.Print(), l.Close())
}

func countRun(ctx context.Context, l *lab.Lab, t *proof.Table) error {
	var made []map[string]int
	before := map[string]int{}
	for _, j := range journeys() {
		t.Header += " " + strings.TrimPrefix(j.example, "private-") + "-" + j.way
		if err := travel(ctx, l, j); err != nil {
			return err
		}
		calls, err := l.Sim().Calls(ctx)
		if err != nil {
			return err
		}
		now := map[string]int{}
		for _, c := range calls {
			key := c.Vendor + "/" + c.Call
			if n := c.Count - before[key]; n > 0 {
				now[key] = n
			}
			before[key] = c.Count
		}
		made = append(made, now)
	}
	tabulate(t, made)
	return nil
}

// travel goes one way of an example to its end.
func travel(ctx context.Context, l *lab.Lab, j journey) error {
	file := "examples/" + j.example + ".yaml"
	args := []string{"submit", file, "--wait"}
	if j.way == "withdraw" {
		name, err := connectionIn(file)
		if err != nil {
			return err
		}
		args = []string{"withdraw", name, "--wait"}
	}
	code, err := l.Command(ctx, nil, args...)
	return errors.Join(err, proof.Need(code == 0, "culvert %s ended with %d", strings.Join(args, " "), code))
}

// polls tells a call that asks how a long operation goes, or for a session.
func polls(call string) bool {
	return slices.ContainsFunc([]string{"perations.get", "/changes.get", "/login", "/get_api_token"},
		func(end string) bool { return strings.HasSuffix(call, end) })
}

// tabulate makes a row of each call, and one of the sums that are held against their bounds.
func tabulate(t *proof.Table, made []map[string]int) {
	names := map[string]bool{}
	for _, m := range made {
		for call := range m {
			names[call] = true
		}
	}
	sums, asked := make([]int, len(made)), make([]int, len(made))
	row := func(name string, miss error, of func(int) any) {
		cells := []any{name}
		for i := range made {
			cells = append(cells, of(i))
		}
		t.Row(miss, cells...)
	}
	for _, call := range slices.Sorted(maps.Keys(names)) {
		row(call, nil, func(i int) any {
			if n := made[i][call]; polls(call) {
				asked[i] += n
			} else {
				sums[i] += n
			}
			return made[i][call]
		})
	}
	var misses []error
	for i, j := range journeys() {
		misses = append(misses, proof.Need(sums[i] <= j.most, "%s %s costs %d calls, at most %d are known", j.example,
			j.way, sums[i], j.most))
	}
	row("polls and logins", nil, func(i int) any { return asked[i] })
	row("the least of all others", nil, func(i int) any { return journeys()[i].fewest() })
	row("all others, of at most", errors.Join(misses...), func(i int) any {
		return fmt.Sprintf("%d/%d", sums[i], journeys()[i].most)
	})
}
