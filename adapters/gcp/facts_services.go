package gcp

import (
	"context"
	"slices"
	"strings"

	"google.golang.org/api/run/v2"

	"github.com/culvertnet/culvert/events/reach"
	"github.com/culvertnet/culvert/workers/egress"
	"github.com/culvertnet/culvert/workers/observe"
)

// serviceFacts reads a service as its callers meet it. A function of the 2nd generation is met as the Cloud Run service
// behind it.
type serviceFacts struct{ *Client }

var _ observe.Services = serviceFacts{}

// ServiceFacts is the port that reads services as their callers meet them.
func (c *Client) ServiceFacts() observe.Services { return serviceFacts{c} }

// Service reads the service itself first: without it there is nothing to say.
//
// Perimeters of VPC Service Controls are the organisation's; no call of this package reads them, and a caller whom one
// of them lets in is not told.
func (f serviceFacts) Service(ctx context.Context, ref observe.ServiceRef) (reach.Service, error) {
	of := egress.ServiceRef{Platform: ref.Platform, Project: ref.Project, Region: ref.Region, Name: ref.Name}
	name, err := services(f).invokable(ctx, of)
	if err != nil {
		return reach.Service{}, err
	}
	sends := f.source("services.get", name)
	got, err := f.readRun(ctx, name)
	if err != nil {
		return reach.Service{}, err
	}
	home, err := f.projectID(ctx, ref.Project)
	if err != nil {
		return reach.Service{}, f.fail(call{name: "projects.get"}, err)
	}
	s := servingService{Client: f.Client, speller: f.speller(ctx, home), name: name, service: got}
	out := reach.Service{Project: home, Ingress: ingressOf(got.Ingress), OpenInvoker: got.InvokerIamDisabled}
	out.Object = s.speller.name(name, &source{})
	out.SendsTo = s.sendsTo(ctx, sends)
	out.Perimeter = listing[reach.Realm](f.source("", ""), nil)
	out.Invokers = s.invokers(ctx)
	return out, ctx.Err()
}

// ingressOf is the vendor's setting in the model's words; without one it is open (discovery document of run/v2).
func ingressOf(word string) reach.Ingress {
	switch word {
	case "", "INGRESS_TRAFFIC_UNSPECIFIED", "INGRESS_TRAFFIC_ALL":
		return reach.IngressAll
	case "INGRESS_TRAFFIC_INTERNAL_ONLY":
		return reach.IngressInternal
	case "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER":
		return reach.IngressInternalLBs
	case "INGRESS_TRAFFIC_NONE":
		return reach.IngressNone
	}
	return reach.Ingress(word)
}

// invokerRoles contain the permission to invoke a service. Page "Managing access" of Cloud Run: owners and editors,
// Cloud Run Admin, Cloud Run Invoker and Cloud Run Service Invoker.
func invokerRoles() []string {
	return []string{invokerRole, "roles/run.servicesInvoker", "roles/run.admin", "roles/owner", "roles/editor"}
}

// otherRoles are those of Cloud Run that do not contain it (same page).
func otherRoles() []string {
	return []string{"roles/run.developer", "roles/run.viewer", "roles/run.builder", "roles/run.sourceDeveloper",
		"roles/run.sourceViewer", "roles/viewer", "roles/browser", "roles/run.jobsExecutor",
		"roles/run.jobsExecutorWithOverrides"}
}

// invokers are the members of the service's own policy. What a project or folder grants shows in no policy of the
// service.
func (s servingService) invokers(ctx context.Context) reach.Listing[string] {
	policy := one(s.Client, s.source("services.getIamPolicy", s.name), func() (*run.GoogleIamV1Policy, error) {
		get := s.run.Projects.Locations.Services.GetIamPolicy(s.name)
		return get.OptionsRequestedPolicyVersion(policyVersion).Context(ctx).Do()
	})
	var members []string
	for _, p := range policy.items {
		for _, b := range p.Bindings {
			switch {
			case slices.Contains(otherRoles(), b.Role):
			case !slices.Contains(invokerRoles(), b.Role):
				policy.lack(reach.NotAllowedToRead, "%s have the role %s, whose permissions are not read",
					strings.Join(b.Members, ", "), b.Role)
			case b.Condition != nil:
				policy.lack(reach.MayChange, "%s may call under the condition %q", strings.Join(b.Members, ", "),
					b.Condition.Title)
			default:
				members = append(members, b.Members...)
			}
		}
	}
	return listing(policy.source, set(members))
}
