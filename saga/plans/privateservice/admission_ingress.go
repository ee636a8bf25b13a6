package privateservice

import (
	"fmt"
	"net/netip"
	"regexp"
	"strings"
	"time"
)

const (
	minTTL       = Duration(time.Second)
	maxTTL       = Duration(time.Hour)
	maxAnnounced = 20
)

// googleDomains are what the hosts of a bundle's endpoint can be called: the TLS name and the Host header must be
// Google's.
var googleDomains = []string{".run.app", ".cloudfunctions.net"}

func (a *admission) ingress(in Ingress) {
	a.target(in)
	if in.Names != nil {
		a.names(in)
	}
	a.announcers(in)
	for i, member := range in.Invokers {
		a.invoker(fmt.Sprintf("/ingress/invokers/%d", i), member, in.PublicAccess)
	}
}

// target judges target, endpoint and address together: which address an endpoint can have follows from what it leads
// to.
func (a *admission) target(in Ingress) {
	attached := in.Target.ServiceAttachment != ""
	a.need(count(attached, in.Target.GoogleApisBundle != "") == 1, "/ingress/target", "target",
		"name one target: a bundle or a service attachment")
	a.need(count(in.Address.Pool != "", in.Address.IP.IsValid(), in.Address.Subnet != "") == 1, "/ingress/address",
		"address-form", "give one of pool, ip, subnet")
	if attached {
		a.need(in.Endpoint == OwnEndpoint, "/ingress/endpoint", "endpoint-own",
			"the endpoint of a service attachment is always the connection's own")
		a.need(in.Address.Subnet != "", "/ingress/address", "address-form",
			"the endpoint of a service attachment takes its address inside a subnet: give subnet")
		a.need(in.Advertise == HostRoute, "/ingress/advertise", "advertise",
			"an address inside a subnet is announced as a host-route only")
		if in.Address.Subnet != "" {
			r, _ := parseResource(in.Target.ServiceAttachment)
			a.subnet("/ingress/address/subnet", in.Address.Subnet, r.region, "the service attachment")
		}
		return
	}
	a.need(in.Address.Subnet == "", "/ingress/address", "address-form",
		"an endpoint for Google APIs takes an address outside of every subnet: give pool or ip")
	if in.Address.Pool != "" {
		_, mine := a.operator.Pool(in.Address.Pool, a.tenant)
		a.need(mine, "/ingress/address/pool", "pool", "pool %q is not configured for tenant %q", in.Address.Pool,
			a.tenant)
	}
	if in.Address.IP.IsValid() {
		a.need(in.Address.IP.Is4() && a.operator.Holds(in.Address.IP, a.tenant), "/ingress/address/ip",
			"address-in-pool",
			"%s is in no pool that is configured for tenant %q", in.Address.IP, a.tenant)
	}
}

func (a *admission) names(in Ingress) {
	attached := in.Target.ServiceAttachment != ""
	hosts := in.Names.Hostnames
	a.need(!attached || !hosts.Auto, "/ingress/names/hostnames", "hostnames-auto",
		"the service's own names are Google's and do not lead through a service attachment: list the producer's names")
	a.need(in.Names.TTL >= minTTL && in.Names.TTL <= maxTTL, "/ingress/names/ttl", "ttl",
		"the TTL is %ds, not between 1s and 1h", in.Names.TTL.Seconds())
	seen := map[string]bool{}
	for i, host := range hosts.List {
		field := fmt.Sprintf("/ingress/names/hostnames/%d", i)
		a.need(!seen[host], field, "hostname-unique", "%s is there twice", host)
		seen[host] = true
		a.need(attached || hasSuffix(host, googleDomains), field, "hostname-domain",
			"%s does not end in %s, so its TLS name is not Google's; a name of one's own needs a load balancer", host,
			strings.Join(googleDomains, " or "))
	}
}

func hasSuffix(host string, suffixes []string) bool {
	for _, s := range suffixes {
		if strings.HasSuffix(host, s) {
			return true
		}
	}
	return false
}

func (a *admission) announcers(in Ingress) {
	a.need(len(in.Announce) <= maxAnnounced, "/ingress/announce", "announce-limit", "%d announcers, more than %d",
		len(in.Announce), maxAnnounced)
	seen := map[string]bool{}
	for i, ann := range in.Announce {
		field := fmt.Sprintf("/ingress/announce/%d", i)
		a.need(!seen[ann.identity()], field, "announce-unique", "the announcer %s is there twice", ann.identity())
		seen[ann.identity()] = true
		switch ann.Via {
		case ViaAviatrix:
			a.knownGateway(field+"/spokeGateway", ann.SpokeGateway)
		case ViaBGP:
			a.need(a.operator.Speaker(ann.Speaker, a.tenant), field+"/speaker", "speaker",
				"speaker %q is not configured for tenant %q", ann.Speaker, a.tenant)
			a.need(canForward(ann.NextHop), field+"/nextHop", "next-hop",
				"next hop %s is not a unicast IPv4 address of a router", ann.NextHop)
			for _, p := range a.operator.Pools[in.Address.Pool].Ranges {
				a.need(!p.Contains(ann.NextHop), field+"/nextHop", "next-hop",
					"next hop %s is in the pool %s, whose addresses are announced: it would lead to itself",
					ann.NextHop, in.Address.Pool)
			}
		}
	}
	// What is not carried out is refused, not taken in silence: whether an endpoint needs translated sources is
	// unverified.
	a.need(in.SourceNat != GatewaySourceNat, "/ingress/sourceNat", "source-nat",
		"no step translates sources yet; only none is carried out")
}

// identity is what makes two announcers the same, whatever else they say.
func (ann Announce) identity() string {
	return strings.Trim(strings.Join(
		[]string{string(ann.Via), ann.SpokeGateway, ann.Project, ann.Region, ann.Router, ann.Speaker}, " ",
	), " ")
}

func (a *admission) knownGateway(field, name string) {
	_, mine := a.operator.Gateway(name, a.tenant)
	a.need(mine, field, "gateway", "gateway %q is not configured for tenant %q, so its controller is not known", name,
		a.tenant)
}

// canForward tells whether an address can be a next hop.
func canForward(ip netip.Addr) bool {
	reserved := netip.MustParsePrefix("240.0.0.0/4") // RFC 1112, the broadcast address included
	return ip.Is4() && !ip.IsUnspecified() && !ip.IsLoopback() && !ip.IsLinkLocalUnicast() && !ip.IsMulticast() &&
		!reserved.Contains(ip)
}

var (
	mailbox = regexp.MustCompile(
		`^[A-Za-z0-9._%+-]{1,64}@([A-Za-z0-9]([-A-Za-z0-9]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}$`,
	)
	domainName = regexp.MustCompile(`^([A-Za-z0-9]([-A-Za-z0-9]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}$`)
	workloadID = regexp.MustCompile(
		`^[a-z][-a-z0-9]{4,28}[a-z0-9]\.svc\.id\.goog\[[a-z0-9-]{1,63}/[a-z0-9.-]{1,253}\]$`,
	)
	federatedID   = regexp.MustCompile(`^//iam\.googleapis\.com/(projects/[0-9]+/)?locations/global/work(load|force)(Identity)?Pools/[a-z0-9-]{4,32}/[A-Za-z0-9_./:=@%*-]+$`)
	publicMembers = []string{"allUsers", "allAuthenticatedUsers"}
)

// invoker judges an IAM member (IAM, "Principal identifiers"). Members that are deleted, and project roles such as
// projectOwner:, are not taken: nobody can rely on them.
func (a *admission) invoker(field, member string, public PublicAccess) {
	for _, everybody := range publicMembers {
		if member == everybody {
			a.need(public == KeepPublic, field, "invoker-public",
				"%s may not invoke a service whose public access is forbidden", member)
			return
		}
	}
	form, id, _ := strings.Cut(member, ":")
	good := false
	switch form {
	case "user", "group":
		good = mailbox.MatchString(id)
	case "serviceAccount":
		good = mailbox.MatchString(id) || workloadID.MatchString(id)
	case "domain":
		good = domainName.MatchString(id)
	case "principal", "principalSet":
		good = federatedID.MatchString(id)
	}
	a.need(good, field, "invoker",
		"%q is not an IAM member: want user:, group:, serviceAccount: with an address, domain: with a name, "+
			"principal:// or principalSet://", member)
}
