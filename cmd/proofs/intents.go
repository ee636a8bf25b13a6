package main

import (
	"encoding/json"
	"fmt"

	"github.com/google/uuid"
)

// A variant is one way to ask for a private path.
type variant struct {
	announce, filter, egress string
}

func (v variant) String() string { return v.announce + " × " + v.filter + " × " + v.egress }

// variants are the combinations that fit: FQDN tags need a controller up to 8.2, WebGroups a newer one; a firewall rule
// has no network tags, so a direct interface carries one only for the gateway of an FQDN tag.
func variants() []variant {
	var all []variant
	for _, announce := range []string{"aviatrix", "cloud-router", "bgp"} {
		for _, filter := range []string{"gcp-firewall", "aviatrix-fqdn", "aviatrix-webgroup"} {
			for _, egress := range []string{"connector", "direct"} {
				all = append(all, variant{announce, filter, egress})
			}
		}
	}
	return all
}

type object = map[string]any

// order is what a proof asks for.
type order struct {
	variant
	name    string
	service string
	// connector is the /28; attachment, when set, makes the endpoint one for a service attachment.
	connector  string
	attachment string
	onWithdraw string
	// allow are the names the filter lets through.
	allow    []string
	max      int
	noEgress bool
	noNames  bool
}

// event renders the order as a structured CloudEvent with an id of its own.
func (o order) event() []byte {
	data := object{
		"service": o.serviceRef(), "network": "projects/acme-net/global/networks/spoke-vpc", "ingress": o.ingress(),
	}
	if !o.noEgress {
		data["egress"] = o.egressPart()
	}
	if o.onWithdraw != "" {
		data["onWithdraw"] = o.onWithdraw
	}
	return event(o.name, "apply", data)
}

func event(name, want string, data any) []byte {
	b, err := json.Marshal(object{
		"specversion": "1.0", "id": uuid.NewString(), "source": "/proofs", "type": "culvert.private-service." + want + ".v1",
		"subject": name, "datacontenttype": "application/json", "data": data,
	})
	if err != nil {
		panic(err) // plain maps encode
	}
	return b
}

func withdraw(name string) []byte { return event(name, "withdraw", object{}) }

func (o order) serviceRef() object {
	platform := "cloud-run"
	ref := object{"project": "acme-prod", "region": "europe-west3", "name": o.service}
	if o.service == "python-http-function" {
		platform = "cloud-functions"
		ref["generation"] = 2
	}
	ref["platform"] = platform
	return ref
}

func (o order) ingress() object {
	in := object{"target": object{"googleApisBundle": "all-apis"}, "address": object{"pool": "psc-frankfurt"}}
	if o.attachment != "" {
		in["target"] = object{"serviceAttachment": "projects/acme-producers/regions/europe-west3/serviceAttachments/" + o.attachment}
		in["address"] = object{"subnet": "projects/acme-net/regions/europe-west3/subnetworks/endpoints-late"}
	} else if !o.noNames {
		in["names"] = object{"hostnames": "auto", "ttl": "60s"}
	}
	switch o.announce {
	case "aviatrix":
		in["announce"] = []object{{"via": "aviatrix", "spokeGateway": "gcp-spoke-1", "connections": []string{"site-1"}}}
	case "cloud-router":
		in["announce"] = []object{{"via": "cloud-router", "project": "acme-net", "region": "europe-west3", "router": "edge-1"}}
	case "both":
		in["announce"] = []object{
			{"via": "cloud-router", "project": "acme-net", "region": "europe-west3", "router": crowdRouter},
			{"via": "aviatrix", "spokeGateway": crowdGateway, "connections": []string{"site-3"}},
		}
	case "bgp":
		in["announce"] = []object{{"via": "bgp", "speaker": "site-edge", "nextHop": "10.9.0.1"}}
	}
	if o.attachment == "" {
		in["invokers"] = []string{"serviceAccount:partner@acme-prod.iam.gserviceaccount.com"}
		in["publicAccess"] = "forbid"
	}
	return in
}

func (o order) egressPart() object {
	out := object{"vpcEgress": "all-traffic", "googleAccess": object{"subnetworks": []string{"projects/acme-net/regions/europe-west3/subnetworks/workloads"}}}
	if o.egress == "direct" {
		direct := object{"subnetwork": "projects/acme-net/regions/europe-west3/subnetworks/direct-egress"}
		if o.filter == "aviatrix-fqdn" {
			direct["tags"] = []string{"avx-snat-noip"}
		}
		out["direct"] = direct
	} else {
		out["connector"] = object{"ipCidrRange": o.connector, "minInstances": 2, "maxInstances": max(o.max, 3), "machineType": "e2-micro"}
	}
	allow := o.allow
	if allow == nil {
		allow = []string{"qa1.backend.example"}
	}
	var rules []object
	for _, host := range allow {
		rules = append(rules, object{"fqdn": host, "protocol": "tcp", "ports": []string{"443"}})
	}
	filter := object{"via": o.filter, "default": "deny", "allow": rules}
	switch o.filter {
	case "aviatrix-fqdn":
		filter["gateway"], filter["acceptGatewayWide"] = "gcp-spoke-1", true
	case "aviatrix-webgroup":
		filter["gateway"] = "gcp-spoke-10"
	}
	if o.filter != "" {
		out["filter"] = filter
	}
	return out
}

// cidr28 is the n-th /28 of a free part of the world.
func cidr28(n int) string { return fmt.Sprintf("100.64.%d.%d/28", n/16, n%16*16) }
