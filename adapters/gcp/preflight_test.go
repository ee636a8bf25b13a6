package gcp_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/culvertnet/culvert/adapters/gcp"
	"github.com/culvertnet/culvert/adapters/simcloud"
	"github.com/culvertnet/culvert/adapters/simcloud/world"
	"github.com/culvertnet/culvert/examples"
	"github.com/culvertnet/culvert/workers"
)

// asked is what steps lack in a world whose scenario has some lines more, as "state what project name".
func asked(t *testing.T, more string, steps ...workers.PlannedStep) (lines []string, answer workers.Preflighted) {
	t.Helper()
	small := bytes.Replace(examples.World, []byte("count: 1000"), []byte("count: 3"), 1)
	s, err := simcloud.Start(t.Context(), simcloud.Options{
		World: world.Config{Speed: speed}, BGP: simcloud.BGP{Off: true},
		Scenario: bytes.Replace(small, []byte("\ngoogle:\n"), []byte("\ngoogle:\n"+more), 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	c, err := gcp.New(t.Context(), gcp.Options{Endpoint: s.URL(), Pace: speed})
	if err != nil {
		t.Fatal(err)
	}
	p, err := c.Preflight(map[string][]string{"network": {hostProject}, "service": {"acme-prod"}})
	if err != nil {
		t.Fatal(err)
	}
	answer, err = p.Ask(t.Context(), steps, []string{"routing.announce", "egress.restrict-ingress"})
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range answer.Lacks {
		line := fmt.Sprintf("%s %s %s %s", l.State, l.What, l.Project, l.Name)
		if l.Optional != "" {
			line += " (optional)"
		}
		lines = append(lines, line)
		if l.State == workers.Missing && l.Remedy == "" {
			t.Errorf("%s has no remedy", line)
		}
	}
	return lines, answer
}

func plannedStep(kind, input string) workers.PlannedStep {
	return workers.PlannedStep{Kind: kind, Input: json.RawMessage(input)}
}

var (
	toRouter = plannedStep("routing.announce",
		`{"target":{"via":"cloud-router","project":"acme-net","region":"europe-west3","router":"edge-1"}}`)
	toEndpoint = plannedStep("network.create-endpoint", `{"project":"acme-net","target":"all-apis"}`)
	toFunction = plannedStep("egress.bind-service", `{"service":{"platform":"cloud-run","project":"acme-prod"},
		"to":{"network":"`+spoke+`","egress":"all-traffic"}}`)
	inSpokeVPC = plannedStep("network.check", `{"network":"`+spoke+`"}`)
)

// Everything that is missing is named at once, each as what it is, and nothing that the steps do not need.
func TestPreflight(t *testing.T) {
	for name, c := range map[string]struct {
		world string
		steps []workers.PlannedStep
		want  []string
	}{
		"nothing": {"", []workers.PlannedStep{toRouter, toEndpoint, toFunction}, nil},
		"two permissions": {
			"  access: [{identity: \"*\", without: [compute.routers.update, compute.regionOperations.get]}]\n",
			[]workers.PlannedStep{toRouter}, []string{"missing permission acme-net compute.regionOperations.get",
				"missing permission acme-net compute.routers.update"}},
		"of a step that is not there": {"  access: [{identity: \"*\", without: [compute.routers.update]}]\n",
			[]workers.PlannedStep{toEndpoint}, nil},
		"an API, which is no permission": {"  disabledApis: [{project: acme-net, apis: [dns.googleapis.com]}]\n",
			[]workers.PlannedStep{toRouter, toEndpoint}, []string{"missing api acme-net dns.googleapis.com"}},
		"policies": {"  orgPolicies: [{project: acme-net, constraint: gcp.resourceLocations, " +
			"allowed: [\"in:eu-locations\"]}, {project: acme-prod, constraint: run.allowedVPCEgress, denyAll: true}]\n",
			[]workers.PlannedStep{toEndpoint, toFunction}, []string{"missing policy acme-net gcp.resourceLocations",
				"missing policy acme-prod run.allowedVPCEgress"}},
		"a policy that allows it": {"  orgPolicies: [{project: acme-prod, constraint: run.allowedVPCEgress, " +
			"allowed: [all-traffic]}]\n", []workers.PlannedStep{toFunction}, nil},
		"what is granted on an account alone": {
			"  access: [{identity: \"*\", without: [iam.serviceAccounts.actAs]}]\n",
			[]workers.PlannedStep{toFunction}, []string{"missing permission acme-prod iam.serviceAccounts.actAs"}},
		"what is optional, in a peer's project": {
			"  access: [{identity: \"*\", project: acme-shared, without: [\"*\"]}]\n",
			[]workers.PlannedStep{inSpokeVPC}, []string{"unknown api acme-shared compute.googleapis.com (optional)",
				"missing permission acme-shared compute.networks.get (optional)",
				"missing permission acme-shared compute.subnetworks.list (optional)"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, answer := asked(t, c.world, c.steps...)
			if !slices.Equal(got, c.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
			if answer.There == 0 {
				t.Errorf("%d things were asked for and there", answer.There)
			}
		})
	}
}

// What could not be asked is neither there nor missing.
func TestPreflightThatMayNotAsk(t *testing.T) {
	got, answer := asked(t, "  access: [{identity: \"*\", without: "+
		"[serviceusage.services.get, orgpolicy.policy.get]}]\n", toEndpoint)
	for _, line := range got {
		if !strings.HasPrefix(line, "unknown api ") && !strings.HasPrefix(line, "unknown policy ") {
			t.Errorf("found %s", line)
		}
	}
	if len(got) != 5 || !strings.Contains(answer.Lacks[0].Why, "serviceusage.services.get") {
		t.Errorf("found %v", answer.Lacks)
	}
	got, answer = asked(t, "  disabledApis: [{project: acme-net, apis: [serviceusage.googleapis.com]}]\n", toRouter)
	if len(got) != 1 || got[0] != "unknown api acme-net compute.googleapis.com" ||
		answer.Lacks[0].Remedy != "gcloud services enable serviceusage.googleapis.com --project=acme-net" {
		t.Errorf("found %+v", answer.Lacks)
	}
}

// A network whose peerings may not be read has peers of which nobody knows.
func TestPreflightOfUnreadPeerings(t *testing.T) {
	got, _ := asked(t, "  access: [{identity: \"*\", without: [compute.networks.get]}]\n", inSpokeVPC)
	want := []string{"missing permission acme-net compute.networks.get",
		"unknown permission acme-net peerings of " + spoke + " (optional)"}
	if !slices.Equal(got, want) {
		t.Errorf("found %v", got)
	}
}

// Without steps it is about every step of the worker's kinds, in the projects of the configuration.
func TestPreflightOfEverything(t *testing.T) {
	got, _ := asked(t, "  access: [{identity: \"*\", without: [compute.routers.update, dns.changes.create, "+
		"run.services.update]}]\n")
	want := []string{"missing permission acme-net compute.routers.update",
		"missing permission acme-prod run.services.update"}
	if !slices.Equal(got, want) {
		t.Errorf("found %v", got)
	}
	_, answer := asked(t, "  orgPolicies: [{project: acme-prod, constraint: run.allowedIngress, allowed: [all]}]\n")
	if len(answer.Lacks) != 1 || answer.Lacks[0].State != workers.Unknown {
		t.Errorf("a policy whose values an intent tells: %+v", answer.Lacks)
	}
}
