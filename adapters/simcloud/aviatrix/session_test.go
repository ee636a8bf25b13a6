package aviatrix_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/culvertnet/culvert/adapters/simcloud/world"
)

func TestLoginInBothWays(t *testing.T) {
	r := newRig(t, "")
	c := r.login("avx-82")
	if v := c.must("list_version_info").object()["current_version"]; v != "UserConnect-8.2" {
		t.Errorf("version: %v", v)
	}
	plain := &client{r: r, base: c.base}
	if a := plain.call("login", "username", "admin", "password", "secret"); !a.Return || a.CID == "" || a.CID == c.cid {
		t.Errorf("a login without a token should give a new CID: %s", a.Body)
	}
	if a := plain.json(map[string]any{"action": "login", "username": "admin", "password": "secret"}); !a.Return {
		t.Errorf("a login in JSON: %s", a.Body)
	}
	plain.refused("does not match", "login", "username", "admin", "password", "wrong")
	req, _ := http.NewRequest("GET", c.base+"/v1/api?action=list_version_info&CID="+c.cid, nil)
	if a := c.do(req); !a.Return {
		t.Errorf("a v1 query: %s", a.Body)
	}
	req, _ = http.NewRequest(
		"GET", c.base+"/v2/api", strings.NewReader(url.Values{"action": {"get_api_token"}}.Encode()),
	)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if a := c.do(req); !a.Return {
		t.Errorf("a form in the body of a GET: %s", a.Body)
	}
}

func TestExpiryHasThreeShapes(t *testing.T) {
	for _, how := range []string{"time", "fault"} {
		t.Run(how, func(t *testing.T) {
			r := newRig(t, "")
			expire := func(c *client, call string) {
				if how == "time" {
					r.clock.pass(time.Minute) // an hour of the vendor's
					return
				}
				r.fault(world.Fault{Call: call, Mode: world.ExpireSession})
			}
			c := r.login("avx-82")
			expire(c, "list_vpcs_summary")
			c.refused("Invalid session. Please login again.", "list_vpcs_summary")
			c.refused("Invalid session. Please login again.", "list_fqdn_filter_tags")

			c = r.login("avx-82")
			expire(c, "attach_spoke_to_transit_gw")
			a := c.json(map[string]any{"action": "attach_spoke_to_transit_gw", "CID": c.cid, "spoke_gw": "spoke-black",
				"transit_gw": "transit-1"})
			if a.Return || a.Reason != "Session "+c.cid+" expired" {
				t.Errorf("JSON path: %s", a.Body)
			}

			c = r.login("avx-82")
			expire(c, "app-domains.list")
			if a := c.rest("GET", "app-domains", nil); a.Status != http.StatusForbidden || a.Message != "Invalid CID" {
				t.Errorf("v2.5: HTTP %d %s", a.Status, a.Body)
			}
			req, _ := http.NewRequest("GET", c.base+"/v1/api?action=list_version_info&CID="+c.cid, nil)
			if a := c.do(req); a.Reason != "CID is invalid or expired." {
				t.Errorf("v1: %s", a.Body)
			}
			r.clean()
			if effects := r.w.Effects(); len(effects) != 0 {
				t.Errorf("a dead session had effects: %+v", effects)
			}
		})
	}
}

func TestFaultsOfAForm(t *testing.T) {
	const call = "edit_gateway_advertised_cidr"
	edit := func(c *client) answer {
		return c.call(call, "gateway_name", "spoke-1", "cidr", "10.10.0.0/24,10.11.0.0/24,10.200.0.5/32")
	}
	cases := []struct {
		fault  world.Fault
		effect bool
		check  func(answer) bool
	}{
		{world.Fault{Mode: world.Refuse}, false, func(a answer) bool {
			return a.Status == 200 && !a.Return && a.Reason == "[AVXERR-SIM-0001] refused"
		}},
		{world.Fault{Mode: world.Refuse, Status: "AVXERR-GATEWAY-0079"}, false, func(a answer) bool {
			return a.Reason == "[AVXERR-GATEWAY-0079] refused"
		}},
		{world.Fault{
			Mode: world.FailBefore,
		}, false, func(a answer) bool { return a.Status == 503 && a.Body[0] == '<' }},
		{world.Fault{Mode: world.FailAfter}, true, func(a answer) bool { return a.Status == 503 }},
		{world.Fault{Mode: world.LoseReply}, true, func(a answer) bool { return a.Err != nil }},
		{world.Fault{Mode: world.Throttle}, false, func(a answer) bool { return a.Status == 429 }},
		{world.Fault{Mode: world.Delay, Delay: time.Hour}, true, func(a answer) bool { return a.Return }},
	}
	for _, tc := range cases {
		t.Run(tc.fault.Mode, func(t *testing.T) {
			r := newRig(t, "")
			c := r.login("avx-82")
			tc.fault.Call, tc.fault.Match = call, "avx-82/spoke-1"
			r.fault(tc.fault)
			if a := edit(c); !tc.check(a) {
				t.Errorf("answer: %v HTTP %d %s", a.Err, a.Status, a.Body)
			}
			if effects := r.w.Effects(); (len(effects) == 1) != tc.effect {
				t.Errorf("effects: %+v", effects)
			}
		})
	}
}

func TestASlowAttachHappensBeforeItsAnswer(t *testing.T) {
	r := newRig(t, "")
	c := r.login("avx-82")
	a := c.json(map[string]any{"action": "attach_spoke_to_transit_gw", "CID": c.cid, "spoke_gw": "spoke-black",
		"transit_gw": "transit-1", "SpokeBgpEnabled": false, "tunnel_count": 0})
	if !a.Return {
		t.Fatalf("attach: %s", a.Body)
	}
	select {
	case d := <-r.waits:
		if d != 1500*time.Millisecond { // 90 s of the vendor's at speed 60
			t.Errorf("the answer should take 1.5 s, took %s", d)
		}
	default:
		t.Error("the answer should take its time")
	}
	r.changed("added transitAttachment avx-82/spoke-black/transit-1")
	c.refused("AVXERR-TRANSIT-0034", "attach_spoke_to_transit_gw", "spoke_gw", "spoke-black", "transit_gw", "transit-1")
	c.must("detach_spoke_from_transit_gw", "spoke_gw", "spoke-black", "transit_gw", "transit-1")
	c.refused("has not joined to any transit", "detach_spoke_from_transit_gw", "spoke_gw", "spoke-black")
	r.clean()
}

// A task's id is a text on 8.2 and in an object from 9.0; a call that does not ask for a task gets none.
func TestAsyncTask(t *testing.T) {
	for _, version := range []string{"8.2", "10.0"} {
		scenario := testScenario(t)
		scenario.Controllers[0].Version = version
		scenario.Controllers[0].FQDNTags = nil
		r := serve(t, "", scenario)
		c := r.login("avx-82")
		pair := []string{"spoke_gw", "spoke-black", "transit_gw", "transit-1"}
		started := c.must("attach_spoke_to_transit_gw", append(slices.Clone(pair), "async", "true")...)
		var id string
		if version == "8.2" {
			if err := json.Unmarshal(started.Results, &id); err != nil {
				t.Errorf("8.2 answers with a text: %s", started.Results)
			}
		} else {
			id, _ = started.object()["request_id"].(string)
		}
		c.refused("REQUEST_IN_PROGRESS", "check_task_status", "request_id", id)
		r.clock.pass(2 * time.Second)
		c.must("check_task_status", "request_id", id)
		c.must("detach_spoke_from_transit_gw", pair...)
		if a := c.must("attach_spoke_to_transit_gw", pair...); strings.Contains(string(a.Results), "request_id") {
			t.Errorf("%s: nobody asked for a task: %s", version, a.Results)
		}
	}
}

func TestAWorldOpenedAgain(t *testing.T) {
	dir := t.TempDir()
	r := newRig(t, dir)
	c := r.login("avx-82")
	c.must("add_fqdn_filter_tag", "tag_name", "ours")
	if err := r.w.Close(); err != nil {
		t.Fatal(err)
	}
	again := newRig(t, dir)
	old := &client{r: again, base: again.urls["avx-82"], cid: c.cid}
	old.refused("Invalid session", "list_fqdn_filter_tags")
	if _, ok := again.login("avx-82").must("list_fqdn_filter_tags").object()["ours"]; !ok {
		t.Error("the tag should have survived")
	}
	again.changed("added fqdnTag avx-82/ours")
}
