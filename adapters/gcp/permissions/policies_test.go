package permissions_test

import (
	"slices"
	"testing"

	"github.com/culvertnet/culvert/adapters/gcp/permissions"
	"github.com/culvertnet/culvert/workers"
)

func TestAllowancesOfSteps(t *testing.T) {
	service := func(platform string) string { return `"service":{"platform":"` + platform + `","project":"app"}` }
	for name, c := range map[string]struct {
		step       workers.PlannedStep
		constraint string
		values     []string
	}{
		"an endpoint registers in a region": {step("network.create-endpoint", `{"project":"net"}`),
			"gcp.resourceLocations", []string{"us-central1"}},
		"a connector is made in a region": {step("egress.attach-connector",
			`{"project":"net","region":"europe-west3"}`), "gcp.resourceLocations", []string{"europe-west3"}},
		"the way out": {step("egress.bind-service", `{`+service("cloud-run")+`,"to":{"egress":"all-traffic"}}`),
			"run.allowedVPCEgress", []string{"all-traffic"}},
		"the way out of a function": {step("egress.bind-service", `{`+service("cloud-functions")+
			`,"to":{"egress":"all-traffic"}}`), "cloudfunctions.allowedVpcConnectorEgressSettings",
			[]string{"ALL_TRAFFIC"}},
		"a connector that functions must have": {step("egress.bind-service", `{`+service("cloud-functions")+`}`),
			"cloudfunctions.requireVPCConnector", nil},
		"members": {step("egress.grant-invoker", `{`+service("cloud-run")+`,"members":["user:b@x","user:a@x"]}`),
			"iam.allowedPolicyMemberDomains", []string{"user:b@x", "user:a@x"}},
	} {
		t.Run(name, func(t *testing.T) {
			w, err := load(t).Of([]workers.PlannedStep{c.step}, nil)
			if err != nil {
				t.Fatal(err)
			}
			i := slices.IndexFunc(w.Policies, func(a permissions.Allowance) bool {
				return a.Constraint == c.constraint
			})
			if i < 0 || !slices.Equal(w.Policies[i].Values, c.values) {
				t.Errorf("%s is not asked for %v: %+v", c.constraint, c.values, w.Policies)
			}
		})
	}
	w, err := load(t).Of([]workers.PlannedStep{step("egress.attach-connector",
		`{"project":"net","region":"r","existing":"projects/net/locations/r/connectors/c"}`)}, nil)
	if err != nil || len(w.Policies) > 0 {
		t.Errorf("a connector that is there makes nothing: %+v, %v", w.Policies, err)
	}
}

func TestJudge(t *testing.T) {
	const west, central, zurich = "europe-west3", "us-central1", "europe-west6"
	all, none := permissions.Rule{AllowAll: true}, permissions.Rule{DenyAll: true}
	allowed := func(v ...string) permissions.Rule { return permissions.Rule{Allowed: v} }
	denied := func(v ...string) permissions.Rule { return permissions.Rule{Denied: v} }
	for name, c := range map[string]struct {
		values    []string
		rule      permissions.Rule
		forbidden []string
		unknown   bool
	}{
		"everything is allowed":       {[]string{"a"}, all, nil, false},
		"everything is denied":        {[]string{"a"}, none, []string{"a"}, false},
		"allowed":                     {[]string{"a"}, allowed("is:a"), nil, false},
		"another one is allowed":      {[]string{"a", "b"}, allowed("b"), []string{"a"}, false},
		"denied":                      {[]string{"a", "b"}, denied("a"), []string{"a"}, false},
		"another one is denied":       {[]string{"a"}, denied("b"), nil, false},
		"enforced":                    {nil, permissions.Rule{Enforce: true}, []string{""}, false},
		"not enforced":                {nil, permissions.Rule{}, nil, false},
		"a group of locations":        {[]string{west}, allowed("in:eu-locations"), nil, false},
		"outside of it":               {[]string{central}, allowed("in:eu-locations"), []string{central}, false},
		"in Europe, not in the Union": {[]string{zurich}, allowed("in:eu-locations"), []string{zurich}, false},
		"the group of one region":     {[]string{west}, allowed("in:europe-west3-locations"), nil, false},
		"that of another region":      {[]string{west}, allowed("in:us-east1-locations"), []string{west}, false},
		"a group that nobody knows":   {[]string{"a"}, allowed("in:xy-locations"), nil, true},
		"known beside unknown":        {[]string{"a"}, allowed("in:xy-locations", "a"), nil, false},
		"an unknown group is denied":  {[]string{"a"}, denied("in:xy-locations"), nil, true},
		"below a folder":              {[]string{"projects/p/x"}, allowed("under:folders/1"), nil, true},
		"under a condition":           {[]string{"a"}, permissions.Rule{DenyAll: true, Condition: true}, nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			forbidden, unknown := permissions.Allowance{Values: c.values}.Judge([]permissions.Rule{c.rule})
			if !slices.Equal(forbidden, c.forbidden) || (unknown != "") != c.unknown {
				t.Errorf("forbidden %v, unknown %q", forbidden, unknown)
			}
		})
	}
	open := permissions.Allowance{Values: []string{"a"}, Unjudged: "nobody knows"}
	if f, unknown := open.Judge([]permissions.Rule{none}); f != nil || unknown != "nobody knows" {
		t.Errorf("a policy that cannot be judged, in force: %v, %q", f, unknown)
	}
	if _, unknown := open.Judge([]permissions.Rule{all}); unknown != "" {
		t.Errorf("a policy that is not in force: %q", unknown)
	}
}
