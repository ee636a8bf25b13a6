package gcp

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"google.golang.org/api/cloudresourcemanager/v3"
	"google.golang.org/api/googleapi"
	"google.golang.org/api/orgpolicy/v2"

	"github.com/culvertnet/culvert/adapters/gcp/permissions"
	"github.com/culvertnet/culvert/workers"
)

// askedAtOnce is how many permissions one call asks for. The vendor's page names no bound; public clients ask for a
// hundred at a time.
const askedAtOnce = 100

// permissionsIn asks which of the permissions the caller has on a project.
func (p preflight) permissionsIn(ctx context.Context, f *findings, project string, needs []permissions.Need) {
	for some := range slices.Chunk(needs, askedAtOnce) {
		p.ask(ctx, f, project, some)
	}
}

// ask asks for some. A name that the vendor does not know on projects refuses the whole call: then halves are asked,
// down to that name.
func (p preflight) ask(ctx context.Context, f *findings, project string, needs []permissions.Need) {
	of := call{name: "cloudresourcemanager.projects.testIamPermissions"}
	req := &cloudresourcemanager.TestIamPermissionsRequest{}
	for _, n := range needs {
		req.Permissions = append(req.Permissions, n.Name)
	}
	got, err := p.resources.Projects.TestIamPermissions("projects/"+project, req).Context(ctx).Do()
	var answered *googleapi.Error
	switch {
	case errors.As(err, &answered) && answered.Code == http.StatusBadRequest && len(needs) > 1:
		half := len(needs) / 2
		p.ask(ctx, f, project, needs[:half])
		p.ask(ctx, f, project, needs[half:])
		return
	case err != nil:
		f.unasked(of, unasked(project, needs), err)
		return
	}
	for _, n := range needs {
		if slices.Contains(got.Permissions, n.Name) {
			f.fine(1)
		} else {
			f.lack(f.lackOf(n, workers.LackPermission))
		}
	}
}

// unasked is one lack for permissions that could not be asked together.
func unasked(project string, needs []permissions.Need) workers.Lack {
	l := workers.Lack{What: workers.LackPermission, Project: project, Name: needs[0].Name}
	if len(needs) > 1 {
		l.Name = fmt.Sprintf("%s and %d more", needs[0].Name, len(needs)-1)
	}
	for _, n := range needs {
		if n.Optional == "" {
			return l
		}
	}
	l.Optional = needs[0].Optional
	return l
}

// enabled asks whether an API is on.
func (p preflight) enabled(ctx context.Context, f *findings, n permissions.Need) {
	of := call{name: "serviceusage.services.get"}
	got, err := p.usage.Services.Get("projects/" + n.Project + "/services/" + n.Name).Context(ctx).Do()
	switch {
	case err != nil:
		f.unasked(of, workers.Lack{What: workers.LackAPI, Project: n.Project, Name: n.Name, Optional: n.Optional}, err)
	case got.State == "ENABLED":
		f.fine(1)
	default:
		f.lack(f.lackOf(n, workers.LackAPI))
	}
}

// allowed asks for the policy that is in force, and judges it.
func (p preflight) allowed(ctx context.Context, f *findings, a permissions.Allowance) {
	of := call{name: "orgpolicy.policies.getEffectivePolicy"}
	l := workers.Lack{State: workers.Missing, What: workers.LackPolicy, Project: a.Project, Name: a.Constraint,
		Remedy: fmt.Sprintf("gcloud org-policies describe %s --effective --project=%s, then ask whoever has "+
			"roles/orgpolicy.policyAdmin", a.Constraint, a.Project)}
	got, err := p.organisation.Projects.Policies.GetEffectivePolicy("projects/" + a.Project + "/policies/" +
		a.Constraint).Context(ctx).Do()
	if err != nil {
		f.unasked(of, l, err)
		return
	}
	forbidden, unknown := a.Judge(rulesOf(got))
	switch {
	case unknown != "":
		l.State, l.Why = workers.Unknown, "a policy is in force: "+unknown+"; otherwise "+a.Bites
		f.lack(l)
	case len(forbidden) > 0:
		l.Why = strings.TrimSpace("it forbids " + strings.Join(forbidden, ", "))
		if forbidden[0] == "" {
			l.Why = "it is enforced"
		}
		l.Why += ": " + a.Bites
		f.lack(l)
	default:
		f.fine(1)
	}
}

// rulesOf are the rules of a policy as the list judges them.
func rulesOf(p *orgpolicy.GoogleCloudOrgpolicyV2Policy) (rules []permissions.Rule) {
	if p.Spec == nil {
		return nil
	}
	for _, r := range p.Spec.Rules {
		rule := permissions.Rule{AllowAll: r.AllowAll, DenyAll: r.DenyAll, Enforce: r.Enforce,
			Condition: r.Condition != nil}
		if r.Values != nil {
			rule.Allowed, rule.Denied = r.Values.AllowedValues, r.Values.DeniedValues
		}
		rules = append(rules, rule)
	}
	return rules
}
