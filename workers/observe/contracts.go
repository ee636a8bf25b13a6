package observe

import (
	"slices"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/events/reach"
)

// Kinds of this capability's steps. Both ask the same: KindCheck of a world that is not there yet, before anything has
// an effect, and KindProveReach of the world as it is, which every look asks again.
const (
	KindCheck      = "observe.check"
	KindProveReach = "observe.prove-reach"
)

// ReachIn asks what becomes of a connection's flows, and of everybody else's, when some effects have happened.
type ReachIn struct {
	// Networks are those in which the flows begin or end. Networks that are peered with them are read as well.
	Networks []Scope `json:"networks"`
	// Controllers are those whose gateways may be on the way.
	Controllers []string `json:"controllers,omitempty"`
	// Effects are what has not happened yet, in the order in which it will; of a proof, what has happened. One that
	// names no network is in the first.
	Effects []reach.Effect `json:"effects,omitempty"`
	// Asks are the connection's own flows.
	Asks []reach.Ask `json:"asks"`
	// In are the ways by which sites reach the connection. They are asked about when nothing is left to happen.
	In []WayIn `json:"in,omitempty"`
	// Callers ask whom the connection's service lets in, once all has happened.
	Callers *Callers `json:"callers,omitempty"`
	// Steers asks that the packets of a sender go by a gateway's machine.
	Steers *Steer `json:"steers,omitempty"`
	// Own are the full names of the connection's own senders.
	Own []string `json:"own,omitempty"`
	// Accept are consents by name. There is none that accepts everything.
	Accept []Consent `json:"accept,omitempty"`
}

// A Consent accepts one thing that would refuse.
type Consent struct {
	// Cause is Lost, Widened, or a cause of what is undecided for others that nobody can lift.
	Cause string `json:"cause"`
	// Object is the sender whose flows change, or the object that the cause is about, as the refusal names it.
	Object string `json:"object"`
}

// Causes of consents to what surely happens: a sender loses paths, or gets ones that were closed.
const (
	Lost    = "lost"
	Widened = "widened"
)

// Grantable are the causes that can be consented to. What an operator can lift is lifted, not accepted.
func Grantable() []string {
	out := []string{Lost, Widened}
	for _, c := range reach.Causes() {
		if c.Lift() == reach.ByNobody {
			out = append(out, string(c))
		}
	}
	return out
}

// Grantable tells whether the cause is one of those that can be consented to.
func (c Consent) Grantable() bool { return slices.Contains(Grantable(), c.Cause) }

// ReachOut is the answer. The facts are not part of it: a network may have thousands of rules.
type ReachOut struct {
	Own []reach.Finding `json:"own"`
	// Enforcement says whether a vendor's document tells that what closes the rest binds these senders; empty where
	// nothing is claimed to be closed.
	Enforcement Enforcement `json:"enforcement,omitempty"`
	// Accepted are changes of others' flows that the intent consents to, and those of addresses that nobody has.
	Accepted []reach.Harm `json:"accepted,omitempty"`
	// Unverified are the causes that no control plane can decide, of what is claimed all the same.
	Unverified []events.Unverified `json:"unverified,omitempty"`
	Sources    []reach.Source      `json:"sources"`
}

// NoWayBack is the cause of what is told where an intent names no destination: packets arrive, and no answer finds its
// way back.
const NoWayBack = "no-way-back"

// Enforcement is by what a filter is known to bind.
type Enforcement string

// What is documented is closed by every reading of the vendors' documents; what is unverified depends on something that
// no document tells.
const (
	Documented Enforcement = "documented"
	Unverified Enforcement = "unverified"
)
