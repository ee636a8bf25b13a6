package observe

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/events/reach"
	"github.com/culvertnet/culvert/workers"
)

// A complaint is one reason to refuse.
type complaint struct {
	reason events.Reason
	text   string
	// passing tells that it may be gone at the next read: a call that did not answer, a fact that was too old.
	passing bool
}

// Bounds of what one refusal tells, and of the senders that an answer names.
const (
	maxComplaints = 10
	maxNamed      = 20
)

// bounded is the beginning of a list of names.
func bounded(names []string) []string {
	if len(names) <= maxNamed {
		return names
	}
	return append(names[:maxNamed:maxNamed], fmt.Sprintf("and %d more", len(names)-maxNamed))
}

// decide turns what was found about the claims, and about others, into an answer.
//
// What somebody can lift refuses, with the lift: a permission, a smaller question; a list that was not read whole is
// asked for again first, as long as the step may be tried. What no
// control plane can decide goes on as unverified for the connection's own flows, and needs a consent by name for those
// of others. Others' flows that change refuse without a consent, and so do the connection's own flows that are not as
// claimed.
//
// More are complaints that were found elsewhere.
func decide(in ReachIn, claims []reach.Finding, harms []reach.Harm, more ...complaint) (ReachOut, error) {
	out := ReachOut{Own: claims}
	all, doubts := in.Callers.ask()
	all, out.Unverified = append(all, more...), doubts
	for i, f := range claims {
		var of []complaint
		of, out.Unverified = own(in.Asks[i], f, out.Unverified)
		all = append(all, of...)
		if in.Asks[i].Want == reach.Closed {
			out.Enforcement = out.Enforcement.and(f.Is)
		}
	}
	for _, h := range harms {
		of := others(h, in.Accept)
		if len(of) == 0 {
			h.Who = bounded(h.Who)
			out.Accepted = append(out.Accepted, h)
		}
		all = append(all, of...)
	}
	if len(all) == 0 {
		return out, nil
	}
	var texts []string
	for i, c := range all {
		if !slices.Contains(all[:i], c) {
			texts = append(texts, c.text)
		}
	}
	if len(texts) > maxComplaints {
		texts = append(texts[:maxComplaints:maxComplaints], fmt.Sprintf("and %d more", len(texts)-maxComplaints))
	}
	text := strings.Join(texts, "; ")
	if !slices.ContainsFunc(all, func(c complaint) bool { return !c.passing }) {
		return out, workers.Retry(all[0].reason, 0, errors.New(text))
	}
	return out, workers.Refuse(all[0].reason, "%s", text)
}

// and is what is known once another claim that something is closed was answered.
func (e Enforcement) and(is reach.Outcome) Enforcement {
	if is != reach.AsWanted {
		return Unverified
	}
	if e == "" {
		return Documented
	}
	return e
}

// own judges one claim about the connection's own flows, and adds what stays unverified.
func own(a reach.Ask, f reach.Finding, unverified []events.Unverified) ([]complaint, []events.Unverified) {
	want := a.Want
	switch {
	case want == reach.Answered: // no destination was named: what nobody can tell of any is no claim
		if f.Is == reach.Otherwise {
			unverified = append(unverified, events.Unverified{Cause: NoWayBack, Object: f.Flows,
				Why: "what is sent arrives, and no answer finds its way back"})
		}
		return nil, unverified
	case f.Is != reach.Otherwise:
	case want == reach.Closed:
		return []complaint{{reason: "opened-elsewhere",
			text: fmt.Sprintf("%s: %s is open%s, by %s", f.About, f.Flows, sending(a), by(f))}}, unverified
	default:
		return []complaint{{reason: "no-path",
			text: fmt.Sprintf("%s: %s %s, by %s", f.About, f.Flows, missing(f), by(f))}}, unverified
	}
	var out []complaint
	for _, g := range f.Open {
		if g.Cause.Lift() == reach.ByOperator {
			out = append(out, unread(f.About, g))
			continue
		}
		if want == reach.Passes && g.Object == reach.GoogleFrontEnd {
			out = append(out, complaint{reason: "no-path", text: f.About + ": " + g.Why})
			continue
		}
		u := events.Unverified{Cause: string(g.Cause), Object: g.Object, Why: g.Why}
		if !slices.Contains(unverified, u) {
			unverified = append(unverified, u)
		}
	}
	return out, unverified
}

// others judges one change of others' flows. Who consents to a loss consents to what may be lost as well. The same
// holds for what is opened. Where nobody can tell whether anything changes at all, a consent to each cause is enough.
// Where the step can only do the one, what was not read says no more.
func others(h reach.Harm, accept []Consent) []complaint {
	consented := func(cause, object string) bool { return slices.Contains(accept, Consent{cause, object}) }
	would, why := "would", ""
	if h.Undecided {
		unsure := func(g reach.Gap) bool {
			return g.Cause.Lift() == reach.ByNobody && !consented(string(g.Cause), g.Object)
		}
		lifted := func(g reach.Gap) bool { return g.Cause.Lift() != reach.ByNobody }
		if i := slices.IndexFunc(h.Open, unsure); i >= 0 {
			would, why = "may", fmt.Sprintf(": %s (%s)", h.Open[i].Cause, h.Open[i].Object)
		} else if len(h.Open) > 0 && !slices.ContainsFunc(h.Open, lifted) {
			return nil
		}
	}
	var out []complaint
	for _, who := range h.Who {
		if h.Lost != "" && !consented(Lost, who) {
			out = append(out, harm("%s: %s %s lose %s%s", h.Step, who, would, h.Lost, why))
		}
		if h.Widened != "" && !consented(Widened, who) {
			out = append(out, harm("%s: %s %s reach %s%s", h.Step, who, would, h.Widened, why))
		}
	}
	if len(out) > 0 { // what nobody can tell of a harm is accepted with it
		return out
	}
	covered := len(h.Who) > 0
	if covered && h.OneWay {
		return nil
	}
	for _, g := range h.Open {
		switch {
		case g.Cause.Lift() == reach.ByOperator:
			out = append(out, unread(h.Step, g))
		case !covered && !consented(string(g.Cause), g.Object):
			out = append(out, harm("%s: nobody can tell what it does to others: %s: %s (%s)", h.Step, g.Cause,
				g.Why, g.Object))
		}
	}
	return out
}

func harm(format string, args ...any) complaint {
	return complaint{reason: "harms-others", text: fmt.Sprintf(format, args...)}
}

// unread is a doubt that an operator can lift.
func unread(about string, g reach.Gap) complaint {
	return complaint{
		reason: "not-known", text: fmt.Sprintf("%s: %s: %s (%s)", about, g.Cause, g.Why, g.Object),
		passing: g.Cause == reach.ListNotWhole || g.Cause == reach.Stale,
	}
}

// sending names the subnetwork of the sender.
func sending(a reach.Ask) string {
	if a.From.Subnet == "" {
		return ""
	}
	return " to " + a.From.Subnet
}

// by names what decides.
func by(f reach.Finding) string { return cmp.Or(f.Ends, "nothing that was read") }

// missing says which direction a path lacks.
func missing(f reach.Finding) string {
	if f.Unanswered {
		return "arrives, and no answer comes back"
	}
	return "does not arrive"
}
