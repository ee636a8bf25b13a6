package reach

import (
	"encoding/json"
	"net/netip"
	"strings"

	"github.com/culvertnet/culvert/adapters/simcloud/world"
)

// The vendors' documents as the world stores them, as far as packets depend on them. Field names are the vendors'.

type network struct {
	Name     string    `json:"-"` // relative, with the project
	Order    string    `json:"networkFirewallPolicyEnforcementOrder"`
	Peerings []peering `json:"peerings"`
	Routing  struct {
		Mode string `json:"routingMode"`
	} `json:"routingConfig"`
}

type peering struct {
	Name    string `json:"name"`
	Network string `json:"network"`
	State   string `json:"state"`
	Import  bool   `json:"importCustomRoutes"`
	Export  bool   `json:"exportCustomRoutes"`
	Stack   string `json:"stackType"` // IPV4_ONLY when empty

	ImportPublic bool  `json:"importSubnetRoutesWithPublicIp"`
	ExportPublic *bool `json:"exportSubnetRoutesWithPublicIp"` // nil means true
}

type subnetwork struct {
	Name      string `json:"-"`
	Network   string `json:"network"`
	Range     string `json:"ipCidrRange"`
	V6        string `json:"ipv6CidrRange"`
	V6Access  string `json:"ipv6AccessType"`
	Purpose   string `json:"purpose"`
	Google    bool   `json:"privateIpGoogleAccess"`
	Secondary []struct {
		Range string `json:"ipCidrRange"`
	} `json:"secondaryIpRanges"`
}

type instance struct {
	Name    string `json:"-"`
	Status  string `json:"status"`
	Forward bool   `json:"canIpForward"`
	Tags    struct {
		Items []string `json:"items"`
	} `json:"tags"`
	NICs []struct {
		Network  string `json:"network"`
		IP       string `json:"networkIP"`
		V6       string `json:"ipv6Address"`
		External []struct {
			IP string `json:"natIP"`
		} `json:"accessConfigs"`
	} `json:"networkInterfaces"`
	Accounts []struct {
		Email string `json:"email"`
	} `json:"serviceAccounts"`
}

type staticRoute struct {
	Name     string   `json:"-"`
	Network  string   `json:"network"`
	Range    string   `json:"destRange"`
	Priority int      `json:"priority"`
	Tags     []string `json:"tags"`
	Instance string   `json:"nextHopInstance"`
	IP       string   `json:"nextHopIp"`
	Gateway  string   `json:"nextHopGateway"`
	Balancer string   `json:"nextHopIlb"`
	About    string   `json:"description"`
}

type policyRoute struct {
	Name     string `json:"-"`
	Network  string `json:"network"`
	Priority int    `json:"priority"`
	Machines *struct {
		Tags []string `json:"tags"`
	} `json:"virtualMachine"`
	Attachment *struct {
		Region string `json:"region"`
	} `json:"interconnectAttachment"`
	Filter struct {
		Family string `json:"protocolVersion"` // IPV4 or IPV6
		Proto  string `json:"ipProtocol"`
		Src    string `json:"srcRange"`
		Dst    string `json:"destRange"`
	} `json:"filter"`
	Hop    string `json:"nextHopIlbIp"`
	Others string `json:"nextHopOtherRoutes"` // DEFAULT_ROUTING
}

type router struct {
	Name    string `json:"-"`
	Network string `json:"network"`
	NATs    []struct {
		Name    string      `json:"name"`
		Ranges  string      `json:"sourceSubnetworkIpRangesToNat"`
		Subnets []natSubnet `json:"subnetworks"`
		Type    string      `json:"type"`
	} `json:"nats"`
}

type natSubnet struct {
	Name   string   `json:"name"`
	Ranges []string `json:"sourceIpRangesToNat"` // ALL_IP_RANGES when empty
}

type advertisement struct {
	Mode   string   `json:"advertiseMode"`
	Groups []string `json:"advertisedGroups"`
	Ranges []struct {
		Range string `json:"range"`
	} `json:"advertisedIpRanges"`
}

type announced struct {
	BGP   advertisement `json:"bgp"`
	Peers []struct {
		Name string `json:"name"`
		advertisement
		Enable string `json:"enable"`
	} `json:"bgpPeers"`
}

type connector struct {
	Name    string `json:"-"`
	Network string `json:"network"`
	Range   string `json:"ipCidrRange"`
	State   string `json:"state"`
	Subnet  struct {
		Name    string `json:"name"`
		Project string `json:"projectId"`
	} `json:"subnet"`
}

type service struct {
	Name     string   `json:"-"`
	Ingress  string   `json:"ingress"`
	URLs     []string `json:"urls"`
	NoURL    bool     `json:"defaultUriDisabled"`
	Ready    string   `json:"latestReadyRevision"`
	Traffic  []target `json:"traffic"`
	Template struct {
		Access access `json:"vpcAccess"`
	} `json:"template"`
}

// access is how a revision sends into a network.
type access struct {
	Connector string `json:"connector"`
	Egress    string `json:"egress"`
	NICs      []struct {
		Network    string   `json:"network"`
		Subnetwork string   `json:"subnetwork"`
		Tags       []string `json:"tags"`
	} `json:"networkInterfaces"`
}

// target is a share of a service's requests; no revision means the latest one that is ready.
type target struct {
	Revision string `json:"revision"`
	Percent  int    `json:"percent"`
}

type forwardingRule struct {
	Name       string `json:"-"`
	IP         string `json:"IPAddress"`
	Network    string `json:"network"`
	Subnetwork string `json:"subnetwork"`
	Target     string `json:"target"`
	Backend    string `json:"backendService"`
	Scheme     string `json:"loadBalancingScheme"`
	Status     string `json:"pscConnectionStatus"`
	PSCGlobal  bool   `json:"allowPscGlobalAccess"`
	Global     bool   `json:"allowGlobalAccess"`
}

type attachment struct {
	Name   string   `json:"-"`
	Target string   `json:"targetService"`
	NATs   []string `json:"natSubnets"`
}

type host struct {
	Name     string `json:"name"`
	Address  string `json:"address"`
	Behind   string `json:"behind"`   // CONTROLLER/GATEWAY
	Site     string `json:"site"`     // of a next hop or a host
	Forwards string `json:"forwards"` // router:PROJECT/REGION/ROUTER/PEER or connection:CONTROLLER/GATEWAY/NAME
}

// linkRoots are what Google's references begin with.
const linkRoot = "/compute/v1/"

// relative is a reference without the address of the API, with the project of who refers where it has none.
func relative(ref, project string) string {
	if i := strings.Index(ref, linkRoot); i >= 0 {
		ref = ref[i+len(linkRoot):]
	}
	switch {
	case ref == "" || strings.HasPrefix(ref, "projects/"):
		return ref
	case strings.Contains(ref, "/"):
		return "projects/" + project + "/" + strings.TrimPrefix(ref, "/")
	}
	return "projects/" + project + "/global/networks/" + ref
}

// part is the segment of a name after another one: part("projects/p/regions/r", "regions") is "r".
func part(name, after string) string {
	parts := strings.Split(name, "/")
	for i := 0; i+1 < len(parts); i++ {
		if parts[i] == after {
			return parts[i+1]
		}
	}
	return ""
}

func last(name string) string { return name[strings.LastIndex(name, "/")+1:] }

// decoded reads a stored document into the fields that are wanted.
func decoded[T any](doc world.Doc) T {
	var v T
	text, err := json.Marshal(doc)
	if err == nil {
		err = json.Unmarshal(text, &v)
	}
	if err != nil {
		panic("read document: " + err.Error()) // the world's own apis have checked it
	}
	return v
}

func inside(text string, addr netip.Addr) bool {
	p, ok := prefixOf(text)
	return ok && p.Contains(addr)
}

func anyInside(texts []string, addr netip.Addr) bool {
	for _, text := range texts {
		if inside(text, addr) {
			return true
		}
	}
	return false
}

// prefixOf reads a range or a bare address.
func prefixOf(text string) (netip.Prefix, bool) {
	if p, err := netip.ParsePrefix(text); err == nil {
		return p, true
	}
	if a, err := netip.ParseAddr(text); err == nil {
		return netip.PrefixFrom(a, a.BitLen()), true
	}
	return netip.Prefix{}, false
}
