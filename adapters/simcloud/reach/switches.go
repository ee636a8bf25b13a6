package reach

import (
	"fmt"
	"slices"
)

// Switch is a question that no document of a vendor answers. The world answers it one way or the other, as it is told.
type Switch struct {
	Name    string `json:"name"`
	Default bool   `json:"default"`
	Why     string `json:"why"` // why it is undecided
}

// The names of the switches.
const (
	bindRange        = "policy-binds-range-connector"
	bindSubnet       = "policy-binds-subnet-connector"
	bindNarrow       = "policy-binds-part-of-direct-subnetwork"
	widePrivate      = "private-ranges-include-reserved"
	endpointForward  = "apis-endpoint-answers-forwarded-source"
	restrictedRun    = "vpc-sc-bundle-serves-run-app"
	siteImports      = "site-imports"
	siteAsks         = "site-asks-inbound-policy"
	alternativeAsks  = "alternative-server-answers-publicly"
	aliasResponse    = "response-policy-answers-aliases"
	forwardAsks      = "forwarding-target-answers-publicly"
	gatewayAnswers   = "gateway-passes-unseen-answer"
	natTunnels       = "source-nat-translates-tunnels"
	applianceForward = "machine-forwards"
	producerAnswers  = "producer-answers"
	inspectedPasses  = "inspected-passes"
	labelGroups      = "label-group-holds-source"
	hiddenAnnounced  = "connector-range-is-announced"
	hiddenAccess     = "hidden-subnet-has-google-access"
	deadHopYields    = "dead-next-hop-yields-to-shorter-prefix"
	laterPeer        = "imported-route-is-of-later-peer"
	sixPrivate       = "private-ranges-include-unique-local"
	connectorICMP    = "connector-carries-icmp"
	otherPorts       = "google-vips-answer-other-ports"
	laterPolicy      = "later-of-equal-policy-routes"
	contextByRoute   = "internet-context-is-by-route"
)

// Switches is the closed list.
func Switches() []Switch { return slices.Clone(switches) }

var switches = []Switch{
	{bindRange, false,
		"Google's page says that the hidden subnet of a custom range cannot be used in firewall rules; " +
			"no page says what a policy rule with that range as its source does"},
	{bindSubnet, true,
		"network firewall policies are documented for interfaces of machines and for direct egress; no " +
			"page names the machines of a connector on a subnetwork"},
	{bindNarrow, false,
		"Google's page asks for the whole range of a subnetwork in rules for direct egress; no page says " +
			"what a rule with a part of it does"},
	{widePrivate, false,
		"no page lists whether private-ranges-only sends the reserved ranges (documentation, benchmark, " +
			"class E) to the network"},
	{endpointForward, false,
		"Google documents Cloud VPN and VLAN attachments as ways to an endpoint for its APIs; no page " +
			"says what it does with a source that a machine forwards"},
	{restrictedRun, false, "no page lists run.app among the names that the bundle vpc-sc serves"},
	{siteImports, true, "a site's import policy is not visible from here"},
	{siteAsks, true,
		"whether a site's resolver forwards to the inbound addresses of the network is the site's own doing"},
	{alternativeAsks, true, "what an alternative name server answers is not visible from here"},
	{aliasResponse, true,
		"Google's page says that the target of an alias of a private zone is looked for in private zones; it does " +
			"not say whether a response policy answers before them"},
	{forwardAsks, true, "what a forwarding target answers is not visible from here"},
	{gatewayAnswers, false, "no page says what a gateway does with an answer to a connection that it has not seen"},
	{natTunnels, false,
		"the page describes single-IP source NAT for traffic to the Internet; no page excludes tunnels"},
	{applianceForward, false, "what a machine does with packets for others is its owner's doing"},
	{producerAnswers, true, "the backend of a producer's load balancer is not visible from the consumer's side"},
	{inspectedPasses, true, "whether inspection lets a packet through depends on its content"},
	{labelGroups, false, "members of a group by label are polled, up to an hour late"},
	{hiddenAnnounced, false,
		"no page says whether ALL_SUBNETS announces the hidden subnet of a connector's custom range"},
	{hiddenAccess, true, "Private Google Access is a flag of a subnetwork; the subnet of a custom range is hidden"},
	{deadHopYields, true,
		"no page says whether a static route whose machine is gone is left out before or after the " +
			"longest prefix is chosen"},
	{laterPeer, false,
		"Google's page says that of several peers' routes for one destination those of a single network " +
			"are taken, by an internal algorithm; the other setting takes the last network by name"},
	{sixPrivate, true, "no page lists which IPv6 addresses private-ranges-only sends to the network"},
	{connectorICMP, true,
		"the page's table of protocols for connectors could not be read whole; copies of it list TCP and UDP"},
	{otherPorts, false,
		"Google's pages say that its private and restricted addresses and the bundles take HTTP-based protocols " +
			"over TCP only; no page lists the ports"},
	{laterPolicy, false,
		"Google's page says that of policy-based routes with one priority a single one is taken, by an internal " +
			"algorithm; the other setting takes the last one by name"},
	{contextByRoute, false,
		"whether INTERNET and NON_INTERNET of a rule that leaves go by the address or by the route " +
			"to the default internet gateway was not found in any page that could be read"},
}

// Settings are the switches that are not at their default.
type Settings map[string]bool

// CheckSwitch refuses a name that is not in the list.
func CheckSwitch(name string) error {
	if !slices.ContainsFunc(switches, func(s Switch) bool { return s.Name == name }) {
		return fmt.Errorf("no switch %q", name)
	}
	return nil
}

// On tells how a switch is set.
func (s Settings) On(name string) bool {
	if on, set := s[name]; set {
		return on
	}
	i := slices.IndexFunc(switches, func(s Switch) bool { return s.Name == name })
	return switches[i].Default
}

func (s Settings) word(name string) string {
	if s.On(name) {
		return "on"
	}
	return "off"
}
