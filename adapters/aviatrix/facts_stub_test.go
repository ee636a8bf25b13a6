package aviatrix_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/culvertnet/culvert/adapters/aviatrix"
	"github.com/culvertnet/culvert/events/reach"
	"github.com/culvertnet/culvert/workers/observe"
)

// told is a controller that answers each act with a fixed text, in the vendor's own shapes: an act of v2 with its
// results, "act?field=value" where the answer depends on a field, and a path of v2.5 with its body. A text that begins
// with "!" is a refusal: the reason of v2, "!STATUS text" of v2.5.
type told map[string]string

// small is a controller with one spoke of a Google network, and nothing else.
func small() told {
	return told{
		"list_version_info":                          `{"current_version":"UserConnect-10.1.50"}`,
		"list_vpcs_summary":                          `[` + spokeRow("") + `]`,
		"list_inter_transit_gateway_peering":         `[]`,
		"list_site2cloud_conn":                       `{"connections":[]}`,
		"list_multi_cloud_domain_attachments":        `{"attachments":[]}`,
		"get_controller_feature":                     `{"enabled":true}`,
		"get_transit_or_spoke_gateway_details":       tableOf("gw", `{"route":"10.10.0.0/24","target":"local"}`),
		"/v2.5/api/microseg/deploy-policy":           `{"providers":["GCP"],"set_defaults":false}`,
		"/v2.5/api/microseg/default-action-policy":   `{"action":"DENY","logging":true}`,
		"/v2.5/api/microseg/intra-vpc":               `{"vpcs":[]}`,
		"/v2.5/api/microseg/policy-list":             `{"policies":[]}`,
		"/v2.5/api/microseg/policy-list3":            `{"dcf_policies":[]}`,
		"/v2.5/api/microseg/attachment-points":       `[]`,
		"/v2.5/api/app-domains":                      `{"app_domains":[]}`,
		"cloud_network_info":                         inventoryRows,
		"list_fqdn_filter_tags":                      `{}`,
		"get_fqdn_exception_rule_status":             `"enabled"`,
		"get_fqdn_exact_match_status":                `"disabled"`,
		"get_fqdn_private_network_filtering_status":  `{"private_sub_filter":"disabled","configured_ips":[]}`,
		"list_fqdn_pass_through_cidrs":               `{"configured_ips":["10.9.0.0/24~~custom"]}`,
		"list_fqdn_filter_tag_attached_gws":          `["gw"]`,
		"list_fqdn_filter_tag_source_ip_filters":     `{"configured_ips":["10.10.0.0/28~~a"],"vpc_subnets":[]}`,
		"list_fqdn_filter_tag_domain_names":          `[]`,
		"list_multi_cloud_security_domain_names":     `[]`,
		"/v2.5/api/microseg/attachment-points/never": ``,
	}
}

const inventoryRows = `[{"vpc_id":"vnet:rg:1","vpc_name":"vnet","vpc_account_name":"acme","region":"west europe",` +
	`"vpc_cidrs":["10.20.0.0/16"],"subnets":[{"name":"a","cidr":"10.20.1.0/24","region":"west europe"}]}]`

// spokeRow is the row of the one spoke; more is what else it has, and wins.
func spokeRow(more string) string {
	return merged(`{"vpc_name":"gw","group_name":"gws","vpc_id":"net~-~proj","vpc_state":"UP","cloud_type":4,`+
		`"vpc_region":"europe-west3","account_name":"acme","private_ip":"10.10.0.2","public_ip":"203.0.113.1",`+
		`"is_hagw":"no","spoke_vpc":"yes","transit_vpc":"no","enable_nat":"yes","snat_target":"primary",`+
		`"transit_gw_name":"","include_cidr_list":[],"bgp_polling_time":"30"}`, more)
}

// merged is one object with the members of another.
func merged(texts ...string) string {
	out := map[string]json.RawMessage{}
	for _, text := range texts {
		if text == "" {
			continue
		}
		if err := json.Unmarshal([]byte(text), &out); err != nil {
			panic(err)
		}
	}
	raw, err := json.Marshal(out)
	if err != nil {
		panic(err)
	}
	return string(raw)
}

func tableOf(gateway string, lines ...string) string {
	return fmt.Sprintf(`{"gateway_route_table":[{"gw_name":%q,"route_table":[%s]}]}`, gateway,
		strings.Join(lines, ","))
}

// with is the same controller with other answers.
func (a told) with(more told) told {
	out := told{}
	for _, list := range []told{a, more} {
		for k, v := range list {
			out[k] = v
		}
	}
	return out
}

func (a told) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	rw.Header().Set("Content-Type", "application/json")
	if r.URL.Path != "/v2/api" {
		a.rest(rw, r)
		return
	}
	fields := map[string]string{}
	if json.Unmarshal(body, &fields) != nil {
		_ = r.ParseForm()
		for k := range r.Form {
			fields[k] = r.Form.Get(k)
		}
	}
	act := fields["action"]
	if act == "login" {
		fmt.Fprint(rw, `{"return":true,"results":"welcome","CID":"cid-1"}`)
		return
	}
	answer, ok := a[act]
	for k, v := range fields {
		if one, found := a[act+"?"+k+"="+v]; found {
			answer, ok = one, true
		}
	}
	switch reason, refused := strings.CutPrefix(answer, "!"); {
	case !ok:
		fmt.Fprint(rw, `{"return":false,"reason":"Invalid action"}`)
	case refused:
		fmt.Fprintf(rw, `{"return":false,"reason":%q}`, reason)
	default:
		fmt.Fprintf(rw, `{"return":true,"results":%s}`, answer)
	}
}

func (a told) rest(rw http.ResponseWriter, r *http.Request) {
	answer, ok := a[r.URL.Path]
	if name := r.URL.Query().Get("name"); name != "" {
		if one, found := a[r.URL.Path+"?name="+name]; found {
			answer, ok = one, true
		}
	}
	status, message := 0, ""
	if !ok {
		answer = "!404 not found"
	}
	if text, refused := strings.CutPrefix(answer, "!"); refused {
		if _, err := fmt.Sscanf(text, "%d", &status); err != nil {
			status = http.StatusBadRequest
		}
		_, message, _ = strings.Cut(text, " ")
		rw.WriteHeader(status)
		fmt.Fprintf(rw, `{"message":%q}`, message)
		return
	}
	fmt.Fprint(rw, answer)
}

// at is when every read of these tests begins.
var at = time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)

// facts reads the controller, asked for some networks; the spoke's own when none is given.
func (a told) facts(t *testing.T, networks ...reach.Realm) observe.Fabric {
	t.Helper()
	server := httptest.NewServer(a)
	t.Cleanup(server.Close)
	c, err := aviatrix.New(aviatrix.Options{Controllers: map[string]aviatrix.Controller{
		"c": {URL: server.URL, Username: "admin", Password: secret("hunter2")},
	}, Now: func() time.Time { return at }})
	must(t, err)
	if len(networks) == 0 {
		networks = []reach.Realm{observe.NetworkRealm("proj", "net")}
	}
	f, err := c.Gateways().Fabric(t.Context(), "c", networks)
	must(t, err)
	return f
}

// gatewayNamed is a gateway of a fabric.
func gatewayNamed(t *testing.T, f observe.Fabric, name string) reach.Gateway {
	t.Helper()
	for _, g := range f.Gateways {
		if g.Name == name {
			return g
		}
	}
	t.Fatalf("no gateway %s in %s", name, rendered(f))
	return reach.Gateway{}
}

// causes are the causes of gaps with their objects.
func causes(gaps []reach.Gap) string {
	var out []string
	for _, g := range gaps {
		out = append(out, string(g.Cause)+" "+g.Object)
	}
	return strings.Join(out, "; ")
}
