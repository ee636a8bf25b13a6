// Package kind is what every intent kind hands to the catalogue: its rules, its graph and the versions of its payload,
// as data.
//
// A kind is a folder beside this one, with one function New that gives an [Entry]. What a version is follows from the
// entry alone: no other code names a version of a payload.
package kind

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/saga"
)

// An Entry is one intent kind. It does not change once made and is safe for concurrent use.
type Entry struct {
	// Name is the kind's, as in the type of its events: "private-service".
	Name string
	// Versions are the versions of its payload, from 1 without a gap. Each has a schema for apply and one for withdraw.
	Versions map[int]Version
	// Plan makes the graph, and the checks of a withdrawal. The data of an apply is of the newest version.
	Plan func(saga.Planning) (saga.Plan, error)
	// Postconditions names what does not hold of the whole, from what every Look saw. The intent is as it is for Plan.
	Postconditions func(saga.Outputs) []string
	// Limits are those of steps by their kind, where the engine's are not right.
	Limits map[string]saga.StepLimits
	// Samples are applies whose runs try every step of the kind, in every way that it has.
	Samples []Sample
}

// A Version is one version of a kind's payload.
type Version struct {
	// Admit judges an intent, apply or withdraw, whose data is of this version, by the rules that a schema cannot say.
	// The error is an *events.Refusal.
	Admit func(events.Intent) error
	// Upgrade gives the data of the next version that asks for the same thing; only the newest version has none. A
	// version is accepted as long as it is listed, so that queued and standing intents outlive the release that took
	// them.
	Upgrade func(json.RawMessage) (json.RawMessage, error)
	// Example is the data of an apply whose plan explains the version.
	Example json.RawMessage
}

// A Sample is an apply of the newest version that was made to be run in the simulated world.
type Sample struct {
	Name string
	Data json.RawMessage
	// Steps are those that no sample before this one has tried in this way; nil is all.
	Steps []string
}

// Newest is the number of the newest version.
func (e Entry) Newest() int { return len(e.Versions) }

// Validate tells whether the entry is complete: a name, a plan, and versions without a gap that can be upgraded to the
// newest. The program must not start with another one.
func (e Entry) Validate() error {
	var errs []error
	need := func(kept bool, format string, args ...any) {
		if !kept {
			errs = append(errs, fmt.Errorf("kind %q: "+format, append([]any{e.Name}, args...)...))
		}
	}
	need(e.Name != "", "it has no name")
	need(e.Plan != nil, "it has no plan")
	need(len(e.Versions) > 0, "it has no version")
	for _, n := range slices.Sorted(maps.Keys(e.Versions)) {
		v := e.Versions[n]
		need(n >= 1 && n <= e.Newest(), "versions are %v, want 1 to %d", slices.Sorted(maps.Keys(e.Versions)),
			e.Newest())
		need(v.Admit != nil, "version %d has no Admit", n)
		need(json.Valid(v.Example), "version %d has no example", n)
		need((v.Upgrade == nil) == (n == e.Newest()), "version %d: every version but the newest needs Upgrade", n)
	}
	return errors.Join(errs...)
}

// Admit judges an intent by the rules of its version. The error is an *events.Refusal.
func (e Entry) Admit(in events.Intent) error {
	v, known := e.Versions[in.Version]
	if !known {
		return events.NewRefusal("type", "version", "kind %s has no version %d; the newest is %d", e.Name, in.Version,
			e.Newest())
	}
	return v.Admit(in)
}

// Example is an apply of a version whose plan explains it. A version that is not listed gives an intent without data.
func (e Entry) Example(version int) events.Intent {
	return e.apply(version, e.Versions[version].Example)
}

// Apply is an apply of the newest version with some data, as of the default tenant.
func (e Entry) Apply(data json.RawMessage) events.Intent { return e.apply(e.Newest(), data) }

func (e Entry) apply(version int, data json.RawMessage) events.Intent {
	return events.Intent{
		Connection: events.Key{Tenant: events.DefaultTenant, Name: "orders"},
		Kind:       e.Name, Want: events.Apply, Version: version, Data: data,
	}
}

// Engine is the kind as the engine takes it. An apply of an older version is upgraded first.
func (e Entry) Engine() saga.Kind {
	k := saga.Kind{Plan: func(p saga.Planning) (saga.Plan, error) {
		in, err := e.upgraded(p.Intent)
		if err != nil {
			return saga.Plan{}, err
		}
		p.Intent = in
		return e.Plan(p)
	}}
	if e.Postconditions != nil {
		k.Postconditions = func(o saga.Outputs) []string {
			in, err := e.upgraded(o.Intent)
			if err != nil {
				return []string{err.Error()}
			}
			o.Intent = in
			return e.Postconditions(o)
		}
	}
	return k
}

// upgraded gives an intent with its data in the newest version.
func (e Entry) upgraded(in events.Intent) (events.Intent, error) {
	if in.Want != events.Apply {
		return in, nil
	}
	for in.Version != e.Newest() {
		v, known := e.Versions[in.Version]
		if !known {
			return in, fmt.Errorf("read intent: this release has no version %d of kind %s", in.Version, e.Name)
		}
		data, err := v.Upgrade(in.Data)
		if err != nil {
			return in, fmt.Errorf("upgrade intent of kind %s from version %d: %w", e.Name, in.Version, err)
		}
		in.Data, in.Version = data, in.Version+1
	}
	return in, nil
}
