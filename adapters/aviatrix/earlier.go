package aviatrix

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/culvertnet/culvert/events/reach"
	"github.com/culvertnet/culvert/workers"
	"github.com/culvertnet/culvert/workers/policy"
)

// earlier are the rules that are asked before a filter's last one, in their turn: those of the places before its own,
// then those of others in the shared set whose priority is not behind. Nothing is read for the first place.
func (s *survey) earlier(ctx context.Context, f policy.Filter, set ruleSet, l *look) (out []placed) {
	if s.controller.point != points[0] {
		out = s.orderedTo(ctx, set.place, s.readSets(ctx), l)
	}
	beside := slices.DeleteFunc(slices.Clone(set.rules), func(raw json.RawMessage) bool {
		r := ruleOf(raw)
		return r.Priority > priorityDefault || strings.HasPrefix(r.Name, f.Name+"-")
	})
	if len(beside) > 0 {
		out = append(out, placed{text(set.raw["name"]), beside})
	}
	return out
}

// opened names the first rule before a filter's own that makes it decide nothing: see openings. Only members that a
// group has for sure count.
func (g *members) opened(f policy.Filter, before []placed) (string, error) {
	open, err := newOpenings(f)
	if err != nil {
		return "", err
	}
	for _, set := range before {
		rules := slices.Clone(set.rules)
		slices.SortStableFunc(rules, func(a, b json.RawMessage) int {
			return cmp.Compare(ruleOf(a).Priority, ruleOf(b).Priority)
		})
		for _, raw := range rules {
			var l look
			switch r, known := g.rule(raw, &l); {
			case !known:
				return "rule " + ruleOf(raw).Name + " of " + set.name + " before ours is not known here", nil
			case open.by(r):
				return "rule " + r.Object + " of " + set.name + " before ours lets everything pass", nil
			}
		}
	}
	return "", nil
}

// openings are what passes before a filter's rules are asked. A filter that closes is open when its source reaches a
// whole block of addresses with what matters to it, whatever name is sent; one that lets everything else pass, when its
// source reaches anything that it denies. Openings that are narrower are the operator's own.
type openings struct {
	closes bool
	// source is the filter's; where it is not known yet, every private address, of which a rule has to let all pass.
	source reach.Ranges
	known  bool
	// named are the flows that the filter's rules are about, free those that a closing filter lets out without a name.
	named, free reach.Flows
	probes      []reach.Layer4
	// rest is what no rule has decided about, passed what rules have let through, let what they let through whatever
	// came before them.
	rest, passed, let reach.Flows
}

// whole are the blocks of addresses: what is in no private range, and each private range.
var whole = append([]reach.Ranges{publicRanges}, rangesOfEach(privateRanges)...)

func newOpenings(f policy.Filter) (*openings, error) {
	o := &openings{closes: f.Default != "allow", source: rangesIn(privateRanges), probes: []reach.Layer4{
		reach.Protocol(reach.TCP, reach.Port(80)), reach.Protocol(reach.TCP, reach.Port(443)),
		reach.Protocol(reach.UDP)}}
	if o.known = f.Source != ""; o.known {
		var err error
		if o.source, err = reach.ParseRanges(f.Source); err != nil {
			return nil, workers.Refuse("invalid", "read source of filter %s: %w", f.Name, err)
		}
	}
	o.rest = o.to(reach.EveryAddress(), reach.EveryProtocol())
	for _, r := range f.Rules {
		l, err := reach.ParseLayer4(r.Protocol, r.Ports...)
		if err != nil {
			return nil, workers.Refuse("invalid", "read rule of filter %s: %w", f.Name, err)
		}
		o.probes = append(o.probes, l)
		if r.FQDN != "" {
			o.named = o.named.Union(o.to(publicRanges, l))
			continue
		}
		dst, err := reach.ParseRanges(r.CIDR)
		if err != nil {
			return nil, workers.Refuse("invalid", "read rule of filter %s: %w", f.Name, err)
		}
		o.named, o.free = o.named.Union(o.to(dst, l)), o.free.Union(o.to(dst, l))
	}
	return o, nil
}

func (o *openings) to(dst reach.Ranges, l reach.Layer4) reach.Flows {
	return reach.FlowsOf(reach.Box{Src: o.source, Dst: dst, Layer4: l})
}

// by asks the next rule, and tells whether the filter is open by it.
func (o *openings) by(r reach.WebRule) bool {
	if r.Watches || len(r.Web) > 0 && !slices.Contains(r.Web, reach.AnyName) {
		return false // it decides nothing, or about packets with some names only
	}
	src := r.Src.Ranges.Intersect(o.source)
	if !o.known && r.Act != reach.Deny && !src.Covers(o.source) {
		return false
	}
	var fits reach.Flows
	for _, l := range r.Layer4 {
		fits = fits.Union(reach.FlowsOf(reach.Box{Src: src, Dst: r.Dst.Ranges, Layer4: l}))
	}
	about := o.rest.Intersect(fits)
	o.rest = o.rest.Subtract(about)
	if r.Act == reach.Deny || about.Empty() {
		return false
	}
	o.passed, o.let = o.passed.Union(about), o.let.Union(fits)
	if !o.closes {
		return !o.passed.Intersect(o.named).Empty()
	}
	for _, block := range whole {
		for _, l := range o.probes {
			all := reach.FlowsOf(reach.Box{Src: src, Dst: block, Layer4: l})
			if o.let.Covers(all) && !o.passed.Intersect(all).Subtract(o.free).Empty() {
				return true
			}
		}
	}
	return false
}
