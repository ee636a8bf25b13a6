package gcp_test

import (
	"strings"
	"testing"
)

// zone is one that the network sees.
func zone(more string) string {
	return `{"managedZones":[{"name":"z","dnsName":"Corp.Example.","visibility":"private",
		"privateVisibilityConfig":{"networks":[{"networkUrl":"` + netURL + `"}]}` + more + `}]}`
}

func TestZones(t *testing.T) {
	const records = `{"rrsets":[
		{"name":"corp.example.","type":"SOA","rrdatas":["ns. admin. 1 2 3 4 5"]},
		{"name":"corp.example.","type":"NS","rrdatas":["ns."]},
		{"name":"git.corp.example.","type":"A","rrdatas":["10.0.0.1","10.0.0.2"]},
		{"name":"git.corp.example.","type":"AAAA","rrdatas":["fd00::1"]},
		{"name":"www.corp.example.","type":"CNAME","rrdatas":["Git.corp.example."]},
		{"name":"*.corp.example.","type":"A","routingPolicy":{"wrr":{"items":[{"rrdatas":["10.0.0.3"]},
			{"rrdatas":["10.0.0.4"],"healthCheckedTargets":{"internalLoadBalancers":[{"ipAddress":"10.0.0.5"}]}}]}}},
		{"name":"note.corp.example.","type":"TXT","rrdatas":["text"]},
		{"name":"far.corp.example.","type":"NS","rrdatas":["ns.far."]}]}`
	const z = "projects/p/managedZones/z "
	for _, c := range []struct{ name, zone, want string }{
		{"private", zone(""), z + `delegation far.corp.example forwarding far.corp.example, target "" | ` + z +
			`private corp.example, target "" | git.corp.example is 10.0.0.1/32,10.0.0.2/32,fd00::1/128 | ` +
			`www.corp.example is none alias git.corp.example | *.corp.example is 10.0.0.3/32,10.0.0.4/31 | ` +
			`note.corp.example is none | far.corp.example is none`},
		{"forwarding", zone(`,"forwardingConfig":{"targetNameServers":[{"ipv4Address":"10.0.0.53"}]}`),
			z + `forwarding corp.example, target ""`},
		{"peering", zone(`,"peeringConfig":{"targetNetwork":{"networkUrl":"https://www.googleapis.com/compute/v1/` +
			`projects/q/global/networks/m"}}`), z + `peering corp.example, target "projects/q/global/networks/m"`},
		{"peering that is off", zone(`,"peeringConfig":{"targetNetwork":{"networkUrl":"projects/q/global/networks/m",
			"deactivateTime":"2026-01-01T00:00:00Z"}}`), z + `forwarding corp.example, target ""`},
		{"service directory", zone(`,"serviceDirectoryConfig":{"namespace":{"namespaceUrl":"x"}}`),
			z + `forwarding corp.example, target ""`},
		{"another network's", strings.Replace(zone(""), "networks/n", "networks/m", 1), ""},
		{"public", strings.Replace(zone(""), `"private"`, `"public"`, 1), ""},
	} {
		n := facts(t, vendor{"/dns/v1/projects/p/managedZones": c.zone,
			"/dns/v1/projects/p/managedZones/z/rrsets": records})
		var lines []string
		for _, one := range n.Names.Zones.Items {
			for _, line := range strings.Split(zoneText(one), "\n") {
				lines = append(lines, strings.TrimSpace(line))
			}
		}
		if got := strings.Join(lines, " | "); got != c.want || !n.Names.Zones.Whole {
			t.Errorf("%s:\n got %s\nwant %s; gaps %v", c.name, got, c.want, n.Names.Zones.Gaps)
		}
	}
}

func TestResponsesAndServers(t *testing.T) {
	v := vendor{
		"/dns/v1/projects/p/responsePolicies": `{"responsePolicies":[{"responsePolicyName":"over","networks":[
			{"networkUrl":"` + netURL + `"}]},{"responsePolicyName":"foreign","networks":[{
			"networkUrl":"projects/p/global/networks/m"}]}]}`,
		"/dns/v1/projects/p/responsePolicies/over/rules": `{"responsePolicyRules":[
			{"dnsName":"*.Run.app.","localData":{"localDatas":[{"name":"*.run.app.","type":"A","rrdatas":["10.0.0.9"]},
			{"name":"*.run.app.","type":"AAAA","rrdatas":["fd00::9"]}]}},
			{"dnsName":"a.run.app.","behavior":"bypassResponsePolicy"},
			{"dnsName":"b.run.app.","localData":{"localDatas":[{"type":"CNAME","rrdatas":["a.example."]}]}}]}`,
		"/dns/v1/projects/p/responsePolicies/foreign/rules": broken,
		"/dns/v1/projects/p/policies": `{"policies":[{"name":"in","enableInboundForwarding":true,"networks":[{
			"networkUrl":"` + netURL + `"}]},{"name":"out","networks":[{"networkUrl":"` + netURL + `"}],
			"alternativeNameServerConfig":{"targetNameServers":[{"ipv4Address":"10.0.0.53"},{"ipv6Address":"fd00::53"}]}},
			{"name":"foreign","networks":[{"networkUrl":"projects/p/global/networks/m"}],
			"alternativeNameServerConfig":{"targetNameServers":[{"ipv4Address":"10.0.0.54"}]}}]}`,
	}
	names := facts(t, v).Names
	var got []string
	for _, r := range names.Responses.Items {
		got = append(got, responseText(r))
	}
	const want = "*.run.app is 10.0.0.9/32,fd00::9/128, passed on false; a.run.app is none, passed on true; " +
		"b.run.app is none alias a.example, passed on false"
	if text := strings.Join(got, "; "); text != want || !names.Responses.Whole {
		t.Errorf("got %s by %v\nwant %s", text, names.Responses.Gaps, want)
	}
	if text := strings.Join(names.Servers.Items, " "); text != "10.0.0.53 fd00::53" {
		t.Errorf("servers %s", text)
	}
}
