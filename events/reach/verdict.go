package reach

import (
	"slices"
	"time"
)

// A Verdict says what becomes of the flows of a question.
//
// Sure holds the flows that pass whatever the doubts are, May those that pass in some case. Sure is within May; what is
// not in May is blocked, and what is in May and not in Sure is undecided, for the reasons in Open.
type Verdict struct {
	Sure, May Flows
	// Hops are the objects that decide, in the order of the way, and Back those on the way of the answers, with the
	// flows that are answered; at most MaxHops of each.
	Hops, Back []Hop
	// Open are the causes of what is undecided, at most MaxGaps, and empty when nothing is.
	Open []Gap
	// Against says whom a filter on the way stops.
	Against Strength
}

// Bounds of what a verdict holds and of what it costs.
const (
	MaxHops  = 64
	MaxGaps  = 32
	MaxBoxes = 50_000
)

// Undecided are the flows that pass in some cases only.
func (v Verdict) Undecided() Flows { return v.May.Subtract(v.Sure) }

// An Act is what an object does with the flows that it decides.
type Act string

// Acts.
const (
	Allow     Act = "allow"
	Deny      Act = "deny"
	Next      Act = "next"
	Inspect   Act = "inspect"
	Forward   Act = "forward"
	Translate Act = "translate"
	Arrive    Act = "arrive"
)

// A Hop is one object that decides, with the flows that it may decide.
type Hop struct {
	Realm  Realm
	Layer  string
	Object string
	Act    Act
	Flows  Flows
	Call   string
	At     time.Time
}

// Strength says whom a filter stops: everybody, or only clients that send the name of their true destination.
type Strength string

// Strengths.
const (
	Addresses     Strength = "addresses"
	HonestClients Strength = "honest-clients"
)

// A Cause is a reason why flows are undecided. The list is closed.
type Cause string

// Causes, and what lifts each: a permission or a fresh read, a real cloud, a reader of the far side, time, or nothing.
const (
	NotAllowedToRead Cause = "not-allowed-to-read"
	ListNotWhole     Cause = "list-not-whole"
	Stale            Cause = "stale"
	TooLarge         Cause = "too-large"
	NameUnresolved   Cause = "name-unresolved"
	ForwardedName    Cause = "forwarded-name"
	FarSide          Cause = "far-side"
	NoDocument       Cause = "no-document"
	Inspected        Cause = "inspected"
	MayChange        Cause = "may-change"
)

// Lift says who can lift a cause.
type Lift string

// Lifts.
const (
	// ByOperator is a permission, a call that has to answer, or a smaller question.
	ByOperator Lift = "operator"
	// ByNobody is what no control plane can tell.
	ByNobody Lift = "nobody"
)

// Lift says who can lift the cause: what somebody can lift is no reason to go on without knowing.
func (c Cause) Lift() Lift {
	switch c {
	case NotAllowedToRead, ListNotWhole, Stale, TooLarge:
		return ByOperator
	}
	return ByNobody
}

// Causes are all of them.
func Causes() []Cause {
	return []Cause{NotAllowedToRead, ListNotWhole, Stale, TooLarge, NameUnresolved, ForwardedName, FarSide, NoDocument,
		Inspected, MayChange}
}

// A Gap is one thing that is not known: its cause, the object or call that it is about, and a sentence for people.
type Gap struct {
	Cause  Cause  `json:"cause"`
	Object string `json:"object"`
	Why    string `json:"why"`
}

// withGap adds a gap once, within the bound.
func withGap(gaps []Gap, g Gap) []Gap {
	same := func(o Gap) bool { return o.Cause == g.Cause && o.Object == g.Object }
	if len(gaps) >= MaxGaps || slices.ContainsFunc(gaps, same) {
		return gaps
	}
	return append(slices.Clip(gaps), g)
}
