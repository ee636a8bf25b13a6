package permissions

import (
	"slices"
	"strings"

	"github.com/culvertnet/culvert/workers"
)

// An Allowance is what a constraint of the organisation has to allow in one project.
type Allowance struct {
	Project, Constraint string
	// Values are those that must be allowed. Without any the constraint must not be enforced.
	Values []string
	// Bites says what is refused otherwise; Unjudged why nobody can tell whether it is.
	Bites, Unjudged string
}

// ofIntent is why nobody can tell without an intent.
const ofIntent = "it depends on what an intent asks for"

// policies adds what organisation policies have to allow a step.
func (b *builder) policies(s workers.PlannedStep, v any) {
	for _, p := range b.list.Policies {
		for _, u := range p.Uses {
			if !slices.Contains(u.Steps, s.Kind) || !holds(s, v, u.When) {
				continue
			}
			values := u.Values
			if u.From != "" {
				if values = u.worded(texts(v, u.From)); len(values) == 0 {
					continue
				}
			}
			for _, name := range texts(v, u.Project) {
				b.allow(Allowance{Project: projectIn(name), Constraint: p.Constraint, Values: values, Bites: p.Bites,
					Unjudged: p.Unjudged})
			}
		}
	}
}

// allowAny adds a policy whose values no intent tells.
func (b *builder) allowAny(p Policy, u PolicyUse, projects []string) {
	for _, project := range projects {
		a := Allowance{Project: project, Constraint: p.Constraint, Values: u.Values, Bites: p.Bites,
			Unjudged: p.Unjudged}
		if u.From != "" && a.Unjudged == "" {
			a.Unjudged = ofIntent
		}
		b.allow(a)
	}
}

// worded are our words as the vendor says them.
func (u PolicyUse) worded(ours []string) []string {
	out := slices.Clone(ours)
	for i, word := range out {
		if vendors, known := u.Words[word]; known {
			out[i] = vendors
		}
	}
	return out
}

// allow joins an allowance with that of the same constraint and project.
func (b *builder) allow(a Allowance) {
	i := slices.IndexFunc(b.allowances, func(o Allowance) bool {
		return o.Project == a.Project && o.Constraint == a.Constraint
	})
	if i < 0 {
		b.allowances = append(b.allowances, a)
		return
	}
	o := &b.allowances[i]
	o.Values = join(o.Values, a.Values)
	if o.Unjudged == "" {
		o.Unjudged = a.Unjudged
	}
}

// A Rule is one rule of a policy that is in force.
type Rule struct {
	AllowAll, DenyAll, Enforce bool
	Allowed, Denied            []string
	// Condition: the rule holds for some resources only.
	Condition bool
}

// Judge tells which values the rules in force forbid, and what makes it impossible to tell. A constraint that is about
// no values forbids "" when it is enforced.
func (a Allowance) Judge(rules []Rule) (forbidden []string, unknown string) {
	values := a.Values
	if len(values) == 0 {
		values = []string{""}
	}
	for _, r := range rules {
		switch {
		case r.AllowAll:
			continue
		case r.Condition:
			return nil, "a rule of it holds under a condition"
		case a.Unjudged != "" && r.inForce():
			return nil, a.Unjudged
		case r.DenyAll || r.Enforce:
			return values, ""
		}
		for _, value := range values {
			switch is, known := r.forbids(value); {
			case !known:
				return nil, "it names a group of values that is not known here"
			case is:
				forbidden = append(forbidden, value)
			}
		}
	}
	return forbidden, ""
}

func (r Rule) inForce() bool { return r.DenyAll || r.Enforce || len(r.Allowed)+len(r.Denied) > 0 }

// forbids tells whether a rule forbids a value, and whether that can be told.
func (r Rule) forbids(value string) (is, known bool) {
	in, known := among(r.Denied, value)
	if in {
		return true, true
	}
	if len(r.Allowed) == 0 {
		return false, known
	}
	if in, known := among(r.Allowed, value); in || !known {
		return false, known
	}
	return true, known
}

// among tells whether a list of a policy holds a value, and whether that can be told.
func among(list []string, value string) (in, known bool) {
	known = true
	for _, entry := range list {
		entry = strings.TrimPrefix(entry, "is:")
		group, isGroup := strings.CutPrefix(entry, "in:")
		switch {
		case entry == value:
			return true, true
		case strings.HasPrefix(entry, "under:"):
			known = false
		case isGroup:
			held, can := groupHolds(group, value)
			if held {
				return true, true
			}
			known = known && can
		}
	}
	return false, known
}

// groupHolds tells whether a group of locations holds a region, for the groups that are named after what they hold.
// Page "Restricting Resource Locations", value groups: eu-locations are those inside the European Union.
func groupHolds(group, region string) (in, known bool) {
	switch group {
	case region + "-locations":
		return true, true
	case "us-locations", "asia-locations", "europe-locations":
		return strings.HasPrefix(region, strings.TrimSuffix(group, "locations")), true
	case "eu-locations":
		outside := []string{"europe-west2", "europe-west6"}
		return strings.HasPrefix(region, "europe-") && !slices.Contains(outside, region), true
	}
	return false, strings.HasSuffix(group, "-locations") && strings.Count(group, "-") == 2
}
