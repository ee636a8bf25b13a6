package lab

import (
	"encoding/json"
	"fmt"

	"github.com/google/uuid"
)

// A Variant is one way to ask for a private path.
type Variant struct {
	Announce, Filter, Egress string
}

// String names the variant in a table.
func (v Variant) String() string { return v.Announce + " × " + v.Filter + " × " + v.Egress }

// Variants are the combinations that fit: FQDN tags need a controller up to 8.2, WebGroups a newer one; a firewall rule
// has no network tags, so a direct interface carries one only for the gateway of an FQDN tag.
func Variants() []Variant {
	var all []Variant
	for _, announce := range []string{"aviatrix", "cloud-router", "bgp"} {
		for _, filter := range []string{"gcp-firewall", "aviatrix-fqdn", "aviatrix-webgroup"} {
			for _, egress := range []string{"connector", "direct"} {
				all = append(all, Variant{announce, filter, egress})
			}
		}
	}
	return all
}

// The lists that order "both" announces on: a router without ALL_SUBNETS and a spoke whose list others have customised,
// so that an endpoint in a later subnet needs a host route of its own on both.
const (
	CrowdRouter  = "edge-hosts"
	CrowdGateway = "gcp-spoke-2"
)

type object = map[string]any

// Order is what a proof asks for.
type Order struct {
	Variant
	Name    string
	Service string
	// Connector is the /28; attachment, when set, makes the endpoint one for a service attachment.
	Connector  string
	Attachment string
	OnWithdraw string
	// Allow are the names the filter lets through.
	Allow    []string
	Max      int
	NoEgress bool
	NoNames  bool
}

// Event renders the order as a structured CloudEvent with an id of its own.
func (o Order) Event() []byte {
	data := object{
		"service": o.serviceRef(), "network": "projects/acme-net/global/networks/spoke-vpc", "ingress": o.ingress(),
	}
	if !o.NoEgress {
		data["egress"] = o.egressPart()
	}
	if o.OnWithdraw != "" {
		data["onWithdraw"] = o.OnWithdraw
	}
	return event(o.Name, "apply", data)
}

func event(name, want string, data any) []byte {
	b, err := json.Marshal(object{
		"specversion": "1.0", "id": uuid.NewString(), "source": "/proofs",
		"type":    "culvert.private-service." + want + ".v1",
		"subject": name, "datacontenttype": "application/json", "data": data,
	})
	if err != nil {
		panic(err) // plain maps encode
	}
	return b
}

// Withdraw is the event that withdraws a connection.
func Withdraw(name string) []byte { return event(name, "withdraw", object{}) }

func (o Order) serviceRef() object {
	platform := "cloud-run"
	ref := object{"project": "acme-prod", "region": "europe-west3", "name": o.Service}
	if o.Service == "python-http-function" {
		platform = "cloud-functions"
		ref["generation"] = 2
	}
	ref["platform"] = platform
	return ref
}

func (o Order) ingress() object {
	in := object{"target": object{"googleApisBundle": "all-apis"}, "address": object{"pool": "psc-frankfurt"}}
	if o.Attachment != "" {
		in["target"] = object{"serviceAttachment": "projects/acme-producers/regions/europe-west3/serviceAttachments/" +
			o.Attachment}
		in["address"] = object{"subnet": "projects/acme-net/regions/europe-west3/subnetworks/endpoints-late"}
	} else if !o.NoNames {
		in["names"] = object{"hostnames": "auto", "ttl": "60s"}
	}
	switch o.Announce {
	case "aviatrix":
		in["announce"] = []object{{"via": "aviatrix", "spokeGateway": "gcp-spoke-1", "connections": []string{"site-1"}}}
	case "cloud-router":
		in["announce"] = []object{{"via": "cloud-router", "project": "acme-net", "region": "europe-west3",
			"router": "edge-1"}}
	case "both":
		in["announce"] = []object{
			{"via": "cloud-router", "project": "acme-net", "region": "europe-west3", "router": CrowdRouter},
			{"via": "aviatrix", "spokeGateway": CrowdGateway, "connections": []string{"site-3"}},
		}
	case "bgp":
		in["announce"] = []object{{"via": "bgp", "speaker": "site-edge", "nextHop": "10.9.0.1"}}
	}
	if o.Attachment == "" {
		in["invokers"] = []string{"serviceAccount:partner@acme-prod.iam.gserviceaccount.com"}
	}
	if o.Attachment == "" && !o.NoEgress { // else it would let in nobody: the service sends to no network
		in["publicAccess"] = "forbid"
	}
	return in
}

func (o Order) egressPart() object {
	out := object{"vpcEgress": "all-traffic",
		"googleAccess": object{"subnetworks": []string{"projects/acme-net/regions/europe-west3/subnetworks/workloads"}}}
	if o.Egress == "direct" {
		direct := object{"subnetwork": "projects/acme-net/regions/europe-west3/subnetworks/direct-egress"}
		if o.Filter == "aviatrix-fqdn" {
			direct["tags"] = []string{"avx-snat-noip"}
		}
		out["direct"] = direct
	} else {
		out["connector"] = object{"ipCidrRange": o.Connector, "minInstances": 2, "maxInstances": max(o.Max, 3),
			"machineType": "e2-micro"}
	}
	allow := o.Allow
	if allow == nil {
		allow = []string{"qa1.backend.example"}
	}
	var rules []object
	for _, host := range allow {
		rules = append(rules, object{"fqdn": host, "protocol": "tcp", "ports": []string{"443"}})
	}
	filter := object{"via": o.Filter, "default": "deny", "allow": rules}
	switch o.Filter {
	case "aviatrix-fqdn":
		filter["gateway"], filter["acceptGatewayWide"] = "gcp-spoke-1", true
	case "aviatrix-webgroup":
		filter["gateway"] = "gcp-spoke-10"
	}
	if o.Filter != "" {
		out["filter"] = filter
	}
	return out
}

// Range28 is the n-th /28 of a free part of the world.
func Range28(n int) string { return fmt.Sprintf("100.64.%d.%d/28", n/16, n%16*16) }
