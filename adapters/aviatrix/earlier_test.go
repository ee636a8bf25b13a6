package aviatrix_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/culvertnet/culvert/workers/policy"
)

const (
	dcfPath   = "/v2.5/api/microseg/"
	firstSpot = "TERRAFORM_BEFORE_UI_MANAGED"
	laterSpot = "TERRAFORM_AFTER_UI_MANAGED"
	allGroup  = "def000ad-0000-0000-0000-000000000000"
	netGroup  = "def000ad-0000-0000-0000-000000000001"
)

// early is a rule of somebody else's in the words of the wire; more wins.
func early(name string, priority int, more string) string {
	return merged(fmt.Sprintf(`{"uuid":%q,"name":%q,"action":"PERMIT","priority":%d,`+
		`"protocol":"PROTOCOL_UNSPECIFIED","src_ads":[%q],"dst_ads":[%q]}`, name, name, priority, allGroup, allGroup),
		more)
}

// earlyGroups are the groups of the stub: ours, and those that others' rules name.
const earlyGroups = `{"app_domains":[
	{"uuid":"src","name":"ours-src","selector":{"any":[{"all":{"cidr":"10.8.0.0/28"}}]}},
	{"uuid":"web","name":"ours-web-tcp-443","selector":{"any":[{"all":{"snifilter":"a.example"}}]}},
	{"uuid":"nets","name":"nets","selector":{"any":[{"all":{"cidr":"10.0.0.0/8"}}]}},
	{"uuid":"low","name":"low","selector":{"any":[{"all":{"cidr":"0.0.0.0/1"}}]}},
	{"uuid":"high","name":"high","selector":{"any":[{"all":{"cidr":"128.0.0.0/1"}}]}},
	{"uuid":"nets0","name":"nets0","selector":{"any":[{"all":{"cidr":"10.0.0.0/9"}}]}},
	{"uuid":"nets1","name":"nets1","selector":{"any":[{"all":{"cidr":"10.128.0.0/9"}}]}},
	{"uuid":"bad","name":"bad","selector":{"any":[{"all":{"cidr":"203.0.113.9/32"}}]}},
	{"uuid":"dns","name":"dns","selector":{"any":[{"all":{"cidr":"10.0.0.53/32"}}]}},
	{"uuid":"labelled","name":"labelled","selector":{"any":[{"all":{"type":"vm","tags.team":"net"}}]}},
	{"uuid":"others","name":"others","selector":{"any":[{"all":{"cidr":"10.9.0.0/24"}}]}},
	{"uuid":"any-web","name":"any-web","selector":{"any":[{"all":{"snifilter":"*"}}]}},
	{"uuid":"one-web","name":"one-web","selector":{"any":[{"all":{"snifilter":"b.example"}}]}}]}`

// placesOf are the two places, and the sets on them: somebody else's rules on the first, ours on the second.
func placesOf(theirs, ours []string) told {
	return told{"/v2.5/api/app-domains": earlyGroups,
		dcfPath + "attachment-points?name=" + firstSpot: `[{"attachment_point_id":"p1","name":"` + firstSpot + `"}]`,
		dcfPath + "attachment-points?name=" + laterSpot: `[{"attachment_point_id":"p2","name":"` + laterSpot + `"}]`,
		dcfPath + "policy-list3": `{"dcf_policies":[{"uuid":"e","name":"early","attach_to":"p1","policies":[` +
			strings.Join(theirs, ",") + `]},{"uuid":"s","name":"shared","attach_to":"p2","policies":[` +
			strings.Join(ours, ",") + `]}]}`}
}

// TestWhatDecidesBefore: rules that are asked before ours and open a whole block of addresses to our source make the
// filter void, before it is made and after; what opens less, or concerns others, does not.
func TestWhatDecidesBefore(t *testing.T) {
	deny := policy.Filter{Via: "aviatrix-webgroup", Name: "ours", Controller: "c", Gateway: "gw", Source: "10.8.0.0/28",
		Default: "deny", Rules: []policy.Rule{{FQDN: "a.example", Protocol: "tcp", Ports: []string{"443"}}}}
	allow := deny
	allow.Default = "allow"
	tcp := func(port int) string {
		return fmt.Sprintf(`{"protocol":"TCP","port_ranges":[{"lo":%d}]}`, port)
	}
	dst := func(id string) string { return `{"dst_ads":["` + id + `"]}` }
	byName := func(id string) string { return `{"web_filters":["` + id + `"]}` }
	const no = `{"action":"DENY"}`
	for name, c := range map[string]struct {
		f      policy.Filter
		theirs []string
		want   string // the rule that makes the filter void
	}{
		"everything":                  {deny, []string{early("r", 1, "")}, "r"},
		"the internet on its port":    {deny, []string{early("r", 1, merged(dst(netGroup), tcp(443)))}, "r"},
		"the web":                     {deny, []string{early("r", 1, merged(dst(netGroup), tcp(80)))}, "r"},
		"our range alone":             {deny, []string{early("r", 1, `{"src_ads":["src"]}`)}, "r"},
		"a private block":             {deny, []string{early("r", 1, dst("nets"))}, "r"},
		"in two halves":               {deny, []string{early("r", 1, dst("nets0")), early("q", 2, dst("nets1"))}, "q"},
		"after a bad address":         {deny, []string{early("q", 1, merged(dst("bad"), no)), early("r", 2, "")}, "r"},
		"after inspection":            {deny, []string{early("r", 1, `{"action":"INTRUSION_DETECTION_PERMIT"}`)}, "r"},
		"whatever the name":           {deny, []string{early("r", 1, merged(dst(netGroup), byName("any-web")))}, "r"},
		"a form nobody knows":         {deny, []string{early("r", 1, `{"action":"MAYBE"}`)}, "r"},
		"another port":                {deny, []string{early("r", 1, merged(dst(netGroup), tcp(22)))}, ""},
		"one address":                 {deny, []string{early("r", 1, dst("dns"))}, ""},
		"half of a block":             {deny, []string{early("r", 1, dst("nets0"))}, ""},
		"half of all, with a block":   {deny, []string{early("r", 1, dst("low"))}, "r"},
		"the upper half on port 22":   {deny, []string{early("r", 1, merged(dst("high"), tcp(22)))}, ""},
		"another source":              {deny, []string{early("r", 1, `{"src_ads":["others"]}`)}, ""},
		"machines by label":           {deny, []string{early("r", 1, `{"src_ads":["labelled"]}`)}, ""},
		"one name":                    {deny, []string{early("r", 1, merged(dst(netGroup), byName("one-web")))}, ""},
		"it watches":                  {deny, []string{early("r", 1, `{"watch":true}`)}, ""},
		"all is denied before":        {deny, []string{early("q", 1, no), early("r", 2, "")}, ""},
		"all is denied, by number":    {deny, []string{early("r", 2, ""), early("q", 1, no)}, ""},
		"allow: what is denied":       {allow, []string{early("r", 1, merged(dst(netGroup), tcp(443)))}, "r"},
		"allow: part of it":           {allow, []string{early("r", 1, merged(dst("bad"), tcp(443)))}, "r"},
		"allow: what is not denied":   {allow, []string{early("r", 1, merged(dst(netGroup), tcp(22)))}, ""},
		"allow: the private networks": {allow, []string{early("r", 1, dst("nets"))}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			base := small().with(placesOf(nil, nil))
			lines, err := (&recorder{to: base}).clientOn(t, laterSpot).WebGroups().Rules.Rules(t.Context(), c.f)
			must(t, err)
			a := base.with(placesOf(c.theirs, lines))
			got, err := (&recorder{to: a}).clientOn(t, laterSpot).WebGroups().Filters.Get(t.Context(), c.f)
			must(t, err)
			if want := c.want != "" && strings.Contains(got.Void, "rule "+c.want+" of early"); !got.InForce ||
				want != (got.Void != "") {
				t.Errorf("in force %v, void %q; want rule %q", got.InForce, got.Void, c.want)
			}
			first := base.with(placesOf(c.theirs, nil))
			_, err = (&recorder{to: first}).clientOn(t, laterSpot).WebGroups().Filters.Check(t.Context(), c.f)
			if c.want == "" {
				must(t, err)
				return
			}
			wantClass(t, "check", err, "refuse void")
			// The same rules beside ours, in front of them and behind.
			beside := base.with(placesOf(nil, slices.Concat(lines, c.theirs)))
			got, err = (&recorder{to: beside}).clientOn(t, laterSpot).WebGroups().Filters.Get(t.Context(), c.f)
			if err != nil || !strings.Contains(got.Void, "rule "+c.want+" of shared") {
				t.Errorf("beside ours: %q, %v", got.Void, err)
			}
			var late []string
			for _, r := range c.theirs {
				late = append(late, merged(r, `{"priority":5000}`))
			}
			behind := base.with(placesOf(nil, slices.Concat(lines, late)))
			got, err = (&recorder{to: behind}).clientOn(t, laterSpot).WebGroups().Filters.Get(t.Context(), c.f)
			if err != nil || got.Void != "" {
				t.Errorf("behind ours: %q, %v", got.Void, err)
			}
		})
	}
}

// TestACheckBeforeTheRangeIsKnown: where the source has no range yet, a filter is refused for rules that let every
// private source pass, in one rule or by several groups, and for no others.
func TestACheckBeforeTheRangeIsKnown(t *testing.T) {
	f := policy.Filter{Via: "aviatrix-webgroup", Controller: "c", Gateway: "gw", Default: "deny",
		Rules: []policy.Rule{{FQDN: "a.example", Protocol: "tcp", Ports: []string{"443"}}}}
	for name, c := range map[string]struct {
		theirs []string
		void   bool
	}{
		"everything":       {[]string{early("r", 1, "")}, true},
		"from two groups":  {[]string{early("r", 1, `{"src_ads":["low","high"]}`)}, true},
		"from half of all": {[]string{early("r", 1, `{"src_ads":["low"]}`)}, false},
		"from one range":   {[]string{early("r", 1, `{"src_ads":["src"]}`)}, false},
		"all but one range": {[]string{early("q", 1, `{"src_ads":["src"],"action":"DENY"}`), early("r", 2, "")},
			true},
		"to one address":          {[]string{early("r", 1, `{"dst_ads":["dns"]}`)}, false},
		"denied before it passes": {[]string{early("q", 1, `{"action":"DENY"}`), early("r", 2, "")}, false},
	} {
		a := small().with(placesOf(c.theirs, nil))
		_, err := (&recorder{to: a}).clientOn(t, laterSpot).WebGroups().Filters.Check(t.Context(), f)
		if c.void {
			wantClass(t, name, err, "refuse void")
		} else if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestAPlaceOutsideTheOrder: a place that no group on a known place has is asked by nobody, so nothing is promised
// there; one that a group has is found, with what is before it.
func TestAPlaceOutsideTheOrder(t *testing.T) {
	f := policy.Filter{Via: "aviatrix-webgroup", Name: "ours", Controller: "c", Gateway: "gw", Source: "10.8.0.0/28",
		Default: "deny", Rules: []policy.Rule{{FQDN: "a.example", Protocol: "tcp", Ports: []string{"443"}}}}
	slot := told{dcfPath + "attachment-points?name=slot": `[{"attachment_point_id":"p9","name":"slot"}]`}
	check := func(sets string) error {
		all := told{dcfPath + "policy-list3": `{"dcf_policies":[` + sets + `]}`}
		a := small().with(placesOf(nil, nil)).with(slot).with(all)
		_, err := (&recorder{to: a}).clientOn(t, "slot").WebGroups().Filters.Check(t.Context(), f)
		return err
	}
	group := func(point string) string {
		return `{"uuid":"g","name":"group","attach_to":"` + point + `","sub_policies":[{"name":"a","priority":1,` +
			`"list":"e"},{"name":"b","priority":2,"attachment_point":{"name":"slot"}}]}`
	}
	open := `,{"uuid":"e","name":"early","policies":[` + early("r", 1, "") + `]}`
	closed := `,{"uuid":"e","name":"early","policies":[` + early("r", 1, `{"src_ads":["others"]}`) + `]}`
	must(t, check(group("p2")+closed))
	wantClass(t, "an open list before it", check(group("p2")+open), "refuse void")
	wantClass(t, "a group on no place", check(group("p8")+closed), "retry unreadable")
	wantClass(t, "no group at all", check(`{"uuid":"x","name":"x","policies":[]}`), "retry unreadable")
}
