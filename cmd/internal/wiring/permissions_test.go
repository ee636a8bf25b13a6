package wiring

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/culvertnet/culvert/adapters/gcp/contract"
	"github.com/culvertnet/culvert/adapters/gcp/permissions"
	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/saga"
	"github.com/culvertnet/culvert/workers"
)

// A madeCall is a call of Google's that a run made: the driver's name of it and the project.
type madeCall struct{ project, call string }

func (m madeCall) is(call string) bool {
	return call == m.call || m.call == "services.operations.get" && call == "functions.operations.get"
}

// callLog notes the calls of a run.
type callLog struct {
	next  http.RoundTripper
	docs  *contract.Documents
	names permissions.List
	mu    sync.Mutex
	made  map[madeCall]bool
}

var projectInPath = regexp.MustCompile(`projects/([a-z0-9-]+)`)

// RoundTrip notes a call and passes it on.
func (l *callLog) RoundTrip(r *http.Request) (*http.Response, error) {
	if project := projectInPath.FindStringSubmatch(r.URL.Path); project != nil {
		l.mu.Lock()
		l.made[madeCall{project[1], l.nameOf(l.docs.Method(r))}] = true
		l.mu.Unlock()
	}
	return l.next.RoundTrip(r)
}

// nameOf is the driver's name of a method of the discovery documents. Operations of Cloud Run and of functions have one
// path.
func (l *callLog) nameOf(method string) string {
	if strings.HasSuffix(method, ".operations.get") {
		api, _, _ := strings.Cut(method, ".")
		return map[string]string{"vpcaccess": "connectors", "run": "services", "cloudfunctions": "functions"}[api] +
			".operations.get"
	}
	for name := range l.names.Calls {
		if strings.HasSuffix(method, "."+name) && strings.Count(name, ".") == 1 {
			return name
		}
	}
	return method
}

// stepsOf are the steps of an intent's plan as the list of permissions takes them.
func stepsOf(t *testing.T, d *daemon, in events.Intent) []workers.PlannedStep {
	t.Helper()
	plan, err := d.catalogue.Kinds()[in.Kind].Plan(saga.Planning{Intent: in})
	if err != nil {
		t.Fatal(err)
	}
	return PlannedSteps(plan)
}

// What a run calls, apply and withdrawal, is what its plan is said to need, in the projects in which it is.
func TestRunsMakeTheCallsThatTheirPlansNeed(t *testing.T) {
	list, err := permissions.Load()
	if err != nil {
		t.Fatal(err)
	}
	docs, err := contract.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"connector", "fqdn", "webgroup", "attachment"} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			log := &callLog{next: l.wire.next, docs: docs, names: list, made: map[madeCall]bool{}}
			l.wire.next = log
			d := startDaemonOn(t, l)
			in := sample(t, name)
			needs, err := list.Of(stepsOf(t, d, in), func(string) []string { return []string{"acme-shared"} })
			if err != nil {
				t.Fatal(err)
			}
			d.ends(in, events.SagaCompleted)
			in.Want, in.Data = events.Withdraw, nil
			d.ends(in, events.SagaCompleted)
			log.mu.Lock()
			defer log.mu.Unlock()
			for made := range log.made {
				if !slices.ContainsFunc(needs.Permissions, func(n permissions.Need) bool {
					return n.Project == made.project && slices.ContainsFunc(n.Calls, made.is)
				}) {
					t.Errorf("%s in %s is not among what the plan needs", made.call, made.project)
				}
			}
			if len(log.made) < 10 {
				t.Errorf("only %d calls were seen", len(log.made))
			}
		})
	}
}
