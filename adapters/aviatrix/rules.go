package aviatrix

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/culvertnet/culvert/workers"
	"github.com/culvertnet/culvert/workers/policy"
)

// anywhere is the controller's own group of all addresses.
const anywhere = "def000ad-0000-0000-0000-000000000000"

// The places of our rules in the shared set; 0 is asked first. guess: an operator's rules that must win are below 100,
// a catch-all of theirs is above 101. What stands before ours and decides for our source is reported as void.
const (
	priorityRule    = 100
	priorityDefault = 101
)

// rule is one rule of the distributed firewall, as far as this package writes and compares it.
type rule struct {
	UUID        string     `json:"uuid,omitempty"`
	Name        string     `json:"name"`
	Action      string     `json:"action"`
	Priority    int        `json:"priority"`
	Protocol    string     `json:"protocol"`
	Sources     []string   `json:"src_ads"`
	Targets     []string   `json:"dst_ads"`
	Webs        []string   `json:"web_filters,omitempty"`
	Ports       []portSpan `json:"port_ranges,omitempty"`
	Logging     bool       `json:"logging"`
	Enforcement string     `json:"enforcement"`
	Watch       bool       `json:"watch,omitempty"`
	System      bool       `json:"system_resource,omitempty"`
}

type portSpan struct {
	Lo int `json:"lo"`
	Hi int `json:"hi,omitempty"` // left out where equal to Lo
}

// ruleOf reads a rule in any of its spellings and gives the one in which rules are compared: ANY may come back as
// PROTOCOL_UNSPECIFIED, MONITOR as watch (A.A.5).
func ruleOf(raw json.RawMessage) rule {
	var r rule
	if json.Unmarshal(raw, &r) != nil {
		return rule{}
	}
	r.Protocol = strings.ToUpper(r.Protocol)
	if r.Protocol == "" || r.Protocol == "PROTOCOL_UNSPECIFIED" {
		r.Protocol = "ANY"
	}
	switch {
	case r.Enforcement == "" && r.Watch:
		r.Enforcement = "MONITOR"
	case r.Enforcement == "":
		r.Enforcement = "ENFORCE"
	}
	r.Watch = false
	for i, p := range r.Ports {
		if p.Hi == p.Lo {
			r.Ports[i].Hi = 0
		}
	}
	r.Sources, r.Targets, r.Webs = distinct(r.Sources), distinct(r.Targets), distinct(r.Webs)
	return r
}

// line is the rule as the shared list compares it, without its id.
func (r rule) line() string {
	r.UUID, r.System = "", false
	return string(r.wire())
}

func (r rule) wire() json.RawMessage {
	raw, err := json.Marshal(r)
	if err != nil {
		panic("write rule: " + err.Error()) // texts and numbers only
	}
	return raw
}

// renderLines gives the rules of a filter, the default last. An "allow" default adds no rule: what the filter does not
// name is left to the operator's own rules and the controller's default action.
func renderLines(f policy.Filter, list []aim, have map[string]group) ([]string, error) {
	source, err := groupID(have, f.Name+"-src")
	if err != nil {
		return nil, err
	}
	action := "PERMIT"
	if f.Default == "allow" {
		action = "DENY"
	}
	base := rule{Action: action, Priority: priorityRule, Sources: []string{source}, Enforcement: "ENFORCE"}
	var out []string
	for _, a := range list {
		id, err := groupID(have, f.Name+"-"+a.suffix)
		if err != nil {
			return nil, err
		}
		r := base
		r.Name, r.Protocol = f.Name+"-"+a.suffix, strings.ToUpper(a.protocol)
		if r.Protocol == "ALL" {
			r.Protocol = "ANY"
		}
		if r.Targets = []string{id}; a.key == keySNI {
			r.Targets, r.Webs = []string{anywhere}, []string{id}
		}
		if r.Ports, err = spans(a.ports); err != nil {
			return nil, err
		}
		out = append(out, ruleOf(r.wire()).line())
	}
	if f.Default != "allow" {
		r := base
		r.Name, r.Action, r.Priority = f.Name+"-default", "DENY", priorityDefault
		r.Protocol, r.Targets = "ANY", []string{anywhere}
		out = append(out, ruleOf(r.wire()).line())
	}
	return out, nil
}

func groupID(have map[string]group, name string) (string, error) {
	g, ok := have[name]
	if !ok {
		return "", fmt.Errorf("render rules: group %s: %w", name, workers.ErrNotFound)
	}
	return g.UUID, nil
}

func spans(ports []string) ([]portSpan, error) {
	var out []portSpan
	for _, text := range ports {
		lo, hi, err := portRange(text)
		if err != nil {
			return nil, err
		}
		if hi == lo {
			hi = 0
		}
		out = append(out, portSpan{lo, hi})
	}
	return out, nil
}

// void says why the filter would not bind its source although its groups and rules are there.
func (c *controller) void(ctx context.Context, f policy.Filter, set ruleSet) (string, error) {
	on, err := c.firewallOn(ctx)
	switch {
	case err != nil:
		return "", err
	case !on:
		return "the distributed firewall is off", nil
	case f.Default == "allow":
		return "", nil
	}
	for _, raw := range set.rules {
		if r := ruleOf(raw); r.passesAll() && r.Priority <= priorityDefault {
			return "rule " + r.Name + " before ours lets everything pass", nil
		}
	}
	return "", nil
}

// passesAll tells whether nothing gets past a rule that it would not let through.
func (r rule) passesAll() bool {
	return r.Action != "DENY" && r.Enforcement == "ENFORCE" && r.Protocol == "ANY" && len(r.Webs) == 0 &&
		len(r.Ports) == 0 &&
		slices.Contains(r.Sources, anywhere) && slices.Contains(r.Targets, anywhere)
}
