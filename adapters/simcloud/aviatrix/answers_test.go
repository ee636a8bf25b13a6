package aviatrix_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// What the vendor's client (goaviatrix) decodes: a wrong type is an error of its reader.

func TestTheBackupsCloudIsANumber(t *testing.T) {
	var config struct {
		Enabled string `json:"enabled"`
		Cloud   int    `json:"cloud_type"`
	}
	c := newRig(t, "").login("avx-100")
	if err := json.Unmarshal(c.must("get_cloudn_backup_config").Results, &config); err != nil || config.Cloud != 4 {
		t.Errorf("got %+v, %v", config, err)
	}
}

// linkDetails are the details of a peering as the client reads them.
type linkDetails struct {
	One, Two struct {
		Excluded    []string `json:"exclude_filter_list"`
		Connections []string `json:"exclude_connections"`
		Filters     []string `json:"filter_list"`
		Prepend     string   `json:"conn_bgp_prepend_as_path"`
	}
	Private bool `json:"private_network_peering"`
	Jumbo   bool `json:"jumbo_frame"`
	Count   int  `json:"tunnel_count"`
	Tunnels []struct {
		Sub int `json:"sub_tunnel_count"`
	} `json:"tunnels"`
}

func details(t *testing.T, c *client, one, two string) (out linkDetails) {
	t.Helper()
	var sides struct {
		One json.RawMessage `json:"site_1"`
		Two json.RawMessage `json:"site_2"`
	}
	raw := c.must("get_inter_transit_gateway_peering_details", "gateway1", one, "gateway2", two).Results
	for text, into := range map[string]any{"all": &out, "sides": &sides} {
		if err := json.Unmarshal(raw, into); err != nil {
			t.Fatalf("read %s of %s: %v", text, raw, err)
		}
	}
	for side, into := range map[*json.RawMessage]any{&sides.One: &out.One, &sides.Two: &out.Two} {
		if err := json.Unmarshal(*side, into); err != nil {
			t.Fatalf("read %s: %v", *side, err)
		}
	}
	return out
}

// The details of a peering are asked for about an attachment too, its filters first those of the spoke.
func TestDetailsOfAnAttachment(t *testing.T) {
	c := newRig(t, "").login("avx-82")
	c.must("edit_attach_spoke_to_transit_gw", "spoke_gw", "spoke-1", "transit_gw", "transit-1",
		"spoke_to_transit_filter_cidrs", "10.10.0.0/24,10.11.0.0/24", "transit_to_spoke_filter_cidrs", "10.20.0.0/24")
	there, back := details(t, c, "spoke-1", "transit-1"), details(t, c, "transit-1", "spoke-1")
	want := []string{"10.10.0.0/24", "10.11.0.0/24"}
	if !slices.Equal(there.One.Filters, want) || !slices.Equal(there.Two.Filters, []string{"10.20.0.0/24"}) ||
		!slices.Equal(back.Two.Filters, want) || len(there.Tunnels) == 0 {
		t.Errorf("got %+v and %+v", there, back)
	}
	c.refused("does not exist", "get_inter_transit_gateway_peering_details", "gateway1", "nobody", "gateway2",
		"transit-1")
	c.must("attach_spoke_to_transit_gw", "spoke_gw", "spoke-black", "transit_gw", "transit-1", "jumbo_frame", "true",
		"over_private_network", "true", "tunnel_count", "4")
	if got := details(t, c, "spoke-black", "transit-1"); !got.Jumbo || !got.Private || got.Count != 4 {
		t.Errorf("options as set: %+v", got)
	}
}

// A peering's lists belong to its gateways, in whichever order a request names them.
func TestDetailsOfAPeering(t *testing.T) {
	s := testScenario(t)
	second := s.Controllers[0].Gateways[0]
	second.Name = "transit-2"
	s.Controllers[0].Gateways = append(s.Controllers[0].Gateways, second)
	c := serve(t, "", s).login("avx-82")
	if a := c.json(map[string]any{"action": "create_inter_transit_gateway_peering", "CID": c.cid,
		"gateway1": "transit-2", "gateway2": "transit-1", "src_filter_list": "10.2.0.0/16,10.3.0.0/16",
		"dst_filter_list": "10.1.0.0/16", "source_exclude_connections": "site-2", "private_ip_peering": "yes",
		"single_tunnel": "yes", "PrependAsPath1": ""}); !a.Return {
		t.Fatalf("create: %s", a.Body)
	}
	for _, order := range [][2]string{{"transit-2", "transit-1"}, {"transit-1", "transit-2"}} {
		got := details(t, c, order[0], order[1])
		two, one := got.One, got.Two
		if order[0] == "transit-1" {
			two, one = got.Two, got.One
		}
		if !slices.Equal(two.Excluded, []string{"10.2.0.0/16", "10.3.0.0/16"}) ||
			!slices.Equal(one.Excluded, []string{"10.1.0.0/16"}) ||
			!slices.Equal(two.Connections, []string{"site-2"}) || !got.Private || got.Tunnels[0].Sub != 1 {
			t.Errorf("asked as %v: %+v", order, got)
		}
	}
}

// What a client has set for a connection is shown so.
func TestAConnectionIsShownAsItWasSet(t *testing.T) {
	c := newRig(t, "").login("avx-82")
	shown := func(name string) (algorithm map[string][]string, more map[string]any) {
		all := c.must("get_site2cloud_conn_detail", "conn_name", name, "vpc_id", "transit-vpc~-~acme-net").object()
		more = all["connections"].(map[string]any)
		raw, _ := json.Marshal(more["algorithm"])
		if err := json.Unmarshal(raw, &algorithm); err != nil {
			t.Fatalf("algorithms: %s", raw)
		}
		return algorithm, more
	}
	device := func(name string, more ...string) {
		c.must("connect_transit_gw_to_external_device", append([]string{"vpc_id", "transit-vpc~-~acme-net",
			"connection_name", name, "transit_gw", "transit-1", "routing_protocol", "bgp",
			"bgp_local_as_number", "65000", "external_device_as_number", "65009",
			"external_device_ip_address", "198.51.100.1",
			"CustomAlgorithms", "",
			"ManualBGPCidrs", ""}, more...)...)
	}
	device("usual", "enable_bgp_multihop", "true")
	device("own", "enable_bgp_multihop", "", "enable_ikev2", "true", "phase1_authentication", "SHA-512",
		"phase2_encryption", "AES-128-GCM-128", "jumbo_frame", "true")
	algorithm, more := shown("usual")
	if algorithm["ph1_auth"][0] != "SHA-256" || algorithm["ph2_encr"][0] != "AES-256-CBC" ||
		more["bgp_multihop_enabled"] != true || more["jumbo_frame"] != false {
		t.Errorf("usual: %v %v", algorithm, more)
	}
	algorithm, more = shown("own")
	if algorithm["ph1_auth"][0] != "SHA-512" || algorithm["ph2_encr"][0] != "AES-128-GCM-128" ||
		algorithm["ph1_dh"][0] != "14" || more["bgp_multihop_enabled"] != false || more["jumbo_frame"] != true {
		t.Errorf("own: %v %v", algorithm, more)
	}
}

func TestGatewaysOfOneKind(t *testing.T) {
	c := newRig(t, "").login("avx-82")
	for filter, want := range map[string]string{"spoke_only": "yes no", "transit_only": "no yes"} {
		rows := c.must("list_vpcs_summary", filter, "true").rows()
		if len(rows) == 0 {
			t.Errorf("%s: none", filter)
		}
		for _, row := range rows {
			if got := row["spoke_vpc"].(string) + " " + row["transit_vpc"].(string); got != want {
				t.Errorf("%s has %v", filter, row["vpc_name"])
			}
		}
	}
}

// The metadata by which a client knows its own rules stays.
func TestMetadataStays(t *testing.T) {
	c := newRig(t, "").login("avx-100")
	mark := map[string]any{"terraform": map[string]any{"resource_type": "terraform-policy"}}
	body := rulesOn(t, c, denial(map[string]any{"metadata": mark}))
	body["metadata"] = mark
	id := c.mustREST("POST", "microseg/policy-list3", body)["uuid"].(string)
	set := c.mustREST("GET", "microseg/policy-list3/"+id, nil)
	rule, _ := json.Marshal(set["policies"].([]any)[0].(map[string]any)["metadata"])
	own, _ := json.Marshal(set["metadata"])
	if want := `{"terraform":{"resource_type":"terraform-policy"}}`; string(rule) != want || string(own) != want {
		t.Errorf("got %s of the rule, %s of the set", rule, own)
	}
}

func TestTheTransitOfAConnection(t *testing.T) {
	c := newRig(t, "").login("avx-82")
	c.must("associate_attachment_to_multi_cloud_security_domain", "attachment_name", "site-2", "domain_name", "sites")
	for _, row := range c.must("list_multi_cloud_domain_attachments").object()["attachments"].([]any) {
		if r := row.(map[string]any); r["transit_name"] != "transit-1" {
			t.Errorf("the transit of %v is %v", r["name"], r["transit_name"])
		}
	}
}

// A change with a field that no client sends is refused, and nothing is changed; reads take any field.
func TestFieldsThatNoClientSends(t *testing.T) {
	r := newRig(t, "")
	c := r.login("avx-82")
	c.refused("no client sends the field gateway", "edit_gateway_advertised_cidr", "gateway", "spoke-1", "cidr",
		"10.200.0.5/32")
	c.refused("no client sends the field enabled", "set_fqdn_filter_tag_state", "tag_name", "foreign-white", "enabled",
		"no")
	c.must("list_vpcs_summary", "acx_gw_only", "no")
	newer := r.login("avx-100")
	rule := denial(map[string]any{"colour": "blue"})
	web := denial(map[string]any{"web_filters": []any{anywhere}})
	for path, body := range map[string]any{
		"POST microseg/policy-list3":         rulesOn(t, newer, rule),
		"PUT microseg/policy-list":           map[string]any{"policies": []any{rule}},
		"PUT microseg/default-action-policy": map[string]any{"action": "DENY", "default": true},
		"POST microseg/deploy-policy":        map[string]any{"clouds": []string{"GCP"}},
		"PUT microseg/intra-vpc":             map[string]any{"vpcs": []any{map[string]any{"name": "x"}}},
		"POST app-domains":                   map[string]any{"name": "x", "uuid": "y"},
		"POST  app-domains":                  map[string]any{"name": "x", "selector": map[string]any{"all": 1}},
		"POST  microseg/policy-list3":        map[string]any{"name": "x", "rules": []any{}},
		"POST   microseg/policy-list3":       rulesOn(t, newer, web),
	} {
		method, where, _ := strings.Cut(path, " ")
		a := newer.rest(method, strings.TrimSpace(where), body)
		told := strings.Contains(a.Message, "no client sends") || strings.Contains(a.Message, "Public Internet")
		if a.Status != 400 || !told {
			t.Errorf("%s: HTTP %d %s", path, a.Status, a.Body)
		}
	}
	r.clean()
}
