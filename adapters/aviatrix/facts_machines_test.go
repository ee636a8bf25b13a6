package aviatrix_test

import (
	"strings"
	"testing"
	"time"

	"github.com/culvertnet/culvert/events/reach"
	"github.com/culvertnet/culvert/workers/observe"
)

func TestFactsOfGateways(t *testing.T) {
	const deploy = "/v2.5/api/microseg/deploy-policy"
	for name, c := range map[string]struct {
		row    string
		more   told
		facts  func(reach.Gateway) string
		want   string
		tables string // the gaps of the table
	}{
		"up":   {facts: state, want: "up"},
		"down": {row: `{"vpc_state":"DOWN"}`, facts: state, want: "down"},
		"down, with a second one": {row: `{"vpc_state":"DOWN","hagw_details":{"vpc_name":"gw-hagw"}}`, facts: state,
			want: "unclear"},
		"down, with a word for no second one": {row: `{"vpc_state":"DOWN","hagw_details":"disabled"}`, facts: state,
			want: "down"},
		"not heard":       {row: `{"vpc_state":"KEEPALIVE_FAIL"}`, facts: state, want: "unclear"},
		"half configured": {row: `{"vpc_state":"CONFIG-FAIL"}`, facts: state, want: "unclear"},
		"no word":         {row: `{"vpc_state":""}`, facts: state, want: "unclear"},
		"Google":          {facts: realm, want: "projects/proj/global/networks/net"},
		"Azure": {row: `{"vpc_id":"vnet:rg:1","cloud_type":8}`, facts: realm,
			want: "vpc/AZURE/acme/vnet:rg:1"},
		"AWS": {row: `{"vpc_id":"vpc-1~~name","cloud_type":"1"}`, facts: realm,
			want: "vpc/AWS/acme/vpc-1~~name"},
		"a cloud unheard of": {row: `{"vpc_id":"v","cloud_type":77}`, facts: realm, want: "vpc/77/acme/v"},
		"deployed":           {facts: cloud, want: "on"},
		"not deployed":       {more: told{deploy: `{"providers":["AWS","AZURE"]}`}, facts: cloud, want: "off"},
		"deployed by default": {more: told{deploy: `{"providers":["AWS"],"set_defaults":true}`}, facts: cloud,
			want: "on"},
		"a government's cloud": {row: `{"vpc_id":"v","cloud_type":256}`, more: told{deploy: `{"providers":["AWS"]}`},
			facts: cloud, want: "off"},
		"before 8.2": {more: told{deploy: "!404 not found", "list_version_info": `{"current_version":"8.1.0"}`},
			facts: cloud, want: "on"},
		"source NAT":               {facts: nat, want: "on"},
		"no source NAT":            {row: `{"enable_nat":"no"}`, facts: nat, want: "off"},
		"source NAT, as a boolean": {row: `{"enable_nat":true}`, facts: nat, want: "on"},
		"source NAT by a list": {row: `{"snat_target":"customized"}`, facts: nat, want: "on",
			tables: "list-not-whole get_transit_or_spoke_gateway_details option=gw_route"},
		"source NAT is not told": {row: `{"enable_nat":null}`, facts: nat, want: "off",
			tables: "list-not-whole get_transit_or_spoke_gateway_details option=gw_route"},
		"source NAT in another word": {row: `{"enable_nat":"sometimes"}`, facts: nat, want: "off",
			tables: "list-not-whole get_transit_or_spoke_gateway_details option=gw_route"},
		"the report is as old as its interval": {facts: age, want: "30s"},
		"the vendor's own interval":            {row: `{"bgp_polling_time":null}`, facts: age, want: "50s"},
	} {
		t.Run(name, func(t *testing.T) {
			row := spokeRow(c.row)
			f := small().with(told{"list_vpcs_summary": "[" + row + "]"}).with(c.more).facts(t,
				observe.NetworkRealm("proj", "net"), "vpc/AZURE/acme/vnet:rg:1", "vpc/AWS/acme/vpc-1~~name",
				"vpc/77/acme/v", "vpc/AWS-GOV/acme/v")
			g := gatewayNamed(t, f, "gw")
			if got := c.facts(g); got != c.want || causes(g.Table.Gaps) != c.tables {
				t.Errorf("got %s, table %s; want %s, %s", got, causes(g.Table.Gaps), c.want, c.tables)
			}
		})
	}
}

func state(g reach.Gateway) string { return string(g.State) }
func realm(g reach.Gateway) string { return string(g.Realm) }
func cloud(g reach.Gateway) string { return onOff(g.Cloud) }
func nat(g reach.Gateway) string   { return onOff(g.SourceNAT) }
func age(g reach.Gateway) string   { return at.Sub(g.Table.At).Round(time.Second).String() }

func TestFactsOfTables(t *testing.T) {
	const act = "get_transit_or_spoke_gateway_details"
	for name, c := range map[string]struct {
		answer, row, want string
		gap               bool
	}{
		"own network": {answer: tableOf("gw", `{"route":"10.10.0.0/24","target":"local"}`),
			want: "10.10.0.0/24 local; 0.0.0.0/0 internet"},
		"another gateway": {answer: tableOf("gw", `{"route":"10.2.0.0/16","target":"other"}`),
			want: "10.2.0.0/16 gateway other; 0.0.0.0/0 internet"},
		"another gateway's group": {answer: tableOf("gw", `{"route":"10.2.0.0/16","target":"others"}`),
			want: "10.2.0.0/16 gateway other; 0.0.0.0/0 internet"},
		"a connection": {answer: tableOf("gw", `{"route":"192.168.0.0/24","target":"site-1"}`),
			want: "192.168.0.0/24 site site-1 (site/c/site-1); 0.0.0.0/0 internet"},
		"the own network hides what others tell of it": {want: "10.10.0.0/24 local; 0.0.0.0/0 internet",
			answer: tableOf("gw", `{"route":"10.10.0.0/24","target":"other"},{"route":"10.10.0.7/24","target":"local"}`)},
		"equal prefixes of others share": {want: "10.2.0.0/16 gateway other; " +
			"10.2.0.0/16 site site-1 (site/c/site-1); 0.0.0.0/0 internet",
			answer: tableOf("gw", `{"route":"10.2.0.0/16","target":"other"},{"route":"10.2.0.0/16","target":"site-1"}`)},
		"a default by the transit": {answer: tableOf("gw", `{"route":"0.0.0.0/0","target":"other"}`),
			want: "0.0.0.0/0 gateway other"},
		"a default of its own": {answer: tableOf("gw", `{"route":"0.0.0.0/0","target":"eth0"}`),
			want: "0.0.0.0/0 internet"},
		"nobody": {answer: tableOf("gw", `{"route":"10.9.0.0/16","target":"blackhole"}`),
			want: "10.9.0.0/16 nobody blackhole; 0.0.0.0/0 internet"},
		"an advertised prefix goes into the network": {row: `{"include_cidr_list":["10.10.0.0/24","10.200.0.5/32"]}`,
			answer: tableOf("gw", `{"route":"10.10.0.0/24","target":"local"}`),
			want:   "10.10.0.0/24 local; 10.200.0.5/32 local; 0.0.0.0/0 internet"},
		"route_info": {answer: `{"gateway_route_table":[{"gw_name":"gw","route_info":[{"route":"10.2.0.0/16","target":"other"}]}]}`,
			want: "10.2.0.0/16 gateway other; 0.0.0.0/0 internet"},
		"IPv6": {answer: tableOf("gw", `{"route":"fd00::/8","target":"other"}`),
			want: "fd00::/8 gateway other; 0.0.0.0/0 internet"},
		"a harmless key": {answer: tableOf("gw", `{"route":"10.2.0.0/16","target":"other","metric":100}`),
			want: "10.2.0.0/16 gateway other; 0.0.0.0/0 internet"},
		"a target unheard of": {answer: tableOf("gw", `{"route":"10.2.0.0/16","target":"wormhole"}`),
			want: "0.0.0.0/0 internet", gap: true},
		"a key unheard of": {answer: tableOf("gw", `{"route":"10.2.0.0/16","target":"other","vrf":"blue"}`),
			want: "10.2.0.0/16 gateway other; 0.0.0.0/0 internet", gap: true},
		"no prefix": {answer: tableOf("gw", `{"route":"all","target":"other"}`),
			want: "0.0.0.0/0 internet", gap: true},
		"another form":   {answer: tableOf("gw", `"10.2.0.0/16"`), want: "0.0.0.0/0 internet", gap: true},
		"another answer": {answer: `[]`, want: "0.0.0.0/0 internet", gap: true},
		"another gateway's table": {answer: tableOf("other", `{"route":"10.2.0.0/16","target":"local"}`),
			want: "0.0.0.0/0 internet", gap: true},
		"refused": {answer: "!Invalid option: gw_route.", want: "0.0.0.0/0 internet", gap: true},
	} {
		t.Run(name, func(t *testing.T) {
			f := withSite(`{}`).with(told{
				"list_vpcs_summary": "[" + spokeRow(c.row) + "," +
					spokeRow(`{"vpc_name":"other","group_name":"others"}`) + "]",
				act + "?gateway_name=gw": c.answer}).facts(t)
			table := gatewayNamed(t, f, "gw").Table
			var got []string
			for _, line := range table.Items {
				got = append(got, line.Dst.String()+" "+hop(line.Next))
			}
			if strings.Join(got, "; ") != c.want || table.Whole == c.gap {
				t.Errorf("got %s, whole %v %v; want %s", strings.Join(got, "; "), table.Whole, table.Gaps, c.want)
			}
		})
	}
}

// withSite is a controller whose spoke has one connection with what more says of it.
func withSite(more string) told {
	return small().with(told{
		"list_site2cloud_conn": `{"connections":[{"name":"site-1","vpc_id":"net~-~proj","gw_name":"gw"}]}`,
		"get_site2cloud_conn_detail": `{"connections":` + merged(`{"name":["site-1"],"vpc_id":["net~-~proj"],`+
			`"gw_name":["gw"],"bgp_status":"enabled","type":"unmapped","tunnels":[{"status":"Up","tunnel_status":"Up"}]}`, more) + `}`,
		"get_transit_or_spoke_gateway_details": tableOf("gw", `{"route":"192.168.0.0/24","target":"site-1"}`),
	})
}

func TestFactsOfConnections(t *testing.T) {
	for name, c := range map[string]struct {
		more  string
		list  told
		state reach.State
		owns  string
		gap   bool
	}{
		"up": {state: reach.Up, owns: "192.168.0.0/24"},
		"the session stands": {more: `{"bgp_session_state":"Established"}`, state: reach.Up,
			owns: "192.168.0.0/24"},
		"the session is down": {more: `{"bgp_session_state":"Idle"}`, state: reach.Down, owns: "192.168.0.0/24"},
		"the tunnel is down": {more: `{"tunnels":[{"tunnel_status":"Down"}]}`, state: reach.Down,
			owns: "192.168.0.0/24"},
		"one of two tunnels is up": {more: `{"tunnels":[{"tunnel_status":"Down"},{"status":"Up"}]}`, state: reach.Up,
			owns: "192.168.0.0/24"},
		"no tunnel is told": {more: `{"tunnels":[]}`, state: reach.Unclear, owns: "192.168.0.0/24"},
		"static ranges": {more: `{"remote_cidr":"172.16.0.0/24, 172.17.0.0/24"}`, state: reach.Up,
			owns: "172.16.0.0/24,172.17.0.0/24,192.168.0.0/24"},
		"a mapped connection": {more: `{"type":"mapped"}`, state: reach.Unclear,
			owns: "192.168.0.0/24", gap: true},
		"translated ranges": {more: `{"virt_remote_cidr":"10.99.0.0/24"}`, state: reach.Unclear,
			owns: "192.168.0.0/24", gap: true},
		"no such connection": {more: `{"name":[]}`, state: reach.Unclear, owns: "192.168.0.0/24", gap: true},
		"a list without a name for it": {list: told{"list_site2cloud_conn": `[{"name":["site-1"],"vpc_id":["net~-~proj"],"gw_name":["gw"]}]`},
			state: reach.Up, owns: "192.168.0.0/24"},
	} {
		t.Run(name, func(t *testing.T) {
			f := withSite(c.more).with(c.list).facts(t)
			table := gatewayNamed(t, f, "gw").Table
			if len(f.Sites) != 1 || f.Sites[0].Realm != "site/c/site-1" || f.Sites[0].Owns.String() != c.owns ||
				f.Sites[0].Table.Whole {
				t.Errorf("sites: got %+v, want one that owns %s", f.Sites, c.owns)
			}
			if table.Items[0].Next.State != c.state || table.Whole == c.gap {
				t.Errorf("got %v, whole %v; want %s", table.Items[0].Next, table.Whole, c.state)
			}
		})
	}
	t.Run("one name in two networks", func(t *testing.T) {
		f := withSite(`{}`).with(told{
			"list_site2cloud_conn": `{"connections":[{"name":"site-1","vpc_id":"net~-~proj","gw_name":"gw"},` +
				`{"name":"site-1","vpc_id":"net~-~proj","gw_name":"other"}]}`,
			"list_vpcs_summary": "[" + spokeRow("") + "," + spokeRow(`{"vpc_name":"other","group_name":"o"}`) + "]",
		}).facts(t)
		if len(f.Sites) != 2 || f.Sites[0].Realm == f.Sites[1].Realm {
			t.Errorf("got %+v, want two far ends", f.Sites)
		}
	})
}

func TestFactsOfDomains(t *testing.T) {
	transit := func(more string) string {
		return spokeRow(merged(`{"vpc_name":"hub","group_name":"hubs","vpc_id":"hub~-~proj","spoke_vpc":"no",`+
			`"transit_vpc":"yes"}`, more))
	}
	attached := `{"transit_gw_name":"hub"}`
	domains := `{"attachments":[{"name":"gw","domain":"prod"},{"name":"edge:site:100","type":"EDGESPOKE","domain":"lab"},` +
		`{"name":"site-1","domain":"sites"}]}`
	for name, c := range map[string]struct {
		hub, want string
		policy    string
	}{
		"segmented": {`{"enable_segmentation":true}`, `gw "prod" line "sites" connected [[prod sites]]`,
			`{"connected_domains":["prod","sites","lab"]}`},
		"not connected": {`{"enable_segmentation":"yes"}`, `gw "prod" line "sites" connected []`,
			`{"connected_domains":[]}`},
		"segmentation is off": {`{"enable_segmentation":false}`, `gw "" line "" connected []`,
			`{"connected_domains":[]}`},
		"segmentation is not told": {`{}`, `gw "prod" line "sites" connected []`, `{"connected_domains":[]}`},
	} {
		t.Run(name, func(t *testing.T) {
			f := withSite(`{}`).with(told{
				"list_vpcs_summary": "[" + spokeRow(attached) + "," +
					transit(c.hub) + "]",
				"list_multi_cloud_domain_attachments":                domains,
				"list_multi_cloud_security_domain_connection_policy": c.policy,
			}).facts(t)
			g := gatewayNamed(t, f, "gw")
			got := `gw "` + g.Domain + `" line "` + g.Table.Items[0].Domain + `" connected ` +
				strings.ReplaceAll(rendered(f)[strings.Index(rendered(f), "connected ")+10:], "\n", " ")
			if !strings.HasPrefix(got, c.want) || !g.Table.Whole {
				t.Errorf("got %.80s, whole %v; want %s", got, g.Table.Gaps, c.want)
			}
		})
	}
}

// TestFactsOfAPair: the second gateway of a pair has a table of its own, and what is set for the first counts for both.
func TestFactsOfAPair(t *testing.T) {
	const act = "get_transit_or_spoke_gateway_details"
	f := small().with(told{
		"list_version_info": `{"current_version":"8.2.0"}`,
		"list_vpcs_summary": "[" + spokeRow(`{"hagw_details":{"vpc_name":"gw-hagw"}}`) + "," +
			spokeRow(`{"vpc_name":"gw-hagw","is_hagw":"yes","private_ip":"10.10.0.3","public_ip":"203.0.113.2"}`) + "]",
		act + "?gateway_name=gw":              tableOf("gw", `{"route":"10.10.0.0/24","target":"local"}`),
		act + "?gateway_name=gw-hagw":         tableOf("gw-hagw", `{"route":"10.11.0.0/24","target":"local"}`),
		"list_fqdn_filter_tags":               `{"tag":{"wbmode":"white","state":"enabled"}}`,
		"list_multi_cloud_domain_attachments": `{"attachments":[{"name":"gw","domain":"prod"}]}`,
	}).facts(t)
	second := gatewayNamed(t, f, "gw-hagw")
	if second.Address.String() != "10.10.0.3/32" || second.Table.Items[0].Dst.String() != "10.11.0.0/24" ||
		!second.Table.Whole || second.Domain != "prod" || len(second.Tags.Items) != 1 {
		t.Errorf("got %s", rendered(f))
	}
}

// TestFactsOfATransitsPair: the second transit of a pair is found by the first, although no spoke names it.
func TestFactsOfATransitsPair(t *testing.T) {
	hub := `{"vpc_name":"hub","group_name":"","vpc_id":"hub~-~proj","spoke_vpc":"no","transit_vpc":"yes"}`
	for about, second := range map[string]string{
		"by its name":  `{"vpc_name":"hub-hagw"}`,
		"by the pair":  `{"vpc_name":"other"}`,
		"by the group": `{"vpc_name":"third","group_name":"hubs"}`,
	} {
		first := merged(hub, `{"group_name":"hubs","hagw_details":{"vpc_name":"other"}}`)
		f := small().with(told{"list_vpcs_summary": "[" + spokeRow(`{"transit_gw_name":"hub"}`) + "," +
			spokeRow(first) + "," + spokeRow(merged(hub, second)) + "]"}).facts(t)
		if len(f.Gateways) != 3 {
			t.Errorf("%s: got %d gateways, want 3", about, len(f.Gateways))
		}
	}
}
