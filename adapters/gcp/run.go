package gcp

import (
	"context"
	"errors"
	"slices"

	"google.golang.org/api/run/v2"

	"github.com/culvertnet/culvert/workers"
	"github.com/culvertnet/culvert/workers/egress"
)

// pageOfRun is how much of a list of Cloud Run is asked for at a time: two pages hold all services, or jobs, that a
// project may have in a region, which are 1,000 (page "Cloud Run quotas and limits"). The discovery document names no
// bound; what Google gives instead of a page that is too large is a smaller one (AIP-158), and each list is read to its
// end, whatever its pages are. 500 is what other clients ask for.
const pageOfRun = 500

func runIngress() words {
	return words{
		"all": "INGRESS_TRAFFIC_ALL", "internal": "INGRESS_TRAFFIC_INTERNAL_ONLY",
		"internal-and-load-balancing": "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER", "none": "INGRESS_TRAFFIC_NONE",
	}
}

func runEgress() words {
	return words{allTraffic: "ALL_TRAFFIC", privateRanges: "PRIVATE_RANGES_ONLY"}
}

// The field masks of what Culvert sets: a whole template would bring back an old image that a pipeline has replaced.
const (
	maskVpcAccess = "template.vpcAccess"
	maskRevision  = "template.revision"
	maskIngress   = "ingress"
)

func (c *Client) readRun(ctx context.Context, name string) (*run.GoogleCloudRunV2Service, error) {
	got, err := c.run.Projects.Locations.Services.Get(name).Context(ctx).Do()
	return got, c.fail(call{name: "services.get"}, err)
}

func runService(ref egress.ServiceRef, got *run.GoogleCloudRunV2Service) egress.Service {
	out := egress.Service{
		Ref: ref, Hostnames: hostnames(append(slices.Clone(got.Urls), got.Uri)...), Binding: runBinding(got),
		Ingress: runIngress().ours(got.Ingress), Etag: got.Etag, OpenInvoker: got.InvokerIamDisabled,
		Reconciling: got.Reconciling || got.Generation != got.ObservedGeneration, Pinned: pinned(got),
	}
	if got.DefaultUriDisabled {
		out.Hostnames = nil
	}
	return out
}

// deployer tells that a service is the back of a function of the 2nd generation, by the label that Cloud Functions
// gives it. guess: the label; it shows on such services and the API's description does not speak of it.
func deployer(got *run.GoogleCloudRunV2Service) string {
	if by := got.Labels["goog-managed-by"]; by == "cloudfunctions" {
		return by
	}
	return ""
}

func runBinding(got *run.GoogleCloudRunV2Service) egress.Binding {
	if got.Template == nil || got.Template.VpcAccess == nil {
		return egress.Binding{}
	}
	access := got.Template.VpcAccess
	b := egress.Binding{Connector: access.Connector, Egress: runEgress().ours(access.Egress)}
	if len(access.NetworkInterfaces) > 0 {
		direct := access.NetworkInterfaces[0] // the vendor takes one only
		b.Network, b.Subnet, b.Tags = direct.Network, direct.Subnetwork, direct.Tags
	}
	if b.Connector == "" && b.Network == "" && b.Subnet == "" {
		return egress.Binding{}
	}
	if b.Egress == "" || b.Egress == "VPC_EGRESS_UNSPECIFIED" {
		b.Egress = privateRanges // the documented default
	}
	return b
}

// pinned names the revision that traffic is fixed to, "" when all of it goes to the latest. What is wanted counts next
// to what is: a change of traffic may be under way.
func pinned(got *run.GoogleCloudRunV2Service) string {
	const toRevision = "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION"
	for _, t := range got.TrafficStatuses {
		if t.Type == toRevision && t.Percent > 0 {
			return t.Revision
		}
	}
	for _, t := range got.Traffic {
		if t.Type == toRevision && t.Percent > 0 {
			return t.Revision
		}
	}
	return ""
}

func (s services) bindRun(ctx context.Context, ref egress.ServiceRef, to egress.Binding, etag string) error {
	template := &run.GoogleCloudRunV2RevisionTemplate{}
	if to.Connector != "" || to.Network != "" || to.Subnet != "" {
		word, err := runEgress().vendor("egress", to.Egress)
		if err != nil {
			return err
		}
		template.VpcAccess = &run.GoogleCloudRunV2VpcAccess{Connector: to.Connector, Egress: word}
		if to.Connector == "" {
			direct := &run.GoogleCloudRunV2NetworkInterface{Network: to.Network, Subnetwork: to.Subnet, Tags: to.Tags}
			template.VpcAccess.NetworkInterfaces = []*run.GoogleCloudRunV2NetworkInterface{direct}
		}
	}
	body := &run.GoogleCloudRunV2Service{Template: template, Etag: etag}
	err := s.patchRun(ctx, ref, maskVpcAccess, body)
	if named := (*workers.Failure)(nil); errors.As(err, &named) && named.Reason == reasonNamed {
		// The template names its revision, which is there: the same change under a name that the vendor gives.
		return s.patchRun(ctx, ref, maskVpcAccess+","+maskRevision, body)
	}
	return err
}

func (s services) setRunIngress(ctx context.Context, ref egress.ServiceRef, ingress, etag string) error {
	word, err := runIngress().vendor("ingress", ingress)
	if err != nil {
		return err
	}
	return s.patchRun(ctx, ref, maskIngress, &run.GoogleCloudRunV2Service{Ingress: word, Etag: etag})
}

func (s services) patchRun(
	ctx context.Context, ref egress.ServiceRef, mask string, body *run.GoogleCloudRunV2Service,
) error {
	op, err := s.run.Projects.Locations.Services.Patch(runName(ref), body).UpdateMask(mask).Context(ctx).Do()
	if err != nil {
		return s.fail(call{name: "services.patch", kind: writes}, err)
	}
	return s.settle(Prefix+":run/"+op.Name, runPoll, runOperation(op))
}

func runOperation(op *run.GoogleLongrunningOperation) lro {
	o := lro{done: op.Done}
	if op.Error != nil {
		o.code, o.message = op.Error.Code, op.Error.Message
	}
	return o
}
