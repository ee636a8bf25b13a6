package google_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	run "cloud.google.com/go/run/apiv2"
	"cloud.google.com/go/run/apiv2/runpb"
	"google.golang.org/api/iterator"
	"google.golang.org/api/option"

	"github.com/culvertnet/culvert/adapters/simcloud/reach"
	"github.com/culvertnet/culvert/adapters/simcloud/world"
)

// users is a world in which one connector has every kind of user, in another project than its own. Service "old" has
// left it with its newest template, which takes no request yet; "tagged" keeps it under a tag's address.
const users = `google:
  projects: [{id: net, number: "11", hash: aaaaaaaaaa}, {id: app, number: "22", hash: bbbbbbbbbb}]
  networks:
    - project: net
      name: vpc
      subnetworks: [{name: s, region: europe-west3, range: 10.1.0.0/24}]
      firewalls: [{name: in, priority: 1000, action: allow, direction: INGRESS, sources: [0.0.0.0/0], protocol: all}]
  connectors: [{project: net, region: europe-west3, name: c, network: vpc, range: 10.8.0.0/28}]
  services:
    - {project: app, region: europe-west3, name: plain, connector: net/c}
    - {project: app, region: europe-west3, name: numbered, connector: projects/11/locations/europe-west3/connectors/c}
    - {project: app, region: europe-west3, name: named, revision: named-1}
    - {project: app, region: europe-west3, name: old, older: [{name: old-0, connector: net/c}],
       traffic: [{revision: old-0, percent: 100}]}
    - {project: app, region: europe-west3, name: tagged, older: [{name: tagged-0, connector: net/c}],
       traffic: [{percent: 100}, {revision: tagged-0, tag: blue}]}
    - {project: app, region: europe-west3, name: gone, older: [{name: gone-0, connector: net/c}]}
  jobs: [{project: app, region: europe-west3, name: nightly, connector: net/c},
    {project: app, region: europe-west3, name: direct, direct: net/s}]
  workerPools: [{project: app, region: europe-west3, name: pool, connector: net/c}]
  runInstances: [{project: app, region: europe-west3, name: one, connector: net/c}]
  appVersions: [{project: app, region: europe-west3, service: default, version: v1, connector: net/c},
    {project: app, service: default, version: v0}]
`

const (
	appRun    = "/v2/projects/app/locations/europe-west3"
	theSubnet = "/compute/v1/projects/net/regions/europe-west3/subnetworks/s"
)

// A revision keeps the template that it was made with, whatever its service's template becomes.
func TestRevisionsKeepTheirTemplates(t *testing.T) {
	r := scenarioRig(t, users)
	plain := appRun + "/services/plain"
	before := r.get(plain)
	first := at(r.get(plain+"/revisions"), "revisions", 0)
	connector := at(first, "vpcAccess", "connector")
	if connector != "projects/net/locations/europe-west3/connectors/c" || at(first, "service") != "plain" ||
		at(first, "name") != before["latestReadyRevision"] {
		t.Errorf("first revision %v", first)
	}
	r.changed("PATCH", plain+accMask, obj{"template": obj{}})
	after := r.get(plain)
	if n := len(r.get(plain + "/revisions")["revisions"].([]any)); n != 2 {
		t.Errorf("%d revisions after a change of the template", n)
	}
	if got := r.get("/v2/" + before["latestReadyRevision"].(string)); at(got, "vpcAccess", "connector") != connector {
		t.Errorf("the first revision has become %v", got)
	}
	r.changed("PATCH", plain+"?updateMask=ingress", obj{"ingress": "INGRESS_TRAFFIC_INTERNAL_ONLY"})
	now := r.get(plain)
	if now["latestCreatedRevision"] != after["latestCreatedRevision"] || now["generation"] != "3" {
		t.Errorf("ingress made a revision: %v", now)
	}
	r.refused(no{400, "serving"}, "DELETE", "/v2/"+now["latestReadyRevision"].(string), nil)
	r.changed("DELETE", "/v2/"+before["latestReadyRevision"].(string), nil)
	r.refused(no{404, "does not exist"}, "GET", "/v2/"+before["latestReadyRevision"].(string), nil)
}

// The vendor's client lists the revisions of one service, and with "-" of all of them.
func TestTheClientListsRevisions(t *testing.T) {
	r := scenarioRig(t, users)
	client := must[*run.RevisionsClient](t)(run.NewRevisionsRESTClient(t.Context(), option.WithEndpoint(r.s.URL()),
		option.WithoutAuthentication()))
	for service, want := range map[string]string{
		"tagged": "tagged tagged-0", "-": "gone gone-0 named numbered old old-0 plain tagged tagged-0"} {
		var got []string
		for it := client.ListRevisions(t.Context(), &runpb.ListRevisionsRequest{
			Parent: "projects/app/locations/europe-west3/services/" + service, PageSize: 2}); ; {
			revision, err := it.Next()
			if errors.Is(err, iterator.Done) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			name, _, _ := strings.Cut(revision.GetName()[strings.LastIndex(revision.GetName(), "/")+1:], "-00001")
			got = append(got, strings.TrimSuffix(name, "-1"))
		}
		slices.Sort(got)
		if strings.Join(got, " ") != want {
			t.Errorf("%s has %v, want %s", service, got, want)
		}
	}
}

// A template that names its revision cannot be changed without another name.
func TestATemplateThatNamesItsRevision(t *testing.T) {
	r := scenarioRig(t, users)
	named := appRun + "/services/named"
	want := no{409, "Revision named 'named-1' with different configuration already exists."}
	r.refused(want, "PATCH", named+accMask, access("projects/net/locations/europe-west3/connectors/c"))
	r.changed("PATCH", named+"?updateMask=ingress", obj{"ingress": "INGRESS_TRAFFIC_INTERNAL_ONLY"})
	body := access("projects/net/locations/europe-west3/connectors/c")
	mask := "?updateMask=template.vpcAccess,template.revision"
	r.changed("PATCH", named+mask, body)
	got := r.get(named)
	if revision := got["latestReadyRevision"].(string); !strings.Contains(revision, "/revisions/named-000") {
		t.Errorf("the cleared name gave %s", revision)
	}
	body["template"].(obj)["revision"] = "named-1"
	r.refused(want, "PATCH", named+mask, body)
	body["template"].(obj)["revision"] = "named-2"
	r.changed("PATCH", named+mask, body)
	if got := r.get(named); !strings.HasSuffix(got["latestReadyRevision"].(string), "/named-2") ||
		at(got, "template", "revision") != "named-2" {
		t.Errorf("service %v", got)
	}
}

// Traffic goes to revisions that are there, in shares that make up the whole; a tag has an address of its own.
func TestTrafficByRevision(t *testing.T) {
	r := scenarioRig(t, users)
	statuses := r.get(appRun + "/services/tagged")["trafficStatuses"]
	if uri, _ := at(statuses, 1, "uri").(string); at(statuses, 1, "revision") != "tagged-0" ||
		!strings.HasPrefix(uri, "https://blue---tagged-") {
		t.Errorf("traffic %v", statuses)
	}
	path := appRun + "/services/tagged?updateMask=traffic"
	byRevision := func(name string, percent int) obj {
		return obj{"traffic": []any{
			obj{"type": "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION", "revision": name, "percent": percent}}}
	}
	r.refused(no{400, "not found"}, "PATCH", path, byRevision("nobody", 100))
	r.refused(no{400, "must be 100"}, "PATCH", path, byRevision("tagged-0", 60))
	r.changed("PATCH", path, byRevision("tagged-0", 100))
}

// A packet leaves by the revision that serves, whatever the newest template says.
func TestTheServingRevisionSends(t *testing.T) {
	r := scenarioRig(t, users)
	for from, passes := range map[string]bool{
		"plain": true, "numbered": true, "old": true, "tagged": false, "gone": false} {
		q := reach.Question{From: "service:app/europe-west3/" + from, To: "network:net/vpc/10.1.0.9", Proto: "tcp",
			Port: 443}
		var a reach.Answer
		err := r.s.World.Do(func(tx *world.Tx) (err error) { a, err = reach.Read(tx).Answer(q); return })
		if err != nil || a.Passes != passes {
			t.Errorf("%s: passes %v, want %v: %v", from, a.Passes, passes, err)
		}
	}
}

// Every kind of user is listed by its own call, with the connector as it was named.
func TestUsersOfAConnectorThatAreNoServices(t *testing.T) {
	r := scenarioRig(t, users)
	const c = "projects/net/locations/europe-west3/connectors/c"
	const versions = "/v1/apps/app/services/default/versions"
	for _, u := range []struct {
		one, all string
		field    []any
	}{
		{appRun + "/jobs/nightly", appRun + "/jobs",
			[]any{"jobs", 1, "template", "template", "vpcAccess", "connector"}},
		{appRun + "/workerPools/pool", appRun + "/workerPools",
			[]any{"workerPools", 0, "template", "vpcAccess", "connector"}},
		{appRun + "/instances/one", appRun + "/instances", []any{"instances", 0, "vpcAccess", "connector"}},
		{versions + "/v1?view=FULL", versions + "?view=FULL", []any{"versions", 1, "vpcAccessConnector", "name"}},
	} {
		if got := at(r.get(u.all), u.field...); got != c || !strings.Contains(fmt.Sprint(r.get(u.one)), c) {
			t.Errorf("%s: listed with %v, got %v", u.one, got, r.get(u.one))
		}
	}
	if got := at(r.get("/v1/apps/app/services"), "services"); at(got, 0, "id") != "default" || len(got.([]any)) != 1 {
		t.Errorf("services of App Engine %v", got)
	}
	if got := r.get("/v1/apps/app/services/default/versions/v1"); got["vpcAccessConnector"] != nil {
		t.Errorf("the basic view shows %v", got)
	}
	if got := at(r.get(appRun+"/services/numbered"), "template", "vpcAccess", "connector"); got !=
		"projects/11/locations/europe-west3/connectors/c" {
		t.Error("a number did not come back as given")
	}
	jobs := must[*run.JobsClient](t)(run.NewJobsRESTClient(t.Context(), option.WithEndpoint(r.s.URL()),
		option.WithoutAuthentication()))
	job, err := jobs.GetJob(t.Context(), &runpb.GetJobRequest{Name: "projects/app/locations/europe-west3/jobs/nightly"})
	if err != nil || job.GetTemplate().GetTemplate().GetVpcAccess().GetConnector() != c {
		t.Errorf("the client reads %v, %v", job, err)
	}
}

// connectors.delete asks nobody: what used the connector has no way into the network any more, and the network cannot
// go while somebody names the connector.
func TestAConnectorGoesUnderItsUsers(t *testing.T) {
	r := scenarioRig(t, users)
	const path = "/v1/projects/net/locations/europe-west3/connectors/c"
	if got := fmt.Sprint(r.get(path)["connectedProjects"]); got != "[app]" {
		t.Errorf("connectedProjects %s", got)
	}
	r.changed("DELETE", path, nil)
	r.refused(no{404, "not found"}, "GET", path, nil)
	for _, user := range []string{"/services/plain", "/services/numbered", "/services/old", "/services/tagged",
		"/jobs/nightly", "/workerPools/pool", "/instances/one"} {
		r.usedInside("DELETE", "/compute/v1/projects/net/global/networks/vpc", "already being used")
		r.changed("DELETE", appRun+user, nil)
	}
	r.changed("DELETE", "/v1/apps/app/services/default/versions/v1", nil)
	silent := scenarioRig(t, users+"  noConnectedProjects: true\n")
	if got := silent.get(path)["connectedProjects"]; got != nil {
		t.Errorf("connectedProjects of a world that shows none: %v", got)
	}
	silent.refused(no{400, "already being used"}, "DELETE", theSubnet, nil)
	silent.changed("DELETE", appRun+"/jobs/direct", nil)
	silent.ok("DELETE", theSubnet, nil)
}

// A project is called by its number or its id, in paths and in references.
func TestProjectsByNumber(t *testing.T) {
	r := scenarioRig(t, users)
	if got := r.get("/v2/projects/22/locations/europe-west3/services/plain"); got["name"] !=
		"projects/app/locations/europe-west3/services/plain" {
		t.Errorf("by number: %v", got["name"])
	}
	r.changed("POST", "/compute/v1/projects/11/regions/europe-west3/addresses", obj{"name": "a",
		"addressType": "INTERNAL", "subnetwork": "projects/11/regions/europe-west3/subnetworks/s"})
	got := r.get("/compute/v1/projects/net/regions/europe-west3/addresses/a")
	if !strings.HasSuffix(got["subnetwork"].(string), "projects/net/regions/europe-west3/subnetworks/s") {
		t.Errorf("address %v", got)
	}
	nic := func(subnet string) obj {
		return obj{"template": obj{"vpcAccess": obj{"networkInterfaces": []any{obj{"subnetwork": subnet}}}}}
	}
	plain := appRun + "/services/plain"
	for _, subnet := range []string{"projects/11/regions/europe-west3/subnetworks/s",
		"projects/net/regions/europe-west3/subnetworks/s",
		"https://www.googleapis.com/compute/v1/projects/net/regions/europe-west3/subnetworks/s"} {
		r.changed("PATCH", plain+accMask, nic(subnet))
		if got := at(r.get(plain), "template", "vpcAccess", "networkInterfaces", 0, "subnetwork"); got != subnet {
			t.Errorf("%s came back as %v", subnet, got)
		}
		r.refused(no{400, "already being used"}, "DELETE", theSubnet, nil)
	}
	r.refused(no{400, "does not exist"}, "PATCH", plain+accMask, nic("s")) // of the service's own project
}
