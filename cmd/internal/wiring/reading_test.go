package wiring

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/events/reach"
	"github.com/culvertnet/culvert/examples"
	"github.com/culvertnet/culvert/workers/observe"
)

// What the steps answer by what they have read is what all facts of the world give. The digest of a claim about a name
// is left out: it holds every way to whichever address the name has, and those that decide nothing are not read.
func TestAShortReadingAnswersLikeAllFacts(t *testing.T) {
	small := bytes.Replace(examples.World, []byte("count: 1000"), []byte("count: 10"), 1)
	for _, name := range []string{"private-service.yaml", "private-service-connector.yaml"} {
		d := startDaemonOn(t, newLabIn(t, small))
		s := d.ends(exampleIntent(t, name), events.SagaCompleted)
		asked := 0
		for _, c := range d.bus.inOrder(s.Saga.Plan) {
			if c.Kind == observe.KindProveReach {
				asked++
				d.compareAnswers(t, c)
			}
		}
		if asked != 1 {
			t.Errorf("%s: %d steps asked the model", name, asked)
		}
	}
}

// compareAnswers asks the question of a command by a short reading, and by all facts: a claim about all destinations
// makes the step read them.
func (d *daemon) compareAnswers(t *testing.T, c events.Command) {
	t.Helper()
	var in observe.ReachIn
	if err := json.Unmarshal(c.Input, &in); err != nil {
		t.Fatal(err)
	}
	short := d.answer(t, c, in)
	more := in
	more.Asks = append(slices.Clone(in.Asks), reach.Ask{About: "answered", From: in.Asks[0].From, Want: reach.Answered})
	all := d.answer(t, c, more)
	all.Own = slices.Delete(all.Own, len(in.Asks), len(in.Asks)+1)
	for i, a := range in.Asks {
		if a.Dest != nil && a.Dest.FQDN != "" {
			short.Own[i].Digest, all.Own[i].Digest = "", ""
		}
	}
	if diff := cmp.Diff(all.Own, short.Own); diff != "" {
		t.Errorf("the claims by all facts (-) and by a short reading (+):\n%s", diff)
	}
	if len(all.Sources) <= len(short.Sources) {
		t.Errorf("%d sources of all facts, %d of the short reading", len(all.Sources), len(short.Sources))
	}
}

// answer is what the check answers to a question now.
func (d *daemon) answer(t *testing.T, c events.Command, in observe.ReachIn) (out observe.ReachOut) {
	t.Helper()
	input, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	c.Input, c.Deadline = input, d.clock.Now().Add(patience)
	drivers := observe.Drivers{Networks: d.google.NetworkFacts(), Gateways: d.aviatrix.Gateways()}
	for _, h := range observe.Steps(drivers) {
		if h.Kind() != observe.KindCheck {
			continue
		}
		o := h.Run(t.Context(), c, d.clock.Now())
		if o.Class != events.Done || json.Unmarshal(o.Output, &out) != nil {
			t.Fatalf("%s: %s", o.Class, o.Message)
		}
	}
	return out
}
