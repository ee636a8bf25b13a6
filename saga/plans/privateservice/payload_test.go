package privateservice

import (
	"encoding/json"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const smallest = `{"service":{"platform":"cloud-functions","project":"acme-prod","region":"europe-west3","name":"f"},"network":"projects/acme-net/global/networks/spoke-vpc"`

func TestDefaults(t *testing.T) {
	cases := []struct {
		why, data string
		got       func(Payload) any
		want      any
	}{
		{"a function is of the second generation", `}`, func(p Payload) any { return p.Service.Generation }, 2},
		{"a withdrawal never widens access", `}`, func(p Payload) any { return p.OnWithdraw }, Retain},
		{"a bundle's endpoint is shared",
			`,"ingress":{"target":{"googleApisBundle":"all-apis"},"address":{"pool":"p"}}}`,
			func(p Payload) any { return p.Ingress.Endpoint }, SharedEndpoint},
		{"an attachment's endpoint is its own",
			`,"ingress":{"target":{"serviceAttachment":"a"},"address":{"subnet":"s"}}}`,
			func(p Payload) any { return p.Ingress.Endpoint }, OwnEndpoint},
		{"the rest of an ingress", `,"ingress":{"target":{"googleApisBundle":"all-apis"},"address":{"pool":"p"}}}`,
			func(p Payload) any {
				return []any{p.Ingress.Advertise, p.Ingress.PublicAccess, p.Ingress.SourceNat, p.Ingress.Names}
			},
			[]any{HostRoute, KeepPublic, NoSourceNat, (*Names)(nil)}},
		{"names live a minute, in the network",
			`,"ingress":{"target":{},"address":{},"names":{"hostnames":["A.Run.App"]}}}`,
			func(p Payload) any { return *p.Ingress.Names },
			Names{Hostnames: Hostnames{List: []string{"a.run.app"}}, Zone: "per-host", TTL: Duration(time.Minute),
				VisibleTo: []Visibility{ToNetwork}}},
		{"a connector is small", `,"egress":{"connector":{"ipCidrRange":"10.8.0.0/28"}}}`,
			func(p Payload) any { return *p.Egress.Connector },
			Connector{IPCIDRRange: netip.MustParsePrefix("10.8.0.0/28"), MinInstances: 2, MaxInstances: 3,
				MachineType: "e2-micro"}},
		{"more than the least, whatever the least is",
			`,"egress":{"connector":{"ipCidrRange":"10.8.0.0/28","minInstances":9}}}`,
			func(p Payload) any { return p.Egress.Connector.MaxInstances }, 10},
		{"an existing connector has its own sizes", `,"egress":{"connector":{"existing":"c"}}}`,
			func(p Payload) any { return *p.Egress.Connector }, Connector{Existing: "c"}},
		{"the vendor's default without a filter", `,"egress":{"connector":{"existing":"c"}}}`,
			func(p Payload) any { return p.Egress.VPCEgress }, PrivateRangesOnly},
		{"a filter sees only what passes it",
			`,"egress":{"connector":{"existing":"c"},"filter":{"via":"gcp-firewall","allow":[{"fqdn":"A.Example","protocol":"tcp"}]}}}`,
			func(p Payload) any {
				return []any{p.Egress.VPCEgress, p.Egress.Filter.Default, p.Egress.Filter.Allow[0].FQDN}
			}, []any{AllTraffic, "deny", "a.example"}},
	}
	for _, c := range cases {
		p, err := Parse(json.RawMessage(smallest + c.data))
		if err != nil {
			t.Errorf("%s: %v", c.why, err)
			continue
		}
		if diff := cmp.Diff(c.want, c.got(p), cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })); diff !=
			"" {
			t.Errorf("%s (-want +got):\n%s", c.why, diff)
		}
	}
}

func TestDefaultsAreAFixedPoint(t *testing.T) {
	for _, file := range []string{"lab.json", "aviatrix-fqdn.json", "attachment.json", "direct.json",
		"existing-connector.json", "smallest-ingress.json"} {
		p := lab(t, file)
		raw, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Parse(raw)
		if err != nil {
			t.Fatalf("%s: what a payload writes does not read: %v", file, err)
		}
		if twice, _ := json.Marshal(again); string(twice) != string(raw) {
			t.Errorf("%s: a payload read again is another one, so every apply would look like a change:\n%s\n%s", file,
				raw, twice)
		}
	}
}

func TestParseIsStrict(t *testing.T) {
	for why, data := range map[string]string{
		"an unknown field":    smallest + `,"owner":"me"}`,
		"a second value":      smallest + `}{}`,
		"a number for a text": strings.Replace(smallest, `"f"`, `5`, 1) + `}`,
		"a word for a duration": smallest +
			`,"ingress":{"target":{},"address":{},"names":{"hostnames":"auto","ttl":"long"}}}`,
		"no duration": smallest +
			`,"ingress":{"target":{},"address":{},"names":{"hostnames":"auto","ttl":""}}}`,
		"a word for hostnames": smallest + `,"ingress":{"target":{},"address":{},"names":{"hostnames":"all"}}}`,
	} {
		if _, err := Parse(json.RawMessage(data)); err == nil {
			t.Errorf("%s was read", why)
		}
	}
	if _, err := ParseWithdrawal(json.RawMessage(`{"force":true}`)); err == nil {
		t.Error("an unknown field of a withdrawal was read")
	}
}

func TestWhereAConnectorStands(t *testing.T) {
	host, own := lab(t, "lab.json"), lab(t, "connector-on-subnet.json")
	if got := host.ConnectorProject(); got != "acme-net" {
		t.Errorf("with Shared VPC a range of its own is possible in the host project only, got %s", got)
	}
	if got := own.ConnectorProject(); got != "acme-prod" {
		t.Errorf("on a subnetwork it stands beside the service, got %s", got)
	}
}
