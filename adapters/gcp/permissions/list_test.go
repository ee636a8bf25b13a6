package permissions_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/culvertnet/culvert/adapters/gcp/permissions"
	"github.com/culvertnet/culvert/workers/egress"
	"github.com/culvertnet/culvert/workers/network"
	"github.com/culvertnet/culvert/workers/observe"
	"github.com/culvertnet/culvert/workers/policy"
	"github.com/culvertnet/culvert/workers/routing"
)

// kinds are all kinds of steps.
var kinds = []string{network.KindCheck, network.KindReserveAddress, network.KindCreateEndpoint, network.KindMapNames,
	network.KindEnableGoogleAccess, egress.KindCheck, egress.KindAttachConnector, egress.KindBindService,
	egress.KindGrantInvoker, egress.KindRestrictIngress, routing.KindCheck, routing.KindAnnounce,
	routing.KindSteerEgress, policy.KindCheck, policy.KindFilterEgress, observe.KindCheck, observe.KindProveReach}

// The list is whole: what it names it also has, and what it has something names.
func TestListIsWhole(t *testing.T) {
	l := load(t)
	used := map[string]bool{}
	for _, u := range l.Uses {
		if _, known := l.Places[u.Where]; !known || u.Field == "" || len(u.Project) == 0 || len(u.Steps) == 0 {
			t.Errorf("%v: place %q, field %q, projects %v", u.Steps, u.Where, u.Field, u.Project)
		}
		for _, call := range u.Calls {
			used[call] = true
			if len(l.Calls[call].Needs) == 0 {
				t.Errorf("%v: call %s has no permissions", u.Steps, call)
			}
		}
		for _, kind := range u.Steps {
			if !slices.Contains(kinds, kind) {
				t.Errorf("there is no step %s", kind)
			}
		}
	}
	for _, kind := range kinds {
		if !slices.Contains(l.Kinds(), kind) {
			t.Errorf("nothing is said of step %s", kind)
		}
	}
	for name, call := range l.Calls {
		if !used[name] {
			t.Errorf("no step makes the call %s", name)
		}
		for _, api := range append([]string{call.API}, call.Also...) {
			if !strings.HasSuffix(l.APIs[api].Service, ".googleapis.com") || l.APIs[api].Title == "" {
				t.Errorf("%s: there is no API %s", name, api)
			}
		}
		for _, permission := range call.Needs {
			if l.RoleOf(permission) == "" {
				t.Errorf("no role has %s", permission)
			}
		}
	}
}

// What is said of permissions that may be granted elsewhere, and of policies, is about something that is there.
func TestListIsAboutWhatIsThere(t *testing.T) {
	l := load(t)
	everywhere := map[string][]string{}
	for place := range l.Places {
		everywhere[place] = []string{"p"}
	}
	all := l.All(kinds, everywhere)
	for permission := range l.Elsewhere {
		if !slices.ContainsFunc(all.Permissions, func(n permissions.Need) bool { return n.Name == permission }) {
			t.Errorf("nothing needs %s", permission)
		}
	}
	for _, p := range l.Policies {
		if _, known := l.Places[p.Where]; !known || p.Bites == "" || len(p.Uses) == 0 {
			t.Errorf("policy %s: place %q, %d uses", p.Constraint, p.Where, len(p.Uses))
		}
		for _, u := range p.Uses {
			if !slices.Contains(kinds, u.Steps[0]) || u.Project == "" {
				t.Errorf("policy %s: steps %v, project %q", p.Constraint, u.Steps, u.Project)
			}
		}
	}
	for _, a := range l.Agents {
		if a.Account == "" || a.Role == "" || a.On == "" || a.When == "" {
			t.Errorf("an account without account, role, place or reason: %+v", a)
		}
	}
}
