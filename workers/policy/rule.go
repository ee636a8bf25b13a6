package policy

import (
	"slices"
	"strings"
)

// key is a rule in one spelling: names in lower case and ports in order, because vendors keep neither as sent.
func (r Rule) key() string {
	ports := slices.Sorted(slices.Values(r.Ports))
	return strings.ToLower(r.Protocol+" "+r.FQDN+" "+r.CIDR) + " " + strings.Join(ports, ",")
}

// SameRules tells whether two lists of rules allow the same, whatever their order and spelling.
func SameRules(a, b []Rule) bool {
	return slices.Equal(keys(a), keys(b))
}

func keys(rules []Rule) []string {
	out := make([]string, 0, len(rules))
	for _, r := range rules {
		out = append(out, r.key())
	}
	slices.Sort(out)
	return slices.Compact(out)
}
