package httpapi_test

import (
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/culvertnet/culvert/adapters/httpapi"
	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
)

// plannedFor is what the rig's Plan makes of any event but a bad one.
var plannedFor = []workers.PlannedStep{{Kind: "network.one", Input: []byte(`{}`)}, {Kind: "egress.two",
	Input: []byte(`{}`)}}

// asking is a server whose workers are there, each with kinds, and whose answers have come already.
func asking(t *testing.T, crew map[string][]string, answers ...workers.PreflightAnswer) *rig {
	t.Helper()
	r := startWith(t, nil, func(o *httpapi.Options) {
		o.ID, o.PreflightWait = func() string { return "q" }, time.Second
		o.Plan = func(_ context.Context, _ string, _ map[string][]string, body []byte) ([]workers.PlannedStep, error) {
			if strings.Contains(string(body), "bad") {
				return nil, events.NewRefusal("data", "bad", "it is bad")
			}
			return plannedFor, nil
		}
	})
	later := time.Now().Add(time.Hour)
	live, said := map[string]string{}, map[string]string{}
	for name, kinds := range crew {
		live[name] = text(t, workers.Beat{Worker: name, Capability: "network", Kinds: kinds, Until: later})
	}
	for _, a := range answers {
		a.Question, a.Until = "q", later
		said["q "+a.Worker] = text(t, a)
	}
	for resource, note := range map[string]map[string]string{workers.FamilyPresence.Resource("network"): live,
		workers.FamilyPreflight.Resource("answers"): said} {
		if err := r.claims.Store(t.Context(), resource, workers.Record{Note: note}); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

func text(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// found are the findings as "state name".
func found(p httpapi.Preflight) (all []string) {
	for _, l := range p.Findings {
		all = append(all, string(l.State)+" "+l.Name)
	}
	return all
}

func lacks(state workers.LackState, names ...string) (all []workers.Lack) {
	for _, name := range names {
		all = append(all, workers.Lack{State: state, What: workers.LackPermission, Project: "p", Name: name})
	}
	return all
}

func says(worker string, there int, lacks ...workers.Lack) workers.PreflightAnswer {
	return workers.PreflightAnswer{Worker: worker, Preflighted: workers.Preflighted{There: there, Lacks: lacks}}
}

var everyKind = []string{"network.one", "egress.two"}

// What any worker lacks is lacking, once; what is optional does not count.
func TestPreflightGathersWhatWorkersLack(t *testing.T) {
	optional := lacks(workers.Missing, "d")
	optional[0].Optional = "something is not known"
	r := asking(t, map[string][]string{"w1": everyKind, "w2": everyKind},
		says("w1", 4, append(lacks(workers.Missing, "b"), optional...)...),
		says("w2", 5, append(lacks(workers.Missing, "a"), lacks(workers.Unknown, "b", "c")...)...))
	p, err := r.client.Preflight(t.Context(), []byte(`{}`))
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"missing a", "missing b", "unknown c", "missing d"}; !slices.Equal(found(p), want) ||
		p.Ready || p.There != 5 || p.Missing != 2 || p.Unknown != 1 || !slices.Equal(p.Workers, []string{"w1", "w2"}) {
		t.Errorf("preflight: %+v", p)
	}
}

// A thing that one worker's steps can do without, and another's cannot, is not optional.
func TestPreflightOfWhatOneStepNeeds(t *testing.T) {
	optional, required := lacks(workers.Missing, "a"), lacks(workers.Unknown, "a")
	optional[0].Optional, optional[0].Fields = "something is not known", []string{"network"}
	required[0].Fields = []string{"egress"}
	r := asking(t, map[string][]string{"w1": everyKind, "w2": everyKind}, says("w1", 0, optional...),
		says("w2", 0, required...))
	p, err := r.client.Preflight(t.Context(), []byte(`{}`))
	if err != nil || p.Missing != 1 || !slices.Equal(found(p), []string{"missing a"}) ||
		!slices.Equal(p.Findings[0].Fields, []string{"egress", "network"}) {
		t.Errorf("preflight: %+v, %v", p, err)
	}
}

// As whom a project was asked is told once, and twice where workers differ.
func TestPreflightTellsIdentities(t *testing.T) {
	one, two := says("w1", 1), says("w2", 1)
	one.Identities = map[string]string{"p": "a@x", "q": "a@x"}
	two.Identities = map[string]string{"p": "b@x", "q": "a@x"}
	r := asking(t, map[string][]string{"w1": everyKind, "w2": everyKind}, one, two)
	p, err := r.client.Preflight(t.Context(), []byte(`{}`))
	want := map[string][]string{"p": {"a@x", "b@x"}, "q": {"a@x"}}
	if err != nil || !reflect.DeepEqual(p.Identities, want) {
		t.Errorf("identities %v, %v", p.Identities, err)
	}
}

func TestPreflightThatIsReady(t *testing.T) {
	r := asking(t, map[string][]string{"w1": everyKind}, says("w1", 7))
	p, err := r.client.Preflight(t.Context(), []byte(`{}`))
	if err != nil || !p.Ready || p.There != 7 || len(p.Findings) > 0 {
		t.Errorf("preflight: %+v, %v", p, err)
	}
}

// A worker that does not answer, one that could not ask, and steps that nobody serves: nobody knows.
func TestPreflightOfWorkersThatDoNotAnswer(t *testing.T) {
	failed := says("w2", 0)
	failed.Error = "no credentials"
	r := asking(t, map[string][]string{"w1": {"network.one"}, "w2": {"network.one"}}, failed)
	p, err := r.client.Preflight(t.Context(), []byte(`{}`))
	if want := []string{"unknown egress.two", "unknown w1", "unknown w2"}; err != nil || p.Ready || p.Missing > 0 ||
		p.Unknown != 3 || !slices.Equal(found(p), want) {
		t.Errorf("preflight: %+v, %v", p, err)
	}
	none := asking(t, nil)
	if p, err := none.client.Preflight(t.Context(), nil); err != nil || p.Ready || !slices.Equal(found(p),
		[]string{"unknown any"}) {
		t.Errorf("without a worker: %+v, %v", p, err)
	}
}

// An intent that would be refused is refused, and no worker is asked.
func TestPreflightOfABadIntent(t *testing.T) {
	r := asking(t, map[string][]string{"w1": everyKind})
	_, err := r.client.Preflight(t.Context(), []byte(`{"bad":true}`))
	if p, is := err.(*httpapi.Problem); !is || p.Status != http.StatusBadRequest || len(p.Errors) != 1 {
		t.Errorf("answered with %v", err)
	}
	asked, err := r.claims.Load(t.Context(), workers.FamilyPreflight.Resource("questions"))
	if err != nil || len(asked.Note) > 0 {
		t.Errorf("questions: %v, %v", asked.Note, err)
	}
}
