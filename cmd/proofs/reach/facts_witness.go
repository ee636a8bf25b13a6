package reach

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/culvertnet/culvert/adapters/simcloud/world"
	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/events/reach"
	"github.com/culvertnet/culvert/workers/egress"
	"github.com/culvertnet/culvert/workers/network"
	"github.com/culvertnet/culvert/workers/observe"
	"github.com/culvertnet/culvert/workers/policy"
	"github.com/culvertnet/culvert/workers/routing"
)

// A witness holds what the model predicts of a command against what is observed once it is done. It lets one step at a
// time change the world: from the first command of a step's Do or Undo until its effect is settled, the commands of
// other steps that may change something wait.
type witness struct {
	read   func(context.Context) (reach.World, error)
	now    func() time.Time
	ledger func() []world.LedgerEntry

	// asked are the effects of steps as the plan has told the model.
	asked map[string][]reach.Effect
	// stands is what was made, by the step's name and generation.
	stands map[string]made
	// open is what changes the world now; nil when nobody does.
	open *change
	// last is what was observed when the last one was done; nil before the first.
	last  *reach.World
	found []finding
	// left are the differences that are knowingly left out, by their names.
	left map[string]int
	// compared are the changes that were compared, by verb.
	compared map[events.Verb]int
}

// made is what one generation of a step is: the effects of the last Do that was begun, and the input with the effects
// of the last one that was done.
type made struct {
	effects []reach.Effect
	input   string
	done    []reach.Effect
}

// A change is a Do or an Undo from its first command on.
type change struct {
	command   events.Command
	before    reach.World
	predicted reach.World
	// entries is how long the ledger was before.
	entries int
	// since is when it began, says what its last command was answered.
	since time.Time
	says  events.Outcome
	// until is when the effect has settled; zero while it goes on. Partly tells of a refusal after a part of it.
	until  time.Time
	partly bool
}

// A finding is a difference between what was predicted and what was observed.
type finding struct {
	Step    string
	Verb    events.Verb
	Purpose events.Purpose
	difference
}

func (f finding) String() string {
	return strings.TrimSpace(fmt.Sprintf("%s %s %s", f.Verb, f.Step, f.Purpose)) + ": " + f.difference.String()
}

// settles is how long an effect may take to be seen in every list, by the stage's clock: controllers report routes
// every 50 seconds of the world, which is 60 times faster.
const settles = 2 * time.Second

// patience is how long one step may have the world for itself, by the stage's clock.
const patience = 10 * time.Minute

func keyOf(c events.Command) string {
	return fmt.Sprintf("%s/%s/%d", c.Connection, c.Step, c.Generation)
}

// reads tells commands of steps that only read.
func reads(c events.Command) bool {
	return slices.Contains([]string{egress.KindCheck, network.KindCheck, policy.KindCheck, routing.KindCheck,
		observe.KindCheck, observe.KindProveReach}, c.Kind)
}

// Holds lets everybody wait but the step that changes the world.
func (w *witness) Holds(c events.Command) bool {
	return !reads(c) && w.open != nil && keyOf(w.open.command) != keyOf(c)
}

// Before reads the facts before a step begins to change them.
func (w *witness) Before(ctx context.Context, c events.Command) error {
	if reads(c) || !c.Verb.Mutates() {
		return w.hears(c)
	}
	if w.open != nil && w.open.command.Verb != c.Verb { // given up, and undone
		if err := w.conclude(ctx); err != nil {
			return err
		}
	}
	if w.open != nil {
		return nil
	}
	if w.last == nil {
		if err := w.look(ctx); err != nil {
			return err
		}
	}
	before := *w.last
	w.open = &change{command: c, before: before, predicted: before, entries: len(w.ledger()), since: w.now()}
	return nil
}

// hears takes the effects of a plan from the question that it asks the model.
func (w *witness) hears(c events.Command) error {
	if c.Kind != observe.KindCheck || c.Verb != events.Do {
		return nil
	}
	var in observe.ReachIn
	if err := json.Unmarshal(c.Input, &in); err != nil {
		return err
	}
	w.asked = map[string][]reach.Effect{}
	for _, e := range in.Effects {
		if !e.Undone { // what is undone is what was done before
			w.asked[e.Step] = append(w.asked[e.Step], e)
		}
	}
	return nil
}

// After predicts what a command that is done has changed. What was refused has changed nothing, or a part: that is
// compared once it is taken back.
func (w *witness) After(_ context.Context, c events.Command, o events.Outcome) error {
	if w.open == nil || keyOf(w.open.command) != keyOf(c) || !c.Verb.Mutates() {
		return nil
	}
	w.open.says, w.open.until = o, time.Time{}
	unchanged := len(w.ledger()) == w.open.entries
	switch {
	case o.Class == events.Refuse, o.Class == events.Retry && unchanged:
		w.open.until, w.open.partly = w.now(), !unchanged
		return w.begun(c, o)
	case o.Class != events.Done:
		return nil
	}
	w.open.until = w.now().Add(settles)
	happen, err := w.happens(c, o)
	if err != nil {
		return err
	}
	if w.open.predicted, err = w.open.before.After(happen...); err != nil {
		return fmt.Errorf("predict %s of %s: %w", c.Verb, c.Step, err)
	}
	return nil
}

// begun notes the effects of a Do that did not get to its end, because an undo takes away what is there of them.
func (w *witness) begun(c events.Command, o events.Outcome) error {
	effects, err := w.effects(c, o)
	if m := w.stands[keyOf(c)]; err == nil && c.Verb == events.Do && m.input == "" {
		w.stands[keyOf(c)] = made{effects: effects}
	}
	return err
}

// effects are those of a Do: of the step itself, or as the plan has told the model. A Do with the input that was done
// before puts it back.
func (w *witness) effects(c events.Command, o events.Outcome) ([]reach.Effect, error) {
	if m := w.stands[keyOf(c)]; m.input == string(c.Input) {
		return m.done, nil
	}
	if c.Kind == routing.KindSteerEgress { // which finds its priority itself
		return effectsOf(c, o)
	}
	if own, err := effectsOf(c, o); err != nil || len(own) > 0 {
		return own, err
	}
	return w.asked[c.Step], nil
}

// happens are the effects of a command that is done.
func (w *witness) happens(c events.Command, o events.Outcome) (out []reach.Effect, err error) {
	was := w.stands[keyOf(c)]
	undone := func(all []reach.Effect) {
		for _, e := range slices.Backward(all) {
			e.Undone = true
			out = append(out, e)
		}
	}
	if c.Verb == events.Undo {
		delete(w.stands, keyOf(c))
		if o.Retained == "" { // else it is left on purpose
			undone(was.effects)
		}
		return out, nil
	}
	effects, err := w.effects(c, o)
	if err != nil {
		return nil, err
	}
	w.stands[keyOf(c)] = made{effects: effects, input: string(c.Input), done: effects}
	for i, e := range effects {
		if e.Filter == nil { // a filter says itself what it changes in place
			continue
		}
		if f := *e.Filter; len(was.effects) > 0 && f.Held == nil {
			f.Held = f.Priorities
			effects = slices.Clone(effects)
			effects[i].Filter = &f
		}
		return effects, nil
	}
	undone(was.effects)
	return append(out, effects...), nil
}

// Passed concludes a change that has settled.
func (w *witness) Passed(ctx context.Context, now time.Time) error {
	switch {
	case w.open == nil:
		return nil
	case !w.open.until.IsZero() && !now.Before(w.open.until):
		return w.conclude(ctx)
	case now.Sub(w.open.since) > patience:
		return fmt.Errorf("%s of %s goes on since %s: %s %s", w.open.command.Verb, w.open.command.Step, w.open.since,
			w.open.says.Class, w.open.says.Message)
	}
	return nil
}

// conclude compares.
func (w *witness) conclude(ctx context.Context) error {
	if err := w.look(ctx); err != nil {
		return err
	}
	if !w.open.partly {
		w.note(w.open.command, "", differences(w.open.predicted, *w.last))
		w.compared[w.open.command.Verb]++
	}
	w.open = nil
	return nil
}

// look reads all facts.
func (w *witness) look(ctx context.Context) error {
	now, err := w.read(ctx)
	if lists := unread(now); err == nil && len(lists) > 0 {
		err = fmt.Errorf("not read whole: %s", strings.Join(lists, ", "))
	}
	w.last = &now
	return err
}

// unread are the lists that were not read whole, of all that somebody can read: nobody reads a site's table, and a
// controller shows little of the networks of other clouds.
func unread(w reach.World) (out []string) {
	w.Sites = nil
	w.Networks = slices.DeleteFunc(slices.Clone(w.Networks), func(n reach.Network) bool {
		return !strings.HasPrefix(string(n.Realm), "projects/")
	})
	for path, list := range formOf(w) {
		if len(list) > 0 && list[0] == partial {
			out = append(out, path)
		}
	}
	slices.Sort(out)
	return out
}

// rest reads once more when nobody changes anything: what was observed last stays.
func (w *witness) rest(ctx context.Context) error {
	if w.open != nil || w.last == nil {
		return nil
	}
	before := *w.last
	if err := w.look(ctx); err != nil {
		return err
	}
	w.note(events.Command{Step: "nobody"}, "afterwards, ", differences(before, *w.last))
	return nil
}

func (w *witness) note(c events.Command, when string, all []difference) {
	for _, d := range all {
		if o := omitted(c, d.List); o != "" && when == "" {
			w.left[o]++
			continue
		}
		d.List = when + d.List
		w.found = append(w.found, finding{Step: c.Step, Verb: c.Verb, Purpose: c.Purpose, difference: d})
	}
}
