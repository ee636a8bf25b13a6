package gcp_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
)

// TestUsers tries every kind of user of a connector, and every list that says less than it should. What is not known
// counts as a user: the answer is an error then, and nothing is deleted.
func TestUsers(t *testing.T) {
	const (
		connector = "projects/p/locations/r/connectors/c"
		own, far  = "/projects/p/locations/r", "/projects/q/locations/r"
		by        = `"vpcAccess":{"connector":"` + connector + `"}`
		byNumber  = `"vpcAccess":{"connector":"projects/123/locations/r/connectors/c"}`
		settled   = `"generation":"1","observedGeneration":"1","latestReadyRevision":"s-2","latestCreatedRevision":"s-2"`
	)
	service := func(rest string) string {
		return `{"services":[{"name":"projects/p/locations/r/services/s",` + rest + `}]}`
	}
	revisions := func(ways ...string) string {
		var all []string
		for i, way := range ways {
			all = append(all, fmt.Sprintf(`{"name":"projects/p/locations/r/services/s/revisions/s-%d",%s}`, i+1, way))
		}
		return `{"revisions":[` + strings.Join(all, ",") + `]}`
	}
	pinned := settled + `,"template":{},"trafficStatuses":[{"type":"TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION",
		"revision":"s-1","percent":100}]`
	tagged := settled + `,"template":{},"trafficStatuses":[{"type":"TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION",
		"revision":"s-1","tag":"old"}]`
	moving := `"generation":"2","observedGeneration":"1","latestReadyRevision":"s-1","latestCreatedRevision":"s-1",
		"template":{}`
	for _, c := range []struct {
		name   string
		told   map[string]string
		users  []string
		class  events.Class
		reason events.Reason
	}{
		{name: "nobody"},
		{name: "a service", told: map[string]string{own + "/services": service(settled + `,"template":{` + by + `}`)},
			users: []string{"projects/p/locations/r/services/s"}},
		{name: "a service that names the project by its number", users: []string{"projects/p/locations/r/services/s"},
			told: map[string]string{own + "/services": service(settled + `,"template":{` + byNumber + `}`)}},
		{name: "an old revision with all traffic", users: []string{"projects/p/locations/r/services/s"},
			told: map[string]string{own + "/services": service(pinned),
				own + "/services/s/revisions": revisions(by, `"x":1`)}},
		{name: "an old revision with a tag", users: []string{"projects/p/locations/r/services/s"},
			told: map[string]string{own + "/services": service(tagged),
				own + "/services/s/revisions": revisions(by, `"x":1`)}},
		{name: "an old revision that serves nobody",
			told: map[string]string{own + "/services": service(settled + `,"template":{}`),
				own + "/services/s/revisions": revisions(by, `"x":1`)}},
		{name: "traffic that moves away", class: events.Retry, reason: "in-use",
			told: map[string]string{own + "/services": service(moving), own + "/services/s/revisions": revisions(by)}},
		{name: "a revision that no list shows", class: events.Retry, reason: "unreachable",
			told: map[string]string{own + "/services": service(pinned), own + "/services/s/revisions": `{}`}},
		{name: "a job", users: []string{"projects/p/locations/r/jobs/j"}, told: map[string]string{
			own + "/jobs": `{"jobs":[{"name":"projects/p/locations/r/jobs/j","template":{"template":{` + by + `}}}]}`}},
		{name: "a worker pool", users: []string{"projects/p/locations/r/workerPools/w"},
			told: map[string]string{
				own + "/workerPools": `{"workerPools":[{"name":"projects/p/locations/r/workerPools/w","template":{` + by + `}}]}`}},
		{name: "a function", users: []string{"projects/p/locations/r/functions/f"}, told: map[string]string{
			own + "/functions": `{"functions":[{"name":"projects/p/locations/r/functions/f","serviceConfig":{
				"vpcConnector":"` + connector + `"}}]}`}},
		{name: "a job of the service's project", users: []string{"projects/q/locations/r/jobs/j"},
			told: map[string]string{
				far + "/jobs": `{"jobs":[{"name":"projects/q/locations/r/jobs/j","template":{"template":{` + by + `}}}]}`}},
		{name: "a place that could not be reached", class: events.Retry, reason: "unreachable",
			told: map[string]string{far + "/services": `{"unreachable":["r"]}`}},
		{name: "a project that may not be read", class: events.Refuse, reason: "permission",
			told: map[string]string{far + "/jobs": "403"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			vendor := stubbed(t, func(w http.ResponseWriter, r *http.Request) {
				_, path, _ := strings.Cut(r.URL.Path, "/v")
				path = path[strings.IndexByte(path, '/'):] // without the version
				answer := c.told[path]
				switch {
				case strings.HasSuffix(path, "/connectors/c"):
					fmt.Fprintf(w, `{"name":%q,"network":"n","ipCidrRange":"10.8.0.0/28","state":"READY"}`, connector)
				case answer == "403":
					w.WriteHeader(http.StatusForbidden)
					fmt.Fprint(w, `{"error":{"code":403,"status":"PERMISSION_DENIED","message":"no"}}`)
				case answer != "":
					fmt.Fprint(w, answer)
				default:
					fmt.Fprint(w, `{}`)
				}
			})
			users, err := vendor.Connectors().Users(t.Context(), connector, "q")
			var f *workers.Failure
			if errors.As(err, &f); c.class != "" && (f == nil || f.Class != c.class || f.Reason != c.reason) ||
				c.class == "" && err != nil || !slices.Equal(users, c.users) {
				t.Errorf("users %q, %v; want %q, %s %s", users, err, c.users, c.class, c.reason)
			}
		})
	}
}
