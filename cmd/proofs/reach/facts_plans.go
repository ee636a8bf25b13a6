package reach

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/culvertnet/culvert/examples"
)

// The parts that plans are put together from; the objects are those of examples/world.yaml.
const (
	someService = `"service":{"platform":"cloud-run","project":"acme-prod","region":"europe-west3","name":"fn-0001"},` +
		`"network":"projects/acme-net/global/networks/spoke-vpc"`
	subnets   = "projects/acme-net/regions/europe-west3/subnetworks/"
	bundleIn  = `"target":{"googleApisBundle":"all-apis"},"address":{"pool":"psc-frankfurt"}`
	calledIn  = `"names":{"hostnames":"auto"},"invokers":["serviceAccount:a@acme-prod.iam.gserviceaccount.com"]`
	namesIn   = calledIn + `,"publicAccess":"forbid"` // which lets in networks that the service sends to
	attachIn  = `"target":{"serviceAttachment":"projects/acme-producers/regions/europe-west3/serviceAttachments/orders-sa"},"address":{"subnet":"` + subnets + `endpoints"},"names":{"hostnames":["orders.api.acme.example","a.api.acme.example"]}`
	byRouter  = `{"via":"cloud-router","project":"acme-net","region":"europe-west3","router":"edge-1"}`
	byGateway = `{"via":"aviatrix","spokeGateway":"gcp-spoke-1","connections":["site-1"]}`
	bySpeaker = `{"via":"bgp","speaker":"site-edge","nextHop":"10.9.0.1"}`

	byRange     = `"connector":{"ipCidrRange":"100.64.0.0/28"},"vpcEgress":"all-traffic"`
	bySubnet    = `"connector":{"subnet":"` + subnets + `serverless-28"},"vpcEgress":"all-traffic"`
	byExisting  = `"connector":{"existing":"shared-1"},"vpcEgress":"all-traffic"`
	byOwnNIC    = `"direct":{"subnetwork":"` + subnets + `function-egress"},"vpcEgress":"all-traffic"`
	byTaggedNIC = `"direct":{"subnetwork":"` + subnets + `function-egress","tags":["avx-snat-noip"]},"vpcEgress":"all-traffic"`
	withAccess  = `,"googleAccess":{"subnetworks":["` + subnets + `workloads"]}`

	allowed    = `"allow":[{"fqdn":"qa1.backend.example","protocol":"tcp","ports":["443"]}]`
	byFirewall = `,"filter":{"via":"gcp-firewall",` + allowed + `}`
	byTag      = `,"filter":{"via":"aviatrix-fqdn","gateway":"gcp-spoke-1","acceptGatewayWide":true,` + allowed + `}`
	byWebGroup = `,"filter":{"via":"aviatrix-webgroup","gateway":"gcp-spoke-10",` + allowed + `}`
)

// A factPlan is one plan that is held against the world.
type factPlan struct {
	name string
	data string
}

func (p factPlan) speakers() bool { return strings.Contains(p.data, `"speaker"`) }

func ways(in, announce, out string) string {
	s := "{" + someService
	if in != "" {
		s += `,"ingress":{` + in + `,"announce":[` + announce + `]}`
	}
	if out != "" {
		s += `,"egress":{` + out + `}`
	}
	return s + `,"onWithdraw":"restore"}`
}

// restoring is the plan with a withdrawal that puts everything back.
func (p factPlan) restoring() string {
	if strings.Contains(p.data, `"onWithdraw"`) {
		return p.data
	}
	return strings.TrimSuffix(p.data, "}") + `,"onWithdraw":"restore"}`
}

// factPlans are all.
func factPlans() []factPlan {
	all := map[string]string{
		"attachment":    ways(attachIn, byRouter, ""),
		"ingress-only":  ways(bundleIn+","+calledIn, byRouter, ""),
		"two-announce":  ways(bundleIn+`,"endpoint":"own"`, byRouter+","+byGateway, ""),
		"no-filter":     ways("", "", byRange),
		"no-announce":   "{" + someService + `,"ingress":{"target":{"googleApisBundle":"vpc-sc"},"address":{"ip":"10.200.0.9"},"publicAccess":"forbid"},"egress":{` + byOwnNIC + `},"onWithdraw":"restore"}`,
		"own-aggregate": ways(bundleIn+`,"endpoint":"own","advertise":"aggregate"`, byRouter, ""),
		"existing":      ways("", "", byExisting),
		"subnet":        ways("", "", bySubnet+byFirewall),
		"direct":        ways("", "", byOwnNIC+withAccess),
	}
	for announcer, announce := range map[string]string{"router": byRouter, "aviatrix": byGateway, "bgp": bySpeaker} {
		for filter, f := range map[string]string{"firewall": byFirewall, "fqdn": byTag, "webgroup": byWebGroup} {
			for source, s := range map[string]string{"connector": byRange, "direct": byOwnNIC} {
				if source == "direct" && filter == "fqdn" {
					s = byTaggedNIC
				}
				all[fmt.Sprintf("%s-%s-%s", announcer, filter, source)] = ways(bundleIn+","+namesIn, announce,
					s+withAccess+f)
			}
		}
	}
	var out []factPlan
	for _, name := range slices.Sorted(maps.Keys(all)) {
		out = append(out, factPlan{name, all[name]})
	}
	return out
}

// allFactPlans are those of the examples in a folder, and every variant.
func allFactPlans(folder string) ([]factPlan, error) {
	out, err := exampleData(folder)
	return slices.Concat(out, factPlans()), err
}

// exampleData are the data of the intents that newcomers submit.
func exampleData(folder string) (out []factPlan, err error) {
	files, err := filepath.Glob(filepath.Join(folder, "private-service*.yaml"))
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		var event struct {
			Data map[string]any `yaml:"data"`
		}
		if err := yaml.Unmarshal(text, &event); err != nil {
			return nil, fmt.Errorf("read example %s: %w", file, err)
		}
		data, err := json.Marshal(event.Data)
		if err != nil {
			return nil, err
		}
		out = append(out, factPlan{"example-" + strings.TrimSuffix(filepath.Base(file), ".yaml"), string(data)})
	}
	return out, nil
}

// factWorld is the default world without its thousand spare services, and with a connector in the services' project.
func factWorld() []byte {
	text := bytes.Replace(examples.World, []byte("count: 1000"), []byte("count: 10"), 1)
	return bytes.Replace(text, []byte("\n  connectors:\n"), []byte("\n  connectors:\n"+
		"    - {project: acme-prod, region: europe-west3, name: shared-1, "+
		"network: projects/acme-net/global/networks/spoke-vpc, range: 10.8.3.0/28}\n"), 1)
}
