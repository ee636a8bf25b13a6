package saga_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/saga"
	"github.com/culvertnet/culvert/saga/sagatest"
)

// operators is the machine under test with what its users know: how many intents were accepted, and what was asked for.
type operators struct {
	m        *sagatest.Machine
	accepted uint64
	sagas    uint64
	ids      int
	release  int
	last     events.Intent
}

// TestOperatorsAnyOrder lets users and operators do anything in any order, with a worker that answers anything: submit,
// change, submit again, withdraw, cancel, pause, replay, resolve, crash, and a release whose plans differ. The machine
// holds its own promises at every input; at the end everything that was accepted comes to rest. rapid shrinks what
// fails, and `-rapid.checks`, `-rapid.steps` say how much is tried.
func TestOperatorsAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := &operators{m: sagatest.NewMachine()}
		t.Repeat(map[string]func(*rapid.T){
			"submit":   func(t *rapid.T) { o.submit(t, events.Apply, rapid.IntRange(1, 3).Draw(t, "value")) },
			"withdraw": func(t *rapid.T) { o.submit(t, events.Withdraw, 0) },
			"again":    o.again,
			"cancel":   func(t *rapid.T) { o.operate(t, events.Action{Kind: events.ActionCancel}) },
			"pause":    func(t *rapid.T) { o.operate(t, events.Action{Kind: events.ActionPause}) },
			"resume":   func(t *rapid.T) { o.operate(t, events.Action{Kind: events.ActionResume}) },
			"replay": func(t *rapid.T) {
				from := rapid.SampledFrom([]events.ReplayFrom{events.FromStart, events.FromFailed}).Draw(t, "from")
				o.operate(t, events.Action{Kind: events.ActionReplay, From: from})
			},
			"resolve": o.resolve,
			"answer":  o.answer,
			"pass":    o.pass,
			"crash":   o.crash,
			"upgrade": func(*rapid.T) { o.release++ },
			"":        o.check,
		})
		o.calm(t)
	})
}

func (o *operators) intent(want events.Want, value int) events.Intent {
	lines := []string{
		fmt.Sprintf("a net.make value=%d", value), fmt.Sprintf("b net.make range=%d from<-a.id", value),
		"c dns.make from<-b.id undo-last",
	}
	if o.release%2 == 1 { // the next release makes one more
		lines = append(lines, "d dns.make from<-c.id")
	}
	if want == events.Withdraw {
		lines = nil
	}
	data, err := sagatest.ParseData(lines)
	if err != nil {
		panic(err) // the lines are above
	}
	body, err := json.Marshal(data)
	if err != nil {
		panic(err)
	}
	o.ids++
	return events.Intent{
		Connection: sagatest.Key, Source: "/users", ID: fmt.Sprint(o.ids), Kind: sagatest.KindName, Want: want,
		Version: 1, Data: body, Digest: events.Digest(body),
	}
}

// input offers an input; a broken promise fails the run, an answer that refuses is as good as any.
func (o *operators) input(t *rapid.T, in saga.Input) (saga.Decision, error) {
	d, answer, broken := o.m.Input(in)
	if broken != nil {
		t.Fatalf("%T: %v", in, broken)
	}
	return d, answer
}

func (o *operators) submit(t *rapid.T, want events.Want, value int) {
	in := o.intent(want, value)
	if d, answer := o.input(t, saga.Accept{Intent: in}); answer == nil {
		if d.Duplicate {
			t.Fatalf("a new intent is taken for a duplicate")
		}
		o.accepted, o.last = o.accepted+1, in
	}
}

// again offers the last accepted intent once more: it is known, whatever has happened since.
func (o *operators) again(t *rapid.T) {
	if o.accepted == 0 {
		return
	}
	if d, answer := o.input(t, saga.Accept{Intent: o.last}); answer != nil || !d.Duplicate {
		t.Fatalf("the same intent again: duplicate %v, %v", d.Duplicate, answer)
	}
}

func (o *operators) operate(t *rapid.T, a events.Action) {
	a.Connection, a.Actor, a.Reason = sagatest.Key, "ann", "because"
	if s := o.m.State; s.Newest() > 0 {
		a.Saga = s.SagaID(s.Newest())
	}
	_, _ = o.input(t, saga.Operate{Action: a}) // refused or not, the machine has held its promises
}

func (o *operators) resolve(t *rapid.T) {
	how := rapid.SampledFrom([]events.Resolution{
		events.ResolveRetry, events.ResolveMarkUndone, events.ResolveSkip,
	}).Draw(t, "how")
	o.operate(t, events.Action{Kind: events.ActionResolve, Step: rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(t,
		"step"), Resolution: how})
}

// answer lets a worker report on one of the commands that are out: anything.
func (o *operators) answer(t *rapid.T) {
	open := saga.Open(o.m.State)
	if len(open) == 0 {
		return
	}
	c := rapid.SampledFrom(open).Draw(t, "command")
	class := rapid.SampledFrom([]events.Class{
		events.Done, events.Done, events.Done, events.Wait, events.Retry, events.Refuse, events.Unsure,
	}).Draw(t, "class")
	seen := rapid.SampledFrom([]events.Presence{events.Present, events.Absent, events.Different, events.Foreign}).Draw(
		t, "seen",
	)
	o.report(t, c, class, seen)
}

func (o *operators) report(t *rapid.T, c events.Command, class events.Class, seen events.Presence) {
	out := events.Outcome{Class: class, Message: "said by the worker"}
	if class == events.Done && c.Verb != events.Undo {
		out.Output = json.RawMessage(`{"id":"x"}`)
	}
	if class == events.Done && c.Verb == events.Look {
		out.Seen = seen
	}
	_, _ = o.input(t, saga.Report{Result: c.Answer(out, "worker", o.m.Now)})
}

// pass lets time pass, up to when the connection is due.
func (o *operators) pass(t *rapid.T) {
	due := o.m.Due()
	if due.IsZero() || rapid.Bool().Draw(t, "short") {
		due = o.m.Now.Add(time.Second)
	}
	o.m.Now = due
	_, _ = o.input(t, saga.Tick{})
}

// crash forgets everything but the journal.
func (o *operators) crash(t *rapid.T) {
	s, err := saga.Rebuild(sagatest.Key, saga.Snapshot{}, o.m.Records)
	if err != nil {
		t.Fatalf("after a crash: %v", err)
	}
	o.m.State = s
}

// check compares what users know with what the connection says.
func (o *operators) check(t *rapid.T) {
	s := o.m.State
	if s.Intents != o.accepted {
		t.Fatalf("%d intents were accepted, the connection knows %d", o.accepted, s.Intents)
	}
	if s.Sagas < o.sagas {
		t.Fatalf("%d sagas after %d", s.Sagas, o.sagas)
	}
	o.sagas = s.Sagas
	if _, err := o.m.Wholesale(); err != nil {
		t.Fatal(err)
	}
}

// calm is the end: everybody does what is asked, and all comes to rest.
func (o *operators) calm(t *rapid.T) {
	o.operate(t, events.Action{Kind: events.ActionResume})
	for range 3000 {
		open := saga.Open(o.m.State)
		for _, c := range open {
			seen := events.Present
			if st := o.m.State.Saga; st != nil && (st.Direction == saga.Removing || st.Direction == saga.Reversing) {
				seen = events.Absent
			}
			o.report(t, c, events.Done, seen)
		}
		due := o.m.Due()
		if len(open) == 0 && due.IsZero() {
			break
		}
		if len(open) == 0 {
			o.m.Now = due
			_, _ = o.input(t, saga.Tick{})
		}
	}
	s := o.m.State
	if len(s.Queue) > 0 || s.Saga != nil && !s.Saga.Status.Ended() {
		t.Fatalf("no rest: %d queued, saga %+v", len(s.Queue), s.Saga.Status)
	}
}
