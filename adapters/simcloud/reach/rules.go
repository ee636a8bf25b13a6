package reach

// Rule is one thing that a vendor's document says. Page is where it says so.
type Rule struct{ ID, Says, Page string }

// The rules about what leaves a service.
var (
	outNone = Rule{"run-own-way",
		"a service without access to a network leaves by Google's own way", pagePrivateRun}
	outNoPrivate = Rule{"run-own-way-private",
		"Google's own way leads to public addresses only", pagePrivateRun}
	outAll = Rule{"run-all-traffic",
		"with all-traffic every packet goes to the network", pageEgress}
	outPrivate = Rule{"run-private-ranges",
		"with private-ranges-only private addresses go to the network", pageEgress}
	outPublic = Rule{"run-private-ranges-rest",
		"with private-ranges-only the rest leaves by Google's own way", pageEgress}
	outGone = Rule{"run-connector-gone",
		"the connector or subnetwork of the service is not there", pageConnector}
	outFamily = Rule{"run-family",
		"a connector carries IPv4; direct egress has IPv6 on a dual-stack subnetwork", pageDirect}
	outProto = Rule{"run-protocols",
		"a connector carries TCP and UDP", pageAccessServerless}
	outMetadata = Rule{"run-metadata",
		"an instance of a service has a metadata server of its own", pageContract}
)

// The rules of Google's firewall.
var (
	fwImpliedOut = Rule{"firewall-implied-out",
		"no rule matches: what leaves is allowed, in both families", pageRules}
	fwImpliedIn = Rule{"firewall-implied-in",
		"no rule matches: what enters is denied, in both families", pageRules}
	fwTracked = Rule{"firewall-tracked",
		"an answer of a connection that passed needs no rule", pageRules}
	fwBlocked = Rule{"firewall-always-blocked",
		"TCP port 25 of external addresses is blocked", pageRules}
	fwAlways = Rule{"firewall-always-allowed",
		"the metadata server is always allowed", pageRules}
	nicStopped = Rule{"machine-stopped",
		"a machine that does not run sends nothing", pageLifecycle}
	fwHierarchy = Rule{"firewall-hierarchical",
		"hierarchical policies are asked first, organization before folders", pageOrder}
	fwSystem = Rule{"firewall-system-policy",
		"a policy of Google's own in the region is asked right after the hierarchical ones", pagePolicies}
	fwClassic = Rule{"firewall-vpc-rule",
		"the VPC rule with the lowest number decides, deny before allow", pageRules}
	fwGlobal = Rule{"firewall-global-policy",
		"the first rule of the network's global policy that matches decides", pageOrder}
	fwRegional = Rule{"firewall-regional-policy",
		"the first rule of the region's policy that matches decides", pageOrder}
	fwInspected = Rule{"firewall-inspected",
		"a security profile group inspects the packet", pageDetails}
)

// The rules about the way through a Google network.
var (
	toBundle = Rule{"route-apis-endpoint",
		"an endpoint for Google APIs comes before every other route", pageRoutes}
	toPolicy = Rule{"route-policy-based",
		"policy-based routes are asked before subnet routes", pagePolicyBase}
	toDefault = Rule{"route-policy-default",
		"this policy-based route skips the others", pagePolicyBase}
	toSubnet = Rule{"route-subnet",
		"subnet routes come before static and dynamic routes", pageRoutes}
	toPeerSubnet = Rule{"route-peering-subnet",
		"peers always exchange subnet routes", pagePeering}
	toStatic = Rule{"route-static",
		"longest prefix, then priority, then kind of next hop", pageRoutes}
	toDynamic = Rule{"route-dynamic",
		"a learned route is like a static one; its region is the router's", pageRouter}
	toPeerCustom = Rule{"route-peering-custom",
		"custom routes are exchanged when one end exports and the other imports", pagePeering}
	toNowhere = Rule{"route-none",
		"no route matches: the packet is dropped", pageRoutes}
	toNobody = Rule{"route-subnet-nobody",
		"nobody has this address of the subnetwork", pageRoutes}
	toSpoken = Rule{"route-site-to-site",
		"a network does not pass packets from one site to another", pageSiteToSite}
	hopForwards = Rule{"hop-can-forward",
		"a next hop machine must be allowed to forward", pageStatic}
	hopRunning = Rule{"hop-machine",
		"the packet is handed to the next hop machine", pageStatic}
	hopBalancer = Rule{"hop-load-balancer",
		"the packet is handed to the next hop load balancer", pageStatic}
)

// The rules about the way to the Internet and to Google.
var (
	netExternal = Rule{"internet-external-address",
		"a machine with an external address reaches the Internet", pageAddresses}
	netNAT = Rule{"internet-nat",
		"Cloud NAT translates a source whose range it covers", pageNAT}
	netNoNAT = Rule{"internet-no-way",
		"without external address and Cloud NAT nothing reaches the Internet", pageNAT}
	netHidden = Rule{"internet-hidden-subnet",
		"the subnet of a custom range cannot be in a NAT configuration", pageConnector}
	netPrivate = Rule{"internet-private-address",
		"a private address is not routed on the Internet", pageIP}
	netPublic = Rule{"internet-public",
		"a public address is routed on the Internet", pageIP}
	netMachine = Rule{"internet-machine",
		"the Internet reaches a machine by its external address", pageAddresses}
	netReturn = Rule{"internet-return",
		"the answer comes to the address that the packet left from", pageIP}
	netIPv6 = Rule{"internet-ipv6",
		"an external IPv6 range of a subnetwork is routed on the Internet", pageAddresses}
	pgaExternal = Rule{"google-access-external-ipv6",
		"a machine with an external IPv6 range reaches Google from it", pageAccessOutside}
	pgaOn = Rule{"google-access",
		"Private Google Access lets a machine without external address reach Google", pageAccess}
	pgaOff = Rule{"google-access-off",
		"without Private Google Access such a machine does not reach Google", pageAccess}
	pgaNAT = Rule{"google-access-by-nat",
		"Cloud NAT for a subnetwork's range brings Private Google Access and never translates the way to Google",
		pageNAT}
	pgaSite = Rule{"google-access-site",
		"a site reaches 199.36.153.4/30 and 199.36.153.8/30 through a network", pageAccessSite}
	onlyHTTP = Rule{"google-http-only",
		"the private and restricted addresses and the bundles take HTTP-based protocols over TCP only", pageBundles}
	atGoogle = Rule{"google-front-end",
		"Google's front end has the packet", pageAccess}
)

// The rules about endpoints of Private Service Connect.
var (
	pscLocal = Rule{"apis-endpoint-local",
		"clients in the network with an external address or Private Google Access", pageBundleOld}
	pscSite = Rule{"apis-endpoint-site",
		"sites behind Cloud VPN tunnels and VLAN attachments reach the endpoint", pageBundle}
	pscForward = Rule{"apis-endpoint-forwarded",
		"the source reaches the endpoint through a machine", pageBundle}
	pscState = Rule{"service-endpoint-state",
		"an endpoint answers only while its connection is accepted", pageService}
	pscRegion = Rule{"service-endpoint-region",
		"an endpoint answers its own region, others with global access", pageService}
	pscNAT = Rule{"service-endpoint-nat",
		"the producer sees an address of the NAT subnetwork", pageService}
	pscProducer = Rule{"service-producer",
		"the producer's load balancer takes the packet", pagePublish}
	pscSPeered = Rule{"service-endpoint-peered",
		"clients in peered networks do not reach endpoints", pageRegional}
	balancer = Rule{"load-balancer",
		"an internal load balancer answers at its address", pageService}
	lbRegion = Rule{"load-balancer-region",
		"an internal load balancer answers its own region, others with global access", pageService}
)

// The rules about a service's ingress.
var (
	inAll = Rule{"ingress-all",
		"the service takes requests from everywhere", pageIngress}
	inInternal = Rule{"ingress-internal",
		"the source is a network of the service's own project", pageIngress}
	inShared = Rule{"ingress-shared",
		"the source is the Shared VPC network that the service sends to", pageIngress}
	inClosed = Rule{"ingress-closed",
		"the source is not internal: the front end answers 404", pageIngress}
	inDisabled = Rule{"ingress-url-disabled",
		"the default address of the service is switched off", pageIngress}
	inNoRun = Rule{"ingress-bundle",
		"the bundle of the endpoint does not serve this name", pageBundle}
)

// The rules about names.
var (
	nameNone = Rule{"name-none",
		"no zone has the name: it does not exist", pageNames}
	nameFamily = Rule{"name-family",
		"the name has no address of this family", pageNames}
	nameOutbound = Rule{"name-outbound-policy",
		"with an outbound server policy only its servers are asked", pageNames}
	nameResponse = Rule{"name-response-policy",
		"a rule of a response policy answers before every zone", pageNames}
	nameZone = Rule{"name-private-zone",
		"the private zone with the longest suffix answers", pageNames}
	nameMissing = Rule{"name-zone-without-record",
		"the zone matches and has no record: the name does not exist", pageNames}
	nameChased = Rule{"name-alias-in-private-zones",
		"the target of an alias of a private zone is looked for in private zones only", pageChasing}
	nameForward = Rule{"name-forwarding-zone",
		"a forwarding zone asks its target", pageZones}
	namePeering = Rule{"name-peering-zone",
		"a peering zone asks as the other network does", pageZones}
	namePublic = Rule{"name-public",
		"no private zone matches: the public name system answers", pageNames}
	nameInbound = Rule{"name-inbound-policy",
		"a site asks the network's inbound addresses", pageServer}
)

// The rules of an Aviatrix network.
var (
	gwDown = Rule{"gateway-down",
		"a gateway that is not up passes nothing", pageGateway}
	gwSecond = Rule{"gateway-second",
		"the second gateway of a pair takes over, with the routes that the controller has made", pageGateway}
	gwRoute = Rule{"gateway-route",
		"the longest prefix of the gateway's table decides", pageTransit}
	gwAdvertised = Rule{"gateway-advertised",
		"a spoke passes what it is told to advertise to its own network", pageGateway}
	gwNoRoute = Rule{"gateway-no-route",
		"the gateway's table has no route", pageTransit}
	gwTags = Rule{"gateway-fqdn-tags",
		"the FQDN tags of the gateway decide about the destination", pageTags}
	gwFirewall = Rule{"gateway-firewall",
		"the first enforced rule of the distributed firewall decides", pageDCF}
	gwNoRule = Rule{"gateway-unfiltered",
		"no tag and no rule is about the packet", pageDCF}
	gwCloudOff = Rule{"gateway-cloud-off",
		"rules are not applied to gateways of a cloud that is not enforced", pageDCF}
	gwNAT = Rule{"gateway-source-nat",
		"the gateway translates the source to its own address", pageDCFFields}
	gwNoNAT = Rule{"gateway-no-source-nat",
		"without source NAT a private source gets no answer from the Internet", pageDCFFields}
	gwTracked = Rule{"gateway-tracked",
		"the answer comes by the gateway that passed the packet", pageDCF}
	gwUnseen = Rule{"gateway-unseen-answer",
		"the answer comes by a gateway that has not seen the packet", pageDCF}
	gwNobody = Rule{"gateway-nobody",
		"nobody has this address behind the gateway", pageGateway}
	gwHost = Rule{"gateway-host",
		"the gateway's network has the address", pageGateway}
	gwTunnel = Rule{"gateway-connection-down",
		"a connection whose tunnel or session is down passes nothing", pageSite}
)

// The rules about sites.
var (
	siteHost = Rule{"site-host",
		"the site has the address", pageBGP}
	siteRoute = Rule{"site-route",
		"the longest prefix that the site was told decides", pageBGP}
	siteNoRoute = Rule{"site-no-route",
		"the site was told no route", pageBGP}
	siteImport = Rule{"site-import",
		"the site takes what it was told", pageBGP}
	siteHop = Rule{"site-next-hop",
		"the owner of the next hop passes the packet on", pageBGP}
	siteNoHop = Rule{"site-next-hop-nobody",
		"nobody has the next hop", pageBGP}
	siteOther = Rule{"arrives-elsewhere",
		"the packet arrives at another place that has the same address", pageIP}
	loop = Rule{"time-to-live",
		"the packet goes round in a circle", pageIP}
)

// Rules is the closed list of what decides about packets.
func Rules() []Rule {
	return []Rule{
		outNone, outNoPrivate, outAll, outPrivate, outPublic, outGone, outFamily, outProto, outMetadata, fwImpliedOut,
		fwImpliedIn, fwTracked, fwBlocked, fwAlways, fwHierarchy, fwSystem, fwClassic, fwGlobal, fwRegional,
		fwInspected, nicStopped, toBundle, toPolicy, toDefault, toSubnet, toPeerSubnet, toStatic, toDynamic,
		toPeerCustom, toNowhere, toNobody, toSpoken, hopForwards, hopRunning, hopBalancer,
		netExternal, netNAT, netNoNAT, netHidden, netPrivate, netPublic, netMachine, netReturn, netIPv6,
		pgaExternal,
		pgaOn, pgaOff, pgaNAT, pgaSite, onlyHTTP, atGoogle, pscLocal, pscSite, pscForward, pscState, pscRegion,
		pscNAT, pscProducer, pscSPeered, balancer, lbRegion, inAll, inInternal, inShared, inClosed, inDisabled,
		inNoRun, nameNone, nameFamily, nameOutbound, nameResponse, nameZone, nameMissing, nameChased, nameForward,
		namePeering, namePublic, nameInbound, gwDown, gwSecond, gwRoute, gwAdvertised, gwNoRoute, gwTags,
		gwFirewall, gwNoRule, gwCloudOff, gwNAT, gwNoNAT, gwTracked, gwUnseen, gwNobody, gwHost, gwTunnel,
		siteHost, siteRoute, siteNoRoute, siteImport, siteHop, siteNoHop, siteOther, loop,
	}
}
