package gcp

import (
	"context"
	"errors"
	"fmt"
	"slices"

	cloudfunctions "google.golang.org/api/cloudfunctions/v2"

	"github.com/culvertnet/culvert/workers"
	"github.com/culvertnet/culvert/workers/egress"
)

// A function of the 2nd generation is a Cloud Run service that its own API deploys. What Culvert sets goes through the
// Functions API: a setting made on the Run service is lost by the next deploy of the function. URLs, traffic and the
// invoker policy are read from the Run service.

func functionIngress() words {
	return words{
		"all": "ALLOW_ALL", "internal": "ALLOW_INTERNAL_ONLY", "internal-and-load-balancing": "ALLOW_INTERNAL_AND_GCLB",
	}
}

func connectorEgress() words {
	return words{allTraffic: "ALL_TRAFFIC", privateRanges: "PRIVATE_RANGES_ONLY"}
}

func directEgress() words {
	return words{allTraffic: "VPC_EGRESS_ALL_TRAFFIC", privateRanges: "VPC_EGRESS_PRIVATE_RANGES_ONLY"}
}

// The field masks of what Culvert sets on a function.
const (
	maskFunctionVpc = "serviceConfig.vpcConnector,serviceConfig.vpcConnectorEgressSettings," +
		"serviceConfig.directVpcNetworkInterface,serviceConfig.directVpcEgress"
	maskFunctionIngress = "serviceConfig.ingressSettings"
)

func (s services) readFunction(ctx context.Context, ref egress.ServiceRef) (*cloudfunctions.Function, error) {
	got, err := s.functions.Projects.Locations.Functions.Get(functionName(ref)).Context(ctx).Do()
	if err = s.fail(call{name: "functions.get"}, err); err != nil {
		return nil, err
	}
	if got.ServiceConfig == nil {
		return nil, workers.Refuse("invalid", "function %s has no service of its own: generation 1?", functionName(ref))
	}
	return got, nil
}

// getFunction reads a function and the service behind it. The etag is the time of the last update: the API has no
// other.
func (s services) getFunction(ctx context.Context, ref egress.ServiceRef) (egress.Service, error) {
	got, err := s.readFunction(ctx, ref)
	if err != nil {
		return egress.Service{}, err
	}
	config := got.ServiceConfig
	out := egress.Service{
		Ref: ref, Binding: functionBinding(config), Ingress: functionIngress().ours(config.IngressSettings),
		Etag:        got.UpdateTime,
		Reconciling: got.State == "DEPLOYING" || got.State == "DELETING", RunService: config.Service,
		Hostnames: hostnames(config.Uri, got.Url),
	}
	if out.Ingress == "" || out.Ingress == "INGRESS_SETTINGS_UNSPECIFIED" {
		out.Ingress = "all" // the vendor's default
	}
	if config.Service == "" {
		return out, nil
	}
	behind, err := s.readRun(ctx, config.Service)
	if errors.Is(err, workers.ErrNotFound) {
		return out, nil // a deploy that failed early has no service yet
	}
	if err != nil {
		return egress.Service{}, err
	}
	under := runService(ref, behind)
	out.Hostnames = hostnames(slices.Concat(behind.Urls, []string{config.Uri, got.Url, behind.Uri})...)
	out.Reconciling = out.Reconciling || under.Reconciling
	out.Pinned, out.OpenInvoker = under.Pinned, under.OpenInvoker
	return out, nil
}

func functionBinding(config *cloudfunctions.ServiceConfig) egress.Binding {
	if config.VpcConnector != "" {
		b := egress.Binding{
			Connector: config.VpcConnector, Egress: connectorEgress().ours(config.VpcConnectorEgressSettings),
		}
		if b.Egress == "" || b.Egress == "VPC_CONNECTOR_EGRESS_SETTINGS_UNSPECIFIED" {
			b.Egress = privateRanges
		}
		return b
	}
	if len(config.DirectVpcNetworkInterface) == 0 {
		return egress.Binding{}
	}
	direct := config.DirectVpcNetworkInterface[0]
	b := egress.Binding{
		Network: direct.Network, Subnet: direct.Subnetwork, Tags: direct.Tags,
		Egress: directEgress().ours(config.DirectVpcEgress),
	}
	if b.Egress == "" || b.Egress == "DIRECT_VPC_EGRESS_UNSPECIFIED" {
		b.Egress = privateRanges
	}
	return b
}

// bindFunction clears the form that is not wanted by naming it in the mask and leaving it out of the body.
func (s services) bindFunction(ctx context.Context, ref egress.ServiceRef, to egress.Binding, etag string) error {
	config := &cloudfunctions.ServiceConfig{}
	var err error
	switch {
	case to.Connector != "":
		config.VpcConnector = to.Connector
		config.VpcConnectorEgressSettings, err = connectorEgress().vendor("egress", to.Egress)
	case to.Network != "" || to.Subnet != "":
		direct := &cloudfunctions.DirectVpcNetworkInterface{Network: to.Network, Subnetwork: to.Subnet, Tags: to.Tags}
		config.DirectVpcNetworkInterface = []*cloudfunctions.DirectVpcNetworkInterface{direct}
		config.DirectVpcEgress, err = directEgress().vendor("egress", to.Egress)
	}
	if err != nil {
		return err
	}
	return s.patchFunction(ctx, ref, maskFunctionVpc, config, etag)
}

func (s services) setFunctionIngress(ctx context.Context, ref egress.ServiceRef, ingress, etag string) error {
	word, err := functionIngress().vendor("ingress", ingress)
	if err != nil {
		return err
	}
	return s.patchFunction(ctx, ref, maskFunctionIngress, &cloudfunctions.ServiceConfig{IngressSettings: word}, etag)
}

// patchFunction reads before it writes, because the API has no etag to compare: two writers within one round trip are
// not told apart. The masks keep them from losing more than the field that both set.
func (s services) patchFunction(
	ctx context.Context, ref egress.ServiceRef, mask string, config *cloudfunctions.ServiceConfig, etag string,
) error {
	got, err := s.readFunction(ctx, ref)
	if err != nil {
		return absent(err)
	}
	if etag != "" && got.UpdateTime != etag {
		return workers.Retry(
			"changed", 0, fmt.Errorf("function %s was updated at %s, after %s", ref.Name, got.UpdateTime, etag),
		)
	}
	body := &cloudfunctions.Function{ServiceConfig: config}
	op, err := s.functions.Projects.Locations.Functions.Patch(functionName(ref),
		body).UpdateMask(mask).Context(ctx).Do()
	if err != nil {
		return s.fail(call{name: "functions.patch", kind: writes}, err)
	}
	return s.settle(Prefix+":functions/"+op.Name, functionPoll, functionOperation(op))
}

func functionOperation(op *cloudfunctions.Operation) lro {
	o := lro{done: op.Done}
	if op.Error != nil {
		o.code, o.message = op.Error.Code, op.Error.Message
	}
	return o
}
