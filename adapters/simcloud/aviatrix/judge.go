package aviatrix

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/culvertnet/culvert/adapters/simcloud/world"
)

// Verdict is what a gateway does with a flow.
type Verdict string

// The verdicts. Unfiltered means that no filter is bound to the flow at all: it passes, and so would everything else.
const (
	Allowed    Verdict = "allow"
	Denied     Verdict = "deny"
	Unfiltered Verdict = "unfiltered"
)

// Flow is one attempt to reach something through a gateway. Whether the packet is routed to the gateway at all is
// another question: see Steered.
type Flow struct {
	Controller string
	Gateway    string
	Source     netip.Prefix // where it comes from, after any source NAT on the way
	FQDN       string       // the TLS server name or Host; empty: none
	Target     netip.Addr   // the destination; invalid: some public address
	Protocol   string       // tcp, udp or icmp
	Port       int
	Labels     bool // groups that select by label hold every source; else they hold none
}

// Judge reads the controller's configuration and tells what happens to a flow. It changes nothing. Both filters have
// to let a flow pass: the FQDN tags of the gateway (up to 8.2), then the distributed firewall.
func Judge(tx *world.Tx, f Flow) Verdict {
	verdict, _ := NewPlane(tx).Decide(f)
	return verdict
}

// judgeTags: sources of all tags in force are looked at together; a packet that none of them covers is dropped as soon
// as one tag has a list. Of the tags that cover it, Deny rules come first; then the colour decides.
func (c *call) judgeTags(gw Gateway, f Flow) (Verdict, string) {
	if !gw.FQDNFiltered || within(f.Source, parsed(gw.PassThru)) || c.ignored(f.Target) {
		return Unfiltered, ""
	}
	covering := c.covering(gw, f)
	if len(covering) == 0 {
		return Denied, "source list"
	}
	isWhite := covering[0].Color == white
	if f.FQDN == "" && f.Protocol == "tcp" && f.Port == 443 && isWhite && c.global(globalException).State == enabled {
		return Allowed, covering[0].Name
	}
	matched, by := false, covering[0].Name
	for _, t := range covering {
		for _, r := range t.Domains {
			switch {
			case !r.matches(f, c.global(globalExact).State == enabled):
				continue
			case r.Verdict == "Deny":
				return Denied, t.Name
			case r.Verdict == "Allow" && !isWhite:
				return Allowed, t.Name
			}
			matched, by = true, t.Name
		}
	}
	if matched == isWhite {
		return Allowed, by
	}
	return Denied, by
}

// covering are the tags in force on a gateway that look at a flow's source.
func (c *call) covering(gw Gateway, f Flow) []FQDNTag {
	var covering []FQDNTag
	for _, t := range c.tagsOn(gw.Name) {
		on, _ := load[FQDNAttach](c, kindTagOn, t.Name, gw.Name)
		if t.State == enabled && (len(on.Sources) == 0 || within(f.Source, parsed(on.Sources))) {
			covering = append(covering, t)
		}
	}
	return covering
}

// ignored tells whether the tags do not look at a destination: internal addresses pass unseen unless private filtering
// is on.
func (c *call) ignored(target netip.Addr) bool {
	if !target.IsValid() || !private(target) {
		return false
	}
	switch flag := c.global(globalPrivate); flag.State {
	case enabled:
		return false
	case "custom":
		return within(netip.PrefixFrom(target, 32), parsed(flag.IPs))
	}
	return true
}

// matches: without exact match a name is a substring; a wildcard stands for anything.
func (r FQDNRule) matches(f Flow, exact bool) bool {
	if r.Proto != "all" && r.Proto != f.Protocol {
		return false
	}
	if lo, hi, ok := r.ports(); r.Proto != "all" && r.Proto != "icmp" && (!ok || f.Port < lo || f.Port > hi) {
		return false
	}
	name := f.FQDN
	if name == "" && f.Target.IsValid() {
		name = f.Target.String()
	}
	if strings.Contains(r.FQDN, "*") {
		return glob(r.FQDN, name)
	}
	return name == r.FQDN || (!exact && name != "" && strings.Contains(name, r.FQDN))
}

// glob matches a pattern in which * stands for any run of characters.
func glob(pattern, text string) bool {
	parts := strings.Split(pattern, "*")
	if !strings.HasPrefix(text, parts[0]) {
		return false
	}
	text = text[len(parts[0]):]
	for i, part := range parts[1:] {
		if i == len(parts)-2 {
			return strings.HasSuffix(text, part)
		}
		at := strings.Index(text, part)
		if at < 0 {
			return false
		}
		text = text[at+len(part):]
	}
	return text == ""
}

// judgeFirewall asks the rules in the order of their places, by priority inside each; the first that matches decides.
func (c *call) judgeFirewall(f Flow) (Verdict, string) {
	if !c.feature().Enabled {
		return Unfiltered, ""
	}
	for _, r := range c.inOrder() {
		if r.Enforcement == "DISABLE" || r.Enforcement == "MONITOR" || r.Watch || !c.covers(r, f) {
			continue
		}
		if r.Action == "DENY" {
			return Denied, r.Name
		}
		return Allowed, r.Name
	}
	if c.defaultAction().Action == "DENY" {
		return Denied, "default action"
	}
	return Unfiltered, ""
}

// inOrder lists the rules that are in force: those of sets on a place, and the global list after the first place.
func (c *call) inOrder() []rule {
	var out []rule
	for i, name := range systemPoints {
		if p, ok := load[point](c, kindPoint, name); ok {
			out = append(out, c.rulesAt(p.UUID, 0)...)
		}
		if i == 0 {
			out = append(out, byPriority(c.policyList().Policies)...)
		}
	}
	return out
}

// rulesAt lists the rules on a place, through groups; depth ends a group that contains itself.
func (c *call) rulesAt(place string, depth int) []rule {
	for _, set := range all[ruleSet](c, kindRuleSet) {
		if set.AttachTo == place {
			return c.rulesOf(set, depth)
		}
	}
	return nil
}

func (c *call) rulesOf(set ruleSet, depth int) []rule {
	out := byPriority(set.Policies)
	subs := slices.Clone(set.SubPolicies)
	slices.SortStableFunc(subs, func(a, b subPolicy) int { return a.Priority - b.Priority })
	for _, sub := range subs {
		if depth > 8 {
			return out
		}
		if inner, err := c.ruleSet(sub.List + sub.Block); err == nil {
			out = append(out, c.rulesOf(inner, depth+1)...)
		} else if sub.Point != nil {
			p, _ := load[point](c, kindPoint, sub.Point.Name)
			out = append(out, c.rulesAt(p.UUID, depth+1)...)
		}
	}
	return out
}

func byPriority(rules []rule) []rule {
	out := slices.Clone(rules)
	slices.SortStableFunc(out, func(a, b rule) int { return a.Priority - b.Priority })
	return out
}

// covers tells whether a rule is about a flow. Groups that select by anything but address match nothing here: who is
// in them is the controller's to know, polled and late.
func (c *call) covers(r rule, f Flow) bool {
	if r.Protocol != anyProtocol && !strings.EqualFold(r.Protocol, f.Protocol) {
		return false
	}
	if len(r.Ports) > 0 && !slices.ContainsFunc(r.Ports,
		func(p portRange) bool { return f.Port >= p.Lo && f.Port <= max(p.Lo, p.Hi) }) {
		return false
	}
	if !(c.inGroups(r.Sources, f.Source) || f.Labels && c.byLabel(r.Sources)) || !c.toGroups(r.Targets, f.Target) {
		return false
	}
	return len(r.WebFilters) == 0 || slices.ContainsFunc(r.WebFilters, func(id string) bool {
		d, err := c.appDomain(id)
		if err != nil || f.FQDN == "" {
			return false
		}
		return slices.ContainsFunc(
			d.Selector.texts("snifilter"), func(p string) bool { return glob(strings.ToLower(p), f.FQDN) },
		) ||
			slices.ContainsFunc(d.Selector.texts("urlfilter"), func(p string) bool {
				host, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(p, "https://"), "http://"), "/")
				return glob(strings.ToLower(host), f.FQDN)
			})
	})
}

// inGroups: the group Public Internet has what is in no range of RFC 1918, as a source too (docs.aviatrix.com/
// documentation/latest/building-your-network/smartgroups-about.html, default SmartGroups).
func (c *call) inGroups(ids []string, p netip.Prefix) bool {
	return slices.ContainsFunc(ids, func(id string) bool {
		if id == internetID {
			return !slices.ContainsFunc(rfc1918, p.Overlaps)
		}
		d, err := c.appDomain(id)
		return err == nil && within(p, parsed(d.Selector.texts("cidr")))
	})
}

// byLabel tells whether a group selects by anything but address.
func (c *call) byLabel(ids []string) bool {
	return slices.ContainsFunc(ids, func(id string) bool {
		d, err := c.appDomain(id)
		return err == nil && slices.ContainsFunc(d.Selector.Any,
			func(e expression) bool { return e.All["type"] != nil })
	})
}

// toGroups: a destination without an address is public.
func (c *call) toGroups(ids []string, target netip.Addr) bool {
	if !target.IsValid() {
		return slices.Contains(ids, anywhereID) || slices.Contains(ids, internetID)
	}
	return c.inGroups(ids, netip.PrefixFrom(target, target.BitLen()))
}

// Steered tells whether the controller's own routes bring traffic of a machine with these network tags to the gateway.
// Routes that others make (a Google route for a connector's tag) are not the controller's: ask the Google side for
// those.
func Steered(tx *world.Tx, controllerName, gateway string, tags []string) bool {
	c := &call{tx: tx, ctl: &controller{conf: Controller{Name: controllerName}}}
	return slices.ContainsFunc(all[VPCRoute](c, kindVPCRoute), func(r VPCRoute) bool {
		return r.Gateway == gateway && r.Destination == "0.0.0.0/0" && (r.Tag == "" || slices.Contains(tags, r.Tag))
	})
}
