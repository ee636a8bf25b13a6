package httpapi

import (
	"context"
	"fmt"
	"slices"
	"strings"

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
	// Count of sagas or letters; Sagas are the first of them.
	Count int      `json:"count"`
	Sagas []string `json:"sagas"`
}

// The findings that are about no saga.
const (
	causeDeadLetters events.CauseCode = "dead-letters"
	causeStore       events.CauseCode = "store"
)

// What a finding lists at most.
const (
	findingLetters = 1000
	findingSagas   = 10
)

func (s *server) doctor(api huma.API) {
	get(api, "diagnose", "/v1/doctor", "Find everything that does not move, and why",
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
	f := findings{by: map[string]*Symptom{}, last: map[string]string{}}
	if env.Crews == nil {
		f.add(causeStore, "the claims store does not answer", "").NeedsHands = true
	}
	s.examineStore(ctx, f)
	for name, p := range env.Held {
		f.add(events.CauseHeld, heldText(name, p), "")
	}
	for _, status := range unended {
		err := s.each(ctx, saga.Query{Status: status}, func(item saga.Listed) {
			for _, c := range env.WhyListed(item.Summary) {
				f.addCause(c, item.Summary.Saga)
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
		d := f.add(causeDeadLetters, "messages wait in the dead letters; the last says: "+letters[n-1].Reason, "")
		d.Count, d.NeedsHands = n, true
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
		f.add(causeStore, "how full the store is cannot be told: "+err.Error(), "").NeedsHands = true
	case limit > 0 && used >= limit/5*4:
		text := fmt.Sprintf("the store keeps %d of %d bytes; new work is refused from four fifths on, what runs goes on", used, limit)
		f.add(causeStore, text, "").NeedsHands = true
	}
}

func heldText(capability string, p saga.Pause) string {
	what := "the engine is paused"
	if capability != "" {
		what = "capability " + capability + " is paused"
	}
	if p.Actor != "" {
		what += " by " + p.Actor + ": " + p.Reason
	}
	return what
}

// findingText is what the sagas of one finding have in common.
func findingText(c events.Cause) string {
	switch c.Code {
	case events.CauseNoWorker:
		return "no worker of capability " + c.Capability() + " lives, and it has work"
	case events.CauseUnserved:
		return "no worker that lives knows " + c.Kind
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

// findings groups causes.
type findings struct {
	by map[string]*Symptom
	// last is the saga that each was counted for last.
	last map[string]string
}

func (f findings) add(code events.CauseCode, text, id string) *Symptom {
	return f.put(string(code)+" "+text, Symptom{Code: code, Text: text}, id)
}

// addCause groups the causes of steps by step: errors differ in every word, and a thousand of them are one finding whose
// text is the first.
func (f findings) addCause(c events.Cause, id string) {
	text := findingText(c) // without the advice, which names a saga: show says it
	key := text
	switch c.Code {
	case events.CauseStuck, events.CauseRetry, events.CauseWait, events.CauseClaim, events.CauseProof:
		key = c.Step
	}
	f.put(string(c.Code)+" "+key, Symptom{Code: c.Code, Text: text}, id)
}

func (f findings) put(key string, first Symptom, id string) *Symptom {
	d := f.by[key]
	if d == nil {
		d = &first
		d.NeedsHands, d.Sagas = d.Code.NeedsHands(), []string{}
		f.by[key] = d
	}
	if id != "" && f.last[key] != id { // causes come saga by saga
		f.last[key] = id
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
	for _, one := range f.by {
		d.Healthy = d.Healthy && !one.NeedsHands
		d.Findings = append(d.Findings, *one)
	}
	slices.SortFunc(d.Findings, func(a, b Symptom) int {
		switch {
		case a.NeedsHands != b.NeedsHands && a.NeedsHands:
			return -1
		case a.NeedsHands != b.NeedsHands:
			return 1
		case a.Count != b.Count:
			return b.Count - a.Count
		}
		return strings.Compare(fmt.Sprint(a.Code, a.Text), fmt.Sprint(b.Code, b.Text))
	})
	return d
}
