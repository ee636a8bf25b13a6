package aviatrix

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"github.com/culvertnet/culvert/events/reach"
)

const (
	actAttachments = "list_multi_cloud_domain_attachments"
	actPolicy      = "list_multi_cloud_security_domain_connection_policy"
)

// segments are the network domains of gateways and connections.
type segments struct {
	domains   map[string]string
	connected [][2]string
	off       map[string]bool // gateways none of whose transits segments
	gaps      []reach.Gap
}

// segments reads which domain each gateway and connection is in, and which of these domains are connected.
func (s *survey) segments(ctx context.Context, near []machine, sites *sites) *segments {
	out := &segments{domains: map[string]string{}, off: map[string]bool{}}
	l := s.look(actAttachments, "")
	var all struct {
		Attachments []struct {
			Name   string `json:"name"`
			Domain string `json:"domain"`
			Type   string `json:"type"`
		} `json:"attachments"`
	}
	if l.failed(actAttachments, s.read(ctx, actAttachments, nil, &all)) {
		out.gaps = l.gaps
		return out
	}
	for _, at := range all.Attachments {
		name := at.Name
		if at.Type == "EDGESPOKE" { // the vendor's client: SITE:GATEWAY or SITE:GATEWAY:VLAN
			name, _, _ = strings.Cut(name, ":")
		}
		out.domains[name] = at.Domain
	}
	for _, m := range near {
		out.off[m.Name] = s.unsegmented(m)
	}
	var used []string
	for _, m := range near {
		used = append(used, out.of(m))
	}
	for _, one := range sites.list {
		used = append(used, out.domains[one.name])
	}
	used = slices.DeleteFunc(distinct(used), func(d string) bool { return d == "" })
	if len(used) > 1 { // one domain alone is connected with itself
		s.policies(ctx, used, &l, out)
	}
	out.gaps = l.gaps
	return out
}

// policies reads with which of the used domains each is connected.
func (s *survey) policies(ctx context.Context, used []string, l *look, out *segments) {
	for _, domain := range used {
		var policy struct {
			Connected []string `json:"connected_domains"`
		}
		if l.failed(actPolicy, s.read(ctx, actPolicy, url.Values{"domain_name": {domain}}, &policy)) {
			continue
		}
		for _, other := range policy.Connected {
			pair := [2]string{min(domain, other), max(domain, other)}
			if other != domain && slices.Contains(used, other) && !slices.Contains(out.connected, pair) {
				out.connected = append(out.connected, pair)
			}
		}
	}
}

// unsegmented tells that segmentation is off on every transit of a gateway: then a domain keeps nothing apart. Where a
// transit does not tell, a gateway that is in a domain shows that it is on.
func (s *survey) unsegmented(m machine) bool {
	var transits []machine
	for _, name := range m.transitNames() {
		transits = append(transits, s.named(name)...)
	}
	if bool(m.Transit) {
		transits = append(transits, m)
	}
	return len(transits) > 0 && !slices.ContainsFunc(transits, func(t machine) bool {
		return t.Segmented.on || !t.Segmented.known
	})
}

// of is the domain of a gateway, empty for none.
func (s *segments) of(m machine) string {
	if s.off[m.Name] {
		return ""
	}
	for _, name := range []string{m.Name, m.first(), m.Group} {
		if d, ok := s.domains[name]; ok {
			return d
		}
	}
	return ""
}

// ofConnection is the domain of a connection of a gateway.
func (s *segments) ofConnection(m machine, name string) string {
	if s.off[m.Name] {
		return ""
	}
	return s.domains[name]
}
