package aviatrix

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
	"github.com/culvertnet/culvert/workers/policy"
)

// group is a SmartGroup or a WebGroup; the controller keeps both under app-domains and has no field for an owner.
type group struct {
	UUID     string   `json:"uuid,omitempty"`
	Name     string   `json:"name"`
	Selector selector `json:"selector"`
}

type selector struct {
	Any []expression `json:"any"`
}

type expression struct {
	All map[string]any `json:"all"`
}

const (
	keyCIDR = "cidr"      // SmartGroup: addresses
	keySNI  = "snifilter" // WebGroup: TLS server names
)

func newGroup(name, key string, values []string) group {
	g := group{Name: name, Selector: selector{Any: []expression{}}}
	for _, v := range distinct(values) {
		g.Selector.Any = append(g.Selector.Any, expression{All: map[string]any{key: v}})
	}
	return g
}

// values are what a group selects by one key, sorted.
func (g group) values(key string) []string {
	var out []string
	for _, e := range g.Selector.Any {
		if text, ok := e.All[key].(string); ok && len(e.All) == 1 {
			out = append(out, strings.ToLower(text))
		}
	}
	return distinct(out)
}

// same compares what two groups select, whatever the order.
func (g group) same(other group) bool {
	return len(g.Selector.Any) == len(other.Selector.Any) &&
		slices.Equal(g.values(keyCIDR), other.values(keyCIDR)) && slices.Equal(g.values(keySNI), other.values(keySNI))
}

// aim is what one group of rules of a filter is about: destinations of one kind, protocol and set of ports.
type aim struct {
	suffix   string
	key      string // keyCIDR or keySNI
	values   []string
	protocol string // as the filter writes it
	ports    []string
	keep     bool // passes whatever the filter's default is
}

// connectorNeeds are what a connector's own machines must reach (Google's page on restricting connector access). guess:
// that they pass the gateway at all. The addresses of Google's APIs are none of it: only an intent opens them.
var connectorNeeds = []aim{
	{suffix: "keep-tcp", protocol: "tcp", ports: []string{"667"},
		values: []string{"35.199.224.0/19", "35.191.0.0/16", "35.191.192.0/18", "130.211.0.0/22"}},
	{suffix: "keep-udp", values: []string{"35.199.224.0/19"}, protocol: "udp", ports: []string{"665-666"}},
	{suffix: "keep-icmp", values: []string{"35.199.224.0/19"}, protocol: "icmp"},
}

// aims groups a filter's rules. The suffix says kind, protocol and ports, so a changed list of names is a change of one
// group, and no rule ever speaks of another group's ports.
func aims(f policy.Filter) ([]aim, error) {
	var out []aim
	if f.KeepOpen && f.Default != "allow" {
		for _, need := range connectorNeeds {
			need.key, need.keep = keyCIDR, true
			out = append(out, need)
		}
	}
	at := map[string]int{}
	for _, r := range f.Rules {
		a, err := aimOf(r)
		if err != nil {
			return nil, err
		}
		if i, seen := at[a.suffix]; seen {
			out[i].values = append(out[i].values, a.values...)
			continue
		}
		at[a.suffix] = len(out)
		out = append(out, a)
	}
	slices.SortStableFunc(out, func(a, b aim) int { return cmp.Compare(a.suffix, b.suffix) })
	return out, nil
}

func aimOf(r policy.Rule) (aim, error) {
	protocol := strings.ToLower(r.Protocol)
	switch protocol {
	case "tcp", "udp":
	case "icmp", "all":
		if len(r.Ports) > 0 {
			return aim{}, workers.Refuse("invalid", "render rule: %s has no ports", protocol)
		}
	default:
		return aim{}, workers.Refuse("invalid", "render rule: protocol %q is not one of tcp, udp, icmp, all",
			r.Protocol)
	}
	for _, port := range r.Ports {
		if _, _, err := portRange(port); err != nil {
			return aim{}, err
		}
	}
	a := aim{protocol: protocol, ports: distinct(r.Ports)}
	kind := "web"
	if r.FQDN != "" {
		if protocol != "tcp" {
			return aim{}, workers.Refuse("invalid",
				"render rule for %s: a WebGroup sees TLS server names, so %s cannot be filtered by name", r.FQDN,
				protocol)
		}
		a.key, a.values = keySNI, []string{strings.ToLower(r.FQDN)}
	} else {
		p, ok := prefix(r.CIDR)
		if !ok {
			return aim{}, workers.Refuse("invalid", "render rule for %q: not an IPv4 range", r.CIDR)
		}
		kind, a.key, a.values = "cidr", keyCIDR, []string{p.String()}
	}
	a.suffix = kind + "-" + protocol
	if ports := strings.Join(a.ports, "_"); len(ports) > 24 {
		a.suffix += "-" + events.Name("p", ports) // guess: group names are bounded somewhere above 60 characters
	} else if ports != "" {
		a.suffix += "-" + ports
	}
	return a, nil
}

// wantedGroups are the filter's own objects: its source, and one group for each aim.
func wantedGroups(f policy.Filter, list []aim) ([]group, error) {
	source, ok := prefix(f.Source)
	if !ok {
		return nil, workers.Refuse("invalid", "render source %q: not an IPv4 range", f.Source)
	}
	out := []group{newGroup(f.Name+"-src", keyCIDR, []string{source.String()})}
	for _, a := range list {
		out = append(out, newGroup(f.Name+"-"+a.suffix, a.key, a.values))
	}
	return out, nil
}

// groups lists every group of the controller, by name.
func (c *controller) groups(ctx context.Context) (map[string]group, error) {
	var all struct {
		Groups []group `json:"app_domains"`
	}
	if err := c.rest(ctx, resource{method: http.MethodGet, path: "app-domains"}, &all); err != nil {
		return nil, fmt.Errorf("list groups of %s: %w", c.name, err)
	}
	out := make(map[string]group, len(all.Groups))
	for _, g := range all.Groups {
		out[g.Name] = g
	}
	return out, nil
}

// putGroup makes or replaces one group. A name that somebody took meanwhile is tried again: the next read finds it.
func (c *controller) putGroup(ctx context.Context, wanted group, have map[string]group) error {
	old, there := have[wanted.Name]
	if there && old.same(wanted) {
		return nil
	}
	method, path := http.MethodPost, "app-domains"
	if there {
		method, path = http.MethodPut, "app-domains/"+old.UUID
	}
	err := c.rest(ctx, resource{method: method, path: path, body: wanted}, nil)
	if err != nil && (made(err) == nil || removed(err) == nil) {
		return workers.Retry("changed", 0, err)
	}
	return wrap(err, "put group", wanted.Name)
}

// dropGroup deletes one group; one that a rule still names is refused by the controller for now (A.A.5).
func (c *controller) dropGroup(ctx context.Context, g group) error {
	return wrap(removed(c.rest(ctx, resource{method: http.MethodDelete, path: "app-domains/" + g.UUID}, nil)),
		"delete group", g.Name)
}
