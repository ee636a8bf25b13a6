package aviatrix

import (
	"context"
	"encoding/json"
	"errors"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/culvertnet/culvert/events/reach"
	"github.com/culvertnet/culvert/workers"
)

const (
	actTags      = "list_fqdn_filter_tags"
	actTagged    = "list_fqdn_filter_tag_attached_gws"
	actTagRules  = "list_fqdn_filter_tag_domain_names"
	actSources   = "list_fqdn_filter_tag_source_ip_filters"
	actThrough   = "list_fqdn_pass_through_cidrs"
	actException = "get_fqdn_exception_rule_status"
	actExact     = "get_fqdn_exact_match_status"
	actPrivate   = "get_fqdn_private_network_filtering_status"
)

// filters are the FQDN tags of some gateways.
type filters struct {
	look look
	// tags and through are by gateway, gaps too.
	tags    map[string][]reach.Tag
	through map[string]reach.Ranges
	gaps    map[string][]reach.Gap
	// exception and private are switches of the controller.
	exception, private bool
}

// at is what a gateway has. What the first one of a pair has, both have.
func (f *filters) at(m machine) (reach.Listing[reach.Tag], reach.Ranges) {
	name := m.Name
	if f.tags[name] == nil {
		name = m.first()
	}
	l := f.look
	l.scope = m.Name
	l.gaps = slices.Clone(f.look.gaps)
	l.add(f.gaps[name]...)
	return listed(l, f.tags[name]), f.through[name]
}

// doubt notes a gap of some gateways' lists.
func (f *filters) doubt(gateways []string, gaps ...reach.Gap) {
	for _, name := range gateways {
		f.gaps[name] = append(f.gaps[name], gaps...)
	}
}

// filters reads the FQDN tags of some gateways with the switches of the controller; none where the release has no tags.
func (s *survey) filters(ctx context.Context, near []machine) *filters {
	f := &filters{look: s.look(actTags, ""), tags: map[string][]reach.Tag{}, through: map[string]reach.Ranges{},
		gaps: map[string][]reach.Gap{}}
	if s.release.webgroups() {
		f.look.call = "none: no FQDN tags from 9.0 on"
		return f
	}
	all, err := s.tags(ctx)
	if err != nil && unsupported(err) && !s.release.tags() {
		return f
	}
	if f.look.failed(actTags, err) {
		return f
	}
	on, tagged := s.taggedAmong(ctx, near, sortedKeys(all), f)
	if len(tagged) == 0 {
		return f
	}
	names := sortedKeys(on)
	var switches tagSwitches
	rules, through := make([]tagFacts, len(names)), make([]passed, len(tagged))
	reads := []func(){func() { switches = s.tagSwitches(ctx) }}
	for i, name := range names {
		reads = append(reads, func() { rules[i] = s.tagFacts(ctx, name, on[name]) })
	}
	for i, name := range tagged {
		reads = append(reads, func() { through[i] = s.passThrough(ctx, name) })
	}
	together(reads...)
	f.exception, f.private = switches.exception, switches.private
	f.doubt(tagged, switches.look.gaps...)
	for i, name := range names {
		rules[i].into(f, reach.Tag{Object: name, Enabled: all[name].State == enabled, White: all[name].Color != black},
			on[name], switches.exact)
		if c := all[name].Color; c != white && c != black {
			f.doubt(on[name], reach.Gap{Cause: reach.ListNotWhole, Object: actTags, Why: "tag " + name +
				" has a colour that nobody here knows: " + c})
		}
	}
	for i, name := range tagged {
		f.through[name] = through[i].sources
		f.doubt([]string{name}, through[i].look.gaps...)
	}
	return f
}

// taggedAmong reads at which of some gateways each tag is.
func (s *survey) taggedAmong(
	ctx context.Context, near []machine, tags []string, f *filters,
) (on map[string][]string, tagged []string) {
	gateways, errs := make([][]string, len(tags)), make([]error, len(tags))
	var reads []func()
	for i, name := range tags {
		reads = append(reads, func() { gateways[i], errs[i] = s.tagGateways(ctx, name) })
	}
	together(reads...)
	on = map[string][]string{}
	for i, name := range tags {
		if errors.Is(errs[i], workers.ErrNotFound) {
			continue // deleted meanwhile
		}
		if f.look.failed(actTagged, errs[i]) {
			continue
		}
		for _, m := range near {
			if slices.Contains(gateways[i], m.Name) {
				on[name] = append(on[name], m.Name)
				tagged = append(tagged, m.Name)
			}
		}
	}
	return on, distinct(tagged)
}

// tagSwitches is what is switched for all tags: without it no tag's list is whole.
type tagSwitches struct {
	look                      look
	exception, exact, private bool
}

func (s *survey) tagSwitches(ctx context.Context) (out tagSwitches) {
	out.look = s.look(actTags, "")
	acts := []string{actException, actExact, actPrivate}
	raw, errs := make([]json.RawMessage, len(acts)), make([]error, len(acts))
	var reads []func()
	for i, act := range acts {
		reads = append(reads, func() { errs[i] = s.read(ctx, act, nil, &raw[i]) })
	}
	together(reads...)
	l := &out.look
	on := func(i int) bool {
		var state string
		if l.failed(acts[i], errs[i]) {
			return false
		}
		if err := json.Unmarshal(raw[i], &state); err != nil {
			l.failed(acts[i], unreadable(acts[i], false, err))
			return false
		}
		if state != enabled && state != disabled {
			l.gap(reach.ListNotWhole, acts[i], "the state is "+state+", which nobody here knows")
		}
		return state == enabled
	}
	out.exception, out.exact = on(0), on(1)
	if l.failed(actPrivate, errs[2]) {
		return out
	}
	var status struct {
		State string `json:"private_sub_filter"`
	}
	if json.Unmarshal(raw[2], &status) != nil && json.Unmarshal(raw[2], &status.State) != nil {
		l.gap(reach.ListNotWhole, actPrivate, "neither text nor object")
	}
	switch strings.ToLower(status.State) {
	case "", disabled, "disable", "no", "off":
	case enabled, "enable", "yes", "on":
		out.private = true
	default: // "custom": all but some networks, which is not followed
		l.gap(reach.ListNotWhole, actPrivate, "private destinations are looked at in part: "+status.State)
	}
	return out
}

// tagFacts are a tag's rules, and its sources at each gateway.
type tagFacts struct {
	look    look
	rules   []fqdnRule
	sources [][]string
	looks   []look
}

func (s *survey) tagFacts(ctx context.Context, name string, gateways []string) tagFacts {
	out := tagFacts{look: s.look(actTagRules, name), sources: make([][]string, len(gateways)),
		looks: make([]look, len(gateways))}
	reads := []func(){func() {
		var err error
		out.rules, err = s.tagRules(ctx, name)
		out.look.failed(actTagRules, err)
	}}
	for i, gateway := range gateways {
		reads = append(reads, func() {
			out.looks[i] = s.look(actSources, name+" at "+gateway)
			var err error
			out.sources[i], err = s.tagSources(ctx, name, gateway)
			out.looks[i].failed(actSources, err)
		})
	}
	together(reads...)
	return out
}

// into puts a tag at its gateways.
func (t tagFacts) into(f *filters, tag reach.Tag, gateways []string, exact bool) {
	l := t.look
	for _, r := range t.rules {
		if rule, ok := tagRule(r, tag.White, exact, &l); ok {
			tag.Rules = append(tag.Rules, rule)
		}
	}
	if own := func(r fqdnRule) bool { return strings.EqualFold(r.Verdict, "allow") }; !tag.White &&
		slices.ContainsFunc(t.rules, own) {
		l.lacks("tag %s lets some of the names pass that it stops, and the order is not followed", tag.Object)
	}
	f.doubt(gateways, l.gaps...)
	for i, gateway := range gateways {
		tag.Sources = rangesIn(t.sources[i])
		f.doubt([]string{gateway}, t.looks[i].gaps...)
		f.tags[gateway] = append(f.tags[gateway], tag)
	}
}

// passed are the sources that no tag of a gateway sees.
type passed struct {
	look    look
	sources reach.Ranges
}

func (s *survey) passThrough(ctx context.Context, gateway string) passed {
	out := passed{look: s.look(actThrough, gateway)}
	var got struct {
		Configured []string `json:"configured_ips"`
	}
	out.look.failed(actThrough, s.read(ctx, actThrough, url.Values{"gateway_name": {gateway}}, &got))
	for i, text := range got.Configured {
		got.Configured[i], _, _ = strings.Cut(text, "~~")
	}
	out.sources = rangesIn(got.Configured)
	return out
}

// tagRule translates one entry of a tag. Without exact match a name is looked for anywhere in the client's name
// (manual, FQDN_Whitelists_Ref_Design).
func tagRule(r fqdnRule, isWhite, exact bool, l *look) (reach.TagRule, bool) {
	out := reach.TagRule{Name: reach.NameOf(r.FQDN)}
	if _, err := netip.ParseAddr(r.FQDN); err == nil {
		l.gap(reach.NoDocument, l.scope, "no document says what a tag does with address "+r.FQDN)
		return out, false
	}
	if !exact && !strings.Contains(r.FQDN, "*") {
		out.Name = "*" + out.Name + "*"
	}
	switch strings.ToLower(r.Verdict) {
	case "", strings.ToLower(basePolicy):
		if out.Act = reach.Deny; isWhite {
			out.Act = reach.Allow
		}
	case "allow":
		out.Act = reach.Allow
	case "deny":
		out.Act = reach.Deny
	default:
		l.lacks("rule %s has a verdict that nobody here knows: %s", r.FQDN, r.Verdict)
		return out, false
	}
	var ok bool
	if out.Layer4, ok = tagLayer4(r); !ok {
		l.lacks("rule %s has a protocol or port that nobody here knows: %s %s", r.FQDN, r.Proto, r.Port)
	}
	return out, ok
}

func tagLayer4(r fqdnRule) (reach.Layer4, bool) {
	number := map[string]uint16{"tcp": reach.TCP, "udp": reach.UDP}[strings.ToLower(r.Proto)]
	switch proto := strings.ToLower(r.Proto); {
	case proto == "all":
		return reach.EveryProtocol(), true
	case proto == "icmp":
		return reach.Protocol(reach.ICMP), true
	case number == 0:
		return reach.Layer4{}, false
	case strings.EqualFold(r.Port, "all"):
		return reach.Protocol(number), true
	}
	lo, hi, err := portRange(r.Port)
	if err != nil {
		return reach.Layer4{}, false
	}
	return reach.Protocol(number, reach.Span{Lo: uint16(lo), Hi: uint16(hi)}), true
}
