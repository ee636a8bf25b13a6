package sagatest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/saga"
)

// story writes down the inputs of a simulation that changed anything, as the commands of a script.
type story struct {
	b  strings.Builder
	at time.Time
}

// Story is what has happened so far as a script, which plays the same without the world that made it: what a seed means
// changes with the simulation, what a script means does not.
func (s *Simulation) Story(title string) string {
	return "# " + title + "\n" + s.story.b.String()
}

func (w *story) command(now time.Time, format string, args ...any) {
	if !now.Equal(w.at) {
		w.at = now
		w.command(now, "at %s", now.Sub(Epoch))
	}
	fmt.Fprintf(&w.b, "\n"+format+"\n", args...)
	w.b.WriteString("----\n")
}

// input writes down an input that the engine took notice of.
func (w *story) input(now time.Time, in saga.Input) {
	switch in := in.(type) {
	case saga.Accept:
		w.submit(now, in.Intent)
	case saga.Report:
		w.report(now, in.Result)
	case saga.Operate:
		w.order(now, in.Action)
	case saga.Tick:
		w.command(now, "tick 0s")
	}
}

func (w *story) submit(now time.Time, in events.Intent) {
	var d Data
	if err := json.Unmarshal(in.Data, &d); err != nil {
		panic(err) // made by Intent
	}
	command := fmt.Sprintf("submit %s id=%s", in.Want, in.ID)
	for _, n := range d.Nodes {
		command += "\n  " + nodeLine(n)
	}
	w.command(now, "%s", command)
}

func (w *story) report(now time.Time, r events.Result) {
	o := r.Outcome
	verb := string(o.Class)
	if o.Seen != "" {
		verb = string(o.Seen)
	}
	command := fmt.Sprintf("%s %s", verb, ref(r.Step, r.Generation))
	for _, option := range [][2]string{
		{
			"operation", o.Operation,
		}, {"reason", string(o.Reason)}, {"output", string(o.Output)}, {"retained", o.Retained},
	} {
		if option[1] != "" {
			command += " " + option[0] + "=" + option[1]
		}
	}
	if o.After > 0 {
		command += " after=" + o.After.String()
	}
	w.command(now, "%s", strings.TrimSpace(command+" "+o.Message))
}

func (w *story) order(now time.Time, a events.Action) {
	command := string(a.Kind)
	if _, n, err := events.ParseSaga(a.Saga); err == nil {
		command += " " + strconv.FormatUint(n, 10)
	}
	switch a.Kind {
	case events.ActionReplay, events.ActionSurvey:
		command += " from=" + string(a.From)
	case events.ActionResolve:
		command += " " + a.Step + " " + string(a.Resolution)
	}
	w.command(now, "%s", command)
}

// held writes down what the engine holds from now on.
func (w *story) held(now time.Time, h saga.Held) {
	words := []string{"holding"}
	for _, capability := range slices.Sorted(maps.Keys(h)) {
		if capability == "" {
			capability = "all"
		}
		words = append(words, capability)
	}
	w.command(now, "%s", strings.Join(words, " "))
}

// nodeLine writes a node as parseNode reads it.
func nodeLine(n saga.Node) string {
	words := []string{n.Name, n.Kind}
	if n.Check {
		words = append(words, "check")
	}
	if n.UndoLast {
		words = append(words, "undo-last")
	}
	if len(n.After) > 0 {
		words = append(words, "after="+strings.Join(n.After, ","))
	}
	for _, b := range n.Binds {
		words = append(words, strings.TrimPrefix(b.To, "/")+"<-"+b.Step+"."+strings.TrimPrefix(b.From, "/"))
	}
	var input map[string]json.RawMessage
	if err := json.Unmarshal(n.Input, &input); err != nil {
		panic(err) // made by RandomData
	}
	for _, name := range slices.Sorted(maps.Keys(input)) {
		value := string(input[name])
		if text, err := strconv.Unquote(value); err == nil {
			value = text
		}
		words = append(words, name+"="+value)
	}
	return strings.Join(words, " ")
}
