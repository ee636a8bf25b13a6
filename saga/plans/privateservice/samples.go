package privateservice

import (
	"encoding/json"

	"github.com/culvertnet/culvert/saga/plans/kind"
)

// samples are applies for things that the simulated world has (examples/world.yaml), so that they can be run: each way
// in and out that a step has. What a later one has in common with an earlier one is not tried again.
func samples() []kind.Sample {
	const run = `"service":{"platform":"cloud-run","project":"acme-prod","region":"europe-west3","name":"fn-0001"},
		"network":"projects/acme-net/global/networks/spoke-vpc"`
	const function = `"service":{"platform":"cloud-functions","generation":2,"project":"acme-prod","region":"europe-west3","name":"python-http-function"},
		"network":"projects/acme-net/global/networks/spoke-vpc"`
	return []kind.Sample{
		{Name: "connector", Data: json.RawMessage(`{` + run + `,
			"ingress":{"target":{"googleApisBundle":"all-apis"},"address":{"pool":"psc-frankfurt"},"names":{"hostnames":"auto"},
			"announce":[{"via":"cloud-router","project":"acme-net","region":"europe-west3","router":"edge-1"}],
			"invokers":["serviceAccount:partner@acme-prod.iam.gserviceaccount.com"],"publicAccess":"forbid"},
			"egress":{"connector":{"ipCidrRange":"100.64.0.0/28"},"vpcEgress":"all-traffic",
			"googleAccess":{"subnetworks":["projects/acme-net/regions/europe-west3/subnetworks/workloads"]},
			"filter":{"via":"gcp-firewall","allow":[{"fqdn":"qa1.backend.example","protocol":"tcp","ports":["443"]}]}}}`)},
		{Name: "fqdn", Data: json.RawMessage(`{` + run + `,
			"ingress":{"target":{"googleApisBundle":"all-apis"},"address":{"pool":"psc-frankfurt"},"endpoint":"own",
			"announce":[{"via":"aviatrix","spokeGateway":"gcp-spoke-1","connections":["site-1"]}]},
			"egress":{"connector":{"ipCidrRange":"100.64.0.0/28"},"vpcEgress":"all-traffic",
			"filter":{"via":"aviatrix-fqdn","gateway":"gcp-spoke-1","acceptGatewayWide":true,
			"allow":[{"fqdn":"qa1.backend.example","protocol":"tcp","ports":["443"]}]}}}`),
			Steps: []string{"check-policy", "check-routing", "announce-0", "filter-egress", "steer-egress"}},
		{Name: "webgroup", Data: json.RawMessage(`{` + function + `,
			"egress":{"direct":{"subnetwork":"projects/acme-net/regions/europe-west3/subnetworks/direct-egress"},"vpcEgress":"all-traffic",
			"filter":{"via":"aviatrix-webgroup","gateway":"gcp-spoke-10",
			"allow":[{"fqdn":"qa1.backend.example","protocol":"tcp","ports":["443"]}]}}}`),
			Steps: []string{"check-policy", "filter-egress", "steer-egress", "bind-service"}},
		{Name: "attachment", Data: json.RawMessage(`{` + run + `,
			"ingress":{"target":{"serviceAttachment":"projects/acme-producers/regions/europe-west3/serviceAttachments/orders-sa"},
			"address":{"subnet":"projects/acme-net/regions/europe-west3/subnetworks/endpoints"},
			"announce":[{"via":"cloud-router","project":"acme-net","region":"europe-west3","router":"edge-1"}]}}`),
			Steps: []string{"check-network", "reserve-address", "create-endpoint", "announce-0"}},
	}
}
