package reach

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// wanted are the filter's rules without their numbers: one for each group of destinations, and last the denial.
func (e *FilterEffect) wanted(src Ranges) (out []Rule, err error) {
	for _, g := range e.groups() {
		r, err := e.rule(g, src)
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	if e.Closed {
		all := Peer{Ranges: RangesOf(netip.MustParsePrefix("0.0.0.0/0"))}
		out = append(out, Rule{Act: Deny, Src: Peer{Ranges: src}, Dst: all, Layer4: []Layer4{EveryProtocol()},
			Target: Target{All: true}})
	}
	return out, nil
}

// groups are the destinations that share a rule: names, or ranges, of one protocol with the same ports.
func (e *FilterEffect) groups() (out [][]Allowed) {
	at := map[string]int{}
	for _, a := range e.Allow {
		ports := slices.Compact(slices.Sorted(slices.Values(a.Ports)))
		key := fmt.Sprint(a.FQDN != "", strings.ToLower(a.Protocol), ports)
		i, known := at[key]
		if !known {
			i = len(out)
			at[key], out = i, append(out, nil)
		}
		out[i] = append(out[i], a)
	}
	return out
}

// rule is the one that a group shares.
func (e *FilterEffect) rule(group []Allowed, src Ranges) (Rule, error) {
	out := Rule{Act: Allow, Src: Peer{Ranges: src}, Target: Target{All: true}}
	if !e.Closed {
		out.Act = Deny
	}
	for _, a := range group {
		dst, err := a.peer()
		if err != nil {
			return Rule{}, err
		}
		out.Dst.Ranges = out.Dst.Ranges.Union(dst.Ranges)
		out.Dst.Names = append(out.Dst.Names, dst.Names...)
	}
	layer4, err := group[0].layer4()
	out.Layer4 = []Layer4{layer4}
	return out, err
}

// rules are those of a policy once the filter is there. One that stands is changed in place: a rule of the same kind
// keeps its number, new ones have the lowest numbers that nobody has, the denial the last one.
func (e *FilterEffect) rules(have []Rule) ([]Rule, error) {
	src, err := parse(e.Source)
	if err != nil {
		return nil, err
	}
	wanted, err := e.wanted(src)
	if err != nil {
		return nil, err
	}
	rest, own := apart(have, e.Held, src)
	block := e.Priorities
	if len(own) > 0 {
		block = e.Held
	}
	free := slices.DeleteFunc(slices.Sorted(slices.Values(block)), func(p int) bool {
		return slices.ContainsFunc(have, func(r Rule) bool { return int(r.Priority) == p })
	})
	need := 0
	for i := range wanted {
		if at := slices.IndexFunc(own, wanted[i].alike); at >= 0 {
			wanted[i].Priority = own[at].Priority
			own = slices.Delete(own, at, at+1)
			continue
		}
		need++
	}
	if len(free) < need {
		return nil, fmt.Errorf("%d priorities are free and %d rules are needed", len(free), need)
	}
	for i := range wanted {
		if wanted[i].Priority == 0 && e.Closed && i == len(wanted)-1 {
			wanted[i].Priority = int64(free[len(free)-1])
		} else if wanted[i].Priority == 0 {
			wanted[i].Priority, free = int64(free[0]), free[1:]
		}
		wanted[i].Object = fmt.Sprintf("%s %d", e.Policy, wanted[i].Priority)
	}
	return slices.Concat(rest, wanted), nil
}

// apart tells the rules that a filter has on some numbers from all others.
func apart(have []Rule, numbers []int, src Ranges) (rest, own []Rule) {
	for _, r := range have {
		if slices.Contains(numbers, int(r.Priority)) && r.Src.Ranges.Equal(src) {
			own = append(own, r)
		} else {
			rest = append(rest, r)
		}
	}
	return rest, own
}

// alike tells whether two rules of a filter differ in their destinations at most.
func (r Rule) alike(o Rule) bool {
	same := func(a, b Layer4) bool { return a.Protocols.Equal(b.Protocols) && a.Ports.Equal(b.Ports) }
	return r.Act == o.Act && (len(r.Dst.Names) > 0) == (len(o.Dst.Names) > 0) &&
		slices.EqualFunc(r.Layer4, o.Layer4, same)
}

// policyOf finds the policy on the network; -1 when it is not on it.
func (e *FilterEffect) policyOf(n Network) int {
	list := n.Firewall.Global.Items
	if e.Policy == "" && len(list) == 1 {
		return 0
	}
	return slices.IndexFunc(list, func(p Policy) bool { return p.Object == e.Policy })
}

// policy changes the network's own policy.
func (e *FilterEffect) policy(w World, at Realm, change func(*Policy) error) (World, error) {
	return w.with(at, func(n *Network) error {
		list, i := n.Firewall.Global, e.policyOf(*n)
		if i < 0 {
			return fmt.Errorf("no firewall policy %q on %s", e.Policy, at)
		}
		list.Items = slices.Clone(list.Items)
		n.Firewall.Global = list
		return change(&list.Items[i])
	})
}

func (e *FilterEffect) do(w World, at Realm) (World, error) {
	return e.policy(w, at, func(p *Policy) error {
		rules, err := e.rules(p.Rules)
		p.Rules = rules
		return err
	})
}

func (e *FilterEffect) undo(w World, at Realm) (World, error) {
	src, err := parse(e.Source)
	if err != nil {
		return World{}, err
	}
	if n, ok := w.network(at); ok && e.policyOf(n) < 0 { // rules of a policy that is elsewhere decide nothing here
		return w, nil
	}
	return e.policy(w, at, func(p *Policy) error {
		p.Rules, _ = apart(p.Rules, slices.Concat(e.Priorities, e.Held), src)
		return nil
	})
}
