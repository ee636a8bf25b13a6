package aviatrix

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/culvertnet/culvert/workers"
	"github.com/culvertnet/culvert/workers/policy"
)

// The controller's own groups: all addresses, and what is in no private range. A rule with a WebGroup has the second as
// its destination (vendor's field reference, dcf-rule-dialog-reference).
const (
	anywhere       = "def000ad-0000-0000-0000-000000000000"
	publicInternet = "def000ad-0000-0000-0000-000000000001"
)

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
	Enforcement string     `json:"enforcement,omitempty"`
	Watch       bool       `json:"watch,omitempty"`
	System      bool       `json:"system_resource,omitempty"`
}

type portSpan struct {
	Lo int `json:"lo"`
	Hi int `json:"hi,omitempty"` // left out where equal to Lo
}

// A rule for every protocol: anyProtocol is how rules are compared, and no value of the wire; unspecified is what the
// vendor's client sends and the controller shows (A.A.5: every version from 8.0 to 10.1).
const (
	anyProtocol = "ANY"
	unspecified = "PROTOCOL_UNSPECIFIED"
)

// What a rule does with packets that it fits. enforced is the default, which no vendor's client sends.
const (
	enforced  = "ENFORCE"
	monitored = "MONITOR"
)

// ruleOf reads a rule in any of its spellings and gives the one in which rules are compared.
func ruleOf(raw json.RawMessage) rule {
	var r rule
	if json.Unmarshal(raw, &r) != nil {
		return rule{}
	}
	r.Protocol = strings.ToUpper(r.Protocol)
	if r.Protocol == "" || r.Protocol == unspecified {
		r.Protocol = anyProtocol
	}
	switch {
	case r.Enforcement == "" && r.Watch:
		r.Enforcement = monitored
	case r.Enforcement == "":
		r.Enforcement = enforced
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

// line is the rule as the shared list compares it, without its id. Claims keep lines, so that their spelling stays.
func (r rule) line() string {
	r.UUID, r.System = "", false
	return string(r.text())
}

// wire is the rule as the vendor's client sends it to a release: "watch" below 10.1, "enforcement" from 10.1, and no
// member whose value is the default. A release without "enforcement" drops it (guess: no client sends it there), and a
// rule that should only watch would be enforced; one that is disabled decides nothing there if it watches.
func (r rule) wire(v version) json.RawMessage {
	if r.Protocol == anyProtocol {
		r.Protocol = unspecified
	}
	r.Watch = r.Enforcement != "" && r.Enforcement != enforced && !v.enforcement()
	if r.Watch || r.Enforcement == enforced {
		r.Enforcement = ""
	}
	return written(struct {
		rule
		Logging bool `json:"logging,omitempty"`
	}{r, r.Logging})
}

func (r rule) text() json.RawMessage { return written(r) }

func written(r any) json.RawMessage {
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
	base := rule{Action: action, Priority: priorityRule, Sources: []string{source}}
	var out []string
	for _, a := range list {
		id, err := groupID(have, f.Name+"-"+a.suffix)
		if err != nil {
			return nil, err
		}
		r := base
		r.Name, r.Protocol = f.Name+"-"+a.suffix, strings.ToUpper(a.protocol)
		if r.Protocol == "ALL" {
			r.Protocol = anyProtocol
		}
		if r.Targets = []string{id}; a.key == keySNI { // names are looked for on the way to the internet (A.A.5)
			r.Targets, r.Webs = []string{publicInternet}, []string{id}
		}
		if r.Ports, err = spans(a.ports); err != nil {
			return nil, err
		}
		out = append(out, ruleOf(r.text()).line())
	}
	if f.Default != "allow" {
		r := base
		r.Name, r.Action, r.Priority = f.Name+"-default", "DENY", priorityDefault
		r.Protocol, r.Targets = anyProtocol, []string{anywhere}
		out = append(out, ruleOf(r.text()).line())
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
