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
func (s *survey) filters(ctx context.Context, near []machine, control *reach.Controller) *filters {
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
	on := map[string][]string{}
	var tagged []string
	for _, name := range sortedKeys(all) {
		gateways, err := s.tagGateways(ctx, name)
		if errors.Is(err, workers.ErrNotFound) {
			continue // deleted meanwhile
		}
		if f.look.failed(actTagged, err) {
			continue
		}
		for _, m := range near {
			if slices.Contains(gateways, m.Name) {
				on[name] = append(on[name], m.Name)
				tagged = append(tagged, m.Name)
			}
		}
	}
	if len(tagged) == 0 {
		return f
	}
	tagged = distinct(tagged)
	exact := s.tagSwitches(ctx, control, f, tagged)
	for _, name := range sortedKeys(on) {
		s.tagAt(ctx, reach.Tag{Object: name, Enabled: all[name].State == enabled, White: all[name].Color != black},
			on[name], exact, f)
		if c := all[name].Color; c != white && c != black {
			f.doubt(on[name], reach.Gap{Cause: reach.ListNotWhole, Object: actTags, Why: "tag " + name +
				" has a colour that nobody here knows: " + c})
		}
	}
	for _, name := range tagged {
		s.passThrough(ctx, name, f)
	}
	return f
}

// tagSwitches reads what is switched for all tags: without them no tag's list is whole.
func (s *survey) tagSwitches(
	ctx context.Context, control *reach.Controller, f *filters, tagged []string,
) (exact bool) {
	l := s.look(actTags, "")
	on := func(act string) bool {
		var state string
		if l.failed(act, s.read(ctx, act, nil, &state)) {
			return false
		}
		if state != enabled && state != disabled {
			l.gap(reach.ListNotWhole, act, "the state is "+state+", which nobody here knows")
		}
		return state == enabled
	}
	control.Exception, exact = on(actException), on(actExact)
	var raw json.RawMessage
	if !l.failed(actPrivate, s.read(ctx, actPrivate, nil, &raw)) {
		var status struct {
			State string `json:"private_sub_filter"`
		}
		if json.Unmarshal(raw, &status) != nil && json.Unmarshal(raw, &status.State) != nil {
			l.gap(reach.ListNotWhole, actPrivate, "neither text nor object")
		}
		switch strings.ToLower(status.State) {
		case "", disabled, "disable", "no", "off":
		case enabled, "enable", "yes", "on":
			control.Private = true
		default: // "custom": all but some networks, which is not followed
			l.gap(reach.ListNotWhole, actPrivate, "private destinations are looked at in part: "+status.State)
		}
	}
	f.doubt(tagged, l.gaps...)
	return exact
}

// tagAt reads a tag's rules once, and its sources at each gateway.
func (s *survey) tagAt(ctx context.Context, tag reach.Tag, gateways []string, exact bool, f *filters) {
	l := s.look(actTagRules, tag.Object)
	rules, err := s.tagRules(ctx, tag.Object)
	l.failed(actTagRules, err)
	for _, r := range rules {
		if rule, ok := tagRule(r, tag.White, exact, &l); ok {
			tag.Rules = append(tag.Rules, rule)
		}
	}
	if own := func(r fqdnRule) bool { return strings.EqualFold(r.Verdict, "allow") }; !tag.White &&
		slices.ContainsFunc(rules, own) {
		l.lacks("tag %s lets some of the names pass that it stops, and the order is not followed", tag.Object)
	}
	f.doubt(gateways, l.gaps...)
	for _, gateway := range gateways {
		one := s.look(actSources, tag.Object+" at "+gateway)
		sources, err := s.tagSources(ctx, tag.Object, gateway)
		one.failed(actSources, err)
		tag.Sources = rangesIn(sources)
		f.doubt([]string{gateway}, one.gaps...)
		f.tags[gateway] = append(f.tags[gateway], tag)
	}
}

// passThrough reads the sources that no tag of a gateway sees.
func (s *survey) passThrough(ctx context.Context, gateway string, f *filters) {
	l := s.look(actThrough, gateway)
	var got struct {
		Configured []string `json:"configured_ips"`
	}
	l.failed(actThrough, s.read(ctx, actThrough, url.Values{"gateway_name": {gateway}}, &got))
	for i, text := range got.Configured {
		got.Configured[i], _, _ = strings.Cut(text, "~~")
	}
	f.through[gateway] = rangesIn(got.Configured)
	f.doubt([]string{gateway}, l.gaps...)
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
