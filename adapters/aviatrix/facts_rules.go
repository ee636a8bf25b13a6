package aviatrix

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/culvertnet/culvert/events/reach"
)

// factRule is a rule of the distributed firewall with every field that decides about packets.
type factRule struct {
	rule
	Requirement string `json:"flow_app_requirement"`
	Egress      string `json:"egress_path"`
	TLS         string `json:"tls_profile"`
}

// ruleKeys are the fields of a rule that are read, and those that decide nothing about packets: ids, logging, and which
// security groups of the cloud are written.
var ruleKeys = []string{"uuid", "name", "action", "priority", "protocol", "src_ads", "dst_ads", "web_filters",
	"port_ranges", "enforcement", "watch", "flow_app_requirement", "egress_path", "tls_profile",
	"system_resource", "logging", "log_profile", "metadata", "exclude_sg_orchestration", "decrypt_policy"}

// rule translates one rule. What it has and nobody here knows makes it one that may fit: the gap is at the rule's
// destination, so that it counts only for flows that come so far. A rule whose action, mode or protocol is not known is
// left out, and the list is not whole.
func (g *members) rule(raw json.RawMessage, l *look) (reach.WebRule, bool) {
	var r factRule
	var keys map[string]any
	if json.Unmarshal(raw, &r) != nil || json.Unmarshal(raw, &keys) != nil {
		l.gap(reach.ListNotWhole, actSets, "a rule has another form")
		return reach.WebRule{}, false
	}
	out := reach.WebRule{Object: r.Name, Priority: int64(r.Priority)}
	var known [3]bool
	out.Act, known[0] = actOf(r)
	out.Watches, known[1] = watches(r.rule)
	out.Layer4, known[2] = layer4Of(r.rule)
	if slices.Contains(known[:], false) {
		l.gap(reach.ListNotWhole, actSets, "rule "+r.Name+" has an action, mode or protocol that nobody here knows")
		return out, false
	}
	out.Src, out.Dst = g.union(r.Sources), g.union(r.Targets)
	var open []reach.Gap
	if len(r.Webs) > 0 {
		out.Web, open = g.names(r.Webs)
	}
	for _, key := range strangers(keys, ruleKeys) {
		open = append(open, reach.Gap{Cause: reach.ListNotWhole, Object: r.Name, Why: "the rule has " + key +
			", which nobody here knows"})
	}
	if r.Requirement != "" && r.Requirement != "APP_UNSPECIFIED" {
		open = append(open, reach.Gap{Cause: reach.Inspected, Object: r.Name,
			Why: "the rule asks for " + r.Requirement})
	}
	if r.Egress != "" {
		open = append(open, reach.Gap{Cause: reach.NoDocument, Object: r.Name,
			Why: "no document says what an egress path does with packets"})
	}
	if len(open) > 0 {
		out.Dst = reach.Group{Maybe: out.Dst.Ranges.Union(out.Dst.Maybe), Unread: slices.Concat(out.Dst.Unread, open)}
	}
	return out, true
}

// actOf reads the action. What is inspected, or let through by a TLS profile, is decided by what the packets hold.
func actOf(r factRule) (reach.Act, bool) {
	switch r.Action {
	case "DENY":
		return reach.Deny, true
	case "PERMIT":
		if r.TLS != "" {
			return reach.Inspect, true
		}
		return reach.Allow, true
	case "INTRUSION_DETECTION_PERMIT", "DEEP_PACKET_INSPECTION_PERMIT":
		return reach.Inspect, true
	}
	return "", false
}

// watches tells whether a rule only logs: "watch" in releases up to 10.0, "enforcement" after them.
func watches(r rule) (bool, bool) {
	switch r.Enforcement {
	case "", enforced:
		return r.Watch, r.Enforcement == "" || !r.Watch
	case monitored, "DISABLE":
		return true, true
	}
	return false, false
}

// layer4Of reads protocol and ports. Ports of a rule for every protocol are those of TCP and UDP.
func layer4Of(r rule) ([]reach.Layer4, bool) {
	var ports reach.Spans
	for _, p := range r.Ports {
		hi := max(p.Lo, p.Hi)
		if p.Lo < 0 || hi > 65535 {
			return nil, false
		}
		ports = ports.Union(reach.SpansOf(reach.Span{Lo: uint16(p.Lo), Hi: uint16(hi)}))
	}
	of := func(number uint16) reach.Layer4 {
		if len(ports) == 0 {
			return reach.Protocol(number)
		}
		return reach.Layer4{Protocols: reach.One(number), Ports: ports}
	}
	switch strings.ToUpper(r.Protocol) {
	case "TCP":
		return []reach.Layer4{of(reach.TCP)}, true
	case "UDP":
		return []reach.Layer4{of(reach.UDP)}, true
	case "ICMP":
		return []reach.Layer4{reach.Protocol(reach.ICMP)}, true
	case "", unspecified, anyProtocol:
		if len(ports) == 0 {
			return []reach.Layer4{reach.EveryProtocol()}, true
		}
		return []reach.Layer4{of(reach.TCP), of(reach.UDP)}, true
	}
	return nil, false
}
