package sagatest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/saga"
)

// KindName is the one intent kind of this package: its data is its plan.
const KindName = "story"

// Data is the payload of an intent of the kind.
type Data struct {
	Nodes []saga.Node `json:"nodes,omitempty"`
	// Post are the postconditions: a field of what a step's Look saw must have the value.
	Post []Post `json:"post,omitempty"`
}

// Post is one postcondition.
type Post struct {
	Step  string `json:"step"`
	Field string `json:"field"`
	Value any    `json:"value"`
}

// Kinds is the catalogue of this package.
func Kinds() map[string]saga.Kind {
	return map[string]saga.Kind{KindName: {Plan: plan, Postconditions: postconditions}}
}

func plan(p saga.Planning) (saga.Plan, error) {
	var d Data
	if err := json.Unmarshal(p.Intent.Data, &d); err != nil {
		return saga.Plan{}, err
	}
	return saga.Plan{Kind: KindName, Version: 1, Nodes: d.Nodes}, nil
}

func postconditions(o saga.Outputs) []string {
	var d Data
	if err := json.Unmarshal(o.Intent.Data, &d); err != nil {
		return []string{err.Error()}
	}
	var failing []string
	for _, p := range d.Post {
		var seen map[string]any
		if err := o.Output(p.Step, &seen); err != nil {
			failing = append(failing, err.Error())
		} else if fmt.Sprint(seen[p.Field]) != fmt.Sprint(p.Value) {
			failing = append(failing, fmt.Sprintf("%s.%s is %v, not %v", p.Step, p.Field, seen[p.Field], p.Value))
		}
	}
	return failing
}

// ParseData reads a plan, one line a node:
//
//	check-net  net.check  check
//	address    net.reserve  size=2
//	endpoint   net.create  after=check-net  ip<-address.ip  undo-last
//	expect     endpoint.ip=10.0.0.1
//
// A field named size may grow in place, one named range replaces, one named note changes nothing, all others are
// changed in place.
func ParseData(lines []string) (Data, error) {
	var d Data
	for _, line := range lines {
		words := strings.Fields(line)
		if len(words) < 2 {
			return d, fmt.Errorf("%q is no node", line)
		}
		if words[0] == "expect" {
			what, value, _ := strings.Cut(words[1], "=")
			step, field, _ := strings.Cut(what, ".")
			d.Post = append(d.Post, Post{Step: step, Field: field, Value: jsonValue(value)})
			continue
		}
		n, err := parseNode(words)
		if err != nil {
			return d, fmt.Errorf("%q: %w", line, err)
		}
		d.Nodes = append(d.Nodes, n)
	}
	return d, nil
}

func parseNode(words []string) (saga.Node, error) {
	n := saga.Node{Name: words[0], Kind: words[1], Prefix: "obj", Rules: rules()}
	input := map[string]any{}
	for _, w := range words[2:] {
		name, value, _ := strings.Cut(w, "=")
		to, from, binds := strings.Cut(w, "<-")
		switch {
		case w == "check":
			n.Check = true
		case w == "undo-last":
			n.UndoLast = true
		case name == "tries":
			n.Limits.Tries, _ = strconv.Atoi(value)
		case name == "after":
			n.After = append(n.After, strings.Split(value, ",")...)
		case binds:
			step, field, _ := strings.Cut(from, ".")
			n.Binds = append(n.Binds, saga.Bind{To: "/" + to, Step: step, From: "/" + field})
			n.After = append(n.After, step)
		default:
			input[name] = jsonValue(value)
		}
	}
	slices.Sort(n.After)
	n.After = slices.Compact(n.After)
	var err error
	n.Input, err = json.Marshal(input)
	return n, err
}

// rules are what changed fields mean.
func rules() map[string]saga.Rule {
	return map[string]saga.Rule{"size": saga.RuleGrow, "range": saga.RuleReplace, "note": saga.RuleIgnore}
}

// jsonValue reads a word as JSON if it is, else as the text that it is.
func jsonValue(word string) any {
	var v any
	if json.Unmarshal([]byte(word), &v) != nil {
		return word
	}
	return v
}

// Intent makes an intent of this package's kind.
func Intent(id string, want events.Want, d Data) events.Intent {
	raw, err := json.Marshal(d)
	if err != nil {
		panic(err) // plain data
	}
	return events.Intent{
		Connection: Key, Source: "/test", ID: id, Kind: KindName, Want: want, Version: 1,
		Digest: events.Digest([]byte(want), raw), Data: raw,
	}
}
