package saga

import (
	"encoding/json"
	"fmt"

	"github.com/culvertnet/culvert/events"
)

// SurveyView is the connection's last survey with what the replay that was thought of would do now; false when there is
// none. It is pure.
func (e Engine) SurveyView(s State) (events.Survey, bool) {
	v := s.Survey
	if v == nil {
		return events.Survey{}, false
	}
	out := events.Survey{
		Saga: s.SagaID(v.Saga), From: v.From, Actor: v.Actor, Reason: v.Reason, At: v.At, Ended: v.Ended,
		Rows: []events.SurveyRow{},
	}
	w := preview{e: e, s: s, survey: v}
	for _, l := range v.Looks {
		row := events.SurveyRow{
			Step: l.Step, Generation: l.Generation, Kind: l.Kind, Object: l.Object, Seen: l.Seen, Detail: l.Detail,
		}
		if row.Seen == "" && v.Ended != "" {
			row.Seen, row.Detail = events.SeenUnknown, "no answer in time"
		}
		w.rows = append(w.rows, row)
	}
	switch {
	case v.From == events.FromFailed:
		w.continues()
	default:
		out.Refused = w.startsOver()
	}
	out.Rows, out.Failing = append(out.Rows, w.rows...), w.failing()
	return out, true
}

// failing judges what was seen as the proof of the connection did: each step may be as it should while the path is
// broken elsewhere. Where a step is not as it should, the rows say so, and the whole is not judged.
func (w *preview) failing() []string {
	g := w.s.Saga
	if g == nil || g.Status != events.SagaCompleted || g.Intent.Want != events.Apply ||
		w.survey.Ended != events.SurveyDone {
		return nil
	}
	seen, kinds := map[string]json.RawMessage{}, map[string]string{}
	for _, l := range w.survey.Looks {
		if l.Seen != events.Present {
			return nil
		}
		seen[l.Step], kinds[l.Step] = l.Observed, l.Kind
	}
	judge := w.e.Kinds[g.Intent.Kind].Postconditions
	if judge == nil {
		return nil
	}
	return judged(judge, NewOutputs(g.Intent, seen, kinds))
}

// preview works out what a replay would do.
type preview struct {
	e      Engine
	s      State
	survey *Survey
	rows   []events.SurveyRow
}

func (w *preview) row(step string, generation uint64) *events.SurveyRow {
	for i := range w.rows {
		if w.rows[i].Step == step && w.rows[i].Generation == generation {
			return &w.rows[i]
		}
	}
	return nil
}

// continues: a stuck saga goes on in its direction.
func (w *preview) continues() {
	for i := range w.rows {
		w.rows[i].Will = events.WillNothing
	}
	g := w.s.Saga
	if g == nil || g.Status != events.SagaStuck {
		return
	}
	for _, st := range g.Steps {
		row := w.row(st.Name, st.Generation)
		if row == nil || !g.goesBack(st) || st.Status == events.StepUndone {
			continue
		}
		row.Will = undoes(st.Transition, row.Seen)
		if st.Transition == TransitionChange {
			row.Because = "back to its earlier input"
		}
	}
}

// undoes is what going back comes to, by what is there.
func undoes(tr Transition, seen events.Presence) events.Will {
	v, _ := afterLook(true, tr, seen)
	switch {
	case v == lookSettles:
		return events.WillNothing
	case tr == TransitionChange:
		return events.WillChange
	}
	return events.WillUndo
}

// startsOver: a new saga of the intent, from what stands. It gives why there can be none.
func (w *preview) startsOver() (refused string) {
	t := &turn{e: w.e, s: &w.s}
	plan, err := t.plan(w.survey.Intent)
	if err != nil {
		return "plan: " + err.Error()
	}
	adopted := map[Ref]bool{}
	outputs := map[string]json.RawMessage{}
	if w.survey.Intent.Want == events.Apply {
		for _, n := range plan.Nodes {
			if !n.Check {
				w.node(n, outputs, adopted)
			} else if was := w.checked(n.Name); was != nil {
				outputs[n.Name] = was
			}
		}
	}
	for i := range w.rows {
		row := &w.rows[i]
		switch {
		case row.Will != "":
		case w.s.standing(row.Step, row.Generation) != nil && !adopted[Ref{row.Step, row.Generation}]:
			if row.Will = undoes(TransitionRemove, row.Seen); row.Will == events.WillUndo {
				row.Because = "it is not part of the new version"
			}
		default:
			row.Will = events.WillNothing
		}
	}
	return ""
}

// checked is what a check has read for the newest saga: the best that is known of what it will read again.
func (w *preview) checked(name string) json.RawMessage {
	if w.s.Saga == nil {
		return nil
	}
	if st := w.s.Saga.step(name, 0); st != nil {
		return st.Output
	}
	return nil
}

// node previews one step of the new plan. outputs are of the checks, and of the steps that stay as they are.
func (w *preview) node(n Node, outputs map[string]json.RawMessage, adopted map[Ref]bool) {
	made := func(will events.Will, because string) {
		w.rows = append(w.rows, events.SurveyRow{Step: n.Name, Kind: n.Kind, Will: will, Because: because})
	}
	anew := ""
	for _, b := range n.Binds {
		if _, known := outputs[b.Step]; !known {
			anew = b.Step
		}
	}
	if anew != "" {
		if e := w.s.standing(n.Name, 0); e != nil {
			adopted[Ref{e.Step, e.Generation}] = true
			w.row(e.Step, e.Generation).Will, w.row(e.Step, e.Generation).Because = events.WillDepends,
				"its input comes from "+anew+", which is not kept"
			return
		}
		made(events.WillMake, "")
		return
	}
	input, err := n.render(func(step string) json.RawMessage { return outputs[step] })
	if err != nil {
		made(events.WillRefuse, err.Error())
		return
	}
	f := w.s.fate(n, input)
	if f.from == nil {
		made(events.WillMake, "")
		return
	}
	row := w.row(f.from.Step, f.from.Generation)
	adopted[Ref{f.from.Step, f.from.Generation}] = true
	if f.means == TransitionReplace {
		row.Will, row.Because = events.WillReplace, "a new generation is made before this one is removed"
		return
	}
	row.Will, row.Because = meets(f.means, row.Seen)
	if f.means == TransitionKeep && row.Will != events.WillRefuse {
		outputs[n.Name] = f.from.Output
	}
}

// meets is what a step that goes on from something comes to, by what is there.
func meets(means Transition, seen events.Presence) (events.Will, string) {
	v, _ := afterLook(false, means, seen)
	switch {
	case v == lookRefuses:
		return events.WillRefuse, "an object that Culvert does not own has this name"
	case seen == events.Absent:
		return events.WillMake, "it is gone"
	case means == TransitionChange:
		return events.WillChange, "its input has changed"
	case seen == events.Different:
		return events.WillChange, "it has drifted"
	case v == lookSettles:
		return events.WillKeep, ""
	}
	return events.WillDepends, fmt.Sprintf("it is %s", orPending(seen))
}

func orPending(seen events.Presence) events.Presence {
	if seen == "" {
		return "not looked at yet"
	}
	return seen
}
