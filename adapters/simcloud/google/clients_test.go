package google_test

import (
	"context"
	"errors"
	"testing"

	compute "cloud.google.com/go/compute/apiv1"
	"cloud.google.com/go/compute/apiv1/computepb"
	functions "cloud.google.com/go/functions/apiv2"
	"cloud.google.com/go/functions/apiv2/functionspb"
	run "cloud.google.com/go/run/apiv2"
	"cloud.google.com/go/run/apiv2/runpb"
	vpcaccess "cloud.google.com/go/vpcaccess/apiv1"
	"cloud.google.com/go/vpcaccess/apiv1/vpcaccesspb"
	computev1 "google.golang.org/api/compute/v1"
	"google.golang.org/api/dns/v1"
	"google.golang.org/api/googleapi"
	"google.golang.org/api/iterator"
	"google.golang.org/api/option"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"google.golang.org/protobuf/proto"

	"github.com/culvertnet/culvert/adapters/simcloud"
	"github.com/culvertnet/culvert/adapters/simcloud/world"
)

// fast is the default world on the real clock, so fast that the clients' own waiting ends soon.
func fast(t *testing.T) (*simcloud.Server, []option.ClientOption) {
	t.Helper()
	s, err := simcloud.Start(
		t.Context(), simcloud.Options{World: world.Config{Speed: 1e6}, BGP: simcloud.BGP{Off: true}},
	)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s, []option.ClientOption{option.WithEndpoint(s.URL()), option.WithoutAuthentication()}
}

func must[T any](t *testing.T) func(T, error) T {
	t.Helper()
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func TestComputeClients(t *testing.T) {
	s, opts := fast(t)
	ctx := context.Background()
	addresses := must[*compute.GlobalAddressesClient](t)(compute.NewGlobalAddressesRESTClient(ctx, opts...))
	rules := must[*compute.GlobalForwardingRulesClient](t)(compute.NewGlobalForwardingRulesRESTClient(ctx, opts...))
	op := must[*compute.Operation](t)(addresses.Insert(ctx, &computepb.InsertGlobalAddressRequest{Project: "acme-net",
		AddressResource: &computepb.Address{
			Name: proto.String("a"), Address: proto.String("10.200.0.1"), AddressType: proto.String("INTERNAL"),
			Purpose: proto.String("PRIVATE_SERVICE_CONNECT"), Network: proto.String(spoke)}}))
	if err := op.Wait(ctx); err != nil {
		t.Fatal(err)
	}
	op = must[*compute.Operation](t)(rules.Insert(ctx, &computepb.InsertGlobalForwardingRuleRequest{Project: "acme-net",
		ForwardingRuleResource: &computepb.ForwardingRule{Name: proto.String("psca"),
			IPAddress: proto.String("10.200.0.1"),
			Network:   proto.String(spoke), Target: proto.String("all-apis"), LoadBalancingScheme: proto.String("")}}))
	if err := op.Wait(ctx); err != nil {
		t.Fatal(err)
	}
	rule := must[*computepb.ForwardingRule](
		t,
	)(rules.Get(ctx, &computepb.GetGlobalForwardingRuleRequest{Project: "acme-net", ForwardingRule: "psca"}))
	// recorded: a bundle's rule has an id and no status
	if rule.GetTarget() != "all-apis" || rule.PscConnectionStatus != nil {
		t.Errorf("rule %v", rule)
	}
	_, err := addresses.Delete(ctx, &computepb.DeleteGlobalAddressRequest{Project: "acme-net", Address: "a"})
	var refused *googleapi.Error
	if !errors.As(err, &refused) || refused.Code != 400 ||
		refused.Errors[0].Reason != "resourceInUseByAnotherResource" {
		t.Errorf("delete of an address in use: %v", err)
	}
	if got := s.World.Effects(); len(got) != 2 {
		t.Errorf("ledger %v", got)
	}
}

func TestRouterClientThatCanClearTheList(t *testing.T) {
	s, opts := fast(t)
	api := must[*computev1.Service](
		t,
	)(computev1.NewService(t.Context(), option.WithEndpoint(s.URL()+"/compute/v1/"), opts[1]))
	patch := &computev1.Router{Bgp: &computev1.RouterBgp{
		AdvertisedIpRanges: []*computev1.RouterAdvertisedIpRange{}, ForceSendFields: []string{"AdvertisedIpRanges"},
	}}
	op := must[*computev1.Operation](t)(api.Routers.Patch("acme-net", "europe-west3", "edge-1", patch).Do())
	op = must[*computev1.Operation](t)(api.RegionOperations.Wait("acme-net", "europe-west3", op.Name).Do())
	if op.Status != "DONE" {
		t.Errorf("operation %+v", op)
	}
	router := must[*computev1.Router](t)(api.Routers.Get("acme-net", "europe-west3", "edge-1").Do())
	if len(router.Bgp.AdvertisedIpRanges) != 0 || len(router.BgpPeers) != 2 {
		t.Errorf("router %+v", router.Bgp)
	}
}

func TestServerlessClients(t *testing.T) {
	_, opts := fast(t)
	ctx := context.Background()
	connectors := must[*vpcaccess.Client](t)(vpcaccess.NewRESTClient(ctx, opts...))
	created := must[*vpcaccess.CreateConnectorOperation](
		t,
	)(connectors.CreateConnector(ctx, &vpcaccesspb.CreateConnectorRequest{
		Parent: "projects/acme-net/locations/europe-west3", ConnectorId: "conn1", Connector: &vpcaccesspb.Connector{
			Network: "spoke-vpc", IpCidrRange: "10.8.0.0/28", MinInstances: 2, MaxInstances: 3}}))
	conn := must[*vpcaccesspb.Connector](t)(created.Wait(ctx))
	if conn.GetState() != vpcaccesspb.Connector_READY {
		t.Errorf("connector %v", conn)
	}
	services := must[*run.ServicesClient](t)(run.NewServicesRESTClient(ctx, opts...))
	const name = "projects/acme-prod/locations/europe-west3/services/fn-0001"
	service := must[*runpb.Service](t)(services.GetService(ctx, &runpb.GetServiceRequest{Name: name}))
	service.Template.VpcAccess = &runpb.VpcAccess{Connector: conn.GetName(), Egress: runpb.VpcAccess_ALL_TRAFFIC}
	updated := must[*run.UpdateServiceOperation](
		t,
	)(services.UpdateService(ctx, &runpb.UpdateServiceRequest{Service: service,
		UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"template.vpc_access"}}}))
	service = must[*runpb.Service](t)(updated.Wait(ctx))
	if service.GetTemplate().GetVpcAccess().GetConnector() != conn.GetName() || service.GetObservedGeneration() != 2 {
		t.Errorf("service %v", service)
	}
	fns := must[*functions.FunctionClient](t)(functions.NewFunctionRESTClient(ctx, opts...))
	patched := must[*functions.UpdateFunctionOperation](t)(fns.UpdateFunction(ctx, &functionspb.UpdateFunctionRequest{
		Function: &functionspb.Function{
			Name: "projects/acme-prod/locations/europe-west3/functions/python-http-function",
			ServiceConfig: &functionspb.ServiceConfig{VpcConnector: conn.GetName(),
				VpcConnectorEgressSettings: functionspb.ServiceConfig_ALL_TRAFFIC}},
		UpdateMask: &fieldmaskpb.FieldMask{
			Paths: []string{"service_config.vpc_connector", "service_config.vpc_connector_egress_settings"},
		}}))
	function := must[*functionspb.Function](t)(patched.Wait(ctx))
	if function.GetServiceConfig().GetVpcConnector() != conn.GetName() ||
		function.GetState() != functionspb.Function_ACTIVE {
		t.Errorf("function %v", function)
	}
	n := 0
	for it := services.ListServices(ctx,
		&runpb.ListServicesRequest{Parent: "projects/acme-prod/locations/europe-west3"}); ; n++ {
		if _, err := it.Next(); errors.Is(err, iterator.Done) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if n != 1003 {
		t.Errorf("%d services", n)
	}
}

func TestDNSClient(t *testing.T) {
	s, opts := fast(t)
	api := must[*dns.Service](t)(dns.NewService(t.Context(), opts...))
	z := &dns.ManagedZone{Name: "py", DnsName: host, Visibility: "private", Description: "x",
		PrivateVisibilityConfig: &dns.ManagedZonePrivateVisibilityConfig{
			Networks: []*dns.ManagedZonePrivateVisibilityConfigNetwork{{NetworkUrl: spoke}}}}
	must[*dns.ManagedZone](t)(api.ManagedZones.Create("acme-net", z).Do())
	must[*dns.ResourceRecordSet](t)(api.ResourceRecordSets.Create("acme-net", "py",
		&dns.ResourceRecordSet{Name: host, Type: "A", Ttl: 60, Rrdatas: []string{"10.200.0.1"}}).Do())
	got := must[*dns.ResourceRecordSet](t)(api.ResourceRecordSets.Get("acme-net", "py", host, "A").Do())
	if got.Rrdatas[0] != "10.200.0.1" {
		t.Errorf("record %+v", got)
	}
	must[*dns.ResourceRecordSetsDeleteResponse](t)(api.ResourceRecordSets.Delete("acme-net", "py", host, "A").Do())
	if err := api.ManagedZones.Delete("acme-net", "py").Do(); err != nil {
		t.Fatal(err)
	}
	if diff := s.World.Resources(); len(diff) != 0 {
		t.Errorf("difference %v", diff)
	}
}
