package aviatrix_test

import (
	"strings"
	"testing"

	"github.com/culvertnet/culvert/adapters/simcloud/aviatrix"
)

// versionRig is the world of the tests with avx-100 at another version.
func versionRig(t *testing.T, version string) *rig {
	t.Helper()
	s := testScenario(t)
	s.Controllers[1].Version = version
	return serve(t, "", s)
}

// denial is a rule against everything, with further members.
func denial(more map[string]any) map[string]any {
	out := map[string]any{"name": "deny", "action": "DENY", "priority": 1, "src_ads": []any{anywhere},
		"dst_ads": []any{anywhere}}
	for k, v := range more {
		out[k] = v
	}
	return out
}

func rulesOn(t *testing.T, c *client, rule map[string]any) map[string]any {
	t.Helper()
	return map[string]any{"name": "ours", "attach_to": pointID(t, c, "TERRAFORM_AFTER_UI_MANAGED"),
		"policies": []any{rule}}
}

// A rule for every protocol says so with PROTOCOL_UNSPECIFIED or with nothing: no client of the vendor's sends ANY.
func TestTheProtocolOfARuleForAll(t *testing.T) {
	for _, more := range []map[string]any{{}, {"protocol": "PROTOCOL_UNSPECIFIED"}} {
		r := newRig(t, "")
		c := r.login("avx-100")
		id := c.mustREST("POST", "microseg/policy-list3", rulesOn(t, c, denial(more)))["uuid"].(string)
		r.expect(aviatrix.Denied, connector("qa1.backend.example"))
		set := c.mustREST("GET", "microseg/policy-list3/"+id, nil)
		if got := set["policies"].([]any)[0].(map[string]any)["protocol"]; got != "PROTOCOL_UNSPECIFIED" {
			t.Errorf("%v is read back as %v", more, got)
		}
	}
	c := newRig(t, "").login("avx-100")
	for path, method := range map[string]string{"microseg/policy-list3": "POST", "microseg/policy-list": "PUT"} {
		for _, word := range []string{"ANY", "any", "ALL", "tcp"} {
			body := rulesOn(t, c, denial(map[string]any{"protocol": word}))
			if method == "PUT" { // the one list has no name and no place
				body = map[string]any{"policies": body["policies"]}
			}
			a := c.rest(method, path, body)
			if a.Status != 400 || !strings.Contains(a.Message, `invalid protocol "`+word+`"`) {
				t.Errorf("%s with %s: HTTP %d %s", path, word, a.Status, a.Body)
			}
		}
	}
}

// A field that no client sends to a version is refused: a real controller may drop it, and then the rule is enforced.
func TestMonitoringByVersion(t *testing.T) {
	monitor, watch := map[string]any{"enforcement": "MONITOR"}, map[string]any{"watch": true}
	both := map[string]any{"enforcement": "MONITOR", "watch": true}
	for _, c := range []struct {
		version string
		more    map[string]any
		want    aviatrix.Verdict
		refused bool
	}{
		{"9.0", monitor, aviatrix.Unfiltered, true},
		{"9.0", nil, aviatrix.Denied, false},
		{"10.0", monitor, aviatrix.Unfiltered, true},
		{"10.0", map[string]any{"egress_path": "x"}, aviatrix.Unfiltered, true},
		{"10.0", watch, aviatrix.Unfiltered, false},
		{"10.0", both, aviatrix.Unfiltered, true},
		{"10.1", monitor, aviatrix.Unfiltered, false},
		{"10.1.2", monitor, aviatrix.Unfiltered, false},
		{"11.0", map[string]any{"enforcement": "ENFORCE"}, aviatrix.Denied, false},
		{"10.1", both, aviatrix.Unfiltered, true},
	} {
		r := versionRig(t, c.version)
		client := r.login("avx-100")
		a := client.rest("POST", "microseg/policy-list3", rulesOn(t, client, denial(c.more)))
		if refused := a.Status == 400; refused != c.refused {
			t.Errorf("%s %v: HTTP %d %s", c.version, c.more, a.Status, a.Body)
		}
		r.expect(c.want, connector("qa1.backend.example"))
	}
}
