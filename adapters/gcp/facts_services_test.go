package gcp_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/events/reach"
	"github.com/culvertnet/culvert/workers"
	"github.com/culvertnet/culvert/workers/observe"
)

const svc = "/v2/projects/p/locations/r/services/s"

var ref = observe.ServiceRef{Platform: "cloud-run", Project: "p", Region: "r", Name: "s"}

// settled is a service whose latest revision has all the traffic.
func settled(vpc string) string {
	return `{"name":"projects/p/locations/r/services/s","generation":"2","observedGeneration":"2",
		"latestReadyRevision":"x/s-2","latestCreatedRevision":"x/s-2","trafficStatuses":[{
		"type":"TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST","percent":100}],"template":{` + vpc + `}}`
}

func service(t *testing.T, v vendor) reach.Service {
	t.Helper()
	got, err := on(t, v).ServiceFacts().Service(t.Context(), ref)
	must(t, "read service", err)
	return got
}

// TestTheNetworksThatAServiceSendsTo has each form of a binding, in each spelling.
func TestTheNetworksThatAServiceSendsTo(t *testing.T) {
	direct := func(fields string) string { return `"vpcAccess":{"networkInterfaces":[{` + fields + `}]}` }
	const connector = `"vpcAccess":{"connector":"projects/42/locations/r/connectors/c"}`
	for _, c := range []struct{ name, vpc, connector, want string }{
		{"none", "", "", ""},
		{"network", direct(`"network":"` + netN + `"`), "", netN},
		{"network by its full address", direct(`"network":"` + netURL + `"`), "", netN},
		{"network of the service's project", direct(`"network":"n"`), "", netN},
		{"network of a project by its number", direct(`"network":"projects/42/global/networks/n"`), "", netN},
		{"subnetwork", direct(`"subnetwork":"projects/p/regions/r/subnetworks/s"`), "", netN},
		{"subnetwork, short", direct(`"subnetwork":"s"`), "", netN},
		{"both", direct(`"network":"` + netN + `","subnetwork":"s"`), "", netN},
		{"connector by network", connector, `{"network":"n","ipCidrRange":"10.8.0.0/28"}`, netN},
		{"connector by network of a full name", connector, `{"network":"` + netN + `"}`, netN},
		{"connector by subnetwork", connector, `{"subnet":{"name":"s"}}`, netN},
		{"connector by a host's subnetwork", connector, `{"subnet":{"name":"s","projectId":"host"}}`,
			"projects/host/global/networks/shared"},
	} {
		got := service(t, vendor{svc: settled(c.vpc), "/compute/v1/projects/42": `{"name":"p"}`,
			"/v1/projects/p/locations/r/connectors/c": c.connector,
			inR + "/subnetworks/s":                    `{"network":"` + netURL + `"}`,
			"/compute/v1/projects/host/regions/r/subnetworks/s": `{"network":"https://www.googleapis.com/compute/v1/` +
				`projects/host/global/networks/shared"}`}).SendsTo
		if text := fmt.Sprint(got.Items); text != "["+c.want+"]" || !got.Whole || !got.At.Equal(noon()) {
			t.Errorf("%s: %s by %v, want %s", c.name, text, got.Gaps, c.want)
		}
	}
}

// TestWhatServesIsNotAlwaysTheTemplate: traffic on a named revision, a tag, and a revision under way.
func TestWhatServesIsNotAlwaysTheTemplate(t *testing.T) {
	revision := func(name, network string) string {
		return `{"name":"projects/p/locations/r/services/s/revisions/` + name +
			`","vpcAccess":{"networkInterfaces":[{"network":"` + network + `"}]}}`
	}
	both := `{"revisions":[` + revision("s-1", "projects/p/global/networks/old") + `,` + revision("s-2", netN) + `]}`
	same := strings.ReplaceAll(both, "networks/old", "networks/n")
	const latest = `[{"type":"TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST","percent":100`
	for _, c := range []struct {
		name, traffic, revisions, change string
		want                             []reach.Realm
		cause                            reach.Cause
	}{
		{"latest", latest + `}]`, broken, "", []reach.Realm{netN}, ""},
		{"a tag on an older one", latest + `},{"type":"TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION","revision":"s-1",
			"tag":"old"}]`, both, "", nil, reach.MayChange},
		{"a tag on an older one of the same network", latest + `},{
			"type":"TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION","revision":"s-1","tag":"old"}]`, same, "",
			[]reach.Realm{netN}, ""},
		{"a change under way", latest + `}]`, both, `"latestReadyRevision":"x/s-1"`, nil, reach.MayChange},
		{"revisions that may not be read", latest + `,"revision":"s-2"}]`, noRight, `"latestReadyRevision":"x/s-1"`,
			nil, reach.NotAllowedToRead},
		{"a revision that no list has", latest + `}]`, `{"revisions":[` + revision("s-2", netN) + `]}`,
			`"latestReadyRevision":"x/s-0"`, []reach.Realm{netN}, reach.ListNotWhole},
	} {
		doc := strings.Replace(settled(`"vpcAccess":{"networkInterfaces":[{"network":"`+netN+`"}]}`),
			`[{
		"type":"TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST","percent":100}]`, c.traffic, 1)
		if c.change != "" {
			doc = strings.Replace(doc, `"latestReadyRevision":"x/s-2"`, c.change, 1)
		}
		got := service(t, vendor{svc: doc, svc + "/revisions": c.revisions}).SendsTo
		cause := reach.Cause("")
		if len(got.Gaps) > 0 {
			cause = got.Gaps[0].Cause
		}
		if !slices.Equal(got.Items, c.want) || cause != c.cause || got.Whole != (cause == "") {
			t.Errorf("%s: %v by %v, want %v by %q", c.name, got.Items, got.Gaps, c.want, c.cause)
		}
	}
}

func TestIngressAndInvokerCheck(t *testing.T) {
	for word, want := range map[string]reach.Ingress{"INGRESS_TRAFFIC_ALL": reach.IngressAll, "": reach.IngressAll,
		"INGRESS_TRAFFIC_UNSPECIFIED": reach.IngressAll, "INGRESS_TRAFFIC_INTERNAL_ONLY": reach.IngressInternal,
		"INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER": reach.IngressInternalLBs, "INGRESS_TRAFFIC_NONE": reach.IngressNone,
		"INGRESS_TRAFFIC_NEW": "INGRESS_TRAFFIC_NEW"} {
		got := service(t, vendor{svc: `{"ingress":"` + word + `","invokerIamDisabled":true}`})
		if got.Ingress != want || !got.OpenInvoker || got.Object != "projects/p/locations/r/services/s" ||
			got.Project != "p" {
			t.Errorf("%s: %+v", word, got)
		}
	}
	if service(t, vendor{svc: `{}`}).OpenInvoker {
		t.Error("the invoker check is on by default")
	}
}

func TestInvokers(t *testing.T) {
	for _, c := range []struct {
		name, policy string
		want         []string
		cause        reach.Cause
	}{
		{"nobody", `{}`, nil, ""},
		{"the role", `{"bindings":[{"role":"roles/run.invoker","members":["b","a"]}]}`, []string{"a", "b"}, ""},
		{"roles that contain it", `{"bindings":[{"role":"roles/run.admin","members":["a"]},{"role":"roles/editor",
			"members":["b","a"]},{"role":"roles/run.developer","members":["c"]}]}`, []string{"a", "b"}, ""},
		{"under a condition", `{"bindings":[{"role":"roles/run.invoker","members":["a"],"condition":{"title":"day"}}]}`,
			nil, reach.MayChange},
		{"a role of one's own", `{"bindings":[{"role":"projects/p/roles/mine","members":["a"]}]}`, nil,
			reach.NotAllowedToRead},
		{"not allowed", noRight, nil, reach.NotAllowedToRead}, {"broken", broken, nil, reach.ListNotWhole},
	} {
		got := service(t, vendor{svc: `{}`, svc + ":getIamPolicy": c.policy})
		cause := reach.Cause("")
		if len(got.Invokers.Gaps) > 0 {
			cause = got.Invokers.Gaps[0].Cause
		}
		if !slices.Equal(got.Invokers.Items, c.want) || cause != c.cause || got.Invokers.Whole != (cause == "") ||
			!got.SendsTo.Whole {
			t.Errorf("%s: %+v", c.name, got.Invokers)
		}
	}
}

// TestAFunctionIsMetAsTheServiceBehindIt, and a service that is not there is no fact.
func TestAFunctionIsMetAsTheServiceBehindIt(t *testing.T) {
	function := ref
	function.Platform = "cloud-functions"
	v := vendor{"/v2/projects/p/locations/r/functions/s": `{"serviceConfig":{"service":"projects/p/locations/r/services/s"}}`,
		svc: `{"ingress":"INGRESS_TRAFFIC_INTERNAL_ONLY"}`}
	got, err := on(t, v).ServiceFacts().Service(t.Context(), function)
	if err != nil || got.Ingress != reach.IngressInternal || got.Object != "projects/p/locations/r/services/s" {
		t.Errorf("%+v, %v", got, err)
	}
	gone := `404 {"error":{"code":404,"message":"not found"}}`
	_, err = on(t, vendor{svc: gone}).ServiceFacts().Service(t.Context(), ref)
	if !errors.Is(err, workers.ErrNotFound) {
		t.Errorf("a missing service: %v", err)
	}
	_, err = on(t, vendor{svc: noRight}).ServiceFacts().Service(t.Context(), ref)
	if workers.Outcome(err, events.Unsure).Class != events.Refuse {
		t.Errorf("a service that may not be read: %v", err)
	}
	other := ref
	other.Platform = "else"
	if _, err := on(t, v).ServiceFacts().Service(t.Context(), other); err == nil {
		t.Error("an unknown platform was read")
	}
}

// TestServicesOfTheDefaultWorld, as examples/world.yaml has them.
func TestServicesOfTheDefaultWorld(t *testing.T) {
	c, _ := observed(t)
	for _, s := range []struct{ platform, name, want string }{
		{"cloud-run", "fn-0001", "all [] true, open false, [] true"},
		{"cloud-run", "inward", "internal [] true, open false, [] true"},
		{"cloud-functions", "python-http-function", "all [] true, open false, " +
			"[serviceAccount:legacy@acme-prod.iam.gserviceaccount.com] true"},
	} {
		got, err := c.ServiceFacts().Service(t.Context(), observe.ServiceRef{Platform: s.platform, Project: "acme-prod",
			Region: region, Name: s.name})
		must(t, "read "+s.name, err)
		text := fmt.Sprintf("%s %v %t, open %t, %v %t", got.Ingress, got.SendsTo.Items, got.SendsTo.Whole,
			got.OpenInvoker,
			got.Invokers.Items, got.Invokers.Whole)
		if text != s.want {
			t.Errorf("%s: %s, want %s; gaps %v", s.name, text, s.want, got.SendsTo.Gaps)
		}
	}
}
