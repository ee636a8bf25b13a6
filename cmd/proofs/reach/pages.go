package reach

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/culvertnet/culvert/adapters/simcloud/world"
	"github.com/culvertnet/culvert/cmd/internal/proof"
	"github.com/culvertnet/culvert/cmd/internal/proof/lab"
	"github.com/culvertnet/culvert/events/reach"
)

// goldenFlows are the worlds and the packets whose outcome a page of a vendor gives. The simulated world's evaluator is
// held to the same files; the model never saw them.
const goldenFlows = "adapters/simcloud/reach/testdata/flows"

// pages asks the model about each packet of the vendors' pages, over facts that the adapters read from its world.
//
// A packet that passes has to be in May, one that is dropped must not be in Sure, whatever the switches are. What is
// undecided although no switch changes the page's outcome is counted by cause: it is caution that costs.
func pages(ctx context.Context, s lab.Settings) error {
	folder := goldenFlows
	if s.Fixtures != "" {
		folder = s.Fixtures
	}
	files, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
	if err != nil || len(files) == 0 {
		return fmt.Errorf("find flows in %s: %w", folder, errors.Join(err, os.ErrNotExist))
	}
	t := proof.Table{Header: "world flows asked contradicted undecided of-these-by-a-switch not-asked"}
	all := tally{causes: map[string]int{}}
	for _, file := range files {
		one, err := pagesOf(ctx, file)
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		t.Row(one.verdict(), one.cells(strings.TrimSuffix(filepath.Base(file), ".yaml"))...)
		all.add(one)
	}
	t.Row(all.verdict(), all.cells("all")...)
	err = t.Print()
	all.print()
	return err
}

// pagesOf asks about the flows of one file.
func pagesOf(ctx context.Context, file string) (tally, error) {
	var out tally
	text, g, err := readGolden(file)
	if err != nil {
		return out, err
	}
	out.causes = map[string]int{}
	err = inWorld(ctx, text, g.prepare, func(seen observation) {
		for _, f := range g.Flows {
			out.flows++
			q, err := seen.question(f)
			if err != nil {
				out.skipped = append(out.skipped, f.ID+": "+err.Error())
				continue
			}
			out.asked++
			out.judge(seen, f, q)
		}
	})
	return out, err
}

// prepare does to a world what its golden file says beside the scenario.
func (g golden) prepare(tx *world.Tx) error {
	for _, r := range g.SiteRoutes {
		tx.QuietPut("bgp", "siteRoute", r[0]+"/"+r[1], world.Doc{"nextHop": r[2]})
	}
	for _, g := range g.Gone {
		tx.QuietDelete("gcp", g[0], g[1])
	}
	return nil
}

// A tally counts what the model said.
type tally struct {
	flows, asked, undecided, switched int
	wrong, cautious, skipped          []string
	causes                            map[string]int
}

// judge holds one answer against the page.
func (t *tally) judge(seen observation, f flow, q reach.Question) {
	want, v := f.Out == "passes", reach.Evaluate(seen.world, q)
	if want && f.Back != "" { // both ways, where the page tells both
		want, v = f.Back == "passes", reach.RoundTrip(seen.world, q)
	}
	passes, blocked := v.Sure.Covers(q.Flows), v.May.Empty()
	switch {
	case want && blocked, !want && passes:
		t.wrong = append(t.wrong, fmt.Sprintf("%s: the page says %t (%s)\n    %s", f.ID, want, f.Says, way(v)))
	case passes || blocked:
	default:
		t.undecided++
		if f.Flips != "" || len(f.Switches) > 0 {
			t.switched++
			return
		}
		var causes []string
		for _, g := range v.Open {
			causes = append(causes, string(g.Cause)+" "+g.Object+": "+g.Why)
			t.causes[string(g.Cause)]++
		}
		t.cautious = append(t.cautious, f.ID+": "+strings.Join(causes, "; "))
	}
}

func way(v reach.Verdict) string {
	var out []string
	for _, h := range slices.Concat(v.Hops, v.Back) {
		out = append(out, fmt.Sprintf("%s %s: %s %s", h.Realm, h.Layer, h.Object, h.Act))
	}
	return strings.Join(out, "\n    ")
}

func (t *tally) add(o tally) {
	t.flows, t.asked, t.undecided, t.switched = t.flows+o.flows, t.asked+o.asked, t.undecided+o.undecided,
		t.switched+o.switched
	t.wrong, t.cautious = append(t.wrong, o.wrong...), append(t.cautious, o.cautious...)
	t.skipped = append(t.skipped, o.skipped...)
	for cause, n := range o.causes {
		t.causes[cause] += n
	}
}

func (t *tally) cells(name string) []any {
	return []any{name, t.flows, t.asked, len(t.wrong), t.undecided, t.switched, len(t.skipped)}
}

func (t *tally) verdict() error {
	if len(t.wrong) == 0 {
		return nil
	}
	first, _, _ := strings.Cut(t.wrong[0], "\n")
	return errors.New(first)
}

func (t *tally) print() {
	for _, part := range []struct {
		what string
		list []string
	}{
		{"contradicted by a page", t.wrong}, {"undecided, and no switch changes the outcome", t.cautious},
		{"not asked", t.skipped},
	} {
		fmt.Printf("%s: %d\n", part.what, len(part.list))
		for _, line := range slices.Sorted(slices.Values(part.list)) {
			fmt.Println("  " + line)
		}
	}
}
