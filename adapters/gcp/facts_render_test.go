package gcp_test

import (
	"fmt"
	"slices"
	"strings"

	"github.com/culvertnet/culvert/events/reach"
)

// A rendering is a network as people read it, line by line.
type rendering struct{ strings.Builder }

func rendered(n reach.Network) string {
	var b rendering
	b.line(0, "network %s of project %s", n.Realm, n.Project)
	f := n.Firewall
	b.line(0, "firewall, policies first: %t", f.PoliciesFirst)
	policies(&b, "hierarchical", f.Hierarchical)
	policies(&b, "system", f.System)
	policies(&b, "global", f.Global)
	policies(&b, "regional", f.Regional)
	list(&b, "VPC rules", f.Rules, ruleText)
	list(&b, "subnetworks", n.Subnets, subnetText)
	list(&b, "hidden ranges", n.Hidden, subnetText)
	list(&b, "routes", n.Routes, routeText)
	list(&b, "learned routes", n.Dynamic, routeText)
	policyRoutes(&b, n)
	list(&b, "endpoints", n.Endpoints, endpointText)
	list(&b, "NATs", n.NATs, func(a reach.NAT) string {
		return fmt.Sprintf("%s in %s covers %s by %s", a.Object, a.Region, a.Covers, a.Addresses)
	})
	list(&b, "interfaces", n.Interfaces, interfaceText)
	list(&b, "tenants", n.Tenants, interfaceText)
	list(&b, "alternative name servers", n.Names.Servers, func(s string) string { return s })
	list(&b, "response rules", n.Names.Responses, responseText)
	list(&b, "zones", n.Names.Zones, zoneText)
	return b.String()
}

func policyRoutes(b *rendering, n reach.Network) {
	list(b, "policy-based routes", n.Policies, func(p reach.PolicyRoute) string {
		return fmt.Sprintf("%s %d: %s to %s, protocols %v, tags %v, other routes %t, %s", p.Object, p.Priority, p.Src,
			p.Dst, p.Layer4, p.Tags, p.Others, hopText(p.Next))
	})
}

func (b *rendering) line(depth int, format string, args ...any) {
	b.WriteString(strings.Repeat("  ", depth))
	fmt.Fprintf(b, format, args...)
	b.WriteByte('\n')
}

// list writes a list with what told it. Items are in the order of the vendor.
func list[T any](b *rendering, name string, l reach.Listing[T], text func(T) string) {
	b.line(0, "%s, whole %t, by %s of %s at %s", name, l.Whole, l.Call, l.Scope, l.At.Format("15:04:05"))
	for _, g := range l.Gaps {
		b.line(1, "gap %s: %s: %s", g.Cause, g.Object, g.Why)
	}
	for _, item := range l.Items {
		b.line(1, "%s", text(item))
	}
}

func policies(b *rendering, name string, l reach.Listing[reach.Policy]) {
	list(b, name+" policies", l, func(p reach.Policy) string {
		lines := []string{p.Object + " in " + fmt.Sprintf("%q", p.Region)}
		for _, r := range p.Rules {
			lines = append(lines, "    "+ruleText(r))
		}
		return strings.Join(lines, "\n")
	})
}

func ruleText(r reach.Rule) string {
	direction := "out"
	if r.In {
		direction = "in"
	}
	var layer4 []string
	for _, l := range r.Layer4 {
		layer4 = append(layer4, l.String())
	}
	text := fmt.Sprintf("%s: %d %s %s from %s to %s, protocols %s, for %s", base(r.Object), r.Priority, direction,
		r.Act, peerText(r.Src), peerText(r.Dst), strings.Join(layer4, " "), targetText(r.Target))
	if r.Disabled {
		text += ", disabled"
	}
	return text
}

func base(name string) string { return name[strings.LastIndexByte(name, '/')+1:] }

func peerText(p reach.Peer) string {
	var parts []string
	switch {
	case p.Ranges.Equal(reach.EveryAddress()):
		parts = append(parts, "anywhere")
	case !p.Ranges.Empty():
		parts = append(parts, p.Ranges.String())
	}
	for _, n := range p.Names {
		parts = append(parts, string(n))
	}
	for _, l := range [][]string{p.Tags, p.SecureTags, p.Accounts} {
		parts = append(parts, l...)
	}
	for _, g := range p.Unread {
		parts = append(parts, fmt.Sprintf("[%s: %s]", g.Cause, g.Why))
	}
	if p.Context != "" {
		parts = append(parts, "context "+p.Context)
	}
	if len(parts) == 0 {
		return "nobody"
	}
	return strings.Join(parts, " ")
}

func targetText(t reach.Target) string {
	parts := slices.Concat(t.Tags, t.SecureTags, t.Accounts)
	if t.All {
		parts = append(parts, "all")
	}
	for _, n := range t.Networks {
		parts = append(parts, "of "+string(n))
	}
	if len(parts) == 0 {
		return "nobody"
	}
	return strings.Join(parts, " ")
}

func subnetText(s reach.Subnet) string {
	return fmt.Sprintf("%s in %s: %s, private google access %t", s.Object, s.Region, s.Ranges, s.PrivateGoogle)
}

func routeText(r reach.Route) string {
	return fmt.Sprintf("%s: %s route to %s, priority %d, category %d, tags %v, region %q, %s", r.Object, r.Kind, r.Dst,
		r.Priority, r.Preference, r.Tags, r.Region, hopText(r.Next))
}

func hopText(n reach.NextHop) string {
	return fmt.Sprintf("to %s %s, realm %q, %s", n.Kind, n.Name, n.Realm, n.State)
}

func alias(n reach.Name) string {
	if n == "" {
		return ""
	}
	return " alias " + string(n)
}

func zoneText(z reach.Zone) string {
	lines := []string{fmt.Sprintf("%s %s %s, target %q", z.Object, z.Kind, z.Domain, z.Target)}
	for _, r := range z.Records {
		lines = append(lines, fmt.Sprintf("    %s is %s%s", r.Name, r.Addresses, alias(r.Alias)))
	}
	return strings.Join(lines, "\n")
}

func endpointText(e reach.Endpoint) string {
	bundle := fmt.Sprint(e.Bundle)
	if e.Restricted {
		bundle = "restricted"
	}
	return fmt.Sprintf("%s at %s, bundle %s, producer %q, region %q, global access %t, accepted %s", e.Object,
		e.Address, bundle, e.Producer, e.Region, e.GlobalAccess, e.Accepted)
}

func interfaceText(i reach.Interface) string {
	return fmt.Sprintf("%s of %s %s in %s, tags %v, account %q, external %t %t", i.Addresses, i.Who.Kind,
		i.Who.Name, i.Who.Region, i.Who.Tags, i.Who.Account, i.Who.External4, i.Who.External6)
}

func responseText(r reach.Response) string {
	return fmt.Sprintf("%s is %s%s, passed on %t", r.Name, r.Addresses, alias(r.Alias), r.Passthru)
}
