package privateservice

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"testing"

	"go.yaml.in/yaml/v4"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/saga"
	"github.com/culvertnet/culvert/saga/plans/operator/operatortest"
)

// The parts that variants of an intent are put together from.
const (
	cloudRun    = `"service":{"platform":"cloud-run","project":"acme-prod","region":"europe-west3","name":"fn-0001"},"network":"projects/acme-net/global/networks/spoke-vpc"`
	bundleIn    = `"target":{"googleApisBundle":"all-apis"},"address":{"pool":"psc-frankfurt"},"names":{"hostnames":"auto"},"publicAccess":"forbid","invokers":["user:a@acme.example"]`
	attachedIn  = `"target":{"serviceAttachment":"projects/acme-producers/regions/europe-west3/serviceAttachments/orders-sa"},"address":{"subnet":"projects/acme-net/regions/europe-west3/subnetworks/endpoints"},"names":{"hostnames":["orders.api.acme.example","a.api.acme.example"]}`
	connector   = `"connector":{"ipCidrRange":"10.8.0.0/28"}`
	direct      = `"direct":{"subnetwork":"projects/acme-net/regions/europe-west3/subnetworks/direct-egress"}`
	access      = `"googleAccess":{"subnetworks":["projects/acme-net/regions/europe-west3/subnetworks/workloads"]}`
	byRouter    = `{"via":"cloud-router","project":"acme-net","region":"europe-west3","router":"edge-1"}`
	byAviatrix  = `{"via":"aviatrix","spokeGateway":"gcp-spoke-1","connections":["site-2","site-1"]}`
	bySpeaker   = `{"via":"bgp","speaker":"site-edge","nextHop":"10.9.0.1"}`
	byFirewall  = `"filter":{"via":"gcp-firewall","allow":[{"fqdn":"qa1.backend.example","protocol":"tcp","ports":["443"]}]}`
	byTag       = `"filter":{"via":"aviatrix-fqdn","gateway":"gcp-spoke-1","acceptGatewayWide":true,"allow":[{"fqdn":"qa1.backend.example","protocol":"tcp","ports":["443"]}]}`
	byWebGroup  = `"filter":{"via":"aviatrix-webgroup","gateway":"gcp-spoke-10","allow":[{"fqdn":"qa1.backend.example","protocol":"tcp","ports":["443"]}]}`
	restoreLast = `,"onWithdraw":"restore"`
)

func ways(in, announce, out string) string {
	s := "{" + cloudRun
	if in != "" {
		s += `,"ingress":{` + in + `,"announce":[` + announce + `]}`
	}
	if out != "" {
		s += `,"egress":{` + out + `}`
	}
	return s + "}"
}

// variants are whole payloads, by a name that is also a golden file's.
func variants() map[string]string {
	all := map[string]string{
		"attachment":   ways(attachedIn, byRouter, ""),
		"ingress-only": ways(bundleIn, byRouter, ""),
		"egress-only":  ways("", "", connector),
		"no-names": "{" + cloudRun +
			`,"ingress":{"target":{"googleApisBundle":"vpc-sc"},"address":{"ip":"10.200.0.9"},"publicAccess":"forbid"}}`,
		"own-aggregate": ways(bundleIn+`,"endpoint":"own","advertise":"aggregate"`, byRouter, ""),
		"existing":      ways("", "", `"connector":{"existing":"shared-1"}`),
	}
	for announcer, announce := range map[string]string{"router": byRouter, "aviatrix": byAviatrix, "bgp": bySpeaker} {
		for filter, f := range map[string]string{"firewall": byFirewall, "fqdn": byTag, "webgroup": byWebGroup} {
			for source, s := range map[string]string{"connector": connector, "direct": direct} {
				all[fmt.Sprintf("%s-%s-%s", announcer, filter, source)] = ways(bundleIn, announce, s+","+access+","+f)
			}
		}
	}
	return all
}

// apply is an admitted intent with this data.
func apply(data string) events.Intent {
	return events.Intent{
		Connection: events.Key{Tenant: events.DefaultTenant, Name: "orders"}, Source: "/test", ID: "1", Kind: Name,
		Want: events.Apply, Version: 1, Data: json.RawMessage(data),
	}
}

// planned makes the plan of an apply.
func planned(t testing.TB, data string) saga.Plan {
	t.Helper()
	p, err := New(operatortest.Config()).Engine().Plan(saga.Planning{Intent: apply(data)})
	if err != nil {
		t.Fatalf("plan: %v", err)
	}
	return p
}

// input decodes a node's input.
func input[In any](t testing.TB, p saga.Plan, step string) In {
	t.Helper()
	n, found := p.Node(step)
	if !found {
		t.Fatalf("the plan has no step %s", step)
	}
	var in In
	if err := json.Unmarshal(n.Input, &in); err != nil {
		t.Fatalf("decode input of %s: %v", step, err)
	}
	return in
}

// exampleData reads the data of the intents that newcomers submit, by file name.
func exampleData(t testing.TB) map[string]string {
	t.Helper()
	files, err := filepath.Glob("../../../examples/private-service*.yaml")
	if err != nil || len(files) < 5 {
		t.Fatalf("%d examples: %v", len(files), err)
	}
	all := map[string]string{}
	for _, file := range files {
		var event map[string]any
		if err := yaml.Unmarshal(read(t, file), &event); err != nil {
			t.Fatal(err)
		}
		data, err := json.Marshal(event["data"])
		if err != nil {
			t.Fatal(err)
		}
		all["example-"+filepath.Base(file[:len(file)-len(".yaml")])] = string(data)
	}
	return all
}
