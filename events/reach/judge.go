package reach

import (
	"fmt"
	"slices"
)

// A Want is what a connection claims of some flows.
type Want string

// Wants. What passes has to arrive for sure, and its answer has to come back for sure. What is closed must not arrive
// in any case. Of what is answered nobody says where it goes: whatever may arrive
// somewhere has a way back.
const (
	Passes   Want = "passes"
	Closed   Want = "closed"
	Answered Want = "answered"
)

// A Sender is who sends the flows of an ask.
type Sender struct {
	Realm  Realm    `json:"realm"`
	Kind   Kind     `json:"kind"`
	Name   string   `json:"name,omitempty"`
	Region string   `json:"region,omitempty"`
	Tags   []string `json:"tags,omitempty"`
	// Source are the addresses that it may have, with commas; or Subnet is the full name of the subnetwork of which it
	// may have any, in both families. Exactly one is set.
	Source string `json:"source,omitempty"`
	Subnet string `json:"subnet,omitempty"`
	// PrivateRangesOnly is a serverless source whose other destinations do not enter the network.
	PrivateRangesOnly bool `json:"privateRangesOnly,omitempty"`
}

// An Ask is one claim about flows of a connection's own.
type Ask struct {
	// About says for people what is asked.
	About string `json:"about"`
	From  Sender `json:"from"`
	// To is where they must arrive; empty means anywhere.
	To   Realm `json:"to,omitempty"`
	Want Want  `json:"want"`
	// Dest is what passes.
	Dest *Allowed `json:"dest,omitempty"`
	// Closed are all destinations but Except. The addresses of a name in Except are no part of the claim, whichever
	// they are: a filter by name lets them pass.
	Except []Allowed `json:"except,omitempty"`
	// Firewall asks the sender's own firewall alone: what it lets out is open, even where no route leads on today.
	Firewall bool `json:"firewall,omitempty"`
	// Within narrows what is closed or answered to some destinations, with commas; empty means everywhere.
	Within string `json:"within,omitempty"`
}

// An Outcome says in a word what becomes of the flows of an ask.
type Outcome string

// Outcomes.
const (
	AsWanted  Outcome = "as-wanted"
	Undecided Outcome = "undecided"
	Otherwise Outcome = "otherwise"
)

// A Finding is the answer to an ask.
type Finding struct {
	About string  `json:"about"`
	Is    Outcome `json:"is"`
	// Flows are those that are not as wanted, or not for sure, in words.
	Flows string `json:"flows,omitempty"`
	// Unanswered tells of flows that are otherwise that they may arrive, and that no answer comes back.
	Unanswered bool `json:"unanswered,omitempty"`
	// By are the objects that decide those flows, all of the ask when it is as wanted, in the order of the way.
	By []string `json:"by,omitempty"`
	// Ends is, where it is not as wanted, the one of them that ends the way or opens it, after what led there.
	Ends string `json:"ends,omitempty"`
	// Open are the causes of what is undecided.
	Open    []Gap    `json:"open,omitempty"`
	Against Strength `json:"against,omitempty"`
	Digest  string   `json:"digest"`
}

// Ask answers one claim in this world.
func (w World) Ask(a Ask) (Finding, error) {
	f := Finding{About: a.About, Is: AsWanted}
	q, err := w.question(a)
	if err != nil {
		return f, fmt.Errorf("ask %q: %w", a.About, err)
	}
	if q.Flows.Empty() {
		return f, fmt.Errorf("ask %q: no flows are left to ask about", a.About)
	}
	c := w.claimed(a.Want, q)
	v, of := c.verdict, q.Flows
	switch {
	case !c.bad.Empty():
		f.Is, of = Otherwise, c.bad
		f.Unanswered = a.Want != Closed && c.there.May.Covers(c.bad)
	case !c.open.Empty():
		f.Is, of, f.Open = Undecided, c.open, a.doubts(v.Open)
	}
	if f.Is != AsWanted {
		f.Flows = of.words(true)
	}
	if f.Is != Undecided || !a.nameless(f.Open) {
		f.By = v.deciders(of)
		if f.Is != AsWanted {
			f.Ends = v.ends(a.Want, of, f.Unanswered)
		}
	}
	f.Against, f.Digest = v.Against, v.Digest()
	return f, nil
}

// A claimed is what was found about a claim: the verdict, that of the way there alone, the flows of which the claim
// does not hold, and those of which nobody can tell.
type claimed struct {
	verdict, there Verdict
	bad, open      Flows
}

func (w World) claimed(want Want, q Question) (c claimed) {
	if want == Closed {
		v := Evaluate(w, q)
		return claimed{v, v, v.Sure, v.Undecided()}
	}
	c.there, c.verdict = roundTrip(w, q)
	arrives := w.asked(q)
	if want == Answered {
		arrives = c.there.May
	}
	c.bad, c.open = arrives.Subtract(c.verdict.May), c.verdict.Undecided()
	return c
}

// asked are the flows of a question to the addresses that its names have in the sender's network. Those to a name of
// which nobody here can tell, and to one that has no address, are as they were.
func (w World) asked(q Question) Flows {
	r := run{world: w, question: q}
	if settled := r.settleNames(); !settled.Empty() {
		return settled
	}
	return q.Flows
}

// doubts are those that the answer depends on. While nobody can tell which addresses the name of a destination has, the
// doubts on the ways to any address say nothing more.
func (a Ask) doubts(all []Gap) []Gap {
	if a.Want != Passes || a.Dest.FQDN == "" {
		return all
	}
	var named, only []Gap
	for _, g := range all {
		switch {
		case g.Object == GoogleFrontEnd: // which says that there is no other way
			only = append(only, g)
		case a.nameless([]Gap{g}) && !slices.Contains(named, g):
			named = append(named, g)
		}
	}
	if len(named) == 0 {
		return all
	}
	return append(named, only...)
}

// nameless tells whether doubts are all about the addresses of the destination's own name. The objects on the way are
// then those of every way there is.
func (a Ask) nameless(all []Gap) bool {
	return a.Dest != nil && a.Dest.FQDN != "" && !slices.ContainsFunc(all, func(g Gap) bool {
		return g.Cause != NameUnresolved && g.Cause != ForwardedName || g.Object != string(NameOf(a.Dest.FQDN))
	})
}

// source is every address that a sender may have.
func (w World) source(s Sender) (Ranges, error) {
	if s.Subnet == "" {
		return parse(s.Source)
	}
	n, ok := w.network(s.Realm)
	if !ok {
		return Ranges{}, fmt.Errorf("nothing was read of network %q", s.Realm)
	}
	for _, sub := range n.Subnets.Items {
		if sub.Object == s.Subnet {
			return sub.Ranges, nil
		}
	}
	return Ranges{}, fmt.Errorf("no subnetwork %q in %s", s.Subnet, s.Realm)
}

// question is an ask in the model's terms.
func (w World) question(a Ask) (Question, error) {
	src, err := w.source(a.From)
	if err != nil {
		return Question{}, err
	}
	q := Question{To: a.To, From: Place{a.From.Realm, Identity{Kind: a.From.Kind, Name: a.From.Name,
		Region: a.From.Region, Tags: a.From.Tags, PrivateRangesOnly: a.From.PrivateRangesOnly}}}
	if a.Want == Passes {
		if a.Dest == nil {
			return Question{}, fmt.Errorf("a claim that something passes needs a destination")
		}
		q.Flows, err = a.Dest.flows(src)
		return q, err
	}
	return a.closed(q, src)
}

// closed are the flows that must not arrive.
func (a Ask) closed(q Question, src Ranges) (Question, error) {
	within, err := EveryAddress(), error(nil)
	if a.Within != "" {
		within, err = parse(a.Within)
	}
	q.Flows, q.FilterOnly = FlowsOf(Box{src.Family(true), within.Family(true), EveryProtocol(), NoName},
		Box{src.Family(false), within.Family(false), EveryProtocol(), NoName}), a.Firewall
	always := q.Flows.within(EveryAddress(), metadataServer(), []Layer4{EveryProtocol()})
	q.Flows = q.Flows.Subtract(always) // which no rule of the network can close
	for _, e := range a.Except {
		if e.FQDN != "" {
			q.Apart = append(q.Apart, NameOf(e.FQDN))
			continue
		}
		open, bad := e.flows(src)
		if bad != nil {
			return Question{}, bad
		}
		q.Flows = q.Flows.Subtract(open)
	}
	return q, err
}

// flows are those from a source to an allowed destination.
func (a Allowed) flows(src Ranges) (Flows, error) {
	layer4, err := a.layer4()
	if err != nil {
		return Flows{}, err
	}
	dst, name := EveryAddress(), NameOf(a.FQDN)
	if a.FQDN == "" {
		if dst, err = parse(a.CIDR); err != nil {
			return Flows{}, err
		}
	}
	return FlowsOf(Box{src.Family(true), dst.Family(true), layer4, name},
		Box{src.Family(false), dst.Family(false), layer4, name}), nil
}
