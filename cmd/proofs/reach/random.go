package reach

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	judge "github.com/culvertnet/culvert/adapters/simcloud/reach"
	"github.com/culvertnet/culvert/adapters/simcloud/world"
	"github.com/culvertnet/culvert/cmd/internal/proof"
	"github.com/culvertnet/culvert/cmd/internal/proof/lab"
	"github.com/culvertnet/culvert/cmd/proofs/reach/invented"
	"github.com/culvertnet/culvert/events/reach"
)

// The figures of the proof over random worlds. It ends early when its time is over, and tells how many worlds it had.
const (
	worldsAsked   = 2000
	flowsPerWorld = 50
	settingsTried = 8
	randomTime    = 6 * time.Minute
)

// random holds the model against the world's judge in random worlds.
//
// The model answers over facts that the adapters have read. The judge answers for each packet under several settings
// of its switches: a packet in Sure must pass under all of them, one that passes under any must be in May. What is
// undecided although no setting changes the judge's answer is caution, counted by cause.
func random(ctx context.Context, s lab.Settings) error {
	worlds := cmp.Or(s.Sagas, worldsAsked)
	fmt.Printf("seed %d, %d worlds of %d flows, at most %s\n", s.Seed, worlds, flowsPerWorld, randomTime)
	all := contest{cautious: map[string]int{}}
	err := proof.TryWorlds(ctx, proof.Worlds{First: s.Seed, Count: worlds, Within: randomTime}, contestIn, all.add)
	return errors.Join(err, all.print())
}

// A contest counts what the two said of each other.
type contest struct {
	worlds, flows, settings, passed, sure, blocked, undecided, switched, skipped int
	wrongSure, wrongBlocked                                                      []miss
	cautious                                                                     map[string]int
}

// A miss is an answer that the judge contradicts. The cause is what decided on both sides, without the world's names.
type miss struct{ cause, told string }

func (c *contest) add(o contest) {
	c.worlds, c.flows, c.settings = c.worlds+o.worlds, c.flows+o.flows, c.settings+o.settings
	c.passed += o.passed
	c.sure, c.blocked, c.undecided = c.sure+o.sure, c.blocked+o.blocked, c.undecided+o.undecided
	c.switched, c.skipped = c.switched+o.switched, c.skipped+o.skipped
	c.wrongSure, c.wrongBlocked = append(c.wrongSure, o.wrongSure...), append(c.wrongBlocked, o.wrongBlocked...)
	for cause, n := range o.cautious {
		c.cautious[cause] += n
	}
}

// contestIn lets both answer about the packets of one random world.
func contestIn(ctx context.Context, seed uint64) (contest, error) {
	out := contest{worlds: 1, cautious: map[string]int{}}
	text, flows, err := invented.World(seed, flowsPerWorld)
	if err != nil {
		return out, err
	}
	var packets *judge.Snapshot
	read := func(tx *world.Tx) error { packets = judge.Read(tx); return nil }
	settings := positions(seed)
	err = inWorld(ctx, text, read, func(seen observation) {
		for _, f := range flows {
			if err := out.ask(seen, packets, f, settings); err != nil {
				out.skipped++
			}
		}
	})
	for _, list := range [][]miss{out.wrongSure, out.wrongBlocked} {
		for i := range list {
			list[i].told = fmt.Sprintf("world %d: %s", seed, list[i].told)
		}
	}
	return out, err
}

// positions are settings of the judge's switches: all as they are by default, all the other way, and random ones.
func positions(seed uint64) []judge.Settings {
	r := rand.New(rand.NewPCG(seed, 30))
	out := []judge.Settings{{}, {}}
	for _, s := range judge.Switches() {
		out[1][s.Name] = !s.Default
	}
	for len(out) < settingsTried {
		one := judge.Settings{}
		for _, s := range judge.Switches() {
			one[s.Name] = r.IntN(2) == 0
		}
		out = append(out, one)
	}
	return out
}

// ask puts one packet to both. The way there and both ways are held against each other.
func (c *contest) ask(seen observation, packets *judge.Snapshot, f invented.Flow, settings []judge.Settings) error {
	q, err := seen.question(flow{From: f.From, To: f.To, Proto: f.Proto, Port: f.Port, V6: f.V6})
	if err != nil {
		return err
	}
	asked := judge.Question{From: seen.expand(f.From), To: seen.expand(f.To), Proto: f.Proto, Port: f.Port, V6: f.V6}
	var out, both outcome
	for _, set := range settings {
		a, err := packets.Under(set).Answer(asked)
		if err != nil {
			return err
		}
		out.add(a.Out.Passes, set, a)
		both.add(a.Passes, set, a)
	}
	c.flows++
	c.settings += len(settings)
	c.hold(fmt.Sprintf("%+v out", f), q, reach.Evaluate(seen.world, q), out)
	c.hold(fmt.Sprintf("%+v both ways", f), q, reach.RoundTrip(seen.world, q), both)
	return nil
}

// An outcome is what the judge said of one packet under some settings, with an answer of each kind.
type outcome struct {
	passed, dropped   bool
	passing, dropping contrary
}

// A contrary is an answer of the judge: by which rules, and told at length.
type contrary struct{ rules, told string }

func (o *outcome) add(passes bool, set judge.Settings, a judge.Answer) {
	told := fmt.Sprintf("under %v: out %s", maps.Collect(maps.All(set)), hops(a.Out))
	if a.Back != nil {
		told += "\n      back " + hops(*a.Back)
	}
	last := a.Out
	if a.Back != nil && !a.Passes {
		last = *a.Back
	}
	switch {
	case passes && !o.passed:
		o.passed, o.passing = true, contrary{rules(a.Out), told}
	case !passes && !o.dropped:
		o.dropped, o.dropping = true, contrary{last.Decided().Rule, told}
	}
}

// rules are those that decided a way, each once, in their order. Those of the firewall hardly tell ways apart.
func rules(w judge.Way) string {
	var out []string
	for _, h := range w.Hops {
		if !slices.Contains(out, h.Rule) && !strings.HasPrefix(h.Rule, "firewall-") {
			out = append(out, h.Rule)
		}
	}
	return strings.Join(out, ", ")
}

func hops(w judge.Way) string {
	out := []string{w.Src + " to " + w.Dst}
	for _, h := range w.Hops {
		out = append(out, h.At+" "+h.Rule+" "+h.By+" "+h.Switch)
	}
	return strings.Join(out, "\n        ")
}

// hold compares a verdict with an outcome.
func (c *contest) hold(about string, q reach.Question, v reach.Verdict, o outcome) {
	sure, blocked := v.Sure.Covers(q.Flows), v.May.Empty()
	if o.passed {
		c.passed++
	}
	switch {
	case sure:
		c.sure++
	case blocked:
		c.blocked++
	default:
		c.undecided++
	}
	switch {
	case sure && o.dropped:
		c.wrongSure = append(c.wrongSure, missed(about, v, o.dropping))
	case blocked && o.passed:
		c.wrongBlocked = append(c.wrongBlocked, missed(about, v, o.passing))
	case sure || blocked:
	case o.passed && o.dropped:
		c.switched++
	default:
		c.caution(v.Open)
	}
}

func missed(about string, v reach.Verdict, o contrary) miss {
	by := "nothing"
	for _, h := range slices.Concat(v.Hops, v.Back) {
		if h.Act == reach.Arrive || h.Act == reach.Deny {
			layer, _, _ := strings.Cut(h.Layer, " projects/")
			layer, _, _ = strings.Cut(layer, " locations/")
			by = layer + " " + string(h.Act)
		}
	}
	return miss{"the model by " + by + ", the judge by " + o.rules, about + "\n    " + way(v) + "\n    " + o.told}
}

// caution counts an answer that is open without need, by its causes. A switch has its own name.
func (c *contest) caution(open []reach.Gap) {
	var causes []string
	for _, g := range open {
		cause := string(g.Cause)
		if g.Cause == reach.NoDocument && !strings.Contains(g.Object, "/") {
			cause += " " + g.Object
		} else {
			cause += " " + g.Why
		}
		causes = append(causes, cause)
	}
	slices.Sort(causes)
	c.cautious[strings.Join(slices.Compact(causes), " and ")]++
}

// maxShown is how many contradictions of one cause are shown whole.
const maxShown = 2

func (c *contest) print() error {
	t := proof.Table{Header: "what count"}
	count := func(what string, n int) { t.Row(nil, what, n) }
	count("worlds", c.worlds)
	count("flows", c.flows)
	count("packets-judged", c.settings)
	count("flows-not-asked", c.skipped)
	count("answers-passed-somewhere", c.passed)
	count("answers-sure", c.sure)
	count("answers-blocked", c.blocked)
	count("answers-undecided", c.undecided)
	count("undecided-and-a-switch-decides", c.switched)
	for _, one := range []struct {
		what string
		list []miss
	}{{"sure-contradicted", c.wrongSure}, {"blocked-contradicted", c.wrongBlocked}} {
		var err error
		if len(one.list) > 0 {
			first, _, _ := strings.Cut(one.list[0].told, "\n")
			err = errors.New(first)
		}
		t.Row(err, one.what, len(one.list))
	}
	err := t.Print()
	printMisses("sure", c.wrongSure)
	printMisses("blocked", c.wrongBlocked)
	fmt.Println("undecided, and no setting that was tried changes the outcome:")
	for _, cause := range byCount(c.cautious) {
		fmt.Printf("  %6d %s\n", c.cautious[cause], cause)
	}
	return err
}

// byCount are the keys of some counts, the most frequent first.
func byCount(counts map[string]int) []string {
	return slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	})
}

// printMisses shows contradictions by their causes, and a few of each whole.
func printMisses(what string, list []miss) {
	counts, shown := map[string]int{}, map[string]string{}
	for _, one := range list {
		if counts[one.cause]++; counts[one.cause] <= maxShown {
			shown[one.cause] += "    " + one.told + "\n"
		}
	}
	for _, cause := range byCount(counts) {
		fmt.Printf("%s contradicted %d times: %s\n%s", what, counts[cause], cause, shown[cause])
	}
}
