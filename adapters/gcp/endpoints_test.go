package gcp

import (
	"bytes"
	"context"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"cloud.google.com/go/compute/apiv1/computepb"
	"cloud.google.com/go/vpcaccess/apiv1/vpcaccesspb"

	"github.com/culvertnet/culvert/adapters/gcp/permissions"
)

// recorder answers everything with "not found", and keeps where each call went.
type recorder struct {
	mu    sync.Mutex
	hosts map[string]bool
}

// RoundTrip notes the scheme and host of a call.
func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.hosts[req.URL.Scheme+"://"+req.URL.Host] = true
	return &http.Response{StatusCode: http.StatusNotFound, Header: http.Header{}, Request: req,
		Body: io.NopCloser(bytes.NewReader([]byte(`{"error":{"code":404,"message":"nothing"}}`)))}, nil
}

// oneCallEach makes a call with each library, by the API that it is of.
func oneCallEach(ctx context.Context, c *Client) map[string][]func() error {
	return map[string][]func() error{
		apiCompute: {func() error {
			_, err := c.networks.Get(ctx, &computepb.GetNetworkRequest{Project: "p", Network: "n"}, once())
			return err
		}, func() error {
			_, err := c.compute.Routers.Get("p", "r", "edge").Context(ctx).Do()
			return err
		}},
		apiVPCAccess: {func() error {
			_, err := c.connectors.GetConnector(ctx,
				&vpcaccesspb.GetConnectorRequest{Name: "projects/p/locations/r/connectors/c"}, once())
			return err
		}, func() error {
			_, err := c.connectorPatch.Projects.Locations.Connectors.Get("projects/p/locations/r/connectors/c").Do()
			return err
		}},
		apiDNS: {func() error { _, err := c.dns.ManagedZones.Get("p", "z").Context(ctx).Do(); return err }},
		apiRun: {func() error {
			_, err := c.run.Projects.Locations.Services.Get("projects/p/locations/r/services/s").Context(ctx).Do()
			return err
		}},
		apiCloudFunctions: {func() error {
			_, err := c.functions.Projects.Locations.Functions.Get("projects/p/locations/r/functions/f").Do()
			return err
		}},
		apiMonitoring: {func() error {
			_, err := c.monitoring.Projects.TimeSeries.List("projects/p").Context(ctx).Do()
			return err
		}},
		apiNetworkConnectivity: {func() error {
			all := c.connectivity.Projects.Locations.Global.PolicyBasedRoutes
			_, err := all.List("projects/p/locations/global").Do()
			return err
		}},
		apiCloudResourceManager: {func() error { _, err := c.resources.Projects.Get("projects/p").Do(); return err }},
		apiServiceUsage: {func() error {
			_, err := c.usage.Services.Get("projects/p/services/x").Context(ctx).Do()
			return err
		}},
		apiOrgPolicy: {func() error {
			_, err := c.organisation.Projects.Policies.Get("projects/p/policies/x").Context(ctx).Do()
			return err
		}},
	}
}

// Every API is called at its own host: the library's, the universe's or the one that it was given, and an endpoint of
// one API takes no call of another.
func TestEndpointsByAPI(t *testing.T) {
	private := map[string]string{}
	for _, api := range apis {
		private[api] = "https://" + api + "-x.p.googleapis.com"
	}
	for name, c := range map[string]struct {
		options Options
		host    func(api string) string
	}{
		"google": {Options{}, func(api string) string { return "https://" + api + ".googleapis.com" }},
		"a universe": {Options{UniverseDomain: "example.goog"},
			func(api string) string { return "https://" + api + ".example.goog" }},
		"one regional": {Options{Endpoints: map[string]string{apiRun: "https://europe-west3-run.googleapis.com"}},
			func(api string) string {
				if api == apiRun {
					return "https://europe-west3-run.googleapis.com"
				}
				return "https://" + api + ".googleapis.com"
			}},
		"all private": {Options{Endpoints: private, UniverseDomain: "example.goog"},
			func(api string) string { return private[api] }},
		"a simulated world": {Options{Endpoint: "http://127.0.0.1:9"},
			func(string) string { return "http://127.0.0.1:9" }},
	} {
		t.Run(name, func(t *testing.T) {
			r := &recorder{}
			c.options.HTTPClient = &http.Client{Transport: r}
			client, err := New(t.Context(), c.options)
			if err != nil {
				t.Fatal(err)
			}
			for api, calls := range oneCallEach(t.Context(), client) {
				for i, do := range calls {
					r.hosts = map[string]bool{}
					if err := client.fail(call{name: api}, do()); err == nil {
						t.Errorf("%s call %d found something", api, i)
					}
					if got := slices.Collect(maps.Keys(r.hosts)); !slices.Equal(got, []string{c.host(api)}) {
						t.Errorf("%s call %d went to %v, want %s", api, i, got, c.host(api))
					}
				}
			}
		})
	}
}

// The list of APIs is what the calls of the list of permissions are of, and one for tokens.
func TestAPIsAreThoseOfTheCalls(t *testing.T) {
	list, err := permissions.Load()
	if err != nil {
		t.Fatal(err)
	}
	called := map[string]bool{apiIAMCredentials: true}
	for _, calls := range []map[string]permissions.Call{list.Calls, list.Preflight} {
		for _, c := range calls {
			called[c.API] = true
		}
	}
	if want := slices.Sorted(maps.Keys(called)); !slices.Equal(APIs(), want) {
		t.Errorf("APIs are %v, the calls are of %v", APIs(), want)
	}
	made := oneCallEach(t.Context(), &Client{})
	for _, api := range APIs() {
		if len(made[api]) == 0 && api != apiIAMCredentials {
			t.Errorf("%s has no call in the test of endpoints", api)
		}
	}
}

// Endpoints that cannot be meant make no client.
func TestEndpointsAreChecked(t *testing.T) {
	for want, o := range map[string]Options{
		"exclude each other": {Endpoint: "http://127.0.0.1:9", Endpoints: map[string]string{apiRun: "https://x"}},
		`endpoint of "gce"`:  {Endpoints: map[string]string{"gce": "https://x"}},
	} {
		o.HTTPClient = http.DefaultClient
		if _, err := New(t.Context(), o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}
