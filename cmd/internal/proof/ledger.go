package proof

import (
	"fmt"
	"slices"

	"github.com/culvertnet/culvert/adapters/simcloud/control"
)

// The effects of a ledger line that make an object and take it away.
const (
	Create = "create"
	Delete = "delete"
)

// MostLive is the judge of "one live effect on a name": creates minus deletes is zero or one for every named object, at
// every line of the ledger. It gives the most that one object ever had, and an error for the first line that breaks it.
func MostLive(ledger []control.Effect) (most int, err error) {
	live := map[string]int{}
	for _, e := range ledger {
		key := e.Vendor + " " + e.Kind + " " + e.Name
		switch e.Effect {
		case Create:
			live[key]++
		case Delete:
			live[key]--
		}
		most = max(most, live[key])
		if live[key] < 0 || live[key] > 1 {
			return most, fmt.Errorf("%s has %d live effects at line %d of the ledger", key, live[key], e.Seq)
		}
	}
	return most, nil
}

// OneLive is MostLive for whom the figure does not matter.
func OneLive(ledger []control.Effect) error {
	_, err := MostLive(ledger)
	return err
}

// Call is a vendor's call, by the vendor's own name.
type Call struct{ Vendor, Name string }

// Calls lists the calls of a ledger, each once, in the order of their first effect.
func Calls(ledger []control.Effect) []Call {
	var calls []Call
	for _, e := range ledger {
		if c := (Call{e.Vendor, e.Call}); !slices.Contains(calls, c) {
			calls = append(calls, c)
		}
	}
	return calls
}

// Fired counts the faults that have been met, and how often in all.
func Fired(faults []control.Fault) (met, hits int) {
	for _, f := range faults {
		if hits += f.Hits; f.Hits > 0 {
			met++
		}
	}
	return met, hits
}
