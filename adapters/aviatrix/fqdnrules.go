package aviatrix

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/culvertnet/culvert/workers"
	"github.com/culvertnet/culvert/workers/policy"
)

// fqdnRule is one entry of a tag on the wire. A verdict of "Base Policy" is the tag's colour.
type fqdnRule struct {
	FQDN    string `json:"fqdn"`
	Proto   string `json:"proto"`
	Port    string `json:"port"`
	Verdict string `json:"verdict"`
}

const (
	basePolicy = "Base Policy"
	// maxPortSpan is the widest port range of one rule (manual, error messages).
	maxPortSpan = 100
)

// renderFQDN gives the entries of a tag: one a port, names in lower case (the controller keeps them so since
// AVX-23725).
func renderFQDN(rules []policy.Rule) ([]fqdnRule, error) {
	var out []fqdnRule
	for _, r := range rules {
		name, err := fqdnDestination(r)
		if err != nil {
			return nil, err
		}
		ports, err := fqdnPorts(r)
		if err != nil {
			return nil, err
		}
		for _, port := range ports {
			if strings.Contains(name, "*") && port != "80" && port != "443" {
				return nil, workers.Refuse("invalid", "render rule for %s: a wildcard works on ports 80 and 443 only",
					name)
			}
			rule := fqdnRule{FQDN: name, Proto: strings.ToLower(r.Protocol), Port: port, Verdict: basePolicy}
			if !slices.Contains(out, rule) {
				out = append(out, rule)
			}
		}
	}
	return out, nil
}

// fqdnDestination is the name, or a single address. guess: a tag takes an address where it takes a name; a range it
// certainly does not.
func fqdnDestination(r policy.Rule) (string, error) {
	if r.FQDN != "" {
		return strings.ToLower(r.FQDN), nil
	}
	p, ok := prefix(r.CIDR)
	if !ok || p.Bits() != 32 {
		return "", workers.Refuse(
			"invalid", "render rule for %q: an FQDN tag takes names and single addresses, no ranges", r.CIDR,
		)
	}
	return p.Addr().String(), nil
}

func fqdnPorts(r policy.Rule) ([]string, error) {
	switch strings.ToLower(r.Protocol) {
	case "all":
		return []string{"all"}, nil
	case "icmp":
		return []string{"ping"}, nil
	case "tcp", "udp":
	default:
		return nil, workers.Refuse("invalid", "render rule: protocol %q is not one of tcp, udp, icmp, all", r.Protocol)
	}
	if len(r.Ports) == 0 {
		return nil, workers.Refuse("invalid", "render rule: %s needs ports", r.Protocol)
	}
	for _, port := range r.Ports {
		lo, hi, err := portRange(port)
		if err != nil {
			return nil, err
		}
		if hi-lo+1 > maxPortSpan {
			return nil, workers.Refuse("invalid", "render rule: port range %s is wider than %d", port, maxPortSpan)
		}
	}
	return r.Ports, nil
}

// portRange reads "443" or "8000-8099".
func portRange(text string) (lo, hi int, err error) {
	from, to, ranged := strings.Cut(text, "-")
	if !ranged {
		to = from
	}
	lo, errLo := strconv.Atoi(from)
	hi, errHi := strconv.Atoi(to)
	if errLo != nil || errHi != nil || lo < 1 || hi < lo || hi > 65535 {
		return 0, 0, workers.Refuse("invalid", "read port %q: want N or N-M within 1 and 65535", text)
	}
	return lo, hi, nil
}

// policyRules is the way back: one rule for each destination and protocol, with its ports in the tag's order.
func policyRules(rules []fqdnRule) []policy.Rule {
	var out []policy.Rule
	at := map[string]int{}
	for _, r := range rules {
		key := r.FQDN + " " + r.Proto
		i, seen := at[key]
		if !seen {
			i, at[key] = len(out), len(out)
			rule := policy.Rule{FQDN: r.FQDN, Protocol: r.Proto}
			if a, err := netip.ParseAddr(r.FQDN); err == nil {
				rule.FQDN, rule.CIDR = "", netip.PrefixFrom(a, a.BitLen()).String()
			}
			out = append(out, rule)
		}
		if r.Proto == "tcp" || r.Proto == "udp" {
			out[i].Ports = append(out[i].Ports, r.Port)
		}
	}
	return out
}

// sameRules compares two sets of entries; the controller may give them in any order and case.
func sameRules(a, b []fqdnRule) bool {
	return len(missing(a, b)) == 0 && len(missing(b, a)) == 0
}

// missing are the entries of wanted that have does not hold.
func missing(wanted, have []fqdnRule) []fqdnRule {
	keys := map[fqdnRule]bool{}
	for _, r := range have {
		keys[r.key()] = true
	}
	var out []fqdnRule
	for _, r := range wanted {
		if !keys[r.key()] {
			out = append(out, r)
		}
	}
	return out
}

func (r fqdnRule) key() fqdnRule {
	if r.Verdict == "" {
		r.Verdict = basePolicy
	}
	return fqdnRule{strings.ToLower(r.FQDN), strings.ToLower(r.Proto), strings.ToLower(r.Port), r.Verdict}
}

// voidFor says why a tag would not bind some destination: without private-network filtering the gateway does not look
// at packets to RFC 1918 addresses (A.5). A name is taken for public; what it resolves to is not known here.
func voidFor(rules []policy.Rule, privateFiltered bool) string {
	if privateFiltered {
		return ""
	}
	for _, r := range rules {
		if p, ok := prefix(r.CIDR); ok && p.Addr().IsPrivate() {
			return fmt.Sprintf("destination %s is private and the controller does not filter private networks", p)
		}
	}
	return ""
}
