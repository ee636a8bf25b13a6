package saga_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/saga"
	"github.com/culvertnet/culvert/saga/sagatest"
)

// A moment is what one input comes to, as each reader of the table of next moves tells it.
type moment struct {
	name string
	// story leads to the moment: commands of a script.
	story string
	// decide are the facts of a Tick at Due, or at once where nothing is due; "" when there are none.
	decide string
	// due is what Due says, as what has passed since the beginning; "never" is none.
	due string
	// why are the causes: code, step and until.
	why string
}

const ready = `
submit apply id=1
  k net.k check
  a net.a
  b egr.b after=a
`

// moments are of one plan: check k, then a, then b after a.
var moments = []moment{
	{
		name: "in flight", story: ready,
		decide: "StepRetrying k, StepRequested k", due: "+50s", why: "command k +30s",
	},
	{
		name: "held before it is decided", story: ready + "\nhold net\n\ndone k\n",
		due: "never", why: "held a",
	},
	{
		name: "retried", story: ready + "\ndone k\n\nretry a quota\n",
		decide: "StepRequested a", due: "+2.59765625s", why: "retry a +2.59765625s",
	},
	{
		name: "held before its retry", story: ready + "\ndone k\n\nretry a quota\n\nhold net\n",
		decide: "StepHeld a", due: "+2.59765625s", why: "retry a +2.59765625s",
	},
	{
		name: "held at its retry", story: ready + "\ndone k\n\nretry a quota\n\nhold net\n\ntick due\n",
		due: "never", why: "held a",
	},
	{
		name: "paused", story: ready + "\ndone k\n\nretry a quota\n\npause\n",
		due: "never", why: "paused, retry a +2.59765625s",
	},
	{
		name: "quiet", story: ready + "\ndone k\n\nunsure a reset\n\nabsent a\n",
		decide: "StepRequested a", due: "+20s", why: "quiet a +20s",
	},
	{
		name: "waiting for an operation", story: ready + "\ndone k\n\nwait a operation=op-1 after=1m\n",
		decide: "StepRequested a", due: "+1m0s", why: "operation a +1m0s",
	},
	{
		name:   "in flight for the last time",
		story:  ready + "\ndone k\n\nretry a x\n\ntick due\n\nretry a x\n\ntick due\n",
		decide: "StepUnsure a, StepRequested a", due: "+57.79296875s", why: "command a +37.79296875s",
	},
	{
		name:   "patience ends before the next Look",
		story:  ready + "\ndone k\n\nwait a after=9m59s\n\ntick due\n\ntick 46s\n\nunsure a reset\n\nabsent a\n",
		decide: "StepRefused a, CompensationStarted, StepSkipped b", due: "+10m50s", why: "quiet a +10m50s",
	},
	{
		name:  "held on its way back",
		story: ready + "\ndone k\n\ndone a\n\nhold net\n\nrefuse b quota\n\ndone b\n\nabsent b\n",
		due:   "never", why: "held a",
	},
	{
		name: "undo retried", story: ready + "\ndone k\n\ndone a\n\nrefuse b quota\n\nretry b busy\n",
		decide: "StepRequested b", due: "+3.748046875s", why: "retry b +3.748046875s",
	},
	{
		name: "proof fails", story: "submit apply id=1\n  a net.a fails=once\n\ndone a\n\ndifferent a\n",
		decide: "ProofStarted, StepRequested a", due: "+3.263671875s", why: "proof prove +3.263671875s",
	},
	{
		name: "proof held", story: "submit apply id=1\n  a net.a\n\ndone a\n\ndifferent a\n\nhold all\n\ntick due\n",
		due: "never", why: "held prove",
	},
	{
		name: "Look of the proof in flight", story: "submit apply id=1\n  a net.a\n\ndone a\n",
		decide: "StepRetrying a, StepRequested a", due: "+50s", why: "command a +30s",
	},
	{
		name:  "queued behind a pause",
		story: "submit apply id=1\n  a net.a\n\nrun\n\npause\n\nsubmit apply id=2\n  a net.a\n",
		due:   "never", why: "paused",
	},
	{
		name:  "queued while the engine is held",
		story: "submit apply id=1\n  a net.a\n\nrun\n\nhold all\n\nsubmit apply id=2\n  a net.a\n",
		due:   "never", why: "held",
	},
	{
		name: "survey", story: "submit apply id=1\n  a net.a\n\nrun\n\nsurvey 1\n",
		decide: "SurveyEnded", due: "+50s",
	},
}

// TestMoments asks every reader of the table for every moment, each in a subtest of its own, so that a mistake in the
// table is seen in all readers that it concerns.
func TestMoments(t *testing.T) {
	for _, m := range moments {
		t.Run(m.name, func(t *testing.T) {
			script, err := sagatest.ParseScript(
				"# " + m.name + ".\n\n" + strings.ReplaceAll(m.story, "\n\n", "\n----\n\n"),
			)
			if err != nil {
				t.Fatal(err)
			}
			machine := sagatest.NewMachine()
			machine.CheckEvery = 1 << 30 // the readers are asked below, each for itself
			if _, err := script.Run(machine); err != nil {
				t.Fatal(err)
			}
			s, e, now := machine.State, machine.Engine, machine.Now
			due := machine.Due()
			t.Run("decide", func(t *testing.T) {
				at := now
				if passed, err := time.ParseDuration(strings.TrimPrefix(m.due, "+")); err == nil {
					at = sagatest.Epoch.Add(passed)
				}
				d, err := e.Decide(s, saga.Tick{}, saga.Environment{Now: at, Held: machine.Held})
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(m.decide, facts(d.Facts)); diff != "" {
					t.Error(diff)
				}
			})
			t.Run("due", func(t *testing.T) {
				if diff := cmp.Diff(m.due, since(due)); diff != "" {
					t.Error(diff)
				}
			})
			t.Run("why", func(t *testing.T) {
				if diff := cmp.Diff(m.why, causes(e.Why(s, s.Newest(), machine.Environment()))); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

func since(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return "+" + t.Sub(sagatest.Epoch).String()
}

func facts(list []saga.Fact) string {
	names := make([]string, len(list))
	for i, f := range list {
		v := reflect.ValueOf(f)
		names[i] = v.Type().Name()
		if step := v.FieldByName("Step"); step.IsValid() {
			names[i] += " " + step.String()
		}
	}
	return strings.Join(names, ", ")
}

func causes(list []events.Cause) string {
	var said []string
	for _, c := range list {
		words := []string{string(c.Code), c.Step}
		if !c.Until.IsZero() {
			words = append(words, since(c.Until))
		}
		said = append(said, strings.Join(slices.DeleteFunc(words, func(w string) bool { return w == "" }), " "))
	}
	return strings.Join(said, ", ")
}
