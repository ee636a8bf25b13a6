package google

import (
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/culvertnet/culvert/adapters/simcloud/world"
)

// loader puts a scenario into the world through the same rules that calls go through, so a scenario that contradicts
// itself is refused.
type loader struct {
	api *api
	tx  *world.Tx
}

// at is a call of nobody, for the rules to work with.
func (l loader) at(project, region, name string, body world.Doc) *request {
	var canonical world.Doc
	if body != nil {
		canonical = world.Doc(world.Copy(body))
	}
	return &request{api: l.api, tx: l.tx, http: &http.Request{}, project: project, region: region, name: name,
		body: canonical, since: epoch}
}

// insert makes one Compute resource.
func (l loader) insert(c collection, r *request) error {
	doc, bad := c.build(r)
	if bad != nil {
		return fmt.Errorf("%s %s: %s", c.singular, r.name, bad.message)
	}
	name := c.full(r)
	r.identify(doc, c.object, name)
	if str(doc, "status") == "RESERVING" {
		doc["status"] = "RESERVED"
	}
	l.tx.QuietPut(vendor, c.kind, name, doc)
	return nil
}

func (s Scenario) load(d *api, tx *world.Tx) error {
	l := loader{d, tx}
	if err := s.checkHosts(); err != nil {
		return err
	}
	for _, p := range s.Projects {
		status := ""
		if p.Host {
			status = "HOST"
		}
		doc := world.Doc{"number": p.Number, "hash": p.Hash, "xpnProjectStatus": status,
			"creationTimestamp": stamp(epoch)}
		if len(p.Parents) > 0 {
			doc["parents"] = p.Parents
		}
		if p.AttachedTo != "" {
			doc[hostField] = p.AttachedTo
		}
		tx.QuietPut(vendor, "projects", p.ID, doc)
	}
	for _, step := range []func() error{
		func() error { return each(s.Networks, l.network) },
		func() error { return each(s.Peerings, l.peering) },
		func() error { return each(s.Networks, l.inNetwork) },
		func() error { return each(s.Routers, l.router) },
		func() error { return each(s.FirewallPolicies, l.policy) },
		func() error { return each(s.Attachments, l.attachment) },
		func() error { return each(s.Zones, l.zone) },
		func() error { return each(s.DNSPolicies, l.dnsPolicy) },
		func() error { return each(s.ResponsePolicies, l.responsePolicy) },
		func() error { return each(s.Connectors, l.connector) },
		func() error { return each(s.Objects, l.object) },
		func() error { return each(s.Functions, l.function) },
		func() error { return each(s.Services, l.service) },
		func() error { return each(s.Generate, l.generate) },
		func() error { return each(s.Jobs, l.workload(runWorkloads[0])) },
		func() error { return each(s.WorkerPools, l.workload(runWorkloads[1])) },
		func() error { return each(s.RunInstances, l.workload(runWorkloads[2])) },
		func() error { return each(s.AppVersions, l.appVersion) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func each[T any](items []T, load func(T) error) error {
	for _, item := range items {
		if err := load(item); err != nil {
			return err
		}
	}
	return nil
}

func networkLink(project, name string) string {
	return "projects/" + project + "/global/networks/" + name
}

func (l loader) network(n Network) error {
	order, mode := "AFTER_CLASSIC_FIREWALL", "REGIONAL"
	if n.PolicyFirst {
		order = "BEFORE_CLASSIC_FIREWALL"
	}
	if n.GlobalRouting {
		mode = "GLOBAL"
	}
	err := l.insert(networks(), l.at(n.Project, "", n.Name, world.Doc{
		"autoCreateSubnetworks": n.AutoMode, "networkFirewallPolicyEnforcementOrder": order,
		"routingConfig": map[string]any{"routingMode": mode},
	}))
	if err != nil {
		return err
	}
	l.at(n.Project, "", "", nil).autoSubnetworks(networkLink(n.Project, n.Name))
	for _, s := range n.Subnetworks {
		body := world.Doc{
			"network": networkLink(n.Project, n.Name), "ipCidrRange": s.Range, "privateIpGoogleAccess": s.GoogleAccess,
		}
		if s.Purpose != "" {
			body["purpose"] = s.Purpose
		}
		if s.V6 != "" {
			body["stackType"], body["ipv6AccessType"] = "IPV4_IPV6", s.V6
		}
		if err := l.insert(subnetworks(), l.at(n.Project, s.Region, s.Name, body)); err != nil {
			return err
		}
	}
	return nil
}

func (l loader) peering(p Peering) error {
	for i, from := range p.Between {
		to := p.Between[1-i]
		project, name, _ := strings.Cut(from, "/")
		peerProject, peerName, _ := strings.Cut(to, "/")
		full := networkLink(project, name)
		doc, ok := l.tx.Get(vendor, "networks", full)
		if !ok || !l.tx.Has(vendor, "networks", networkLink(peerProject, peerName)) {
			return fmt.Errorf("peering %s to %s: no such network", from, to)
		}
		doc["peerings"] = append(list(doc, "peerings"), map[string]any{
			"name": "to-" + peerName, "network": link(networkLink(peerProject, peerName)),
			"state": map[bool]string{false: "ACTIVE", true: "INACTIVE"}[p.Inactive],
			"stateDetails": map[bool]string{false: "Connected.",
				true: "Waiting for peer network to connect."}[p.Inactive],
			"exchangeSubnetRoutes": true, "importCustomRoutes": p.CustomRoutes || slices.Contains(p.Imports, from),
			"exportCustomRoutes":             p.CustomRoutes || slices.Contains(p.Exports, from),
			"exportSubnetRoutesWithPublicIp": !slices.Contains(p.KeepsPublic, from),
			"importSubnetRoutesWithPublicIp": slices.Contains(p.PublicRanges, from),
			"autoCreateRoutes":               true,
			"stackType":                      map[bool]string{false: "IPV4_ONLY", true: "IPV4_IPV6"}[p.V6],
		})
		l.tx.QuietPut(vendor, "networks", full, doc)
	}
	return nil
}

// inNetwork makes what needs every network and peering to be there.
func (l loader) inNetwork(n Network) error {
	network := networkLink(n.Project, n.Name)
	for _, a := range n.AllocatedRanges {
		prefix, err := netip.ParsePrefix(a.Range)
		if err != nil {
			return fmt.Errorf("allocated range %s: %w", a.Name, err)
		}
		err = l.insert(addresses(
			true,
		), l.at(n.Project, "", a.Name, world.Doc{"addressType": "INTERNAL", "purpose": "VPC_PEERING",
			"address": prefix.Addr().String(), "prefixLength": prefix.Bits(), "network": network}))
		if err != nil {
			return err
		}
	}
	zones := map[string]string{}
	for _, i := range n.Instances {
		name := "projects/" + n.Project + "/zones/" + i.Zone + "/instances/" + i.Name
		zones[i.Name] = name
		l.tx.QuietPut(vendor, "instances", name, world.Doc{
			"kind": "compute#instance", "name": i.Name, "selfLink": link(name), "status": "RUNNING",
			"canIpForward": true,
			"tags": map[string]any{
				"items": i.Tags,
			}, "networkInterfaces": []any{map[string]any{"network": link(network), "networkIP": i.IP}},
		})
	}
	for _, r := range n.Routes {
		body := world.Doc{
			"network": network, "destRange": r.Range, "priority": r.Priority, "description": r.Description,
		}
		if len(r.Tags) > 0 {
			body["tags"] = r.Tags
		}
		for field, val := range map[string]string{"nextHopIp": r.IP, "nextHopInstance": zones[r.Instance],
			"nextHopGateway": r.Gateway} {
			if val != "" {
				body[field] = val
			}
		}
		if err := l.insert(routes(), l.at(n.Project, "", r.Name, body)); err != nil {
			return err
		}
	}
	return each(n.Firewalls, func(f Rule) error { return l.classicRule(n, f) })
}

func (l loader) classicRule(n Network, f Rule) error {
	layer := map[string]any{"IPProtocol": f.Protocol}
	if len(f.Ports) > 0 {
		layer["ports"] = f.Ports
	}
	body := world.Doc{"network": networkLink(n.Project, n.Name), "priority": f.Priority, "direction": f.Direction,
		"description": f.Description,
		map[string]string{"allow": "allowed", "deny": "denied"}[f.Action]: []any{layer}}
	if len(f.Sources) > 0 {
		body["sourceRanges"] = f.Sources
	}
	if len(f.Destinations) > 0 {
		body["destinationRanges"] = f.Destinations
	}
	return l.insert(firewalls(), l.at(n.Project, "", f.Name, body))
}

func (l loader) router(s Router) error {
	bgp := map[string]any{"asn": s.ASN}
	s.Advertisement.set(bgp)
	var peers []any
	learned := world.Doc{}
	for i, p := range s.Peers {
		peer := map[string]any{"name": p.Name, "interfaceName": "if-" + strconv.Itoa(i), "ipAddress": p.IP,
			"peerIpAddress": p.PeerIP, "peerAsn": p.ASN}
		p.Advertisement.set(peer)
		peers = append(peers, peer)
		learned[p.Name] = p.Learns
	}
	body := world.Doc{"network": networkLink(s.Project, s.Network), "bgp": bgp}
	if len(peers) > 0 {
		body["bgpPeers"] = peers
	}
	r := l.at(s.Project, s.Region, s.Name, body)
	if err := l.insert(routers(), r); err != nil {
		return err
	}
	name := routers().full(r)
	doc, _ := l.tx.Get(vendor, "routers", name)
	l.tx.QuietPut(vendor, "announcements", name, world.Doc{"bgp": doc["bgp"], "bgpPeers": doc["bgpPeers"]})
	l.tx.QuietPut(vendor, "learnedRoutes", name, learned)
	return nil
}

func (a Advertisement) set(to map[string]any) {
	if a.Mode != "" {
		to["advertiseMode"] = a.Mode
	}
	if len(a.Groups) > 0 {
		to["advertisedGroups"] = a.Groups
	}
	var ranges []any
	for _, n := range a.Ranges {
		ranges = append(ranges, map[string]any{"range": n.Range, "description": n.Description})
	}
	if len(ranges) > 0 {
		to["advertisedIpRanges"] = ranges
	}
}

func (l loader) policy(p FirewallPolicy) error {
	r := l.at(p.Project, "", p.Name, nil)
	doc := world.Doc{"rules": implicitRules()}
	r.identify(doc, "compute#firewallPolicy", r.policyName())
	doc["selfLinkWithId"] = link(r.policyName() + "/" + str(doc, "id"))
	rules := list(doc, "rules")
	for _, f := range p.Rules {
		match := map[string]any{"layer4Configs": []any{layer4(f)}}
		for field, ranges := range map[string][]string{"srcIpRanges": f.Sources, "destIpRanges": f.Destinations,
			"destFqdns": f.Fqdns} {
			if len(ranges) > 0 {
				match[field] = ranges
			}
		}
		rule := world.Doc(world.Copy(world.Doc{"ruleName": f.Name, "priority": f.Priority, "action": f.Action,
			"direction":   f.Direction,
			"description": f.Description, "match": match, "enableLogging": false}))
		if bad := r.completeRule(rule); bad != nil {
			return fmt.Errorf("firewall policy %s: rule %s: %s", p.Name, f.Name, bad.message)
		}
		rules = append(rules, map[string]any(rule))
	}
	var associations []any
	for _, n := range p.Networks {
		associations = append(
			associations, map[string]any{"name": n, "attachmentTarget": link(networkLink(p.Project, n))},
		)
	}
	doc["rules"], doc["associations"] = rules, associations
	doc = world.Copy(doc)
	doc["rules"] = sortedRules(list(doc, "rules"))
	count(doc)
	doc["fingerprint"] = fingerprint(doc)
	l.tx.QuietPut(vendor, policyKind, r.policyName(), doc)
	return nil
}

func layer4(f Rule) map[string]any {
	layer := map[string]any{"ipProtocol": f.Protocol}
	if len(f.Ports) > 0 {
		layer["ports"] = f.Ports
	}
	return layer
}
