package reach

// A Switch is a question that no document of a vendor answers. A verdict holds under every answer: what passes under
// all is sure, what passes under some is undecided.
type Switch string

// Switches, each with the sentence that people are shown.
const (
	PoliciesBindRangeConnector  Switch = "policies-bind-range-connector"
	PoliciesBindSubnetConnector Switch = "policies-bind-subnet-connector"
	// EndpointAnswersForwardedSource is about an endpoint for Google's APIs and a source behind a forwarding machine.
	EndpointAnswersForwardedSource Switch = "endpoint-answers-forwarded-source"
	// HiddenRangeHasGoogleAccess is about Private Google Access of the hidden subnetwork of a connector.
	HiddenRangeHasGoogleAccess Switch = "hidden-range-has-google-access"
	// RestrictedServesRun is about services of Cloud Run by an endpoint of the bundle vpc-sc.
	RestrictedServesRun Switch = "restricted-bundle-serves-run-app"
	// WhiteTagClosesOtherPorts is about a white tag of a gateway and packets in which it looks for no name.
	WhiteTagClosesOtherPorts Switch = "white-tag-closes-other-ports"
	// GoogleAnswersOtherPorts is about Google's private addresses and bundles, and TCP ports besides 80 and 443.
	GoogleAnswersOtherPorts Switch = "google-vips-answer-other-ports"
	// PrivateIncludesReserved and PrivateIncludesUniqueLocal are about what enters the network with
	// private-ranges-only.
	PrivateIncludesReserved    Switch = "private-ranges-include-reserved"
	PrivateIncludesUniqueLocal Switch = "private-ranges-include-unique-local"
	// ConnectorCarriesICMP is about what a connector takes besides TCP and UDP.
	ConnectorCarriesICMP Switch = "connector-carries-icmp"
	// ResponsePolicyAnswersAliases is about the name that an alias of a private zone stands for.
	ResponsePolicyAnswersAliases Switch = "response-policy-answers-aliases"
	// DeadNextHopYields is about a static route whose next hop is not there, and routes of shorter prefixes.
	DeadNextHopYields Switch = "dead-next-hop-yields-to-shorter-prefix"
)

// maxSwitches is how many switches one question may turn; each doubles its cost.
const maxSwitches = 8

// Sentence says what nobody has documented.
func (s Switch) Sentence() string {
	switch s {
	case PoliciesBindRangeConnector:
		return "the vendor says that the hidden range of a connector cannot be used in firewall rules"
	case PoliciesBindSubnetConnector:
		return "no document says that firewall policies bind the machines of a connector"
	case EndpointAnswersForwardedSource:
		return "no document says that an endpoint for Google APIs answers a source behind a forwarding machine"
	case HiddenRangeHasGoogleAccess:
		return "no document says whether the hidden range of a connector has Private Google Access"
	case RestrictedServesRun:
		return "no document lists run.app among the names that the bundle vpc-sc serves"
	case WhiteTagClosesOtherPorts:
		return "no document says whether a white tag stops ports in whose packets it looks for no name"
	case GoogleAnswersOtherPorts:
		return "no document says which TCP ports besides 80 and 443 Google's private addresses take"
	case PrivateIncludesReserved:
		return "no document says whether reserved ranges of subnetworks count as private destinations"
	case PrivateIncludesUniqueLocal:
		return "no document says whether internal IPv6 addresses count as private destinations"
	case ConnectorCarriesICMP:
		return "the conditions under which a connector carries ICMP could not be read"
	case ResponsePolicyAnswersAliases:
		return "no document says whether a response policy answers for the target of an alias"
	case DeadNextHopYields:
		return "no document says whether a static route without its next hop gives way to a shorter prefix"
	}
	return "no document says so"
}
