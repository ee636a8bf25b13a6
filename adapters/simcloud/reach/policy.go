package reach

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// The documents of Google's firewall.

type classicRule struct {
	Name      string     `json:"-"`
	Network   string     `json:"network"`
	Priority  int        `json:"priority"`
	Direction string     `json:"direction"`
	Disabled  bool       `json:"disabled"`
	Allowed   []protocol `json:"allowed"`
	Denied    []protocol `json:"denied"`
	Sources   []string   `json:"sourceRanges"`
	Targets   []string   `json:"destinationRanges"`
	FromTags  []string   `json:"sourceTags"`
	FromUsers []string   `json:"sourceServiceAccounts"`
	OnTags    []string   `json:"targetTags"`
	OnUsers   []string   `json:"targetServiceAccounts"`
}

type protocol struct {
	Proto  string   `json:"IPProtocol"`
	Proto2 string   `json:"ipProtocol"`
	Ports  []string `json:"ports"`
}

type policy struct {
	Name         string       `json:"-"`
	Rules        []policyRule `json:"rules"`
	Associations []struct {
		Target string `json:"attachmentTarget"`
	} `json:"associations"`
}

type policyRule struct {
	RuleName  string `json:"ruleName"`
	Priority  int    `json:"priority"`
	Action    string `json:"action"`
	Direction string `json:"direction"`
	Disabled  bool   `json:"disabled"`
	Match     struct {
		SrcRanges  []string `json:"srcIpRanges"`
		DestRanges []string `json:"destIpRanges"`
		DestNames  []string `json:"destFqdns"`
		DestType   string   `json:"destNetworkType"`
		// the same under its newer name
		DestContext string     `json:"destNetworkContext"`
		Layers      []protocol `json:"layer4Configs"`
		SrcTags     []struct {
			Name string `json:"name"`
		} `json:"srcSecureTags"`
		// lists of which the world has no content: they match nothing
		DestGroups  []string `json:"destAddressGroups"`
		DestRegions []string `json:"destRegionCodes"`
		DestThreats []string `json:"destThreatIntelligences"`
		SrcGroups   []string `json:"srcAddressGroups"`
		SrcRegions  []string `json:"srcRegionCodes"`
		SrcThreats  []string `json:"srcThreatIntelligences"`
		SrcNames    []string `json:"srcFqdns"`
	} `json:"match"`
	OnNetworks []string `json:"targetResources"`
	OnUsers    []string `json:"targetServiceAccounts"`
	OnType     string   `json:"targetType"`
	OnTags     []struct {
		Name string `json:"name"`
	} `json:"targetSecureTags"`
}

// protocolNumbers are the names of protocols that rules may give as numbers.
var protocolNumbers = map[string]string{"1": "icmp", "6": "tcp", "17": "udp", "47": "gre", "50": "esp", "51": "ah",
	"132": "sctp", "ipip": "ipip"}

// covers tells whether a protocol of a rule is the packet's. A rule without ports is about all of them.
func (p protocol) covers(pkt packet) bool {
	name := strings.ToLower(p.Proto + p.Proto2)
	if byNumber := protocolNumbers[name]; byNumber != "" {
		name = byNumber
	}
	if name != "all" && name != pkt.proto {
		return false
	}
	return len(p.Ports) == 0 || slices.ContainsFunc(p.Ports, func(ports string) bool {
		from, to, span := strings.Cut(ports, "-")
		low, errLow := strconv.Atoi(from)
		high, errHigh := low, error(nil)
		if span {
			high, errHigh = strconv.Atoi(to)
		}
		return errLow == nil && errHigh == nil && withPorts(pkt.proto) && pkt.port >= low && pkt.port <= high
	})
}

func coversAny(list []protocol, pkt packet) bool {
	return slices.ContainsFunc(list, func(p protocol) bool { return p.covers(pkt) })
}

// matchesFar tells whether a rule that leaves names the destination. Ranges and names next to each other are
// alternatives; the context of the network is a further condition (docs.cloud.google.com/firewall/docs/
// understand-network-contexts: at least one of the other destination parameters and the criteria of the context).
func (w *walk) matchesFar(r policyRule, l leg) bool {
	m := r.Match
	kind := cmp.Or(m.DestType, m.DestContext)
	if kind == "INTERNET" && !w.outwards(l) || kind == "NON_INTERNET" && w.outwards(l) {
		return false
	}
	listed := len(m.DestRanges) + len(m.DestNames) + len(m.DestGroups) + len(m.DestRegions) + len(m.DestThreats)
	if listed == 0 {
		return true
	}
	if anyInside(m.DestRanges, l.dst) {
		return true
	}
	return slices.ContainsFunc(m.DestNames, func(name string) bool {
		return slices.Contains(w.resolve(l.net, name, l.dst.Is6()).addrs, l.dst)
	})
}

// outwards tells whether a packet that leaves is in the internet context.
func (w *walk) outwards(l leg) bool {
	if !w.settings.On(contextByRoute) {
		return !private(l.dst)
	}
	if _, ok := w.bundleAt(l.net, l.dst); ok || w.ownRange(l.net, l.dst) {
		return false
	}
	for _, p := range w.active(l.net) {
		if w.ownRange(relative(p.Network, ""), l.dst) && w.exchanged(l.net, p, l.dst) {
			return false
		}
	}
	fit := w.customRoutes(l)
	return len(fit) > 0 && fit[0].category == byInternet
}

// matchesNear tells whether a rule that enters names the source.
func matchesNear(r policyRule, src netip.Addr) bool {
	m := r.Match
	listed := len(m.SrcRanges) + len(m.SrcTags) + len(m.SrcNames) +
		len(m.SrcGroups) + len(m.SrcRegions) + len(m.SrcThreats)
	return listed == 0 || anyInside(m.SrcRanges, src)
}

// isAbout tells whether an interface is a target of a rule of a policy. Serverless senders have no secure tags
// (pageDirect), and the world has none on machines either.
func (r policyRule) isAbout(n nic, net string) bool {
	if r.Disabled || len(r.OnTags) > 0 || r.OnType == "INTERNAL_MANAGED_LB" {
		return false
	}
	if len(r.OnNetworks) > 0 && !slices.ContainsFunc(r.OnNetworks, func(t string) bool {
		return relative(t,
			"") == net
	}) {
		return false
	}
	return len(r.OnUsers) == 0 || slices.ContainsFunc(r.OnUsers,
		func(a string) bool { return slices.Contains(n.accounts, a) })
}

// isAbout tells whether an interface is a target of a VPC rule.
func (r classicRule) isAbout(n nic) bool {
	if r.Disabled {
		return false
	}
	if len(r.OnTags) > 0 {
		return slices.ContainsFunc(r.OnTags, func(t string) bool { return slices.Contains(n.tags, t) })
	}
	return len(r.OnUsers) == 0 || slices.ContainsFunc(r.OnUsers,
		func(a string) bool { return slices.Contains(n.accounts, a) })
}
