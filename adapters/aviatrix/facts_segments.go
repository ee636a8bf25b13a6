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
	unread    bool
	gaps      []reach.Gap
}

// attachments reads which domain each gateway and connection is in.
func (s *survey) attachments(ctx context.Context) *segments {
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
		out.gaps, out.unread = l.gaps, true
		return out
	}
	for _, at := range all.Attachments {
		name := at.Name
		if at.Type == "EDGESPOKE" { // the vendor's client: SITE:GATEWAY or SITE:GATEWAY:VLAN
			name, _, _ = strings.Cut(name, ":")
		}
		out.domains[name] = at.Domain
	}
	return out
}

// policies reads which of the domains of gateways and connections are connected.
func (s *survey) policies(ctx context.Context, near []machine, sites *sites, out *segments) {
	if out.unread {
		return
	}
	var used []string
	for _, m := range near {
		out.off[m.Name] = s.unsegmented(m)
		used = append(used, out.of(m))
	}
	for i := range sites.list { // what else is in it is being read
		used = append(used, out.domains[sites.list[i].name])
	}
	used = slices.DeleteFunc(distinct(used), func(d string) bool { return d == "" })
	if len(used) < 2 { // one domain alone is connected with itself
		return
	}
	policies := make([]struct {
		Connected []string `json:"connected_domains"`
	}, len(used))
	errs := make([]error, len(used))
	var reads []func()
	for i, domain := range used {
		reads = append(reads, func() {
			errs[i] = s.read(ctx, actPolicy, url.Values{"domain_name": {domain}}, &policies[i])
		})
	}
	l := s.look(actAttachments, "")
	together(reads...)
	for i, domain := range used {
		if l.failed(actPolicy, errs[i]) {
			continue
		}
		for _, other := range policies[i].Connected {
			pair := [2]string{min(domain, other), max(domain, other)}
			if other != domain && slices.Contains(used, other) && !slices.Contains(out.connected, pair) {
				out.connected = append(out.connected, pair)
			}
		}
	}
	out.gaps = l.gaps
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
