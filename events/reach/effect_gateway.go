package reach

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// gateway changes the gateway.
func (e *GatewayFilterEffect) gateway(w World, change func(*Gateway) error) (World, error) {
	i := slices.IndexFunc(w.Gateways, func(g Gateway) bool { return g.Name == e.Gateway })
	if i < 0 {
		return World{}, fmt.Errorf("nothing was read of gateway %q", e.Gateway)
	}
	w.Gateways = slices.Clone(w.Gateways)
	return w, change(&w.Gateways[i])
}

// set changes the rule set of the gateway's controller.
func (e *GatewayFilterEffect) set(w World, change func(*RuleSet) error) (World, error) {
	g, ok := w.gateway(e.Gateway)
	if !ok {
		return World{}, fmt.Errorf("nothing was read of gateway %q", e.Gateway)
	}
	i := slices.IndexFunc(w.Controllers, func(c Controller) bool { return c.Name == g.Controller })
	if i < 0 {
		return World{}, fmt.Errorf("nothing was read of controller %q", g.Controller)
	}
	w.Controllers = slices.Clone(w.Controllers)
	sets := &w.Controllers[i].Sets
	at := slices.IndexFunc(sets.Items, func(s RuleSet) bool { return s.Object == e.Set })
	if at < 0 { // whatever comes before it decides about fewer packets
		sets.Items = slices.Insert(slices.Clone(sets.Items), 0, RuleSet{Object: e.Set})
		at = 0
	}
	sets.Items = slices.Clone(sets.Items)
	return w, change(&sets.Items[at])
}

func (e *GatewayFilterEffect) do(w World, _ Realm) (World, error) {
	src, err := parse(e.Source)
	if err != nil {
		return World{}, err
	}
	if e.Set == "" {
		return e.gateway(w, func(g *Gateway) error { return e.tag(g, src) })
	}
	return e.set(w, func(s *RuleSet) error { return e.web(s, src) })
}

func (e *GatewayFilterEffect) act() Act {
	if e.Closed {
		return Allow
	}
	return Deny
}

// tag attaches a tag to a gateway.
func (e *GatewayFilterEffect) tag(g *Gateway, src Ranges) error {
	tag := Tag{Object: e.Object, Enabled: true, White: e.Closed, Sources: src}
	for _, a := range e.Allow {
		layer4, err := a.layer4()
		if err != nil {
			return err
		}
		tag.Rules = append(tag.Rules, TagRule{Name: NameOf(a.FQDN), Layer4: layer4, Act: e.act()})
	}
	g.Tags = plus(g.Tags, tag)
	return nil
}

// publicInternet is the destination of a rule that looks for names: what is in no private range (vendor's field
// reference, dcf-rule-dialog-reference, and its page about SmartGroups, default groups).
func publicInternet() Ranges {
	return RangesOf(netip.PrefixFrom(netip.IPv4Unspecified(), 0)).
		Subtract(rangesIn("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
}

// web adds rules to a set, the closing one last.
func (e *GatewayFilterEffect) web(s *RuleSet, src Ranges) error {
	s.Rules = slices.Clone(s.Rules)
	for i, a := range e.Allow {
		layer4, err := a.layer4()
		if err != nil {
			return err
		}
		dst, err := a.peer()
		if err != nil {
			return err
		}
		rule := WebRule{Object: fmt.Sprintf("%s-%d", e.Object, i), Priority: e.Priority, Act: e.act(),
			Src: Group{Ranges: src}, Dst: Group{Ranges: dst.Ranges}, Layer4: []Layer4{layer4}, Web: dst.Names}
		if len(dst.Names) > 0 {
			rule.Dst.Ranges = publicInternet()
		}
		s.Rules = append(s.Rules, rule)
	}
	if e.Closed {
		s.Rules = append(s.Rules, WebRule{Object: e.Object + "-default", Priority: e.Priority + 1, Act: Deny,
			Src: Group{Ranges: src}, Dst: Group{Ranges: EveryAddress()}, Layer4: []Layer4{EveryProtocol()}})
	}
	return nil
}

// undo takes the filter off. One that is not there, or whose gateway has gone, decides about nobody.
func (e *GatewayFilterEffect) undo(w World, _ Realm) (World, error) {
	g, ok := w.gateway(e.Gateway)
	if !ok {
		return w, nil
	}
	if e.Set == "" {
		return e.gateway(w, func(g *Gateway) error {
			g.Tags = minus(g.Tags, func(t Tag) bool { return t.Object == e.Object })
			return nil
		})
	}
	w.Controllers = slices.Clone(w.Controllers)
	for i := range w.Controllers {
		if w.Controllers[i].Name != g.Controller {
			continue
		}
		sets := &w.Controllers[i].Sets
		sets.Items = slices.Clone(sets.Items)
		for j := range sets.Items { // the rules' names are the connection's own, whichever set they are in
			sets.Items[j].Rules = slices.DeleteFunc(slices.Clone(sets.Items[j].Rules), func(r WebRule) bool {
				return strings.HasPrefix(r.Object, e.Object+"-")
			})
		}
	}
	return w, nil
}
