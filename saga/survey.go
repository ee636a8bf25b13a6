package saga

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/culvertnet/culvert/events"
)

// A Survey looks at everything of a connection at rest, so that an operator sees what a replay would find. It is
// journalled like a saga's own Looks, so it works with any number of orchestrators, and whatever comes next ends it.
type Survey struct {
	// Saga is the newest saga when it was asked; From and Intent are the replay that is thought of.
	Saga   uint64            `json:"saga"`
	From   events.ReplayFrom `json:"from"`
	Intent events.Intent     `json:"intent"`
	Actor  string            `json:"actor"`
	Reason string            `json:"reason"`
	At     time.Time         `json:"at"`
	// Until is when it ends without the answers that are missing then.
	Until time.Time        `json:"until"`
	Ended events.SurveyEnd `json:"ended,omitempty"`
	Looks []SurveyLook     `json:"looks,omitempty"`
}

// A SurveyLook is one Look of a survey. Seen is "" until it is answered.
type SurveyLook struct {
	Ref
	Kind      string          `json:"kind"`
	Object    string          `json:"object"`
	RequestID uuid.UUID       `json:"requestId"`
	Epoch     uint64          `json:"epoch"`
	Input     json.RawMessage `json:"input"`
	Output    json.RawMessage `json:"output,omitempty"`
	Deadline  time.Time       `json:"deadline"`
	Seen      events.Presence `json:"seen,omitempty"`
	Observed  json.RawMessage `json:"observed,omitempty"`
	Detail    string          `json:"detail,omitempty"`
}

// The facts of a survey.
type (
	// SurveyAsked: an operator wants to know how the world is; the Looks are out.
	SurveyAsked struct {
		At     time.Time         `json:"at"`
		Saga   uint64            `json:"saga"`
		From   events.ReplayFrom `json:"from"`
		Intent events.Intent     `json:"intent"`
		Until  time.Time         `json:"until"`
		Looks  []SurveyLook      `json:"looks,omitempty"`
		Actor  string            `json:"actor"`
		Reason string            `json:"reason"`
	}
	// SurveySeen: one of its Looks was answered; what could not be read is unknown.
	SurveySeen struct {
		Look     Ref             `json:"look"`
		At       time.Time       `json:"at"`
		Epoch    uint64          `json:"epoch"`
		Presence events.Presence `json:"presence"`
		Output   json.RawMessage `json:"output,omitempty"`
		Detail   string          `json:"detail,omitempty"`
	}
	// SurveyEnded: no answer is waited for any more.
	SurveyEnded struct {
		At    time.Time        `json:"at"`
		Ended events.SurveyEnd `json:"ended"`
	}
)

func (SurveyAsked) isFact() {}
func (SurveySeen) isFact()  {}
func (SurveyEnded) isFact() {}

// open tells whether answers are waited for.
func (v *Survey) open() bool { return v != nil && v.Ended == "" }

// look finds the Look at a generation of a step.
func (v *Survey) look(step string, generation uint64) *SurveyLook {
	if v == nil {
		return nil
	}
	for i := range v.Looks {
		if l := &v.Looks[i]; l.Step == step && l.Generation == generation {
			return l
		}
	}
	return nil
}

// clone copies what facts change in place.
func (v *Survey) clone() *Survey {
	if v == nil {
		return nil
	}
	c := *v
	c.Looks = slices.Clone(v.Looks)
	return &c
}

// survey asks for a Look at everything that is, or was, of the connection. A connection that has work is left alone.
func (t *turn) survey(n uint64, a events.Action) error {
	g := t.s.Saga
	switch {
	case n != t.s.Newest():
		return t.notNewest(n)
	case t.s.active() || len(t.s.Queue) > 0:
		return events.NewConflict("saga", "busy", "%s has not ended; a survey needs a connection at rest", a.Saga)
	}
	fact := SurveyAsked{At: t.now, Saga: n, From: a.From, Until: t.now.Add(t.e.Limits.Deadline + t.e.Limits.quiet()),
		Actor: a.Actor, Reason: a.Reason}
	switch u := t.s.Unbegun; {
	case u != nil && u.N == n:
		fact.Intent = u.Intent
	case g != nil:
		fact.Intent = g.Intent
	}
	if a.Input != nil {
		fact.Intent.Data, fact.Intent.Digest = a.Input, events.Digest(a.Input)
	}
	for _, l := range t.s.toSurvey(t.now, t.e.Limits) {
		l.RequestID = events.StepRequestID(t.s.SagaID(n), l.Step, l.Generation)
		if t.held.Holds(l.Kind) {
			return events.NewConflict("saga", "held",
				"the engine or the capability %s is paused, so nothing can be looked at",
				Node{Kind: l.Kind}.Capability())
		}
		l.Epoch++
		if until := l.Deadline.Add(t.e.Limits.quiet()); until.After(fact.Until) {
			fact.Until = until
		}
		fact.Looks = append(fact.Looks, l)
	}
	t.add(fact)
	return nil
}

// toSurvey lists what there is to look at: every generation that is in the world as far as is known, and what the
// newest saga has had in hand. Epochs are those that have been given out; deadlines are by each step's limits.
func (s *State) toSurvey(now time.Time, l Limits) []SurveyLook {
	var looks []SurveyLook
	by := func(kind string, own StepLimits) time.Time { return now.Add(l.ForKind(kind, own).Deadline) }
	for _, e := range s.Standing {
		looks = append(looks, SurveyLook{
			Ref: Ref{e.Step, e.Generation}, Kind: e.Kind, Object: e.Object, Epoch: e.Epoch, Input: e.Input,
			Output: e.Output, Deadline: by(e.Kind, e.Limits),
		})
	}
	if s.Saga == nil {
		return looks
	}
	for _, st := range s.Saga.Steps {
		i := slices.IndexFunc(
			looks, func(l SurveyLook) bool { return l.Step == st.Name && l.Generation == st.Generation },
		)
		switch {
		case i >= 0:
			looks[i].Epoch = max(looks[i].Epoch, st.Epoch)
		case st.Transition != TransitionCheck && st.Touched && st.Input != nil:
			looks = append(looks, SurveyLook{
				Ref: Ref{st.Name, st.Generation}, Kind: st.Kind, Object: st.Object, Epoch: st.Epoch, Input: st.Input,
				Output: st.Output, Deadline: by(st.Kind, st.Limits),
			})
		}
	}
	return looks
}

// endSurvey ends a survey: it has its answers, its time is over, or something else has overtaken it.
func (t *turn) endSurvey() {
	ended := t.s.surveyEnds()
	if ended == "" {
		ended = events.SurveyTimedOut
	}
	t.add(SurveyEnded{At: t.now, Ended: ended})
}

// surveyEnds is how a survey ends whatever the time is; "" while it goes on.
func (s *State) surveyEnds() events.SurveyEnd {
	switch {
	case s.active() || len(s.Queue) > 0:
		return events.SurveyOvertaken
	case slices.ContainsFunc(s.Survey.Looks, func(l SurveyLook) bool { return l.Seen == "" }):
		return ""
	}
	return events.SurveyDone
}

// surveyed gives the Look of the survey that a result answers; nil when it is none that is waited for.
func (s *State) surveyed(r events.Result) *SurveyLook {
	v := s.Survey
	if !v.open() || r.Saga != s.SagaID(v.Saga) {
		return nil
	}
	if l := v.look(r.Step, r.Generation); l != nil && l.Epoch == r.Epoch && l.Seen == "" {
		return l
	}
	return nil
}

// seen is the fact that an answered Look makes; what could not be read is unknown.
func (l *SurveyLook) seen(o events.Outcome, now time.Time) SurveySeen {
	fact := SurveySeen{Look: l.Ref, At: now, Epoch: l.Epoch, Presence: o.Seen, Output: o.Output, Detail: o.Message}
	if o.Class != events.Done || fact.Presence == "" {
		fact.Presence, fact.Output = events.SeenUnknown, nil
		if fact.Detail == "" {
			fact.Detail = string(o.Reason)
		}
	}
	return fact
}

// applySurveyAsked begins a survey. Whoever asks next asks at a later epoch.
func (s *State) applySurveyAsked(f SurveyAsked) {
	s.Survey = &Survey{
		Saga: f.Saga, From: f.From, Intent: f.Intent, Actor: f.Actor, Reason: f.Reason, At: f.At, Until: f.Until,
		Looks: slices.Clone(f.Looks),
	}
	for _, l := range f.Looks {
		if e := s.standing(l.Step, l.Generation); e != nil {
			e.Epoch = l.Epoch
		}
		if s.Saga == nil {
			continue
		}
		for _, st := range s.Saga.Steps {
			if st.Name == l.Step && st.Generation == l.Generation {
				st.Epoch = l.Epoch
			}
		}
	}
}

func (s *State) applySurveySeen(f SurveySeen) {
	if l := s.Survey.look(f.Look.Step, f.Look.Generation); l != nil {
		l.Seen, l.Observed, l.Detail = f.Presence, f.Output, f.Detail
	}
}

func (s *State) applySurveyEnded(f SurveyEnded) {
	if s.Survey != nil {
		s.Survey.Ended = f.Ended
	}
}

// surveyCommands are the commands of a survey that are out.
func (s State) surveyCommands() []events.Command {
	if !s.Survey.open() {
		return nil
	}
	var commands []events.Command
	for _, l := range s.Survey.Looks {
		if l.Seen != "" {
			continue
		}
		commands = append(commands, events.Command{
			Connection: s.Key, Saga: s.SagaID(s.Survey.Saga), Step: l.Step, Kind: l.Kind,
			Capability: Node{Kind: l.Kind}.Capability(),
			Generation: l.Generation, Epoch: l.Epoch, Verb: events.Look, Name: l.Object, RequestID: l.RequestID,
			Due:      s.Survey.At,
			Deadline: l.Deadline, Since: s.Survey.At, Input: l.Input, Output: l.Output,
		})
	}
	return commands
}
