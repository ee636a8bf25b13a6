package faulty_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/culvertnet/culvert/adapters/faulty"
	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/saga/sagatest"
)

var (
	crashPairs = flag.String(
		"crash.pairs", "fail@1", "scenarios of which every ordered pair of points is tried: names with commas, or all",
	)
	crashSteps = flag.Int("crash.steps", 3, "how many steps the plans of the single crash points have")
	crashOnly  = flag.String("crash.only", "", "one run: the scenario and its points, separated by |")
)

// outcome is how a scenario ends, whatever dies on the way.
type outcome struct {
	sagas   uint64
	status  events.SagaStatus
	objects int
}

// scenario is a story of one connection: its intents, one after the other.
type scenario struct {
	name    string
	intents []events.Intent
	want    outcome
}

// plan is a chain of steps, the first with an address from a pool, that the others depend on. fail is the step that is
// refused, from 1; replaced the one whose value differs.
func plan(steps, fail, replaced int) []string {
	var lines []string
	for i := 1; i <= steps; i++ {
		line := fmt.Sprintf("s%d model.make range=1", i)
		if i == replaced {
			line = fmt.Sprintf("s%d model.make range=2", i)
		}
		if i == 1 {
			line += " pool=true"
		} else {
			line += fmt.Sprintf(" address<-s%d.address", i-1)
		}
		if i == fail {
			line += " fail=true"
		}
		lines = append(lines, line)
	}
	return lines
}

func intent(id string, want events.Want, lines []string) events.Intent {
	data, err := sagatest.ParseData(lines)
	if err != nil {
		panic(err) // the lines are above
	}
	body, err := json.Marshal(data)
	if err != nil {
		panic(err)
	}
	return events.Intent{
		Connection: sagatest.Key, Source: "/test", ID: id, Kind: sagatest.KindName, Want: want, Version: 1, Data: body,
		Digest: events.Digest(body),
	}
}

// scenarios of plans with so many steps.
func scenarios(steps int) []scenario {
	apply := func(fail, replaced int) events.Intent {
		return intent(fmt.Sprintf("%d/%d", fail, replaced), events.Apply, plan(steps, fail, replaced))
	}
	all := []scenario{{"success", []events.Intent{apply(0, 0)}, outcome{1, events.SagaCompleted, steps}}}
	for i := 1; i <= steps; i++ {
		all = append(all, scenario{
			fmt.Sprintf("fail@%d", i), []events.Intent{apply(i, 0)}, outcome{1, events.SagaCompensated, 0},
		})
	}
	return append(all,
		scenario{"change", []events.Intent{apply(0, 0), apply(0, 2)}, outcome{2, events.SagaCompleted, steps}},
		scenario{
			"failing-change", []events.Intent{apply(0, 0), apply(steps, 2)}, outcome{2, events.SagaCompensated, steps},
		},
		scenario{"withdraw", []events.Intent{apply(0, 0), intent("w", events.Withdraw, nil)},
			outcome{2, events.SagaCompleted, 0}},
	)
}

// lost marks a point at which the process lives on without the answer.
const lost = "lost "

// blows are deaths at points, lost answers, or reads that are behind.
func blows(points []string) []faulty.Blow {
	var all []faulty.Blow
	for _, p := range points {
		b := faulty.Blow{Point: p, Kind: faulty.Death}
		if after, is := strings.CutPrefix(p, lost); is {
			b = faulty.Blow{Point: after, Kind: faulty.Lost}
		}
		if strings.HasPrefix(p, "read ") {
			b.Kind = faulty.Stale
		}
		all = append(all, b)
	}
	return all
}

// play runs a scenario with deaths at points, and gives the script with what was passed, and what was broken.
func (s scenario) play(t *testing.T, deaths ...string) (script *faulty.Script, broken []error) {
	t.Helper()
	script = faulty.NewScript(blows(deaths)...)
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		r := newRig(ctx, script)
		synctest.Wait()
		for _, in := range s.intents {
			r.submit(in)
			if _,
				err := r.await(
				uint64(slices.IndexFunc(s.intents, func(x events.Intent) bool { return x.ID == in.ID }) + 1),
			); err != nil {
				broken = append(broken, err)
			}
		}
		broken = append(broken, r.judge(t, s.want)...)
		cancel()
		r.running.Wait()
	})
	return script, broken
}

// tries bounds how often a run is repeated in which a point was not passed: which of two processes is first may differ.
const tries = 40

// tally counts what was tried; safe for concurrent use.
type tally struct {
	mu             sync.Mutex
	points, missed int
	sagas, broken  int
	missing        []string
	// races are points that are not always passed, struck those of them that were.
	races, struck int
}

// die plays a scenario with deaths until all of them have struck, and reports what was broken.
func (c *tally) die(t *testing.T, s scenario, deaths ...string) *faulty.Script {
	t.Helper()
	var script *faulty.Script
	for range tries {
		var broken []error
		script, broken = s.play(t, deaths...)
		c.mu.Lock()
		c.sagas += len(s.intents)
		c.broken += len(broken)
		c.mu.Unlock()
		for _, err := range broken {
			t.Errorf("-crash.only '%s|%s': %v", s.name, strings.Join(deaths, "|"), err)
		}
		if script.Struck() == len(deaths) || len(broken) > 0 {
			break
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.points++
	if script.Struck() < len(deaths) {
		c.missed++
		c.missing = append(c.missing, s.name+"|"+strings.Join(deaths, "|"))
	}
	return script
}

// recordings is how often a recovery is watched to tell the points that it always passes from those that depend on
// which of two processes is first.
const recordings = 3

// recovery gives the points that are passed after a first death: always, and sometimes.
func (c *tally) recovery(t *testing.T, s scenario, first string) (always, sometimes []string) {
	t.Helper()
	times := map[string]int{}
	var order []string
	for range recordings {
		for _, point := range c.watch(t, s, first) {
			if times[point]++; times[point] == 1 {
				order = append(order, point)
			}
		}
	}
	for _, point := range order {
		if times[point] == recordings {
			always = append(always, point)
		} else {
			sometimes = append(sometimes, point)
		}
	}
	return always, sometimes
}

// watch plays one death and gives what was passed afterwards.
func (c *tally) watch(t *testing.T, s scenario, first string) []string {
	t.Helper()
	script, broken := s.play(t, first)
	for _, err := range broken {
		t.Errorf("-crash.only '%s|%s': %v", s.name, first, err)
	}
	return script.Since()
}

// raced plays a pair whose second point is not always passed; whether it struck is only counted.
func (c *tally) raced(t *testing.T, s scenario, first, second string) {
	t.Helper()
	script, broken := s.play(t, first, second)
	for _, err := range broken {
		t.Errorf("-crash.only '%s|%s|%s': %v", s.name, first, second, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sagas, c.broken, c.races = c.sagas+len(s.intents), c.broken+len(broken), c.races+1
	if script.Struck() == 2 {
		c.struck++
	}
}

func (c *tally) report(t *testing.T, what string) {
	t.Helper()
	t.Logf("%s: %d of %d covered, %d sagas, %d promises broken (lost, double, left behind, another end, journal)", what,
		c.points-c.missed, c.points, c.sagas, c.broken)
	if c.races > 0 {
		t.Logf("%s: %d more depend on which process is first, %d of them struck", what, c.races, c.struck)
	}
	if c.missed > 0 {
		t.Errorf("%s: %d points were never passed, e.g. %v", what, c.missed, c.missing[:min(3, len(c.missing))])
	}
}

// each plays scenarios undisturbed, side by side, and then lets try disturb them.
func each(t *testing.T, name string, all []scenario, try func(t *testing.T, s scenario, undisturbed *faulty.Script)) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		for _, s := range all {
			t.Run(s.name, func(t *testing.T) {
				t.Parallel()
				undisturbed, broken := s.play(t)
				if len(broken) > 0 {
					t.Fatalf("undisturbed: %v", broken)
				}
				try(t, s, undisturbed)
			})
		}
	})
}

// paired are the scenarios of which pairs are tried.
func paired() []scenario {
	return slices.DeleteFunc(scenarios(2), func(s scenario) bool {
		return *crashPairs != "all" && !slices.Contains(strings.Split(*crashPairs, ","), s.name)
	})
}

// TestEveryCrashPoint lets a process die at every point of every scenario: before and after each append, publication,
// delivery, mark, claim, effect and acknowledgement.
func TestEveryCrashPoint(t *testing.T) {
	if *crashOnly != "" {
		one(t)
		return
	}
	total := &tally{}
	each(t, "singles", scenarios(*crashSteps), func(t *testing.T, s scenario, undisturbed *faulty.Script) {
		for _, point := range undisturbed.Passed() {
			total.die(t, s, point)
		}
	})
	total.report(t, "single crash points")
}

// TestEveryLostAnswer loses the answer to every append, publication, mark, claim and effect of every scenario, once
// each.
func TestEveryLostAnswer(t *testing.T) {
	total := &tally{}
	each(t, "singles", scenarios(*crashSteps), func(t *testing.T, s scenario, undisturbed *faulty.Script) {
		for _, point := range undisturbed.Passed() {
			if strings.HasPrefix(point, "after ") {
				total.die(t, s, lost+point)
			}
		}
	})
	total.report(t, "single lost answers")
}

// readsOfNewcomer is how many of the reads after a death are tried: what takes over knows only what it reads; later it
// knows what it has done itself.
const readsOfNewcomer = 2

// TestEveryStaleRead lets every read of every scenario miss the newest record, once each; and the first reads after
// every death.
func TestEveryStaleRead(t *testing.T) {
	total := &tally{}
	each(t, "singles", scenarios(*crashSteps), func(t *testing.T, s scenario, undisturbed *faulty.Script) {
		for n := range undisturbed.Reads() {
			total.die(t, s, fmt.Sprintf("read #%d", n+1))
		}
	})
	each(t, "after a death", paired(), func(t *testing.T, s scenario, undisturbed *faulty.Script) {
		for _, point := range undisturbed.Passed() {
			died, _ := s.play(t, point) // TestEveryCrashPoint judges it
			for n := range min(readsOfNewcomer, died.Reads()) {
				total.die(t, s, point, fmt.Sprintf("read #%d", n+1))
			}
		}
	})
	total.report(t, "stale reads, also after a death")
}

// TestEveryPairOfCrashPoints lets a second process die at every point that is passed while the first death is being
// recovered from.
func TestEveryPairOfCrashPoints(t *testing.T) {
	total := &tally{}
	each(t, "pairs", paired(), func(t *testing.T, s scenario, undisturbed *faulty.Script) {
		for _, first := range undisturbed.Passed() {
			always, sometimes := total.recovery(t, s, first)
			for _, second := range always {
				total.die(t, s, first, second)
			}
			for _, second := range sometimes {
				total.raced(t, s, first, second)
			}
		}
	})
	total.report(t, "ordered pairs of crash points")
}

// one plays what -crash.only says.
func one(t *testing.T) {
	words := strings.Split(*crashOnly, "|")
	for _, s := range slices.Concat(scenarios(5), scenarios(2)) {
		if s.name != words[0] {
			continue
		}
		script, broken := s.play(t, words[1:]...)
		if script.Struck() < len(words)-1 {
			continue
		}
		for _, point := range script.Passed() {
			t.Log(point)
		}
		for _, err := range broken {
			t.Error(err)
		}
	}
}
