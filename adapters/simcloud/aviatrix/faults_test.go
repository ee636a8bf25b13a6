package aviatrix_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/culvertnet/culvert/adapters/simcloud/aviatrix"
	"github.com/culvertnet/culvert/adapters/simcloud/world"
)

// styles are the three ways in, each with a call that has one effect.
var styles = map[string]struct {
	controller, fault string
	call              func(*client) answer
	worked            func(answer) bool
	refused           func(answer) bool
	expired           func(c *client, a answer) bool
}{
	"v2 form": {
		"avx-82", "edit_gateway_advertised_cidr",
		func(c *client) answer {
			return c.call("edit_gateway_advertised_cidr", "gateway_name", "spoke-1", "cidr", "10.200.0.5/32")
		},
		func(a answer) bool { return a.Return },
		func(a answer) bool {
			return a.Status == 200 && !a.Return && strings.Contains(a.Reason, "AVXERR-SIM-0001")
		},
		func(_ *client, a answer) bool { return a.Reason == "Invalid session. Please login again." },
	},
	"v2 JSON": {
		"avx-82", "attach_spoke_to_transit_gw",
		func(c *client) answer {
			return c.json(map[string]any{"action": "attach_spoke_to_transit_gw", "CID": c.cid,
				"spoke_gw": "spoke-black", "transit_gw": "transit-1"})
		},
		func(a answer) bool { return a.Return },
		func(a answer) bool {
			return a.Status == 200 && !a.Return && strings.Contains(a.Reason, "AVXERR-SIM-0001")
		},
		func(c *client, a answer) bool { return a.Reason == "Session "+c.cid+" expired" },
	},
	"v2.5": {
		"avx-100", "app-domains.create",
		func(c *client) answer { return c.rest("POST", "app-domains", group("ours", "cidr", "10.8.0.0/28")) },
		func(a answer) bool { return a.Status == 200 },
		func(a answer) bool { return a.Status == 400 && strings.Contains(a.Message, "AVXERR-SIM-0001") },
		func(_ *client, a answer) bool { return a.Status == http.StatusForbidden && a.Message == "Invalid CID" },
	},
}

func TestEveryFaultInEveryStyle(t *testing.T) {
	for name, s := range styles {
		for mode, want := range map[string]struct {
			effects int
			seen    func(c *client, a answer) bool
		}{
			world.Refuse:        {0, func(_ *client, a answer) bool { return s.refused(a) }},
			world.FailBefore:    {0, func(_ *client, a answer) bool { return a.Status == 503 }},
			world.FailAfter:     {1, func(_ *client, a answer) bool { return a.Status == 503 }},
			world.LoseReply:     {1, func(_ *client, a answer) bool { return a.Err != nil }},
			world.Throttle:      {0, func(_ *client, a answer) bool { return a.Status == 429 }},
			world.Delay:         {1, func(_ *client, a answer) bool { return s.worked(a) }},
			world.ExpireSession: {0, s.expired},
		} {
			t.Run(name+" "+mode, func(t *testing.T) {
				r := newRig(t, "")
				c := r.login(s.controller)
				r.fault(world.Fault{Call: s.fault, Mode: mode, Delay: time.Hour})
				if a := s.call(c); !want.seen(c, a) {
					t.Errorf("answer: %v HTTP %d %s", a.Err, a.Status, a.Body)
				}
				if effects := r.w.Effects(); len(effects) != want.effects {
					t.Errorf("effects: %+v", effects)
				}
			})
		}
	}
}

// TestADeadSessionSpendsNoFault: a fault that promises an effect waits for a call that has one.
func TestADeadSessionSpendsNoFault(t *testing.T) {
	for name, s := range styles {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, "")
			c := r.login(s.controller)
			r.fault(world.Fault{Call: s.fault, Mode: world.LoseReply})
			r.clock.pass(time.Minute) // an hour of the vendor's
			if a := s.call(c); !s.expired(c, a) || r.w.Faults()[0].Hits != 0 {
				t.Errorf("a dead session's call: HTTP %d %s, faults %+v", a.Status, a.Body, r.w.Faults())
			}
			if a := s.call(r.login(s.controller)); a.Err == nil || len(r.w.Effects()) != 1 {
				t.Errorf("a living session's call: HTTP %d %s, effects %+v", a.Status, a.Body, r.w.Effects())
			}
		})
	}
}

// TestTheControllerDoesNotKnow: what it could not deliver to the gateway is or is not in force, and the answer is the
// same.
func TestTheControllerDoesNotKnow(t *testing.T) {
	for mode, effects := range map[string]int{world.FailBefore: 0, world.FailAfter: 1} {
		r := newRig(t, "")
		c := r.login("avx-82")
		r.fault(world.Fault{Call: "edit_gateway_advertised_cidr", Mode: mode, Status: "AVXERR-GATEWAY-0001"})
		c.refused("Failed to deliver msg to gw", "edit_gateway_advertised_cidr", "gateway_name", "spoke-1", "cidr",
			"10.200.0.5/32")
		if got := r.w.Effects(); len(got) != effects {
			t.Errorf("%s: effects %+v", mode, got)
		}
		r.fault(world.Fault{Call: "list_vpcs_summary", Mode: mode, Status: "502"})
		if a := c.call("list_vpcs_summary"); a.Status != http.StatusBadGateway {
			t.Errorf("%s with a status: HTTP %d", mode, a.Status)
		}
	}
}

// TestAPeeringHasNoOrder: made as one pair, it is read, refused and deleted as the other.
func TestAPeeringHasNoOrder(t *testing.T) {
	gw := func(name string) aviatrix.Gateway {
		return aviatrix.Gateway{Name: name, Role: "transit", VPC: name + "~-~p"}
	}
	r := serve(t, "", aviatrix.Scenario{Controllers: []aviatrix.Controller{{Name: "c", Version: "8.2",
		Username: "admin", Password: "secret",
		Gateways: []aviatrix.Gateway{gw("t-b"), gw("t-a")}}}})
	c := r.login("c")
	if a := c.json(map[string]any{"action": "create_inter_transit_gateway_peering", "CID": c.cid, "gateway1": "t-b",
		"gateway2":                  "t-a",
		"insane_mode_over_internet": true}); !strings.Contains(a.Reason, "AVXERR-TRANSIT-0320") {
		t.Errorf("insane mode: %s", a.Body)
	}
	c.must("create_inter_transit_gateway_peering", "gateway1", "t-b", "gateway2", "t-a", "private_ip_peering", "no")
	c.refused("already exists", "create_inter_transit_gateway_peering", "gateway1", "t-a", "gateway2", "t-b")
	c.must("get_inter_transit_gateway_peering_details", "gateway1", "t-a", "gateway2", "t-b")
	if list := string(c.must("list_inter_transit_gateway_peering").Results); !strings.HasPrefix(list, "[[{") {
		t.Errorf("peerings are a list of lists: %s", list)
	}
	r.changed("added transitPeering c/t-a/t-b")
	c.must("delete_inter_transit_gateway_peering", "gateway1", "t-a", "gateway2", "t-b")
	c.refused("does not exist", "delete_inter_transit_gateway_peering", "gateway1", "t-a", "gateway2", "t-b")
	r.clean()
}
