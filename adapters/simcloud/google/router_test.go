package google_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const edge = west3 + "/routers/"

// told lists what a peer of a router is told.
func (r *rig) told(router, peer string) []string {
	r.t.Helper()
	var out []string
	statuses, _ := at(r.get(edge+router+"/getRouterStatus"), "result", "bgpPeerStatus").([]any)
	for _, p := range statuses {
		if at(p, "name") != peer {
			continue
		}
		if at(p, "status") != "UP" {
			r.t.Errorf("peer %s is %v", peer, at(p, "status"))
		}
		routes, _ := at(p, "advertisedRoutes").([]any)
		for _, route := range routes {
			out = append(out, at(route, "destRange").(string))
		}
	}
	slices.Sort(out)
	return out
}

var subnetsOfWest3 = []string{
	"10.10.0.0/24", "10.11.0.0/24", "10.11.1.0/26", "10.11.4.0/22", "10.11.8.0/22", "10.8.1.0/28", "10.8.4.0/28",
}

func union(lists ...[]string) []string {
	out := slices.Concat(lists...)
	slices.Sort(out)
	return out
}

func bgp(fields obj) obj { return obj{"bgp": fields} }

func ranges(list ...string) []any {
	out := []any{}
	for _, text := range list {
		out = append(out, obj{"range": text, "description": "of a test"})
	}
	return out
}

func TestRouterTellsItsPeers(t *testing.T) {
	r := newRig(t)
	foreign := []string{"10.40.0.0/16", "172.20.0.0/16"}
	for _, c := range []struct {
		router, peer string
		want         []string
	}{
		{"edge-1", "site-a", union(subnetsOfWest3, foreign)},
		{"edge-1", "site-b", union(subnetsOfWest3, foreign)},
		{"edge-default", "site-c", subnetsOfWest3},
		{"edge-own", "site-d", []string{"10.41.0.0/16"}}, // its own CUSTOM mode, without ALL_SUBNETS
	} {
		if diff := cmp.Diff(c.want, r.told(c.router, c.peer)); diff != "" {
			t.Errorf("%s tells %s: %s", c.router, c.peer, diff)
		}
	}
	status := r.get(edge + "edge-1/getRouterStatus")
	if own := at(status, "result", "bestRoutesForRouter").([]any); len(own) != 3 {
		t.Errorf("learned %v", own)
	}
	if region := at(status, "result", "bestRoutes").([]any); len(region) != 7 {
		t.Errorf("learned in the region %v", region)
	}
}

// A router's status has the routes of its region's data plane: of other regions those that no router of its own has,
// where routing is global.
func TestRoutesOfARegion(t *testing.T) {
	for mode, want := range map[bool]string{true: "172.16.0.0/16 100, 172.17.0.0/16 301",
		false: "172.16.0.0/16 100"} {
		r := scenarioRig(t, fmt.Sprintf(`google:
  projects: [{id: p, number: "1", hash: aaaaaaaaaa}]
  networks:
    - {project: p, name: n, globalRouting: %t, subnetworks: [{name: s, region: europe-west3, range: 10.1.0.0/24}]}
  routers:
    - {project: p, region: europe-west3, name: near, network: n, asn: 64512, mode: DEFAULT, peers: [
        {name: a, ip: 169.254.1.1, peerIp: 169.254.1.2, asn: 65001, learns: [172.16.0.0/16]}]}
    - {project: p, region: europe-west3, name: silent, network: n, asn: 64513, mode: DEFAULT}
    - {project: p, region: europe-west1, name: far, network: n, asn: 64514, mode: DEFAULT, peers: [
        {name: b, ip: 169.254.2.1, peerIp: 169.254.2.2, asn: 65002, learns: [172.16.0.0/16, 172.17.0.0/16]}]}
`, mode))
		const path = "/compute/v1/projects/p/regions/europe-west3/routers/silent/getRouterStatus"
		var got []string
		for _, route := range at(r.get(path), "result", "bestRoutes").([]any) {
			got = append(got, fmt.Sprint(at(route, "destRange"), " ", at(route, "priority")))
		}
		if slices.Sort(got); strings.Join(got, ", ") != want {
			t.Errorf("global %t: %v, want %s", mode, got, want)
		}
	}
}

func TestPatchReplacesTheWholeList(t *testing.T) {
	r := newRig(t)
	r.changed("PATCH", edge+"edge-1", bgp(obj{"advertisedIpRanges": ranges("10.200.0.1/32")}))
	if diff := cmp.Diff(union(subnetsOfWest3, []string{"10.200.0.1/32"}), r.told("edge-1", "site-a")); diff != "" {
		t.Errorf("the peer is told: %s", diff)
	}
	router := r.get(edge + "edge-1")
	if at(router, "bgp", "advertiseMode") != "CUSTOM" || at(router, "bgp", "asn") != 64514.0 ||
		router["bgpPeers"] == nil {
		t.Errorf("the rest was not merged: %v", router)
	}
	missing := 0
	for _, d := range r.s.World.Resources() {
		if d.Kind == "routers.advertisedIpRanges" && d.Change == "missing" && d.Owner != "" {
			missing++
		}
	}
	if missing != 2 {
		t.Errorf("two foreign ranges were lost, but the world shows %+v", r.s.World.Resources())
	}
	r.changed("PATCH", edge+"edge-1", bgp(obj{})) // what a client that drops empty lists sends to clear the list
	if got := at(r.get(edge+"edge-1"), "bgp", "advertisedIpRanges").([]any); len(got) != 1 {
		t.Errorf("an empty patch changed the list: %v", got)
	}
	r.changed("PATCH", edge+"edge-1", bgp(obj{"advertisedIpRanges": []any{}}))
	if diff := cmp.Diff(subnetsOfWest3, r.told("edge-1", "site-a")); diff != "" {
		t.Errorf("after an explicit empty list: %s", diff)
	}
}

func TestAnnouncementIsLate(t *testing.T) {
	r := newRig(t)
	before := r.told("edge-own", "site-d")
	r.ok("PATCH", edge+"edge-1", bgp(
		obj{"advertisedIpRanges": ranges("10.40.0.0/16", "172.20.0.0/16", "10.200.0.1/32")},
	))
	r.pass(5 * time.Second) // the operation is done
	if slices.Contains(r.told("edge-1", "site-a"), "10.200.0.1/32") {
		t.Error("the range was told with the operation")
	}
	r.pass(5 * time.Second)
	if !slices.Contains(r.told("edge-1", "site-a"), "10.200.0.1/32") {
		t.Error("the range was never told")
	}
	r.changed("PATCH", edge+"edge-own", bgp(obj{"advertisedIpRanges": ranges("10.200.0.1/32")}))
	if diff := cmp.Diff(before, r.told("edge-own", "site-d")); diff != "" {
		t.Errorf("a peer with its own mode listens to the router's list: %s", diff)
	}
}

func TestModeOfARouter(t *testing.T) {
	r := newRig(t)
	r.refused(no{
		400, "advertisedIpRanges",
	}, "PATCH", edge+"edge-default", bgp(obj{"advertisedIpRanges": ranges("10.200.0.1/32")}))
	r.changed("PATCH", edge+"edge-default", bgp(
		obj{"advertiseMode": "CUSTOM", "advertisedIpRanges": ranges("10.200.0.1/32")},
	))
	if diff := cmp.Diff([]string{"10.200.0.1/32"}, r.told("edge-default", "site-c")); diff != "" {
		t.Errorf("CUSTOM without groups must stop telling the subnets: %s", diff)
	}
	r.changed("PATCH", edge+"edge-default", bgp(obj{"advertisedGroups": []any{"ALL_SUBNETS"}}))
	if diff := cmp.Diff(union(subnetsOfWest3, []string{"10.200.0.1/32"}),
		r.told("edge-default", "site-c")); diff != "" {
		t.Errorf("with the group: %s", diff)
	}
	r.refused(no{400, "advertisedIpRanges"}, "PATCH", edge+"edge-default", bgp(obj{"advertiseMode": "DEFAULT"}))
	r.changed("PATCH", edge+"edge-default", bgp(
		obj{"advertiseMode": "DEFAULT", "advertisedGroups": []any{}, "advertisedIpRanges": []any{}},
	))
	r.clean()
}

func TestRouterRefusals(t *testing.T) {
	r := newRig(t)
	var many []string
	for i := range 201 {
		many = append(many, fmt.Sprintf("10.201.%d.0/24", i))
	}
	r.refused(no{400, "At most 200"}, "PATCH", edge+"edge-1", bgp(obj{"advertisedIpRanges": ranges(many...)}))
	r.changed("PATCH", edge+"edge-1", bgp(obj{"advertisedIpRanges": ranges(many[:200]...)}))
	r.refused(no{
		400, "Must be a CIDR address range",
	}, "PATCH", edge+"edge-1", bgp(obj{"advertisedIpRanges": ranges("site-a")}))
	r.refused(no{400, "asn"}, "PATCH", edge+"edge-1", bgp(obj{"asn": 64999}))
	r.refused(no{400, "ALL_SUBNETS"}, "PATCH", edge+"edge-1", bgp(obj{"advertisedGroups": []any{"ALL"}}))
	r.refused(no{400, "Unknown name \"fingerprint\""}, "PATCH", edge+"edge-1", obj{"fingerprint": "x"})
	r.refused(no{404, "nope"}, "PATCH", edge+"nope", bgp(obj{}))
}

func TestPutLosesPeers(t *testing.T) {
	r := newRig(t)
	r.changed("PUT", edge+"edge-1", bgp(
		obj{"asn": 64514, "advertiseMode": "CUSTOM", "advertisedGroups": []any{"ALL_SUBNETS"}},
	))
	if got := r.get(edge + "edge-1"); got["bgpPeers"] != nil || got["network"] == nil {
		t.Errorf("after PUT: %v", got)
	}
}
