package gcp

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/uuid"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
	"github.com/culvertnet/culvert/workers/egress"
	"github.com/culvertnet/culvert/workers/network"
	"github.com/culvertnet/culvert/workers/policy"
	"github.com/culvertnet/culvert/workers/routing"
)

const running = `{"name":"operation-1","status":"RUNNING"}`

var root = uuid.MustParse("11111111-2222-4333-8444-555555555555")

// waiting fails the test unless the error waits for the operation.
func waiting(t *testing.T, err error, handle string) {
	t.Helper()
	var f *workers.Failure
	if !errors.As(err, &f) || f.Class != events.Wait || f.Operation != handle {
		t.Errorf("got %v (%+v), want a wait for %s", err, f, handle)
	}
}

func TestReserveSendsPurposeAndNetwork(t *testing.T) {
	const path = "POST /compute/v1/projects/p/global/addresses"
	c, s := newStub(t, map[string][]string{path: {running}})
	a := network.Address{
		Ref: network.Ref{Project: "p", Name: "a1"}, IP: "10.200.0.1", Network: "projects/p/global/networks/n",
		Owner: "culvert:x",
	}
	for range 2 {
		waiting(t, c.Addresses().Reserve(t.Context(), root, a), "gcp:compute/global/p/operation-1")
	}
	sent := s.calls(path)
	id := sent[0].query.Get("requestId")
	if _, err := uuid.Parse(id); err != nil || id != sent[1].query.Get("requestId") {
		t.Errorf(
			"request ids %q and %q: want one and the same UUID for the same call", id, sent[1].query.Get("requestId"),
		)
	}
	a.IP = "10.200.0.2"
	waiting(t, c.Addresses().Reserve(t.Context(), root, a), "gcp:compute/global/p/operation-1")
	if again := s.calls(path)[2].query.Get("requestId"); again == id {
		t.Error("another body went out under the same request id")
	}
}

func TestEndpointSendsEmptySchemeAndNoLabels(t *testing.T) {
	const path = "POST /compute/v1/projects/p/global/forwardingRules"
	c, s := newStub(t, map[string][]string{path: {running}})
	err := c.Endpoints().Create(t.Context(), root, network.Endpoint{
		Ref: network.Ref{Project: "p", Name: "psc1"}, Network: "projects/p/global/networks/n",
		AddressName: "projects/p/global/addresses/a1", AddressIP: "10.200.0.1", Target: "all-apis", Owner: "culvert:x",
	})
	waiting(t, err, "gcp:compute/global/p/operation-1")
	s.body(path, `{"name":"psc1","IPAddress":"projects/p/global/addresses/a1","network":"projects/p/global/networks/n",
		"target":"all-apis","loadBalancingScheme":"","description":"culvert:x"}`)
}

const routerGet = "GET /compute/v1/projects/p/regions/r/routers/edge"
const routerPatch = "PATCH /compute/v1/projects/p/regions/r/routers/edge"

var edge = routing.Target{Via: "cloud-router", Project: "p", Region: "r", Router: "edge"}

func TestRouterSendsAnEmptyListToRemoveTheLastRange(t *testing.T) {
	c, s := newStub(t, map[string][]string{
		routerGet: {`{"name":"edge","bgp":{"asn":64514,"advertiseMode":"CUSTOM","advertisedGroups":["ALL_SUBNETS"],
			"advertisedIpRanges":[{"range":"10.200.0.1/32","description":"culvert:x"}]}}`},
		routerPatch: {running},
	})
	err := c.Routers().Write(t.Context(), root, edge, routing.Announced{Custom: true})
	waiting(t, err, "gcp:compute/region/p/r/operation-1")
	s.body(routerPatch, `{"bgp":{"advertiseMode":"CUSTOM","advertisedGroups":["ALL_SUBNETS"],"advertisedIpRanges":[]}}`)
}

func TestRouterKeepsSubnetsWhenItsModeBecomesCustom(t *testing.T) {
	c, s := newStub(t, map[string][]string{routerGet: {`{"name":"edge","bgp":{"asn":64514}}`}, routerPatch: {running}})
	a := routing.Announced{
		Custom: true, Entries: []string{"10.200.0.1/32"}, Owners: map[string]string{"10.200.0.1/32": "culvert:x"},
	}
	waiting(t, c.Routers().Write(t.Context(), root, edge, a), "gcp:compute/region/p/r/operation-1")
	s.body(routerPatch, `{"bgp":{"advertiseMode":"CUSTOM","advertisedGroups":["ALL_SUBNETS"],
		"advertisedIpRanges":[{"range":"10.200.0.1/32","description":"culvert:x"}]}}`)
}

func TestRouterGoesBackToDefaultInOnePatch(t *testing.T) {
	c, s := newStub(t, map[string][]string{
		routerGet:   {`{"bgp":{"advertiseMode":"CUSTOM","advertisedGroups":["ALL_SUBNETS"],"advertisedIpRanges":[{"range":"10.1.0.0/32"}]}}`},
		routerPatch: {running},
	})
	waiting(t, c.Routers().Write(t.Context(), root, edge, routing.Announced{}), "gcp:compute/region/p/r/operation-1")
	s.body(routerPatch, `{"bgp":{"advertiseMode":"DEFAULT","advertisedGroups":[],"advertisedIpRanges":[]}}`)
}

func TestRouterWritesTheSameListAgainUnderAnotherID(t *testing.T) {
	empty := `{"bgp":{"advertiseMode":"CUSTOM","advertisedGroups":["ALL_SUBNETS"]}}`
	other := `{"bgp":{"advertiseMode":"CUSTOM","advertisedGroups":["ALL_SUBNETS"],"advertisedIpRanges":[{"range":"10.9.0.0/24"}]}}`
	c, s := newStub(t, map[string][]string{routerGet: {empty, other}, routerPatch: {running}})
	a := routing.Announced{Custom: true, Entries: []string{"10.200.0.1/32"}}
	for range 2 {
		waiting(t, c.Routers().Write(t.Context(), root, edge, a), "gcp:compute/region/p/r/operation-1")
	}
	sent := s.calls(routerPatch)
	if sent[0].query.Get("requestId") == sent[1].query.Get("requestId") {
		t.Error("the second write has the first one's request id: the vendor would ignore it, with another's write " +
			"in between")
	}
}

func TestRouterRefusesTheTwoHundredAndFirstRange(t *testing.T) {
	c, s := newStub(t, nil)
	err := c.Routers().Write(t.Context(), root, edge, routing.Announced{Custom: true, Entries: make([]string, 201)})
	if got := workers.Outcome(err, events.Unsure); got.Class != events.Refuse || got.Reason != "full" {
		t.Errorf("got %v, want a refusal that names the limit", err)
	}
	if len(s.sent) != 0 {
		t.Errorf("a list that cannot fit led to calls: %v", s.sent)
	}
}

func TestARepeatOfAFinishedOperationIsSteppedOver(t *testing.T) {
	const get, post = "GET /compute/v1/projects/p/global/addresses/a1", "POST /compute/v1/projects/p/global/addresses"
	// The vendor answers the repeat with the finished operation of a first call whose address was deleted since.
	c, s := newStub(t, map[string][]string{post: {`{"name":"operation-0","status":"DONE"}`, running}})
	err := c.Addresses().Reserve(t.Context(), root, network.Address{Ref: network.Ref{Project: "p", Name: "a1"}})
	waiting(t, err, "gcp:compute/global/p/operation-1")
	sent := s.calls(post)
	if len(sent) != 2 || sent[0].query.Get("requestId") == sent[1].query.Get("requestId") {
		t.Errorf("calls %v: want a second one under another id", sent)
	}
	if len(s.calls(get)) != 1 {
		t.Error("an operation that is over at once was believed without a look")
	}
}

func TestAFailedOperationIsNotTakenForAGoodOne(t *testing.T) {
	const path = "GET /compute/v1/projects/p/global/operations/o"
	c, _ := newStub(t, map[string][]string{path: {`{"name":"o","status":"DONE","operationType":"insert",
		"error":{"errors":[{"code":"RESOURCE_IN_USE_BY_ANOTHER_RESOURCE","message":"used by x"}]}}`}})
	err := c.Operations().Poll(t.Context(), "gcp:compute/global/p/o")
	if got := workers.Outcome(err, events.Unsure); got.Class != events.Refuse || got.Reason != "in-use" {
		t.Errorf("poll of a failed operation without a status code: %v, want a refusal", err)
	}
}

func TestPoll(t *testing.T) {
	c, _ := newStub(t, map[string][]string{
		"GET /compute/v1/projects/p/regions/r/operations/o": {running},
		"GET /compute/v1/projects/p/global/operations/o":    {`{"name":"o","status":"DONE"}`},
		"GET /v1/projects/p/locations/r/operations/c": {
			`{"name":"x","done":true,"error":{"code":3,"message":"conflicts"}}`,
		},
		"GET /v2/projects/p/locations/r/operations/s":            {`{"name":"x"}`},
		"GET /dns/v1/projects/p/managedZones/z/changes/1":        {`{"id":"1","status":"pending"}`},
		"GET /compute/v1/projects/p/global/operations/forgotten": nil,
	})
	for handle, want := range map[string]events.Class{
		"gcp:compute/region/p/r/o":                          events.Wait,
		"gcp:vpcaccess/projects/p/locations/r/operations/c": events.Refuse,
		"gcp:run/projects/p/locations/r/operations/s":       events.Wait,
		"gcp:functions/projects/p/locations/r/operations/s": events.Wait,
		"gcp:dns/p/z/1":          events.Wait,
		"gcp:nothing/like/this":  events.Refuse,
		"gcp:compute/galaxy/p/o": events.Refuse,
		"gcp:dns/p":              events.Refuse,
	} {
		err := c.Operations().Poll(t.Context(), handle)
		got := workers.Outcome(err, events.Unsure)
		if err == nil || got.Class != want || want == events.Wait && got.Operation != handle {
			t.Errorf("poll %s: %v, want %s", handle, err, want)
		}
	}
	if err := c.Operations().Poll(t.Context(), "gcp:compute/global/p/o"); err != nil {
		t.Errorf("poll of a finished operation: %v", err)
	}
	if err := c.Operations().Poll(t.Context(), "gcp:compute/global/p/forgotten"); !errors.Is(err, workers.ErrNotFound) {
		t.Errorf("poll of a forgotten operation: %v, want ErrNotFound", err)
	}
}

func TestConnectorOperationsAreReadForWhatTheyYield(t *testing.T) {
	const at = "projects/p/locations/r/operations/"
	c, s := newStub(t, map[string][]string{
		"GET /v1/" + at + "made": {`{"name":"` + at + `made","done":true,
			"response":{"@type":"type.googleapis.com/google.cloud.vpcaccess.v1.Connector","state":"READY"}}`},
		"GET /v1/" + at + "gone": {
			`{"name":"x","done":true,"response":{"@type":"type.googleapis.com/google.protobuf.Empty"}}`,
		},
		"GET /v1/" + at + "missing": {
			`{"name":"x","done":true,"error":{"code":5,"message":"no such connector"}}`,
		},
		"GET /v1/" + at + "on":  {`{"name":"x"}`},
		"GET /v1/" + at + "odd": {`{"name":"x","done":true}`},
		"GET /v1/" + at + "agent": {
			`{"name":"x","done":true,"error":{"code":7,"message":"no role yet"}}`,
		},
		"DELETE /v1/projects/p/locations/r/connectors/c1": {`{"name":"` + at + `on"}`},
	})
	for handle, want := range map[string]events.Class{
		"gcp:vpcaccess/" + at + "made":           events.Done,
		"gcp:vpcaccess/delete/" + at + "gone":    events.Done,
		"gcp:vpcaccess/delete/" + at + "missing": events.Done, // what is to go is not there
		"gcp:vpcaccess/delete/" + at + "on":      events.Wait,
		"gcp:vpcaccess/" + at + "missing":        events.Refuse,
		"gcp:vpcaccess/" + at + "agent":          events.Retry,
		// over, and nobody says how: a look at the connector tells
		"gcp:vpcaccess/" + at + "odd": events.Unsure,
	} {
		err := c.Operations().Poll(t.Context(), handle)
		got := events.Done
		if err != nil {
			got = workers.Outcome(err, events.Unsure).Class
		}
		if got != want {
			t.Errorf("poll %s: %v (%s), want %s", handle, err, got, want)
		}
	}
	waiting(t, c.Connectors().Delete(t.Context(), root, "projects/p/locations/r/connectors/c1"),
		"gcp:vpcaccess/delete/"+at+"on")
	if sent := s.calls("DELETE /v1/projects/p/locations/r/connectors/c1"); len(sent) != 1 || sent[0].body != nil {
		t.Errorf("deletion was sent as %v", sent)
	}
}

func TestConnectorSendsBothLimitsAndAShortNetwork(t *testing.T) {
	const path = "POST /v1/projects/p/locations/r/connectors"
	c, s := newStub(t, map[string][]string{path: {`{"name":"projects/p/locations/r/operations/o"}`}})
	want := egress.Connector{
		Name: "projects/p/locations/r/connectors/c1", Network: "projects/p/global/networks/n", CIDR: "10.8.0.0/28",
		Min: 2, Max: 3, MachineType: "e2-micro",
	}
	waiting(t, c.Connectors().Create(t.Context(), root, want), "gcp:vpcaccess/projects/p/locations/r/operations/o")
	got := s.body(
		path, `{"network":"n","ipCidrRange":"10.8.0.0/28","minInstances":2,"maxInstances":3,"machineType":"e2-micro"}`,
	)
	if got.query.Get("connectorId") != "c1" {
		t.Errorf("connectorId is %q", got.query.Get("connectorId"))
	}
	want.Network = "projects/host/global/networks/n"
	if got := workers.Outcome(c.Connectors().Create(t.Context(), root, want),
		events.Unsure); got.Class != events.Refuse {
		t.Errorf("a network of another project: %+v, want a refusal: the API has no field for it", got)
	}
}

func TestConnectorGrowsWithBothLimitsInTheMask(t *testing.T) {
	const name = "projects/p/locations/r/connectors/c1"
	c, s := newStub(t, map[string][]string{
		"GET /v1/" + name:   {`{"name":"` + name + `","minInstances":2,"maxInstances":3,"machineType":"e2-micro"}`},
		"PATCH /v1/" + name: {`{"name":"projects/p/locations/r/operations/o"}`},
	})
	err := c.Connectors().Grow(t.Context(), root, egress.Connector{Name: name, Min: 2, Max: 5, MachineType: "e2-micro"})
	waiting(t, err, "gcp:vpcaccess/projects/p/locations/r/operations/o")
	if got := s.body("PATCH /v1/"+name, `{"minInstances":2,"maxInstances":5}`); got.query.Get("updateMask") !=
		"minInstances,maxInstances" {
		t.Errorf("mask is %q", got.query.Get("updateMask"))
	}
}

func TestBindSendsOnlyVpcAccess(t *testing.T) {
	const path = "PATCH /v2/projects/p/locations/r/services/s"
	ref := egress.ServiceRef{Platform: "cloud-run", Project: "p", Region: "r", Name: "s"}
	for _, c := range []struct {
		to   egress.Binding
		body string
	}{
		{egress.Binding{Connector: "projects/p/locations/r/connectors/c", Egress: "all-traffic"},
			`{"etag":"e1","template":{"vpcAccess":{"connector":"projects/p/locations/r/connectors/c","egress":"ALL_TRAFFIC"}}}`},
		{egress.Binding{Network: "n", Subnet: "s", Tags: []string{"t"}, Egress: "private-ranges-only"},
			`{"etag":"e1","template":{"vpcAccess":{"networkInterfaces":[{"network":"n","subnetwork":"s","tags":["t"]}],"egress":"PRIVATE_RANGES_ONLY"}}}`},
		{egress.Binding{}, `{"etag":"e1","template":{}}`},
	} {
		client, s := newStub(t, map[string][]string{path: {`{"name":"projects/p/locations/r/operations/o"}`}})
		waiting(t, client.Services().Bind(t.Context(), root, ref, c.to, "e1"),
			"gcp:run/projects/p/locations/r/operations/o")
		if got := s.body(path, c.body); got.query.Get("updateMask") != "template.vpcAccess" {
			t.Errorf("mask is %q", got.query.Get("updateMask"))
		}
	}
}

func TestFunctionIsBoundByItsOwnAPI(t *testing.T) {
	const name = "/v2/projects/p/locations/r/functions/f"
	ref := egress.ServiceRef{Platform: "cloud-functions", Project: "p", Region: "r", Name: "f"}
	c, s := newStub(t, map[string][]string{
		"GET " + name: {
			`{"name":"f","state":"ACTIVE","updateTime":"2026-01-01T00:00:00Z","serviceConfig":{"vpcConnector":"x"}}`,
		},
		"PATCH " + name: {`{"name":"projects/p/locations/r/operations/o"}`},
	})
	to := egress.Binding{Network: "n", Subnet: "s", Egress: "all-traffic"}
	err := c.Services().Bind(t.Context(), root, ref, to, "2026-01-01T00:00:00Z")
	waiting(t, err, "gcp:functions/projects/p/locations/r/operations/o")
	got := s.body("PATCH "+name,
		`{"serviceConfig":{"directVpcEgress":"VPC_EGRESS_ALL_TRAFFIC","directVpcNetworkInterface":[{"network":"n","subnetwork":"s"}]}}`)
	const mask = "serviceConfig.vpcConnector,serviceConfig.vpcConnectorEgressSettings," +
		"serviceConfig.directVpcNetworkInterface,serviceConfig.directVpcEgress"
	if got.query.Get("updateMask") != mask {
		t.Errorf("mask is %q: the form that is not wanted must be cleared", got.query.Get("updateMask"))
	}
	err = c.Services().Bind(t.Context(), root, ref, to, "2025-01-01T00:00:00Z")
	if got := workers.Outcome(err, events.Unsure); got.Class != events.Retry {
		t.Errorf("a function updated since it was read: %v, want a retry", err)
	}
}

func TestZoneRecordIsReplacedByOneChange(t *testing.T) {
	const zone = "/dns/v1/projects/p/managedZones/z"
	c, s := newStub(t, map[string][]string{
		"GET " + zone: {`{"name":"z","dnsName":"f.run.app.","visibility":"private",
			"privateVisibilityConfig":{"networks":[{"networkUrl":"https://www.googleapis.com/compute/v1/projects/p/global/networks/n"}]}}`},
		"GET " + zone + "/rrsets/f.run.app./A": {
			`{"kind":"dns#resourceRecordSet","name":"f.run.app.","type":"A","ttl":60,"rrdatas":["10.0.0.1"]}`,
		},
		"POST " + zone + "/changes": {`{"id":"7","status":"pending"}`},
	})
	err := c.Names().Put(t.Context(), root, network.Zone{
		Project: "p", Name: "z", Host: "f.run.app", Networks: []string{"projects/p/global/networks/n"}, IP: "10.0.0.2",
		TTL: 60,
	})
	waiting(t, err, "gcp:dns/p/z/7")
	s.body("POST "+zone+"/changes", `{"additions":[{"name":"f.run.app.","type":"A","ttl":60,"rrdatas":["10.0.0.2"]}],
		"deletions":[{"name":"f.run.app.","type":"A","ttl":60,"rrdatas":["10.0.0.1"]}]}`)
}

func TestAMutationOfWhatIsNotThereRefuses(t *testing.T) {
	c, _ := newStub(t, nil)
	run := egress.ServiceRef{Platform: "cloud-run", Project: "p", Region: "r", Name: "s"}
	function := egress.ServiceRef{Platform: "cloud-functions", Project: "p", Region: "r", Name: "f"}
	for what, err := range map[string]error{
		"subnet flag": c.Networks().SetGoogleAccess(t.Context(), root, "projects/p/regions/r/subnetworks/s",
			true),
		"router list": c.Routers().Write(t.Context(), root, edge, routing.Announced{Custom: true}),
		"connector": c.Connectors().Grow(
			t.Context(), root, egress.Connector{Name: "projects/p/locations/r/connectors/c"},
		),
		"service binding":    c.Services().Bind(t.Context(), root, run, egress.Binding{}, ""),
		"function binding":   c.Services().Bind(t.Context(), root, function, egress.Binding{}, ""),
		"invokers":           c.Services().SetInvokers(t.Context(), run, nil, ""),
		"function's callers": c.Services().SetInvokers(t.Context(), function, nil, ""),
		"filter": c.Firewall().Put(
			t.Context(), root, policy.Filter{Network: "projects/p/global/networks/n", Priorities: []int{1}},
		),
	} {
		if got := workers.Outcome(err, events.Unsure); got.Class != events.Refuse || got.Reason != "not-found" {
			t.Errorf("%s: %v (%s %s), want a refusal", what, err, got.Class, got.Reason)
		}
	}
}

func TestUsersAreFoundUnderAProjectsNumberToo(t *testing.T) {
	const connector = "projects/p/locations/r/connectors/c"
	c, _ := newStub(t, map[string][]string{
		"GET /v1/" + connector:                       {`{"name":"` + connector + `","connectedProjects":["q"]}`},
		"GET /v2/projects/p/locations/r/functions":   {`{}`},
		"GET /v2/projects/p/locations/r/services":    {`{}`},
		"GET /v2/projects/p/locations/r/jobs":        {`{}`},
		"GET /v2/projects/p/locations/r/workerPools": {`{}`},
		"GET /v2/projects/q/locations/r/jobs":        {`{}`},
		"GET /v2/projects/q/locations/r/workerPools": {`{}`},
		"GET /v2/projects/q/locations/r/functions": {`{"functions":[
			{"name":"projects/q/locations/r/functions/f","serviceConfig":{"vpcConnector":"` + connector + `","service":"projects/q/locations/r/services/f"}}]}`},
		"GET /v2/projects/q/locations/r/services": {`{"services":[
			{"name":"projects/q/locations/r/services/f","template":{"vpcAccess":{"connector":"` + connector + `"}}},
			{"name":"projects/q/locations/r/services/s","template":{"vpcAccess":{"connector":"projects/123/locations/r/connectors/c"}}},
			{"name":"projects/q/locations/r/services/other","template":{"vpcAccess":{"connector":"projects/z/locations/r/connectors/c"}}},
			{"name":"projects/q/locations/r/services/none"}]}`},
	})
	got, err := c.Connectors().Users(t.Context(), connector)
	want := []string{"projects/q/locations/r/functions/f", "projects/q/locations/r/services/s"}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("users %v (%v), want %v", got, err, want)
	}
}
