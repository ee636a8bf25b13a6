package google_test

import (
	"errors"
	"slices"
	"testing"

	compute "cloud.google.com/go/compute/apiv1"
	"cloud.google.com/go/compute/apiv1/computepb"
	"google.golang.org/api/googleapi"
	"google.golang.org/api/iterator"
	"google.golang.org/api/option"
	"google.golang.org/protobuf/proto"

	"github.com/culvertnet/culvert/adapters/simcloud/world"
)

const machines = `google:
  projects: [{id: net, number: "11", hash: aaaaaaaaaa}, {id: app, number: "22", hash: bbbbbbbbbb}]
  networks:
    - project: net
      name: vpc
      subnetworks: [{name: s, region: europe-west3, range: 10.1.0.0/24}]
      instances:
        - {name: b, zone: europe-west3-b, ip: 10.1.0.3}
        - {name: a, zone: europe-west3-a, ip: 10.1.0.2}
        - {name: c, zone: europe-west3-b, ip: 10.1.0.4}
  routers:
    - {project: net, region: europe-west3, name: edge, network: vpc, asn: 65001}
`

// vendorsClient is how the vendor's clients find a world.
func vendorsClient(r *rig) []option.ClientOption {
	return []option.ClientOption{option.WithEndpoint(r.s.URL()), option.WithoutAuthentication()}
}

// every reads a list of the vendor's client to its end.
func every[T any](t *testing.T, next func() (T, error)) []T {
	t.Helper()
	var out []T
	for {
		v, err := next()
		if errors.Is(err, iterator.Done) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, v)
	}
}

// Every zone is in the answer: one without instances has a warning in place of the list.
func TestInstancesOfAllZones(t *testing.T) {
	r := scenarioRig(t, machines)
	client := must[*compute.InstancesClient](t)(compute.NewInstancesRESTClient(t.Context(), vendorsClient(r)...))
	for _, size := range []uint32{500, 2, 1} {
		it := client.AggregatedList(t.Context(), &computepb.AggregatedListInstancesRequest{
			Project: "net", MaxResults: proto.Uint32(size)})
		found, empty := []string{}, 0
		for _, pair := range every(t, it.Next) {
			if len(pair.Value.GetInstances()) == 0 {
				empty++
				if pair.Value.GetWarning().GetCode() != "NO_RESULTS_ON_PAGE" ||
					pair.Value.GetWarning().GetData()[0].GetValue() != pair.Key {
					t.Fatalf("scope %s: %v", pair.Key, pair.Value)
				}
			}
			for _, m := range pair.Value.GetInstances() {
				found = append(found, pair.Key+"/"+m.GetName())
				if m.GetZone() != "https://www.googleapis.com/compute/v1/projects/net/"+pair.Key {
					t.Errorf("%s is in %s", m.GetName(), m.GetZone())
				}
			}
		}
		slices.Sort(found)
		want := []string{"zones/europe-west3-a/a", "zones/europe-west3-b/b", "zones/europe-west3-b/c"}
		if !slices.Equal(found, want) || empty < 40 {
			t.Errorf("pages of %d: %v, %d empty scopes", size, found, empty)
		}
	}
	if got := r.get("/compute/v1/projects/app/aggregated/instances"); at(got, "items", "zones/europe-west3-a",
		"instances") != nil || got["kind"] != "compute#instanceAggregatedList" {
		t.Errorf("a project without instances: %v", at(got, "items", "zones/europe-west3-a"))
	}
	got := r.get("/compute/v1/projects/net/aggregated/instances?filter=name%3Da&includeAllScopes=true")
	if at(got, "items", "zones/europe-west3-a", "instances", 0, "name") != "a" ||
		at(got, "items", "zones/europe-west3-b", "warning", "code") != "NO_RESULTS_ON_PAGE" ||
		at(got, "items", "global", "warning", "code") != "NO_RESULTS_ON_PAGE" ||
		at(got, "items", "regions/europe-west3", "warning", "code") != "NO_RESULTS_ON_PAGE" {
		t.Errorf("a filter over all scopes: %v", at(got, "items", "zones/europe-west3-b"))
	}
}

// A zone that cannot be reached fails the whole list, unless the caller takes a part of it. Then the zone is named.
func TestAZoneThatCannotBeReached(t *testing.T) {
	r := scenarioRig(t, machines)
	r.fault(world.Fault{Call: "instances.aggregatedList", Mode: world.Unreachable, Match: "europe-west3-b", Times: 2})
	const path = "/compute/v1/projects/net/aggregated/instances"
	r.refused(no{503, "zones/europe-west3-b"}, "GET", path, nil)
	got := r.get(path + "?returnPartialSuccess=true")
	if at(got, "unreachables", 0) != "zones/europe-west3-b" || at(got, "unreachables", 1) != nil ||
		at(got, "items", "zones/europe-west3-b", "warning", "code") != "UNREACHABLE" ||
		at(got, "items", "zones/europe-west3-b", "instances") != nil ||
		at(got, "items", "zones/europe-west3-a", "instances", 0, "name") != "a" {
		t.Errorf("a part: %v, %v", got["unreachables"], at(got, "items", "zones/europe-west3-b"))
	}
	if got := r.get(path); at(got, "items", "zones/europe-west3-b", "instances", 1, "name") != "c" ||
		got["unreachables"] != nil {
		t.Errorf("afterwards: %v", at(got, "items", "zones/europe-west3-b"))
	}
	r.fault(world.Fault{Call: "instances.get", Mode: world.Unreachable})
	client := must[*compute.InstancesClient](t)(compute.NewInstancesRESTClient(t.Context(), vendorsClient(r)...))
	r.fault(world.Fault{Call: "instances.aggregatedList", Mode: world.Refuse})
	_, err := client.AggregatedList(t.Context(), &computepb.AggregatedListInstancesRequest{Project: "net"}).Next()
	var refused *googleapi.Error
	if !errors.As(err, &refused) || refused.Code != 403 {
		t.Errorf("a refused list: %v", err)
	}
	r.refused(no{503, "backendError"}, "GET", "/compute/v1/projects/net/zones/europe-west3-a/instances/a", nil)
}

func TestRoutersOfAllRegions(t *testing.T) {
	r := scenarioRig(t, machines)
	client := must[*compute.RoutersClient](t)(compute.NewRoutersRESTClient(t.Context(), vendorsClient(r)...))
	it := client.AggregatedList(t.Context(), &computepb.AggregatedListRoutersRequest{Project: "net"})
	found := []string{}
	for _, pair := range every(t, it.Next) {
		for _, router := range pair.Value.GetRouters() {
			found = append(found, pair.Key+"/"+router.GetName())
		}
	}
	if !slices.Equal(found, []string{"regions/europe-west3/edge"}) {
		t.Errorf("routers: %v", found)
	}
	limited := scenarioRig(t, machines+"  access: [{identity: \"*\", without: [compute.routers.list]}]\n")
	limited.refused(no{403, "Required 'compute.routers.list' permission"}, "GET",
		"/compute/v1/projects/net/aggregated/routers", nil)
}
