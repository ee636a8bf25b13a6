package gcp_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// withWorkloads is a network with a subnetwork of its own name, one for services and one for a connector, and another
// network's subnetwork of the same name.
func withWorkloads(path, answer string) vendor {
	subnet := func(name, network, cidr string) string {
		return `{"name":"` + name + `","network":"` + network + `","region":"regions/r","ipCidrRange":"` + cidr +
			`","selfLink":"https://www.googleapis.com/compute/v1/projects/p/regions/r/subnetworks/` + name + `"}`
	}
	connector := func(name, more string) string {
		return `{"name":"projects/p/locations/r/connectors/` + name + `",` + more + `}`
	}
	return vendor{
		inR + "/subnetworks": `{"items":[` + subnet("n", netURL, "10.0.0.0/24") + `,` +
			subnet("services", netURL, "10.0.1.0/26") + `,` + subnet("small", netURL, "10.0.2.0/28") + `,` +
			subnet("theirs", strings.Replace(netURL, "networks/n", "networks/m", 1), "10.0.3.0/24") + `]}`,
		"/v1/projects/p/locations/r/connectors": `{"connectors":[` +
			connector("bare", `"network":"n","ipCidrRange":"10.8.0.0/28"`) + `,` +
			connector("sub", `"subnet":{"name":"small"}`) + `,` +
			connector("away", `"network":"m","ipCidrRange":"10.8.0.0/28"`) + `]}`,
		path: answer,
	}
}

func TestTenants(t *testing.T) {
	const in = "/v2/projects/p/locations/r/"
	service := func(access string) string {
		return `{"services":[{"name":"projects/p/locations/r/services/s","template":{"vpcAccess":` + access + `}}]}`
	}
	const of = "services/s in r at "
	for _, c := range []struct{ name, path, answer, want string }{
		{"direct, by full names", "services", service(`{"egress":"ALL_TRAFFIC","networkInterfaces":[{
			"network":"projects/p/global/networks/n","subnetwork":"projects/p/regions/r/subnetworks/services",
			"tags":["t"]}]}`), of + "10.0.1.0/26 direct-egress [t] private false"},
		{"direct, by short names", "services", service(`{"networkInterfaces":[{"network":"n","subnetwork":"services"}]}`),
			of + "10.0.1.0/26 direct-egress [] private true"},
		{"direct, without a network", "services", service(`{"networkInterfaces":[{"subnetwork":"services"}]}`),
			of + "10.0.1.0/26 direct-egress [] private true"},
		{"direct, without a subnetwork", "services", service(`{"networkInterfaces":[{"network":"n"}]}`),
			of + "10.0.0.0/24 direct-egress [] private true"},
		{"direct, in another network", "services", service(`{"networkInterfaces":[{"network":"m"}]}`), ""},
		{"direct, in another network's subnetwork", "services",
			service(`{"networkInterfaces":[{"subnetwork":"theirs"}]}`), ""},
		{"direct, in another project's network of that name", "services",
			service(`{"networkInterfaces":[{"network":"projects/q/global/networks/n","subnetwork":"services"}]}`), ""},
		{"no way into a network", "services", service(`{}`), ""},
		{"connector with a range", "services", service(`{"connector":"projects/p/locations/r/connectors/bare",
			"egress":"PRIVATE_RANGES_ONLY"}`), of + "10.8.0.0/28 range-connector [vpc-connector vpc-connector-r-bare] " +
			"private true"},
		{"connector by a short name", "services", service(`{"connector":"bare","egress":"ALL_TRAFFIC"}`), of +
			"10.8.0.0/28 range-connector [vpc-connector vpc-connector-r-bare] private false"},
		{"connector on a subnetwork", "services", service(`{"connector":"sub","egress":"ALL_TRAFFIC"}`), of +
			"10.0.2.0/28 subnet-connector [vpc-connector vpc-connector-r-sub] private false"},
		{"connector in another network", "services", service(`{"connector":"away"}`), ""},
		{"connector that no list shows", "services", service(`{"connector":"gone"}`), "not whole: gone"},
		{"job", "jobs", `{"jobs":[{"name":"projects/p/locations/r/jobs/j","template":{"template":{"vpcAccess":{
			"connector":"bare"}}}}]}`, "jobs/j in r at 10.8.0.0/28 range-connector [vpc-connector " +
			"vpc-connector-r-bare] private true"},
		{"worker pool", "workerPools", `{"workerPools":[{"name":"projects/p/locations/r/workerPools/w",
			"template":{"vpcAccess":{"networkInterfaces":[{"subnetwork":"services"}]}}}]}`,
			"workerPools/w in r at 10.0.1.0/26 direct-egress [] private true"},
		{"function without a service", "functions", `{"functions":[{"name":"projects/p/locations/r/functions/f",
			"serviceConfig":{"vpcConnector":"bare","vpcConnectorEgressSettings":"ALL_TRAFFIC"}}]}`,
			"functions/f in r at 10.8.0.0/28 range-connector [vpc-connector vpc-connector-r-bare] private false"},
		{"function with a service, which shows as that", "functions", `{"functions":[{"name":
			"projects/p/locations/r/functions/f","serviceConfig":{"vpcConnector":"bare","service":"s"}}]}`, ""},
	} {
		l := facts(t, withWorkloads(in+c.path, c.answer)).Tenants
		var got []string
		for _, i := range l.Items {
			got = append(got, fmt.Sprintf("%s in %s at %s %s %v private %t", strings.TrimPrefix(i.Who.Name,
				"projects/p/locations/r/"), i.Who.Region, i.Addresses, i.Who.Kind, i.Who.Tags, i.Who.PrivateRangesOnly))
		}
		for _, g := range l.Gaps {
			words := strings.Fields(g.Why)
			i := slices.Index(words, "which")
			got = append(got, "not whole: "+words[i-1][strings.LastIndex(words[i-1], "/")+1:len(words[i-1])-1])
		}
		if text := strings.Join(got, "\n"); text != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, text, c.want)
		}
	}
}
