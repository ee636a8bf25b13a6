package aviatrix_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/culvertnet/culvert/adapters/aviatrix"
	"github.com/culvertnet/culvert/events/reach"
	"github.com/culvertnet/culvert/workers/observe"
)

// crowd is a controller with many gateways, connections and tags.
func crowd(gateways int) told {
	var rows, conns []string
	more := told{"list_version_info": `{"current_version":"UserConnect-8.2.20"}`,
		"list_fqdn_filter_tags": `{"a":{"state":"enabled","wbmode":"white"},` +
			`"b":{"state":"enabled","wbmode":"black"}}`}
	for i := range gateways {
		name := fmt.Sprintf("gw-%d", i)
		rows = append(rows, spokeRow(fmt.Sprintf(`{"vpc_name":%q,"private_ip":"10.10.0.%d","group_name":""}`, name,
			i+2)))
		conns = append(conns, fmt.Sprintf(`{"name":"site-%d","vpc_id":"net~-~proj","gw_name":%q}`, i, name))
		more["get_transit_or_spoke_gateway_details?gateway_name="+name] = tableOf(name,
			fmt.Sprintf(`{"route":"10.%d.0.0/16","target":"local"}`, 100+i))
		more[fmt.Sprintf("get_site2cloud_conn_detail?conn_name=site-%d", i)] = fmt.Sprintf(
			`{"connections":{"name":"site-%d","remote_cidr":"172.16.%d.0/24"}}`, i, i)
	}
	more["list_vpcs_summary"] = "[" + strings.Join(rows, ",") + "]"
	more["list_site2cloud_conn"] = `{"connections":[` + strings.Join(conns, ",") + `]}`
	more["list_fqdn_filter_tag_attached_gws"] = `["gw-0","gw-1"]`
	return small().with(more)
}

// client speaks to one controller.
func client(t *testing.T, h http.Handler) *aviatrix.Client {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	c, err := aviatrix.New(aviatrix.Options{Controllers: map[string]aviatrix.Controller{
		"c": {URL: server.URL, Username: "admin", Password: secret("hunter2")},
	}, Now: func() time.Time { return at }})
	must(t, err)
	return c
}

// Reads that do not depend on each other are under way together, as many as the controller may be asked at a time. The
// tables answer only once four are under way: one after another they would never.
func TestReadsAreMadeSideBySide(t *testing.T) {
	var mu sync.Mutex
	underWay, most, tables := 0, 0, 0
	four := make(chan struct{})
	answers := crowd(8)
	c := client(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		table := r.URL.Query().Get("option") == "gw_route"
		mu.Lock()
		underWay++
		most = max(most, underWay)
		if table {
			if tables++; tables == 4 {
				close(four)
			}
		}
		mu.Unlock()
		if table {
			select {
			case <-four:
			case <-r.Context().Done():
			}
		}
		answers.ServeHTTP(w, r)
		mu.Lock()
		underWay--
		mu.Unlock()
	}))
	f, err := c.Gateways().Fabric(t.Context(), "c", []reach.Realm{observe.NetworkRealm("proj", "net")})
	must(t, err)
	if len(f.Gateways) != 8 || most != 4 {
		t.Errorf("%d gateways with %d calls at once, want 8 with 4", len(f.Gateways), most)
	}
}

// about names a call by its act or path and by what it is about.
func about(r *http.Request) string {
	q := r.URL.Query()
	return strings.TrimSpace(q.Get("action") + q.Get("option") + " " + q.Get("gateway_name") + q.Get("conn_name") +
		q.Get("tag_name") + strings.TrimPrefix(r.URL.Path, "/v2/api"))
}

// The facts do not depend on which answer came first: each of these calls is held until the other one was answered.
func TestTheOrderOfAnswersDoesNotMatter(t *testing.T) {
	answers := crowd(5).with(told{"get_site2cloud_conn_detail?conn_name=site-2": "!no permission",
		"get_transit_or_spoke_gateway_details?gateway_name=gw-3": "!busy"})
	const table = "get_transit_or_spoke_gateway_detailsgw_route gw-"
	var first observe.Fabric
	for _, turned := range [][2]string{
		{"none", "none"}, {table + "0", table + "1"}, {table + "2", table + "3"},
		{"get_site2cloud_conn_detail site-0", "get_site2cloud_conn_detail site-2"},
		{"list_inter_transit_gateway_peering", "list_site2cloud_conn"},
		{"/v2.5/api/microseg/policy-list3", "/v2.5/api/microseg/policy-list"},
		{"/v2.5/api/microseg/deploy-policy", "/v2.5/api/app-domains"},
		{"list_fqdn_filter_tag_attached_gws a", "list_fqdn_filter_tag_attached_gws b"},
		{"get_fqdn_exception_rule_status", "get_fqdn_exact_match_status"},
	} {
		answered, held := make(chan struct{}), false
		c := client(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch about(r) {
			case turned[0]:
				held = true
				select {
				case <-answered:
				case <-r.Context().Done():
				}
				answers.ServeHTTP(w, r)
			case turned[1]:
				answers.ServeHTTP(w, r)
				close(answered)
			default:
				answers.ServeHTTP(w, r)
			}
		}))
		f, err := c.Gateways().Fabric(t.Context(), "c", []reach.Realm{observe.NetworkRealm("proj", "net")})
		must(t, err)
		if turned[0] == "none" {
			first = f
			if len(f.Gateways) != 5 || len(f.Sites) != 5 || f.Gateways[3].Table.Whole || !f.Gateways[4].Table.Whole {
				t.Fatalf("the scene is not what it is to be: %s", rendered(f))
			}
			continue
		}
		if !held {
			t.Errorf("%s was not asked", turned[0])
		}
		if !reflect.DeepEqual(f, first) {
			t.Errorf("%s after %s: other facts:\n%s\n%s", turned[0], turned[1], rendered(f), rendered(first))
		}
	}
}

// Who asks about machines that are none of the controller's gateways costs it one read.
func TestThroughReadsWhatIsPassed(t *testing.T) {
	var mu sync.Mutex
	asked := map[string]int{}
	answers := crowd(3)
	c := client(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		if act := r.URL.Query().Get("action"); act != "" && act != "get_api_token" {
			asked[act]++
		}
		mu.Unlock()
		answers.ServeHTTP(w, r)
	}))
	of := observe.Machines{Networks: []reach.Realm{observe.NetworkRealm("proj", "net")}}
	of.Addresses = ranges(t, "10.10.0.99")
	f, err := c.Gateways().Through(t.Context(), "c", of)
	must(t, err)
	if !reflect.DeepEqual(f, observe.Fabric{}) || !reflect.DeepEqual(asked, map[string]int{"list_vpcs_summary": 1}) {
		t.Errorf("a stranger: %s, asked %v", rendered(f), asked)
	}
	of.Addresses = ranges(t, "10.10.0.3")
	f, err = c.Gateways().Through(t.Context(), "c", of)
	must(t, err)
	if len(f.Gateways) != 1 || f.Gateways[0].Name != "gw-1" || f.Controller.Name != "c" {
		t.Errorf("the gateway at the address: %s", rendered(f))
	}
	if tables := asked["get_transit_or_spoke_gateway_details"]; tables != 1 {
		t.Errorf("%d tables were read, want that of the one gateway", tables)
	}
	of.Networks = []reach.Realm{observe.NetworkRealm("proj", "other")}
	if f, err = c.Gateways().Through(t.Context(), "c", of); err != nil || len(f.Gateways) > 0 {
		t.Errorf("the address means another machine in another network: %s %v", rendered(f), err)
	}
}

// Tables are followed by the lines for the packets in question; the gateways that none of these leads to are named.
func TestThroughFollowsTheLinesInQuestion(t *testing.T) {
	row := func(name, address, more string) string {
		return merged(spokeRow(`{"vpc_name":"`+name+`","private_ip":"`+address+`","group_name":"g"}`), more)
	}
	far := `{"vpc_id":"vnet:rg:1","cloud_type":8}`
	answers := small().with(told{
		"list_vpcs_summary": "[" + row("gw-0", "10.10.0.2", "") + "," + row("gw-1", "10.10.0.3", "") + "," +
			row("gw-2", "10.10.0.4", "") + "," + row("gw-3", "10.20.0.4", far) + "]",
		"get_transit_or_spoke_gateway_details?gateway_name=gw-0": tableOf("gw-0",
			`{"route":"10.20.0.0/16","target":"gw-3"}`, `{"route":"10.30.0.0/16","target":"gw-2"}`),
		"get_transit_or_spoke_gateway_details?gateway_name=gw-1": tableOf("gw-1",
			`{"route":"10.10.0.0/24","target":"local"}`),
		"get_transit_or_spoke_gateway_details?option=vpc_route": `{"vpc_route_table":[{"name":"t","route_info":[` +
			`{"route":"10.10.0.0/24","target":"gw-1"}]}]}`,
		"get_transit_or_spoke_gateway_details?gateway_name=gw-3": tableOf("gw-3",
			`{"route":"10.20.0.0/16","target":"local"}`),
	})
	asked := map[string]int{}
	var mu sync.Mutex
	c := client(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		asked[about(r)]++
		mu.Unlock()
		if r.URL.Query().Get("option") == "vpc_route" { // its answer depends on the option, not on the gateway
			fmt.Fprintf(w, `{"return":true,"results":%s}`,
				answers["get_transit_or_spoke_gateway_details?option=vpc_route"])
			return
		}
		answers.ServeHTTP(w, r)
	}))
	f, err := c.Gateways().Through(t.Context(), "c", observe.Machines{
		Networks:  []reach.Realm{observe.NetworkRealm("proj", "net")},
		Addresses: ranges(t, "10.10.0.2"), Toward: ranges(t, "10.20.1.0/24", "10.10.0.128/25")})
	must(t, err)
	var names []string
	for _, g := range f.Gateways {
		names = append(names, g.Name)
	}
	if !slices.Equal(names, []string{"gw-0", "gw-1", "gw-3"}) || !slices.Equal(f.Beyond, []string{"gw-2"}) ||
		len(f.Networks) != 1 || len(f.Networks[0].Routes.Items) != 1 {
		t.Errorf("gateways %v, beyond %v, %d networks:\n%s", names, f.Beyond, len(f.Networks), rendered(f))
	}
	for call, n := range asked {
		if n > 1 && strings.HasPrefix(call, "get_transit_or_spoke") {
			t.Errorf("%s was asked %d times", call, n)
		}
	}
	if asked["get_transit_or_spoke_gateway_detailsgw_route gw-2"] > 0 {
		t.Error("a table was read that no line in question leads to")
	}
}
