package aviatrix

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/culvertnet/culvert/events/reach"
	"github.com/culvertnet/culvert/workers/observe"
)

// machine is one row of list_vpcs_summary with all that decides about packets. Field names are those of the vendor's
// public client.
type machine struct {
	gateway
	Public  string `json:"public_ip"`
	Region  string `json:"vpc_region"`
	Account string `json:"account_name"`
	// Egress is the transit through which a spoke goes out, where that is another one.
	Egress string `json:"egress_transit_gw_name"`
	// Pair is the second gateway of a pair, at the first one.
	Pair json.RawMessage `json:"hagw_details"`
	// Translates is source NAT; Target is "customized" where a list of policies says what is translated.
	Translates switched `json:"enable_nat"`
	Target     string   `json:"snat_target"`
	Segmented  switched `json:"enable_segmentation"`
	// Report is how many seconds pass between two reports of routes.
	Report digits `json:"bgp_polling_time"`
}

// digits is a number in either of the forms that the controller uses for one; 0 when it is none.
type digits int

// UnmarshalJSON takes a number or a text with one.
func (d *digits) UnmarshalJSON(text []byte) error {
	n, err := strconv.Atoi(strings.Trim(string(text), `"`))
	if err == nil {
		*d = digits(n)
	}
	return nil
}

// switched is a boolean that may not be told, or told in words that nobody here knows.
type switched struct{ known, on bool }

// UnmarshalJSON knows the words of [flag], and their opposites.
func (s *switched) UnmarshalJSON(text []byte) error {
	var on flag
	if err := on.UnmarshalJSON(text); err != nil {
		return err
	}
	word := strings.ToLower(strings.Trim(string(text), `"`))
	s.on = bool(on)
	s.known = s.on || slices.Contains([]string{"false", "no", "disabled", "disable", "off", "0"}, word)
	return nil
}

// clouds are the vendor's numbers of clouds, with the names that the deployment policy of the firewall uses. guess: the
// names of those that are not in the policy's default.
var clouds = map[digits]string{1: "AWS", 4: "GCP", 8: "AZURE", 16: "OCI", 32: "AZURE-GOV", 256: "AWS-GOV",
	1024: "AWS-CHINA", 2048: "AZURE-CHINA", 8192: "ALIYUN", 16384: "AWS-TS", 32768: "AWS-S"}

// cloud is the cloud of a gateway, by number where its name is not known.
func (g gateway) cloud() string {
	if name, ok := clouds[g.Cloud]; ok {
		return name
	}
	return strconv.Itoa(int(g.Cloud))
}

// realm is the network of a gateway: Google's by its own name, another cloud's by what tells it apart on a controller.
func (m machine) realm() reach.Realm {
	if network, project, google := strings.Cut(m.VPC, "~-~"); google {
		return observe.NetworkRealm(project, network)
	}
	return reach.Realm("vpc/" + m.cloud() + "/" + m.Account + "/" + m.VPC)
}

func (m machine) google() bool { return strings.Contains(m.VPC, "~-~") }

// list reads all gateways.
func (s *survey) list(ctx context.Context) error {
	if err := s.read(ctx, "list_vpcs_summary", nil, &s.machines); err != nil {
		return fmt.Errorf("list gateways of %s: %w", s.name, err)
	}
	return nil
}

// named are the machines that a name means: the gateway's of this name, else those of the group.
func (s *survey) named(name string) (out []machine) {
	for _, m := range s.machines {
		switch {
		case m.Name == name:
			return []machine{m}
		case m.is(name):
			out = append(out, m)
		}
	}
	return out
}

// transits are all that a spoke is attached to, by gateway or group.
func (m machine) transitNames() []string {
	egress := machine{gateway: gateway{Transits: m.Egress}}
	return slices.Concat(m.transits(), egress.transits())
}

// follow gives some gateways, and whatever is attached to or peered with those, in turn. Each is visited
// once, so that the list of gateways is the bound.
func (s *survey) follow(first []machine) []machine {
	var near []machine
	seen := map[string]bool{}
	visit := func(list ...machine) {
		for _, m := range list {
			if !seen[m.Name] {
				seen[m.Name] = true
				near = append(near, m)
			}
		}
	}
	visit(first...)
	for i := 0; i < len(near); i++ {
		visit(s.beside(near[i])...)
	}
	slices.SortFunc(near, func(a, b machine) int { return strings.Compare(a.Name, b.Name) })
	return near
}

// beside are the gateways one step away: transits, peers, attached spokes, and the other one of a pair.
func (s *survey) beside(m machine) (out []machine) {
	for _, name := range m.transitNames() {
		out = append(out, s.named(name)...)
	}
	for _, p := range s.peered {
		for i := range p {
			if m.is(p[i]) {
				out = append(out, s.named(p[1-i])...)
			}
		}
	}
	for _, o := range s.machines {
		if slices.ContainsFunc(o.transitNames(), m.is) || m.pairs(o) || o.pairs(m) {
			out = append(out, o)
		}
	}
	return out
}

// secondSuffix ends the name of the second gateway of a pair (vendor's client).
const secondSuffix = "-hagw"

// first is the name of the first gateway of a pair: settings are told for that one, and count for both.
func (m machine) first() string { return strings.TrimSuffix(m.Name, secondSuffix) }

// pairs tells whether another gateway is the second one of this one's pair.
func (m machine) pairs(o machine) bool {
	return o.Name == m.Name+secondSuffix || o.Name != "" && o.Name == m.second() || m.Group != "" && m.Group == o.Group
}

// second is the name of the second gateway of its pair, "" when it has none.
func (m machine) second() string {
	var second struct {
		Name string `json:"vpc_name"`
	}
	_ = json.Unmarshal(m.Pair, &second) // another form names nobody
	return second.Name
}

// peerings reads the pairs of transits. They have no order.
func (s *survey) peerings(ctx context.Context) {
	s.peering = s.look("list_inter_transit_gateway_peering", "")
	var pairs [][]struct {
		One   string `json:"gateway1"`
		Other string `json:"gateway2"`
		// older releases
		First  string `json:"gateway_1"`
		Second string `json:"gateway_2"`
	}
	if s.peering.failed(s.peering.call, s.read(ctx, s.peering.call, nil, &pairs)) {
		return
	}
	for _, list := range pairs {
		for _, p := range list {
			pair := [2]string{p.One + p.First, p.Other + p.Second}
			if pair[0] == "" || pair[1] == "" {
				s.peering.lacks("a pair of transits has no names")
				continue
			}
			s.peered = append(s.peered, pair)
		}
	}
}

// gatewayFact is a gateway without its lists.
func (s *survey) gatewayFact(m machine, deployed func(machine) bool) reach.Gateway {
	g := reach.Gateway{Name: m.Name, Controller: s.name, Realm: m.realm(), Spoke: bool(m.Spoke), Cloud: deployed(m),
		State: m.state(), SourceNAT: m.Translates.on,
		Who: reach.Identity{Kind: reach.GatewayKind, Name: m.Name, Region: m.Region}}
	g.Address, g.Public = addresses(m.PrivateIP), addresses(m.Public)
	g.Who.External4 = !g.Public.Family(true).Empty()
	g.Who.External6 = !g.Public.Family(false).Empty()
	return g
}

// state reads the vendor's word. A gateway that the controller does not hear, or is only half configured, may forward;
// so may the second one of a pair, to which the controller moves the routes that it has made (manual, gateway: high
// availability).
func (m machine) state() reach.State {
	switch word := strings.ToUpper(m.State); {
	case word == up:
		return reach.Up
	case word == "DOWN" && m.second() == "":
		return reach.Down
	}
	return reach.Unclear
}

// addresses reads what a field has; nothing when it has no address.
func addresses(text string) reach.Ranges {
	a, err := netip.ParseAddr(strings.TrimSpace(text))
	if err != nil {
		return reach.Ranges{}
	}
	return reach.RangesOf(netip.PrefixFrom(a, a.BitLen()))
}

// defaultReport is how far reports of routes are apart where a gateway does not tell (manual, transit_advanced).
const defaultReport = 50 * time.Second

// reported is the time that a report which is read now may be of.
func (m machine) reported(now time.Time) time.Time {
	if m.Report > 0 {
		return now.Add(-time.Duration(m.Report) * time.Second)
	}
	return now.Add(-defaultReport)
}
