package privateservice

import (
	"encoding/json"
	"net/netip"
	"path/filepath"
	"slices"
	"testing"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/saga/plans/operator"
	"github.com/culvertnet/culvert/saga/plans/operator/operatortest"
)

// lab is the payload of the example that has most in it, with its defaults.
func lab(t testing.TB, file string) Payload {
	t.Helper()
	var event struct {
		Data json.RawMessage `json:"data"`
	}
	if err := json.Unmarshal(read(t, filepath.Join(examples, "valid", file)), &event); err != nil {
		t.Fatal(err)
	}
	p, err := Parse(event.Data)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestRulesBehindTheSchema(t *testing.T) {
	cases := []struct {
		rule, field, why string
		spoil            func(*Payload)
	}{
		{"filter-cidr", "/data/egress/filter/allow/0/cidr", "a filter that allows everything decides nothing",
			func(p *Payload) {
				p.Egress.Filter.Allow[0] = Allow{CIDR: netip.MustParsePrefix("0.0.0.0/0"), Protocol: "all"}
			}},
		{"target", "/data/ingress/target", "an endpoint leads to something",
			func(p *Payload) { p.Ingress.Target = Target{} }},
		{"subnet", "/data/egress/connector/subnet", "a short name says neither project nor region", func(p *Payload) {
			p.Egress.Connector.IPCIDRRange, p.Egress.Connector.Subnet = netip.Prefix{}, "serverless-28"
		}},
		{"announce-limit", "/data/ingress/announce", "21 announcers are more than anybody reads", func(p *Payload) {
			for len(p.Ingress.Announce) <= maxAnnounced {
				p.Ingress.Announce = append(p.Ingress.Announce, Announce{
					Via: ViaCloudRouter, Router: string(rune('a' + len(p.Ingress.Announce))),
				})
			}
		}},
		{"filter-limit", "/data/egress/filter/allow", "a firewall rule takes 100 names", func(p *Payload) {
			p.Egress.Filter.Allow = slices.Repeat(p.Egress.Filter.Allow, maxAllowed)
		}},
		{"connector-name", "/data/egress/connector/existing", "no connector can have this name", func(p *Payload) {
			p.Egress.Connector = &Connector{Existing: "Shared_Connector"}
		}},
		{"next-hop", "/data/ingress/announce/0/nextHop", "a bgp announcer needs a next hop",
			func(p *Payload) { p.Ingress.Announce[0].NextHop = netip.Addr{} }},
		{"address-form", "/data/ingress/address", "ip and pool exclude each other",
			func(p *Payload) { p.Ingress.Address.IP = netip.MustParseAddr("10.200.0.9") }},
	}
	for _, c := range cases {
		p := lab(t, "lab.json")
		c.spoil(&p)
		got := Admit(p, events.DefaultTenant, operatortest.Config())
		if !slices.ContainsFunc(got,
			func(v events.Violation) bool { return string(v.Rule) == c.rule && v.Field == c.field }) {
			t.Errorf("%s: want %s at %s, got %v", c.why, c.rule, c.field, got)
		}
	}
}

func TestAdmitListsEveryViolation(t *testing.T) {
	p := lab(t, "lab.json")
	p.Service.Platform = AppEngine
	p.Ingress.Address.Pool = "psc-paris"
	p.Egress.Connector.IPCIDRRange = netip.MustParsePrefix("8.8.8.1/27")
	var rules []string
	for _, v := range Admit(p, events.DefaultTenant, operatortest.Config()) {
		rules = append(rules, string(v.Rule))
	}
	want := []string{"platform", "generation", "pool", "connector-range", "connector-range", "connector-range"}
	if !slices.Equal(rules, want) {
		t.Errorf("a publisher mends everything at once only when all is told: got %v, want %v", rules, want)
	}
}

func TestTenantsUseOnlyTheirOwn(t *testing.T) {
	p := lab(t, "aviatrix-fqdn.json")
	var rules []string
	for _, v := range Admit(p, "partner", operatortest.Config()) {
		rules = append(rules, string(v.Rule))
	}
	if want := []string{"pool", "gateway", "speaker", "gateway"}; !slices.Equal(rules, want) {
		t.Errorf("another tenant names our pool, gateway and speaker: got %v, want %v", rules, want)
	}
	open := operatortest.Config()
	open.Pools["psc-frankfurt"] = operator.Pool{Ranges: open.Pools["psc-frankfurt"].Ranges}
	if len(Admit(lab(t, "lab.json"), events.DefaultTenant, open)) == 0 {
		t.Error("a pool without tenants let somebody in; it is for nobody")
	}
}

func TestAdmitDoesNotChangeThePayload(t *testing.T) {
	p := lab(t, "aviatrix-fqdn.json")
	before, _ := json.Marshal(p)
	Admit(p, "partner", operatortest.Config())
	if after, _ := json.Marshal(p); string(after) != string(before) {
		t.Errorf("Admit changed what it judged:\n%s\n%s", before, after)
	}
}

func TestInvokerForms(t *testing.T) {
	good := []string{
		"user:a.b+c@acme.example", "group:team@acme.example", "domain:acme.example", "allUsers",
		"allAuthenticatedUsers",
		"serviceAccount:partner@acme-prod.iam.gserviceaccount.com",
		"serviceAccount:123-compute@developer.gserviceaccount.com",
		"serviceAccount:acme-prod.svc.id.goog[orders/runner]",
		"principal://iam.googleapis.com/projects/123/locations/global/workloadIdentityPools/ci-pool/subject/repo:acme/x",
		"principalSet://iam.googleapis.com/locations/global/workforcePools/staff-pool/group/eng",
	}
	for _, member := range good {
		a := &admission{}
		a.invoker("/x", member, KeepPublic)
		if len(a.violations) > 0 {
			t.Errorf("%s is an IAM member, but: %v", member, a.violations)
		}
	}
}

func TestNamesThatWeMakeAreLegalForConnectors(t *testing.T) {
	name := events.Name("connector", "default", "orders", "attach-connector", "1")
	if n := len(name) + hyphens(name); n >= 21 {
		t.Errorf("%s counts %d; a connector's id has fewer than 21 with hyphens twice (rule 4)", name, n)
	}
}

func hyphens(s string) int {
	n := 0
	for _, c := range s {
		if c == '-' {
			n++
		}
	}
	return n
}
