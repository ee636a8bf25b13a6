package aviatrix

import (
	"encoding/json"
	"slices"
)

// ruleSet is a policy list of its own (policy-list3), or a group of them (SubPolicies).
type ruleSet struct {
	UUID        string         `json:"uuid"`
	Name        string         `json:"name"`
	AttachTo    string         `json:"attach_to,omitempty"`
	Policies    []rule         `json:"policies"`
	SubPolicies []subPolicy    `json:"sub_policies,omitempty"`
	Metadata    map[string]any `json:"metadata,omitempty"`
	System      bool           `json:"system_resource,omitempty"`
}

type subPolicy struct {
	Name     string    `json:"name"`
	Priority int       `json:"priority"`
	List     string    `json:"list,omitempty"`
	Block    string    `json:"block,omitempty"`
	Point    *subPoint `json:"attachment_point,omitempty"`
}

type subPoint struct {
	Name   string `json:"name,omitempty"`
	UUID   string `json:"uuid,omitempty"`
	Target string `json:"target_uuid,omitempty"`
}

// rule is one policy (provider: dcf_policy_list.go, with what the 10.1 line adds).
type rule struct {
	UUID        string      `json:"uuid"`
	Name        string      `json:"name"`
	Action      string      `json:"action"`
	Priority    int         `json:"priority"`
	Protocol    string      `json:"protocol"`
	Sources     []string    `json:"src_ads"`
	Targets     []string    `json:"dst_ads"`
	WebFilters  []string    `json:"web_filters,omitempty"`
	Ports       []portRange `json:"port_ranges,omitempty"`
	Enforcement string      `json:"enforcement,omitempty"`
	Watch       bool        `json:"watch,omitempty"`
	Logging     bool        `json:"logging,omitempty"`
	System      bool        `json:"system_resource,omitempty"`

	FlowApp   string `json:"flow_app_requirement,omitempty"`
	Decrypt   string `json:"decrypt_policy,omitempty"`
	ExcludeSG bool   `json:"exclude_sg_orchestration,omitempty"`
	Egress    string `json:"egress_path,omitempty"`
	TLS       string `json:"tls_profile,omitempty"`
	LogProf   string `json:"log_profile,omitempty"`
	// Metadata says who wrote the rule (provider: terraform, with a type).
	Metadata map[string]any `json:"metadata,omitempty"`
}

type portRange struct {
	Lo int `json:"lo"`
	Hi int `json:"hi,omitempty"`
}

func (r rule) refersTo(id string) bool {
	return slices.Contains(r.Sources, id) || slices.Contains(r.Targets, id) || slices.Contains(r.WebFilters, id)
}

// text is the rule without its id, for comparing.
func (r rule) text() string {
	r.UUID = ""
	b, err := json.Marshal(r)
	if err != nil {
		panic("compare rule: " + err.Error()) // plain data
	}
	return string(b)
}

// shown is the rule as a read answers it: ANY comes back as PROTOCOL_UNSPECIFIED, hi is left out where it equals lo.
func (r rule) shown() rule {
	if r.Protocol == anyProtocol {
		r.Protocol = "PROTOCOL_UNSPECIFIED"
	}
	r.Ports = slices.Clone(r.Ports)
	for i := range r.Ports {
		if r.Ports[i].Hi == r.Ports[i].Lo {
			r.Ports[i].Hi = 0
		}
	}
	return r
}

func shownRules(rules []rule) []rule {
	out := make([]rule, 0, len(rules))
	for _, r := range rules {
		out = append(out, r.shown())
	}
	return out
}

// keep checks the rules of one whole write and gives an id to each that brings none. A rule that comes back without the
// id it had gets a new one: the vendor then makes it again and its statistics are gone (AVX-76197). guess: the texts.
func (c *call) keep(rules, before []rule) error {
	groups, known := c.groupIDs(), map[string]bool{}
	for _, b := range before {
		known[b.UUID] = true
	}
	for i := range rules {
		r := &rules[i]
		if r.Protocol == anyProtocol { // the word of the provider's users; no client sends it
			return refuse("Policy %s has invalid protocol %q", r.Name, r.Protocol)
		}
		if !c.ctl.enforcement && r.Enforcement+r.Egress != "" {
			// A real one may drop the field, and then the rule is enforced. No client sends it there.
			return refuse("[AVXERR-SIM-0002] Policy %s: enforcement and egress_path are sent from 10.1 on only "+
				"(goaviatrix: dcf_policy_list.go)", r.Name)
		}
		if len(r.WebFilters) > 0 && !slices.Equal(r.Targets, []string{internetID}) {
			// docs.aviatrix.com, dcf-rule-dialog-reference; guess: that the API refuses what the dialog does not offer
			return refuse("Policy %s has web groups: its destination must be Public Internet", r.Name)
		}
		if err := r.check(groups); err != nil {
			return err
		}
		if r.UUID == "" || !known[r.UUID] {
			r.UUID = c.newUUID()
		}
	}
	return nil
}

// anyProtocol is how rules that are for every protocol are stored. On the wire they have PROTOCOL_UNSPECIFIED, or
// nothing (provider: resource_aviatrix_dcf_ruleset.go).
const anyProtocol = "ANY"

// check also brings the protocol back from the form in which reads show it.
func (r *rule) check(groups map[string]bool) error {
	if r.Protocol == "PROTOCOL_UNSPECIFIED" || r.Protocol == "" {
		r.Protocol = anyProtocol
	}
	switch {
	case r.Name == "":
		return refuse("Policy name is required")
	case !slices.Contains([]string{"PERMIT", "DENY", "INTRUSION_DETECTION_PERMIT"}, r.Action):
		return refuse("Policy %s has invalid action %q", r.Name, r.Action)
	case !slices.Contains([]string{"TCP", "UDP", "ICMP", anyProtocol}, r.Protocol):
		return refuse("Policy %s has invalid protocol %q", r.Name, r.Protocol)
	case r.Protocol == "ICMP" && len(r.Ports) > 0:
		return refuse("Policy %s: ports are not allowed for ICMP", r.Name)
	case r.Watch && r.Enforcement != "":
		return refuse("Policy %s: watch and enforcement cannot be used together", r.Name)
	case len(r.Sources) == 0 || len(r.Targets) == 0:
		return refuse("Policy %s needs src_ads and dst_ads", r.Name)
	}
	for _, id := range slices.Concat(r.Sources, r.Targets, r.WebFilters) {
		if !groups[id] {
			return refuse("Policy %s refers to app domain %s which does not exist", r.Name, id)
		}
	}
	for _, p := range r.Ports {
		if p.Lo < 0 || p.Lo > 65535 || (p.Hi != 0 && p.Hi < p.Lo) || p.Hi > 65535 {
			return refuse("Policy %s has an invalid port range", r.Name)
		}
	}
	return nil
}

func (c *call) ruleSet(id string) (ruleSet, error) {
	for _, set := range all[ruleSet](c, kindRuleSet) {
		if set.UUID == id {
			return set, nil
		}
	}
	return ruleSet{}, missing("Policy list not found")
}

func (s ruleSet) shown() ruleSet {
	s.Policies = shownRules(s.Policies)
	return s
}

// listRuleSets answers {"dcf_policies": [...]} (public clients of controller 8.2 read it so).
func listRuleSets(c *restCall) (any, error) {
	out := []ruleSet{}
	for _, set := range all[ruleSet](&c.call, kindRuleSet) {
		out = append(out, set.shown())
	}
	return map[string]any{"dcf_policies": out}, nil
}

func getRuleSet(c *restCall) (any, error) {
	set, err := c.ruleSet(c.id)
	return answerWith(set.shown(), err)
}

func createRuleSet(c *restCall) (any, error) {
	set, err := c.wantedRuleSet(ruleSet{})
	if err != nil {
		return nil, err
	}
	if c.tx.Has(Vendor, kindRuleSet, c.key(set.Name)) {
		// guess: the text, and that names are unique
		return nil, refuse("Policy list with name %s already exists", set.Name)
	}
	set.UUID = c.newUUID()
	return c.write(ruleSet{}, set)
}

// updateRuleSet replaces the whole set: rules, place and all.
func updateRuleSet(c *restCall) (any, error) {
	old, err := c.ruleSet(c.id)
	if err != nil {
		return nil, err
	}
	set, err := c.wantedRuleSet(old)
	if err != nil {
		return nil, err
	}
	if set.Name != old.Name {
		if c.tx.Has(Vendor, kindRuleSet, c.key(set.Name)) {
			return nil, refuse("Policy list with name %s already exists", set.Name)
		}
		c.tx.QuietDelete(Vendor, kindRuleSet, c.key(old.Name)) // one effect: the ledger shows the new name
	}
	set.UUID = old.UUID
	return c.write(old, set)
}

func (c *restCall) wantedRuleSet(old ruleSet) (ruleSet, error) {
	var set ruleSet
	if err := c.decode(&set, "dcf_policy_list.go, dcf_policy_block.go"); err != nil {
		return set, err
	}
	set.UUID, set.System = old.UUID, false
	var sent struct {
		SubPolicies *[]subPolicy `json:"sub_policies"`
	}
	if err := json.Unmarshal(c.body, &sent); err != nil {
		return set, refuse("Invalid request body: %s", err)
	}
	switch {
	case set.Name == "":
		return set, refuse("Name is required")
	case sent.SubPolicies != nil && len(*sent.SubPolicies) == 0 && len(set.Policies) == 0:
		return set, refuse("Policy group %s must not be empty", set.Name)
	case len(set.SubPolicies) > 0 && len(set.Policies) > 0:
		return set, refuse("Policy list %s cannot have policies and sub policies", set.Name)
	case old.System:
		return set, refuse("System policy list cannot be changed")
	}
	if err := c.checkPlace(set, old); err != nil {
		return set, err
	}
	for _, sub := range set.SubPolicies {
		if id := sub.List + sub.Block; id != "" {
			if _, err := c.ruleSet(id); err != nil {
				return set, refuse("Policy list %s does not exist", id)
			}
		}
	}
	return set, c.keep(set.Policies, old.Policies)
}

// deleteRuleSet frees its place and the places it made. guess: refused while a group lists it or something sits on its
// places.
func deleteRuleSet(c *restCall) (any, error) {
	set, err := c.ruleSet(c.id)
	if err != nil {
		return nil, err
	}
	if set.System {
		return nil, refuse("System policy list cannot be deleted")
	}
	for _, other := range all[ruleSet](&c.call, kindRuleSet) {
		for _, sub := range other.SubPolicies {
			if sub.List == set.UUID || sub.Block == set.UUID {
				return nil, refuse("Policy list %s is used by group %s", set.Name, other.Name)
			}
		}
	}
	if err := c.makePoints(set, ruleSet{}); err != nil {
		return nil, err
	}
	c.remove(kindRuleSet, set.Name)
	return nil, nil
}

func (c *restCall) write(old, set ruleSet) (any, error) {
	if err := c.makePoints(old, set); err != nil {
		return nil, err
	}
	c.put(kindRuleSet, set, set.Name)
	return map[string]string{"uuid": set.UUID}, nil
}
