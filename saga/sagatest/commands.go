package sagatest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/saga"
)

// commands are the verbs of the script language.
var commands = map[string]func(*player, args) error{
	"submit": (*player).submit, // submit apply|withdraw id=ID [source=S] [ifversion=N] + the lines of the plan
	// A worker's answer to the open command of a step, or of step@generation; epoch=N answers an older one, output=JSON
	// is all that it puts out.
	"done": answer(events.Done, ""), "wait": answer(events.Wait, ""), "retry": answer(events.Retry, ""),
	"refuse": answer(events.Refuse, ""), "unsure": answer(events.Unsure, ""),
	"present": answer(events.Done, events.Present), "different": answer(events.Done, events.Different),
	"absent": answer(events.Done, events.Absent), "foreign": answer(events.Done, events.Foreign),
	"run":    (*player).run,  // answers every open command as a willing world would, but those of except=a,b
	"tick":   (*player).tick, // tick 30s, or tick due: lets time pass
	"at":     (*player).at,   // at 1m30s: the clock says so from now on, forward or back; nobody is told
	"cancel": order(events.ActionCancel), "pause": order(events.ActionPause), "resume": order(events.ActionResume),
	"replay":  order(events.ActionReplay),  // replay N from=start|failed + the lines of an edited plan
	"survey":  order(events.ActionSurvey),  // survey N from=start|failed: looks at what is there
	"foresee": (*player).preview,           // shows what the survey saw and what a replay would do
	"resolve": order(events.ActionResolve), // resolve N STEP retry|mark-undone|skip
	"hold":    (*player).hold,              // hold all, hold CAPABILITY
	"holding": (*player).holding,           // holding [all] [CAPABILITY ...]: holds these and no others
	"release": (*player).release,
	"open":    (*player).open,     // shows every open command
	"show":    (*player).show,     // show [N]
	"stands":  (*player).standing, // shows what is in the world as far as is known
	"why":     (*player).why,      // why [N]: what a saga waits for
	"feed":    (*player).feed,     // shows the status changes since the last feed
}

// offer hands an input to the engine and writes down what follows.
func (p *player) offer(in saga.Input) error {
	before := map[string]bool{}
	for _, c := range saga.Open(p.m.State) {
		before[c.ID()] = true
	}
	d, answer, broken := p.m.Input(in)
	if broken != nil {
		return broken
	}
	if answer != nil {
		p.printf("error: %s", answer)
		return nil
	}
	if d.Duplicate {
		p.printf("duplicate of %s", d.Saga)
	}
	for _, f := range d.Facts {
		p.printf("%s", renderFact(f))
	}
	for _, c := range saga.Open(p.m.State) {
		if !before[c.ID()] {
			p.printf("%s", renderCommand(c))
		}
	}
	return nil
}

func (p *player) submit(a args) error {
	d, err := ParseData(a.lines)
	if err != nil {
		return err
	}
	in := Intent(a.take("id", "1"), events.Want(a.word(0)), d)
	in.Source = a.take("source", in.Source)
	if v := a.take("ifversion", ""); v != "" {
		n, err := strconv.ParseUint(v, 10, 64)
		if err != nil {
			return err
		}
		in.IfVersion = &n
	}
	return p.offer(saga.Accept{Intent: in})
}

// answer makes the command that reports an outcome.
func answer(class events.Class, seen events.Presence) func(*player, args) error {
	return func(p *player, a args) error {
		c, err := p.find(a.word(0))
		if err != nil {
			return err
		}
		if n := a.options["epoch"]; n == "" && class == events.Done && (seen != "") != (c.Verb == events.Look) {
			return fmt.Errorf("%w: the open verb of %s is %s", errUsage, c.Step, c.Verb)
		}
		if n := a.take("epoch", ""); n != "" {
			if c.Epoch, err = strconv.ParseUint(n, 10, 64); err != nil {
				return err
			}
		}
		o, err := outcome(c, a, class, seen)
		if err != nil {
			return err
		}
		return p.offer(saga.Report{Result: c.Answer(o, "worker", p.m.Now)})
	}
}

// outcome is what the words of a report say.
func outcome(c events.Command, a args, class events.Class, seen events.Presence) (o events.Outcome, err error) {
	o = events.Outcome{
		Class: class, Seen: seen, Message: a.rest(1), Operation: a.take("operation", ""),
		Retained: a.take("retained", ""), Reason: events.Reason(a.take("reason", "")),
	}
	if after := a.take("after", ""); after != "" {
		if o.After, err = time.ParseDuration(after); err != nil {
			return o, err
		}
	}
	switch output := a.take("output", ""); {
	case output != "":
		o.Output = json.RawMessage(output)
	case seen != "" || c.Verb == events.Do && class == events.Done:
		o.Output, err = outputOf(c, a.options)
	}
	return o, err
}

// find gives the open command of a step; without one, the last that the step had, so that a repeat can be told.
func (p *player) find(name string) (events.Command, error) {
	step, generation, _ := strings.Cut(name, "@")
	for _, c := range saga.Open(p.m.State) {
		if c.Step == step && (generation == "" || fmt.Sprint(c.Generation) == generation) {
			return c, nil
		}
	}
	if g := p.m.State.Saga; g != nil {
		for _, st := range g.Steps {
			if st.Name == step && (generation == "" || fmt.Sprint(st.Generation) == generation) {
				return events.Command{
					Connection: Key, Saga: p.m.State.SagaID(g.N), Step: step, Generation: st.Generation,
					Epoch: st.Epoch, Verb: events.Do,
				}, nil
			}
		}
	}
	return events.Command{}, fmt.Errorf("%w: there is no step %s", errUsage, name)
}

// outputOf is what a step that works puts out: its input and what is added.
func outputOf(c events.Command, added map[string]string) (json.RawMessage, error) {
	out := map[string]any{}
	if len(c.Input) > 0 {
		if err := json.Unmarshal(c.Input, &out); err != nil {
			return nil, err
		}
	}
	for k, v := range added {
		out[k] = jsonValue(v)
	}
	return json.Marshal(out)
}

// run answers until nothing but the exceptions is open. Time does not pass.
func (p *player) run(a args) error {
	except := strings.Split(a.take("except", ""), ",")
	for range 1000 {
		i := slices.IndexFunc(
			saga.Open(p.m.State), func(c events.Command) bool { return !slices.Contains(except, c.Step) },
		)
		if i < 0 {
			return nil
		}
		c := saga.Open(p.m.State)[i]
		o := events.Outcome{Class: events.Done}
		if c.Verb == events.Look {
			o.Seen = events.Present
			if st := stepOf(p.m.State, c); st.Back && st.Transition != saga.TransitionChange {
				o.Seen = events.Absent
			}
		}
		if c.Verb != events.Undo {
			var err error
			if o.Output, err = outputOf(c, nil); err != nil {
				return err
			}
		}
		if err := p.offer(saga.Report{Result: c.Answer(o, "worker", p.m.Now)}); err != nil {
			return err
		}
	}
	return fmt.Errorf("no end after 1000 answers")
}

func stepOf(s saga.State, c events.Command) *saga.Step {
	for _, st := range s.Saga.Steps {
		if st.Name == c.Step && st.Generation == c.Generation {
			return st
		}
	}
	return &saga.Step{}
}

func (p *player) tick(a args) error {
	if a.word(0) == "due" {
		due := p.m.Due()
		if due.IsZero() {
			p.printf("nothing is due")
			return nil
		}
		p.m.Now = due
	} else {
		d, err := time.ParseDuration(a.word(0))
		if err != nil {
			return err
		}
		p.m.Now = p.m.Now.Add(d)
	}
	p.printf("at %s", at(p.m.Now))
	return p.offer(saga.Tick{})
}

// at moves the clock, as one does that is set.
func (p *player) at(a args) error {
	d, err := time.ParseDuration(a.word(0))
	if err != nil {
		return err
	}
	p.m.Now = Epoch.Add(d)
	return nil
}

// order makes the command that gives an operator's order.
func order(kind events.ActionKind) func(*player, args) error {
	return func(p *player, a args) error {
		act := events.Action{
			Kind: kind, Connection: Key, Actor: a.take("actor", "ann"), Reason: a.take("reason", "because"),
		}
		if n, err := strconv.ParseUint(a.word(0), 10, 64); err == nil {
			act.Saga = Key.Saga(n)
		}
		switch kind {
		case events.ActionResolve:
			act.Step, act.Resolution = a.word(1), events.Resolution(a.word(2))
		case events.ActionReplay, events.ActionSurvey:
			act.From = events.ReplayFrom(a.take("from", string(events.FromStart)))
			if len(a.lines) > 0 {
				d, err := ParseData(a.lines)
				if err != nil {
					return err
				}
				if act.Input, err = json.Marshal(d); err != nil {
					return err
				}
			}
		}
		return p.offer(saga.Operate{Action: act})
	}
}

func (p *player) hold(a args) error {
	p.m.Hold(heldName(a.word(0)), true)
	return p.offer(saga.Tick{})
}

// heldName is the capability that a word of a script means; "" is the whole engine.
func heldName(word string) string {
	if word == "all" {
		return ""
	}
	return word
}

func (p *player) holding(a args) error {
	p.m.Held = nil
	for _, w := range a.words {
		p.m.Hold(heldName(w), true)
	}
	return p.offer(saga.Tick{})
}

func (p *player) release(args) error {
	p.m.Held = nil
	return p.offer(saga.Tick{})
}

func (p *player) open(args) error {
	for _, c := range saga.Open(p.m.State) {
		p.printf("%s", renderCommand(c))
	}
	return nil
}

func (p *player) show(a args) error {
	n := p.m.State.Newest()
	if a.word(0) != "" {
		var err error
		if n, err = strconv.ParseUint(a.word(0), 10, 64); err != nil {
			return err
		}
	}
	v, known := p.m.State.ViewOf(n)
	if !known {
		p.printf("unknown")
		return nil
	}
	p.printf("%s", renderStatus(v))
	return nil
}

func (p *player) standing(args) error {
	for _, e := range p.m.State.Standing {
		var notes string
		if e.Committed {
			notes += " stands"
		}
		if !e.Known {
			notes += " unknown"
		}
		p.printf("%s %s%s", ref(e.Step, e.Generation), e.Input, notes)
	}
	return nil
}

// feed shows what the world is told.
func (p *player) feed(args) error {
	before, err := saga.Rebuild(p.m.State.Key, saga.Snapshot{}, p.m.Records[:p.told])
	if err != nil {
		return err
	}
	for _, r := range p.m.Records[p.told:] {
		facts, _, _, err := saga.DecodeRecord(r.Facts)
		if err != nil {
			return err
		}
		changes, err := saga.Changes(before, facts)
		if err != nil {
			return err
		}
		for _, c := range changes {
			p.printf("%s/%d/%d %s", r.Key, r.Version, c.N, renderStatus(c.Status))
		}
		if before, err = saga.ApplyRecord(before, r); err != nil {
			return err
		}
	}
	p.told = len(p.m.Records)
	return nil
}
