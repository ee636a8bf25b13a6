package aviatrix

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"

	"github.com/culvertnet/culvert/events/reach"
	"github.com/culvertnet/culvert/workers"
)

// The places of rule sets that every controller has, in their order: the rules that are made by hand are asked after
// the first (vendor's client, documentation of aviatrix_dcf_ruleset; guess: the place of the third).
var points = []string{"TERRAFORM_BEFORE_UI_MANAGED", handMade, "TERRAFORM_AFTER_UI_MANAGED",
	"TERRAFORM_AFTER_K8S_MANAGED"}

// handMade stands for the list of rules that has no attachment point.
const handMade = "policy-list"

// placed is one rule set in its turn.
type placed struct {
	name  string
	rules []json.RawMessage
}

// rawSet is a rule set, or a group of them.
type rawSet struct {
	UUID     string            `json:"uuid"`
	Name     string            `json:"name"`
	AttachTo string            `json:"attach_to"`
	System   bool              `json:"system_resource"`
	Policies []json.RawMessage `json:"policies"`
	Subs     []subSet          `json:"sub_policies"`
}

type subSet struct {
	Priority int    `json:"priority"`
	List     string `json:"list"`
	Block    string `json:"block"`
	Point    *struct {
		Name string `json:"name"`
		UUID string `json:"uuid"`
	} `json:"attachment_point"`
}

// defaultRule is how the list of all rules shows the default action (vendor's client).
const defaultRule = "defa11a1-0000-0000-0000-000000000000"

// ruleOrder puts the rule sets into the order in which they are asked.
type ruleOrder struct {
	sets  []rawSet
	hand  []json.RawMessage
	out   []placed
	taken map[string]bool // sets and rules by id
	ids   func(point string) string
	// end is the id of the place at which the order ends, ended that it was reached; empty for none.
	end   string
	ended bool
}

// rawSets are all rule sets, and the list of rules that are made by hand.
type rawSets struct {
	sets answered[struct {
		Sets []rawSet `json:"dcf_policies"`
	}]
	hand answered[struct {
		Policies []json.RawMessage `json:"policies"`
	}]
}

func (s *survey) readSets(ctx context.Context) (out rawSets) {
	in := func(path string) resource { return resource{method: http.MethodGet, path: path} }
	together(func() { out.sets.err = s.rest(ctx, in("microseg/policy-list3"), &out.sets.told) },
		func() { out.hand.err = s.rest(ctx, in("microseg/policy-list"), &out.hand.told) })
	return out
}

// ordered gives the rule sets in their order. A set that is attached nowhere is not in force; one whose place is not
// known is a gap.
func (s *survey) ordered(ctx context.Context, read rawSets, l *look) []placed {
	o := s.order(ctx, read, l)
	o.walk()
	for _, set := range o.sets {
		if !o.taken[set.UUID] && (set.AttachTo != "" || set.System) && o.news(set.Policies) {
			l.gap(reach.ListNotWhole, actSets, "the place of rule set "+set.Name+" in the order is not known")
		}
	}
	return o.out
}

// orderedTo gives the rule sets before a place. That the place is not in the order is a gap.
func (s *survey) orderedTo(ctx context.Context, place string, read rawSets, l *look) []placed {
	o := s.order(ctx, read, l)
	o.end = place
	o.walk()
	if !o.ended && len(l.gaps) == 0 {
		l.gap(reach.ListNotWhole, actPoints, "the place of "+s.controller.point+" in the order is not known")
	}
	return o.out
}

// order begins with what was read.
func (s *survey) order(ctx context.Context, read rawSets, l *look) *ruleOrder {
	o := &ruleOrder{taken: map[string]bool{defaultRule: true}, sets: read.sets.told.Sets, hand: read.hand.told.Policies}
	if !errors.Is(read.sets.err, workers.ErrNotFound) || s.release.webgroups() { // older releases have one list only
		l.failed(actSets, read.sets.err)
	}
	if !errors.Is(read.hand.err, workers.ErrNotFound) { // the vendor's client reads an empty list so
		l.failed(actList, read.hand.err)
	}
	known := map[string]string{}
	o.ids = func(point string) string {
		if _, asked := known[point]; !asked {
			known[point] = s.point(ctx, point, l)
		}
		return known[point]
	}
	return o
}

// walk takes what is at the places that every controller has.
func (o *ruleOrder) walk() {
	for _, point := range points {
		if point == handMade {
			o.add(handMade, o.hand)
			continue
		}
		if o.end != "" || o.waiting() {
			o.at(o.ids(point), 0)
		}
		if o.ended {
			return
		}
	}
}

// point is the id of an attachment point; empty when there is none.
func (s *survey) point(ctx context.Context, name string, l *look) string {
	var found []struct {
		ID   string `json:"attachment_point_id"`
		Name string `json:"name"`
	}
	in := resource{method: http.MethodGet, path: "microseg/attachment-points?name=" + url.QueryEscape(name)}
	if err := s.rest(ctx, in, &found); !errors.Is(err, workers.ErrNotFound) && l.failed(actPoints, err) {
		return ""
	}
	for _, p := range found {
		if p.Name == name {
			return p.ID
		}
	}
	return ""
}

// waiting tells whether any set that is attached somewhere has not had its turn.
func (o *ruleOrder) waiting() bool {
	return slices.ContainsFunc(o.sets, func(s rawSet) bool { return s.AttachTo != "" && !o.taken[s.UUID] })
}

// at takes the set on an attachment point.
func (o *ruleOrder) at(point string, depth int) {
	o.ended = o.ended || point != "" && point == o.end
	for _, set := range o.sets {
		if point != "" && set.AttachTo == point {
			o.take(set, depth)
		}
	}
}

// maxDepth ends a group that contains itself.
const maxDepth = 16

// take takes a set, and what is in a group by its priorities.
func (o *ruleOrder) take(set rawSet, depth int) {
	if o.taken[set.UUID] || depth > maxDepth {
		return
	}
	o.taken[set.UUID] = true
	if len(set.Policies) > 0 {
		o.add(set.Name, set.Policies)
	}
	subs := slices.Clone(set.Subs)
	slices.SortStableFunc(subs, func(a, b subSet) int { return cmp.Compare(a.Priority, b.Priority) })
	for _, sub := range subs {
		for _, inner := range o.sets {
			if inner.UUID != "" && (inner.UUID == sub.List || inner.UUID == sub.Block) {
				o.take(inner, depth+1)
			}
		}
		if sub.Point == nil {
			continue
		}
		if sub.Point.UUID == "" {
			sub.Point.UUID = o.ids(sub.Point.Name)
		}
		o.at(sub.Point.UUID, depth+1)
	}
}

// add gives rules their turn.
func (o *ruleOrder) add(name string, rules []json.RawMessage) {
	for _, raw := range rules {
		o.taken[ruleID(raw)] = true
	}
	if len(rules) > 0 && !o.ended {
		o.out = append(o.out, placed{name, rules})
	}
}

// news tells whether any of the rules has not had its turn: one list may show the rules of another.
func (o *ruleOrder) news(rules []json.RawMessage) bool {
	return slices.ContainsFunc(rules, func(raw json.RawMessage) bool {
		id := ruleID(raw)
		return id == "" || !o.taken[id]
	})
}

func ruleID(raw json.RawMessage) string {
	var r struct {
		UUID string `json:"uuid"`
	}
	_ = json.Unmarshal(raw, &r) // what is no rule has no id
	return r.UUID
}
