package httpapi

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/saga"
)

// Diagnosis is what a doctor finds: everything that does not move, grouped by cause.
type Diagnosis struct {
	// Healthy tells that nothing needs hands.
	Healthy  bool      `json:"healthy"`
	Findings []Symptom `json:"findings"`
}

// Symptom is one cause with whom it is about.
type Symptom struct {
	Code events.CauseCode `json:"code"`
	// NeedsHands: it does not go away by itself.
	NeedsHands bool `json:"needsHands"`
	// Text says it; of several steps that differ in what they say it is the first one's.
	Text string `json:"text"`
	// Advice is what an operator can do about it; "" when it goes away by itself.
	Advice string `json:"advice,omitempty"`
	// Count of sagas or letters; Sagas are the first of them.
	Count int      `json:"count"`
	Sagas []string `json:"sagas"`
}

// What a finding lists at most.
const (
	findingLetters = 1000
	findingSagas   = 10
)

func (s *server) doctor(api huma.API) {
	get(api, "diagnose", "/v1/doctor", "Diagnose sagas that make no progress",
		func(ctx context.Context, _ *struct{}) (*body[Diagnosis], error) {
			d, err := s.diagnose(ctx)
			if err != nil {
				return nil, err
			}
			return &body[Diagnosis]{Body: d}, nil
		})
}

func (s *server) diagnose(ctx context.Context) (Diagnosis, error) {
	env := s.environment(ctx)
	f := findings{by: map[finding]*Symptom{}, last: map[finding]string{}}
	if env.Crews == nil {
		f.put(finding{events.CauseStore, "claims"}, "the claims store does not answer", "")
	}
	s.examineStore(ctx, f)
	s.examineSpeakers(ctx, env.Now, f)
	for name, p := range env.Held {
		f.put(finding{events.CauseHeld, scopeOf(name)}, heldText(name, p), "")
	}
	for _, status := range unended {
		err := s.each(ctx, saga.Query{Status: status}, func(item saga.Listed) {
			for _, c := range env.WhyListed(item.Summary) {
				f.put(findingOf(c, item.Summary, env), findingText(c), item.Summary.Saga)
			}
		})
		if err != nil {
			return Diagnosis{}, err
		}
	}
	letters, err := s.DeadLetters.List(ctx, "", findingLetters)
	if err != nil {
		return Diagnosis{}, problem(err)
	}
	if n := len(letters); n > 0 {
		text := "messages wait in the dead letters; the last says: " + letters[n-1].Reason
		f.put(finding{code: events.CauseDeadLetters}, text, "").Count = n
	}
	return f.diagnosis(), nil
}

// examineStore finds a store that is nearly full: from four fifths on new work is refused.
func (s *server) examineStore(ctx context.Context, f findings) {
	if s.Room == nil {
		return
	}
	used, limit, err := s.Room(ctx)
	switch {
	case err != nil:
		f.put(finding{events.CauseStore, "room"}, "how full the store is cannot be told: "+err.Error(), "")
	case limit > 0 && used >= limit/5*4:
		text := fmt.Sprintf(
			"the store keeps %d of %d bytes; new work is refused from four fifths on, what runs goes on", used, limit,
		)
		f.put(finding{events.CauseStore, "room"}, text, "")
	}
}

func heldText(capability string, p saga.Pause) string {
	what := scopeOf(capability) + " is paused"
	if p.Actor != "" {
		what += " by " + p.Actor + ": " + p.Reason
	}
	return what
}

// findingText is what the sagas of one finding have in common.
func findingText(c events.Cause) string {
	switch c.Code {
	case events.CauseNoWorker:
		return "no live worker of capability " + c.Capability() + ", and it has work"
	case events.CauseUnserved:
		return "no live worker knows " + c.Kind
	case events.CauseCommand:
		return "a command of capability " + c.Capability() + " is in flight"
	case events.CauseQueued:
		return "waits behind an earlier saga of the connection"
	case events.CauseOperation:
		return "waits for a vendor's long operation in " + c.Kind
	case events.CauseQuiet, events.CausePaused, events.CauseHeld, events.CauseLate, events.CauseNoPlan:
		return c.Text
	}
	if c.Step != "" {
		return c.Step + ": " + c.Text
	}
	return c.Text
}

// A finding is what causes have in common: a code, and what it is about. Texts of one finding may differ in every word;
// it says the first.
type finding struct {
	code  events.CauseCode
	about string
}

// findingOf is the finding that a cause of a listed connection belongs to.
func findingOf(c events.Cause, of saga.Summary, env saga.Environment) finding {
	f := finding{code: c.Code}
	switch c.Code {
	case events.CauseStuck, events.CauseRetry, events.CauseWait, events.CauseClaim, events.CauseProof:
		f.about = c.Step
	case events.CauseNoWorker, events.CauseCommand:
		f.about = c.Capability()
	case events.CauseUnserved, events.CauseOperation:
		f.about = c.Kind
	case events.CausePaused:
		f.about = c.By
	case events.CauseNoPlan:
		f.about = of.Kind
	case events.CauseHeld:
		f.about = "released since"
		if _, held := env.Held[c.Capability()]; held && c.Kind != "" {
			f.about = scopeOf(c.Capability())
		} else if _, held := env.Held[""]; held {
			f.about = scopeOf("")
		}
	}
	return f
}

// scopeOf is what a hold is of: the engine, or a capability.
func scopeOf(capability string) string {
	if capability == "" {
		return "the engine"
	}
	return "capability " + capability
}

// findings gather causes.
type findings struct {
	by map[finding]*Symptom
	// last is the saga that each was counted for last.
	last map[finding]string
}

func (f findings) put(of finding, text, id string) *Symptom {
	d := f.by[of]
	if d == nil {
		d = &Symptom{
			Code: of.code, NeedsHands: of.code.NeedsHands(), Text: text, Advice: of.code.Remedy(), Sagas: []string{},
		}
		f.by[of] = d
	}
	if id != "" && f.last[of] != id { // causes come saga by saga
		f.last[of] = id
		d.Count++
		if len(d.Sagas) < findingSagas {
			d.Sagas = append(d.Sagas, id)
		}
	}
	return d
}

// diagnosis puts what needs hands first, then what concerns most.
func (f findings) diagnosis() Diagnosis {
	d := Diagnosis{Healthy: true, Findings: []Symptom{}}
	order := slices.SortedFunc(maps.Keys(f.by), func(a, b finding) int {
		return cmp.Or(
			cmp.Compare(rank(f.by[a]), rank(f.by[b])), cmp.Compare(f.by[b].Count, f.by[a].Count),
			cmp.Compare(a.code, b.code), cmp.Compare(a.about, b.about))
	})
	for _, of := range order {
		d.Healthy = d.Healthy && !f.by[of].NeedsHands
		d.Findings = append(d.Findings, *f.by[of])
	}
	return d
}

func rank(s *Symptom) int {
	if s.NeedsHands {
		return 0
	}
	return 1
}
