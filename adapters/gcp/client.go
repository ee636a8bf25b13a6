package gcp

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	compute "cloud.google.com/go/compute/apiv1"
	vpcaccess "cloud.google.com/go/vpcaccess/apiv1"
	"github.com/googleapis/gax-go/v2"
	cloudfunctions "google.golang.org/api/cloudfunctions/v2"
	"google.golang.org/api/cloudresourcemanager/v3"
	computev1 "google.golang.org/api/compute/v1"
	"google.golang.org/api/dns/v1"
	"google.golang.org/api/monitoring/v3"
	"google.golang.org/api/networkconnectivity/v1"
	"google.golang.org/api/option"
	"google.golang.org/api/orgpolicy/v2"
	"google.golang.org/api/run/v2"
	"google.golang.org/api/serviceusage/v1"
	vpcaccessv1 "google.golang.org/api/vpcaccess/v1"

	"github.com/culvertnet/culvert/workers"
)

// Options says which Google to speak to.
type Options struct {
	// Endpoint is the root ("http://127.0.0.1:8000", no path) of a simulated world that speaks all of Google's APIs;
	// calls to it carry no credentials. "" is Google itself.
	Endpoint string
	// Endpoints are the roots of single APIs of Google's, by the names of [APIs]: private, regional or through a
	// Private Service Connect endpoint ("https://compute-x.p.googleapis.com", no path). Calls to them carry
	// credentials. An API without one is called where its library calls it. Not together with Endpoint.
	Endpoints map[string]string
	// UniverseDomain is the domain of a Google Cloud that is not googleapis.com; "" is googleapis.com. It makes the
	// hosts of APIs without an entry in Endpoints.
	UniverseDomain string
	// Identity is as whom calls are made; Identities are those for what is in some projects, the first that fits.
	// Neither goes with an Endpoint.
	Identity   Identity
	Identities []ProjectIdentity
	// Budget is how many calls a minute all workers together make; nil is no limit. The client's calls wait until it is
	// told its share of it.
	Budget *Budget
	// HTTPClient carries every call. Nil: with an Endpoint a plain one, without one a client with the application
	// default credentials. A given client must authenticate by itself, and knows no identities.
	HTTPClient *http.Client
	// Pace divides the waits between two looks at an operation; 0 and 1 are Google's own pace.
	Pace float64
	// Now is the clock; nil is [time.Now]. The reading of metrics and the times of facts ask it.
	Now func() time.Time
}

// A Client is one connection pool to Google Cloud. Its ports are safe for concurrent use.
type Client struct {
	pace     float64
	now      func() time.Time
	ids      projectIDs
	ends     *ends
	siblings siblings
	// senders make the calls, each as an identity.
	senders senders
	// budgets count the calls; nil is no limit.
	budgets *budgets

	// compute/apiv1: its mutations hand out the operation, and protojson sends an empty string that is set.
	globalAddresses  *compute.GlobalAddressesClient
	addresses        *compute.AddressesClient
	globalRules      *compute.GlobalForwardingRulesClient
	rules            *compute.ForwardingRulesClient
	networks         *compute.NetworksClient
	subnetworks      *compute.SubnetworksClient
	routers          *compute.RoutersClient
	routes           *compute.RoutesClient
	policies         *compute.NetworkFirewallPoliciesClient
	regionPolicies   *compute.RegionNetworkFirewallPoliciesClient
	projects         *compute.ProjectsClient
	instances        *compute.InstancesClient
	globalOperations *compute.GlobalOperationsClient
	regionOperations *compute.RegionOperationsClient
	// compute/v1 serves routers.patch alone: apiv1 drops an empty list from the body, so the last range could never be
	// removed (measured: it sends {"bgp":{}} and Google answers success).
	compute *computev1.Service
	// vpcaccess/apiv1 serves connectors and their operations, all but connectors.patch, which it does not know.
	connectors     *vpcaccess.Client
	connectorPatch *vpcaccessv1.Service
	// The generated clients serve what has no direct VPC interface (functions) or no module (DNS) among the newer ones.
	dns       *dns.Service
	run       *run.Service
	functions *cloudfunctions.Service
	// Cloud Monitoring is the one place where a network's own quotas show.
	monitoring *monitoring.Service
	// Network Connectivity has the policy-based routes.
	connectivity *networkconnectivity.Service
	// These serve the preflight alone.
	resources    *cloudresourcemanager.Service
	usage        *serviceusage.Service
	organisation *orgpolicy.Service
}

// New makes the clients. It sends nothing, but without an Endpoint and an HTTPClient it looks for credentials and errs
// when there are none.
func New(ctx context.Context, o Options) (*Client, error) {
	if err := o.check(); err != nil {
		return nil, fmt.Errorf("make google client: %w", err)
	}
	c := &Client{pace: o.Pace, now: o.Now, ends: &ends{}}
	if c.now == nil {
		c.now = time.Now
	}
	if c.pace <= 0 {
		c.pace = 1
	}
	var err error
	if c.senders, err = o.dial(ctx, c); err != nil {
		return nil, fmt.Errorf("make google client: %w", err)
	}
	if o.Budget != nil {
		c.budgets = newBudgets(*o.Budget, c.pace)
	}
	for _, build := range c.builders(ctx, o.reached(c.carrier)) {
		if err := build(); err != nil {
			return nil, fmt.Errorf("make google client: %w", err)
		}
	}
	return c, nil
}

// check tells what cannot be meant.
func (o Options) check() error {
	if o.Endpoint != "" && len(o.Endpoints) > 0 {
		return errors.New("one endpoint for a simulated world and endpoints by API exclude each other")
	}
	if (o.Endpoint != "" || o.HTTPClient != nil) && (o.Identity.says() || len(o.Identities) > 0) {
		return errors.New("a simulated world and a given HTTP client know no identities")
	}
	if err := o.Identity.check(); err != nil {
		return err
	}
	for _, p := range o.Identities {
		if err := p.check(); err != nil {
			return err
		}
	}
	for api := range o.Endpoints {
		if !slices.Contains(apis, api) {
			return fmt.Errorf("endpoint of %q: want one of %s", api, strings.Join(apis, ", "))
		}
	}
	return nil
}

// reaching gives the options of a client of one API whose library wants a path behind a bare root.
type reaching func(api, path string) []option.ClientOption

// reached says where each API is.
func (o Options) reached(carrier func(api string) *http.Client) reaching {
	return func(api, path string) []option.ClientOption {
		opts := []option.ClientOption{option.WithHTTPClient(carrier(api))}
		if o.UniverseDomain != "" {
			opts = append(opts, option.WithUniverseDomain(o.UniverseDomain))
		}
		if root := cmp.Or(o.Endpoint, o.Endpoints[api]); root != "" {
			opts = append(opts, option.WithEndpoint(root+path))
		}
		return opts
	}
}

// builders lists the clients. The paths are those each library wants behind a bare root: only compute/v1 replaces its
// base path whole.
func (c *Client) builders(ctx context.Context, at reaching) []func() error {
	root := at(apiCompute, "")
	return []func() error{
		build(ctx, &c.globalAddresses, compute.NewGlobalAddressesRESTClient, root),
		build(ctx, &c.addresses, compute.NewAddressesRESTClient, root),
		build(ctx, &c.globalRules, compute.NewGlobalForwardingRulesRESTClient, root),
		build(ctx, &c.rules, compute.NewForwardingRulesRESTClient, root),
		build(ctx, &c.networks, compute.NewNetworksRESTClient, root),
		build(ctx, &c.subnetworks, compute.NewSubnetworksRESTClient, root),
		build(ctx, &c.routers, compute.NewRoutersRESTClient, root),
		build(ctx, &c.routes, compute.NewRoutesRESTClient, root),
		build(ctx, &c.policies, compute.NewNetworkFirewallPoliciesRESTClient, root),
		build(ctx, &c.regionPolicies, compute.NewRegionNetworkFirewallPoliciesRESTClient, root),
		build(ctx, &c.projects, compute.NewProjectsRESTClient, root),
		build(ctx, &c.instances, compute.NewInstancesRESTClient, root),
		build(ctx, &c.globalOperations, compute.NewGlobalOperationsRESTClient, root),
		build(ctx, &c.regionOperations, compute.NewRegionOperationsRESTClient, root),
		build(ctx, &c.compute, computev1.NewService, at(apiCompute, "/compute/v1/")),
		build(ctx, &c.connectors, vpcaccess.NewRESTClient, at(apiVPCAccess, "")),
		build(ctx, &c.connectorPatch, vpcaccessv1.NewService, at(apiVPCAccess, "/")),
		build(ctx, &c.dns, dns.NewService, at(apiDNS, "/")),
		build(ctx, &c.run, run.NewService, at(apiRun, "/")),
		build(ctx, &c.functions, cloudfunctions.NewService, at(apiCloudFunctions, "/")),
		build(ctx, &c.monitoring, monitoring.NewService, at(apiMonitoring, "/")),
		build(ctx, &c.connectivity, networkconnectivity.NewService, at(apiNetworkConnectivity, "/")),
		build(ctx, &c.resources, cloudresourcemanager.NewService, at(apiCloudResourceManager, "/")),
		build(ctx, &c.usage, serviceusage.NewService, at(apiServiceUsage, "/")),
		build(ctx, &c.organisation, orgpolicy.NewService, at(apiOrgPolicy, "/")),
	}
}

func build[T any](
	ctx context.Context, into **T, with func(context.Context, ...option.ClientOption) (*T, error),
	opts []option.ClientOption,
) func() error {
	return func() (err error) {
		*into, err = with(ctx, opts...)
		return err
	}
}

// carrier is the HTTP client of one API's libraries.
func (c *Client) carrier(api string) *http.Client {
	return &http.Client{Transport: endsCarrier{memoCarrier{metered{c.senders, api}, c.now, &c.siblings}, c.ends}}
}

// Budget is the client's part of the budget, which is told its share; nil where there is none.
func (c *Client) Budget() workers.Budget {
	if c.budgets == nil {
		return nil
	}
	return c.budgets
}

// once switches off the retries that the newer clients do by themselves on reads: retrying is the runtime's.
func once() gax.CallOption { return gax.WithRetry(func() gax.Retryer { return nil }) }

// paced scales a wait.
func (c *Client) paced(d time.Duration) time.Duration { return time.Duration(float64(d) / c.pace) }
