package aviatrix_test

import (
	"encoding/json"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/culvertnet/culvert/adapters/simcloud/aviatrix"
	"github.com/culvertnet/culvert/adapters/simcloud/world"
)

const (
	anywhere = "def000ad-0000-0000-0000-000000000000"
	internet = "def000ad-0000-0000-0000-000000000001"
)

func group(name, key, value string) map[string]any {
	return map[string]any{
		"name": name, "selector": map[string]any{"any": []any{map[string]any{"all": map[string]any{key: value}}}},
	}
}

func pointID(t *testing.T, c *client, name string) string {
	t.Helper()
	var points []map[string]string
	if err := json.Unmarshal(c.rest("GET", "microseg/attachment-points?name="+name, nil).Body, &points); err != nil ||
		len(points) != 1 {
		t.Fatalf("attachment point %s: %v %v", name, points, err)
	}
	return points[0]["attachment_point_id"]
}

// foreign finds the rule set that the scenario put on the first place.
func foreign(t *testing.T, c *client) map[string]any {
	t.Helper()
	for _, set := range c.mustREST("GET", "microseg/policy-list3", nil)["dcf_policies"].([]any) {
		if m := set.(map[string]any); m["name"] == "foreign-rules" {
			return m
		}
	}
	t.Fatal("the foreign rule set is gone")
	return nil
}

func TestGroups(t *testing.T) {
	r := newRig(t, "")
	c := r.login("avx-100")
	id := c.mustREST("POST", "app-domains", group("ours", "cidr", "10.8.0.0/28"))["uuid"].(string)
	if got := c.mustREST("GET", "app-domains/"+id, nil); got["name"] != "ours" {
		t.Errorf("get: %v", got)
	}
	if got := c.mustREST("GET", "app-domains/name/ours", nil); got["uuid"] != id {
		t.Errorf("get by name: %v", got)
	}
	if a := c.rest("POST", "app-domains", group("ours", "cidr", "10.8.0.0/28")); a.Status != 400 ||
		!strings.Contains(a.Message, "already exists") {
		t.Errorf("twice: HTTP %d %s", a.Status, a.Body)
	}
	c.mustREST("PUT", "app-domains/"+id, group("ours", "cidr", "10.8.0.16/28"))
	r.changed("added appDomain avx-100/ours")
	c.mustREST("DELETE", "app-domains/"+id, nil)
	r.clean()
	if a := c.rest("GET", "app-domains/"+id, nil); a.Status != http.StatusNotFound ||
		!strings.Contains(a.Message, "App domain not found") {
		t.Errorf("gone: HTTP %d %s", a.Status, a.Body)
	}
	both := map[string]any{"name": "web", "selector": map[string]any{"any": []any{
		map[string]any{"all": map[string]any{"snifilter": "a.example"}},
		map[string]any{"all": map[string]any{"urlfilter": "b.example/x"}}}}}
	for _, bad := range []any{both, group("x", "cidr", "10.8.0.0/40"), group("x", "colour", "blue"),
		group("", "cidr", "10.0.0.0/8"), map[string]any{"name": "x"}} {
		if a := c.rest("POST", "app-domains", bad); a.Status != 400 || a.Message == "" {
			t.Errorf("%v: HTTP %d %s", bad, a.Status, a.Body)
		}
	}
	if a := c.rest("DELETE", "app-domains/"+anywhere, nil); a.Status != http.StatusForbidden {
		t.Errorf("a group of the vendor's: HTTP %d", a.Status)
	}
	var calls []string
	for _, e := range r.w.Effects() {
		calls = append(calls, e.Call+" "+e.Name)
	}
	if strings.Join(calls, ",") !=
		"app-domains.create avx-100/ours,app-domains.update avx-100/ours,app-domains.delete avx-100/ours" {
		t.Errorf("ledger: %v", calls)
	}
}

func connector(fqdn string) aviatrix.Flow {
	return aviatrix.Flow{Controller: "avx-100", Gateway: "spoke-10", Source: netip.MustParsePrefix("10.8.0.0/28"),
		FQDN: fqdn, Protocol: "tcp", Port: 443}
}

func TestOurRulesBesideForeignOnes(t *testing.T) {
	r := newRig(t, "")
	c := r.login("avx-100")
	src := c.mustREST("POST", "app-domains", group("src", "cidr", "10.8.0.0/28"))["uuid"]
	web := c.mustREST("POST", "app-domains", group("web", "snifilter", "*.backend.example"))["uuid"]
	r.expect(aviatrix.Unfiltered, connector("qa1.backend.example"))
	set := foreign(t, c)
	rules := set["policies"].([]any)
	first := rules[0].(map[string]any)["uuid"]
	if got := rules[1].(map[string]any)["protocol"]; got != "PROTOCOL_UNSPECIFIED" {
		t.Errorf("ANY is read back as PROTOCOL_UNSPECIFIED, got %v", got)
	}
	set["policies"] = append(rules,
		map[string]any{"name": "ours-allow", "action": "PERMIT", "priority": 100, "protocol": "TCP",
			"src_ads": []any{src}, "dst_ads": []any{internet},
			"web_filters": []any{web}, "port_ranges": []any{map[string]any{"lo": 443, "hi": 443}}},
		map[string]any{"name": "ours-deny", "action": "DENY", "priority": 101, "protocol": "PROTOCOL_UNSPECIFIED",
			"src_ads": []any{src},
			"dst_ads": []any{anywhere}})
	c.mustREST("PUT", "microseg/policy-list3/"+set["uuid"].(string), set)
	r.expect(aviatrix.Allowed, connector("qa1.backend.example"))
	r.expect(aviatrix.Denied, connector("evil.example"))
	r.changed("added appDomain avx-100/src", "added appDomain avx-100/web",
		"added rule avx-100/foreign-rules/ours-allow", "added rule avx-100/foreign-rules/ours-deny")

	if a := c.rest("DELETE", "app-domains/"+src.(string), nil); a.Status != 400 ||
		!strings.Contains(a.Message, "referenced") {
		t.Errorf("a group in use: HTTP %d %s", a.Status, a.Body)
	}
	set = foreign(t, c)
	if got := set["policies"].([]any)[0].(map[string]any)["uuid"]; got != first {
		t.Errorf("a rule keeps its id across writes: %v became %v", first, got)
	}
	if _, ok := set["policies"].([]any)[2].(map[string]any)["port_ranges"].([]any)[0].(map[string]any)["hi"]; ok {
		t.Error("hi is left out where it equals lo")
	}
	set["policies"] = set["policies"].([]any)[:2]
	c.mustREST("PUT", "microseg/policy-list3/"+set["uuid"].(string), set)
	c.mustREST("DELETE", "app-domains/"+src.(string), nil)
	c.mustREST("DELETE", "app-domains/"+web.(string), nil)
	r.clean()
}

func TestOneObjectOnAPoint(t *testing.T) {
	r := newRig(t, "")
	c := r.login("avx-100")
	taken, free := pointID(t, c, "TERRAFORM_BEFORE_UI_MANAGED"), pointID(t, c, "TERRAFORM_AFTER_UI_MANAGED")
	ours := map[string]any{"name": "ours", "attach_to": taken, "policies": []any{
		map[string]any{"name": "deny", "action": "DENY", "priority": 1, "protocol": "PROTOCOL_UNSPECIFIED",
			"src_ads": []any{anywhere},
			"dst_ads": []any{anywhere}}}}
	if a := c.rest("POST", "microseg/policy-list3", ours); a.Status != 400 ||
		!strings.Contains(a.Message, "already used by foreign-rules") {
		t.Errorf("a place that is taken: HTTP %d %s", a.Status, a.Body)
	}
	ours["attach_to"] = free
	id := c.mustREST("POST", "microseg/policy-list3", ours)["uuid"].(string)
	r.expect(aviatrix.Denied, connector("qa1.backend.example"))
	rules := c.mustREST("GET", "microseg/policy-list3/"+id, nil)["policies"].([]any)
	rules[0].(map[string]any)["watch"] = true
	ours["policies"] = rules
	c.mustREST("PUT", "microseg/policy-list3/"+id, ours)
	r.expect(aviatrix.Unfiltered, connector("qa1.backend.example"))
	delete(ours, "attach_to") // whole: without its place, the set has none
	c.mustREST("PUT", "microseg/policy-list3/"+id, ours)
	if got := c.mustREST("GET", "microseg/policy-list3/"+id, nil)["attach_to"]; got != nil {
		t.Errorf("attach_to: %v", got)
	}
	c.mustREST("DELETE", "microseg/policy-list3/"+id, nil)
	r.clean()
}

func TestAGroupMakesPlaces(t *testing.T) {
	r := newRig(t, "")
	c := r.login("avx-100")
	free := pointID(t, c, "TERRAFORM_AFTER_UI_MANAGED")
	block := map[string]any{"name": "slots", "attach_to": free, "sub_policies": []any{
		map[string]any{"name": "slot-1", "priority": 1, "attachment_point": map[string]any{"name": "slot-1"}}}}
	group := c.mustREST("POST", "microseg/policy-list3", block)["uuid"].(string)
	id := c.mustREST("POST", "microseg/policy-list3",
		map[string]any{"name": "ours", "attach_to": pointID(t, c, "slot-1"), "policies": []any{
			map[string]any{"name": "deny", "action": "DENY", "priority": 1, "protocol": "PROTOCOL_UNSPECIFIED",
				"src_ads": []any{anywhere},
				"dst_ads": []any{anywhere}}}})["uuid"].(string)
	r.expect(aviatrix.Denied, connector("qa1.backend.example"))
	if a := c.rest("DELETE", "microseg/policy-list3/"+group, nil); a.Status != 400 {
		t.Errorf("a group whose place is used: HTTP %d %s", a.Status, a.Body)
	}
	c.mustREST("DELETE", "microseg/policy-list3/"+id, nil)
	c.mustREST("DELETE", "microseg/policy-list3/"+group, nil)
	if a := c.rest("POST", "microseg/policy-list3",
		map[string]any{"name": "empty", "sub_policies": []any{}}); a.Status != 400 {
		t.Errorf("an empty group: HTTP %d", a.Status)
	}
	r.clean()
}

func TestFeatureOffMakesPlacesUseless(t *testing.T) {
	r := newRig(t, "")
	c := r.login("avx-100")
	right := pointID(t, c, "TERRAFORM_AFTER_UI_MANAGED")
	c.must("disable_controller_feature", "feature", "microseg")
	if c.must("get_controller_feature", "feature", "microseg").object()["enabled"] != false {
		t.Error("the feature should be off")
	}
	wrong := pointID(t, c, "TERRAFORM_AFTER_UI_MANAGED")
	if wrong == right {
		t.Error("before the feature is on, the ids are wrong")
	}
	if a := c.rest("POST", "microseg/policy-list3", map[string]any{"name": "ours", "attach_to": wrong,
		"policies": []any{}}); a.Status != 400 {
		t.Errorf("attach to nothing: HTTP %d", a.Status)
	}
	c.must("enable_controller_feature", "feature", "microseg")
	r.clean()
}

func TestTheGlobalListAndTheDefault(t *testing.T) {
	r := newRig(t, "")
	c := r.login("avx-82")
	deny := map[string]any{"policies": []any{
		map[string]any{"name": "deny", "action": "DENY", "priority": 0, "protocol": "PROTOCOL_UNSPECIFIED",
			"src_ads": []any{anywhere},
			"dst_ads": []any{anywhere}}}}
	c.mustREST("PUT", "microseg/policy-list", deny)
	r.expect(aviatrix.Denied, flow("10.8.0.0/28", "a.example"))
	c.mustREST("DELETE", "microseg/policy-list", nil)
	r.expect(aviatrix.Unfiltered, flow("10.8.0.0/28", "a.example"))
	c.mustREST("PUT", "microseg/default-action-policy", map[string]any{"action": "DENY", "logging": false})
	r.expect(aviatrix.Denied, flow("10.8.0.0/28", "a.example"))
	r.changed("changed dcf avx-82/default-action-policy")
}

func TestFaultsOfREST(t *testing.T) {
	r := newRig(t, "")
	c := r.login("avx-100")
	r.fault(world.Fault{Call: "app-domains.create", Mode: world.Refuse, Match: "ours"})
	if a := c.rest("POST", "app-domains", group("ours", "cidr", "10.8.0.0/28")); a.Status != 400 ||
		a.Message != "[AVXERR-SIM-0001] refused" {
		t.Errorf("refuse: HTTP %d %s", a.Status, a.Body)
	}
	r.fault(world.Fault{Call: "app-domains.create", Mode: world.LoseReply})
	if a := c.rest("POST", "app-domains", group("ours", "cidr", "10.8.0.0/28")); a.Err == nil {
		t.Errorf("lose-reply: HTTP %d %s", a.Status, a.Body)
	}
	r.changed("added appDomain avx-100/ours")
}

// Rules are applied to gateways of the clouds that the deployment policy names, and to no others.
func TestDeployPolicy(t *testing.T) {
	r := newRig(t, "")
	c := r.login("avx-100")
	if got := c.mustREST("GET", "microseg/deploy-policy", nil); len(got["providers"].([]any)) != 3 {
		t.Errorf("by default: %v", got)
	}
	enforced := func() (google, azure bool) {
		err := r.w.Do(func(tx *world.Tx) error {
			p := aviatrix.NewPlane(tx)
			google, azure = p.Enforced("avx-100", "spoke-10"), p.Enforced("avx-100", "spoke-az")
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return google, azure
	}
	if google, azure := enforced(); !google || !azure {
		t.Errorf("by default: %v %v", google, azure)
	}
	c.mustREST("POST", "microseg/deploy-policy", map[string]any{"providers": []string{"AZURE"}})
	if google, azure := enforced(); google || !azure {
		t.Errorf("Azure only: %v %v", google, azure)
	}
	if a := c.rest("POST", "microseg/deploy-policy", map[string]any{"providers": []string{"MOON"}}); a.Status != 400 {
		t.Errorf("an unknown cloud: HTTP %d %s", a.Status, a.Body)
	}
}
