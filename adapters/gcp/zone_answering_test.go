package gcp

import (
	"slices"
	"testing"
)

// A response policy stands above every zone; inside it the narrowest rule decides, and one that bypasses answers
// nothing.
func TestWhoAnswersAName(t *testing.T) {
	const vpc, root = "projects/p/global/networks/n", "GET /dns/v1/projects/p/"
	const bound = `[{"networkUrl":"https://www.googleapis.com/compute/v1/projects/p/global/networks/n"}]`
	c, s := newStub(t, map[string][]string{
		root + "responsePolicies": {`{"responsePolicies":[{"responsePolicyName":"corp","networks":` + bound + `},
			{"responsePolicyName":"elsewhere"}]}`},
		root + "responsePolicies/corp/rules": {`{"responsePolicyRules":[
			{"ruleName":"all","dnsName":"*.run.app."},
			{"ruleName":"free","dnsName":"free.a.run.app.","behavior":"bypassResponsePolicy"},
			{"ruleName":"one","dnsName":"one.a.run.app."}]}`},
		root + "managedZones": {`{"managedZones":[
			{"name":"wide","dnsName":"run.app.","visibility":"private","privateVisibilityConfig":{"networks":` + bound + `}},
			{"name":"narrow","dnsName":"a.run.app.","visibility":"private","privateVisibilityConfig":{"networks":` + bound + `}},
			{"name":"public","dnsName":"run.app.","visibility":"public"}]}`},
	})
	for host, want := range map[string][]string{
		"one.a.run.app":   {"corp/one", "corp/all", "narrow", "wide"},
		"other.a.run.app": {"corp/all", "narrow", "wide"},
		"free.a.run.app":  {"narrow", "wide"},
		"run.app":         {"wide"},
		"example.org":     nil,
	} {
		zones, err := c.Names().Answering(t.Context(), "p", vpc, host)
		if err != nil {
			t.Fatalf("answering %s: %v", host, err)
		}
		var got []string
		for _, z := range zones {
			got = append(got, z.Name)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s is answered by %q, want %q", host, got, want)
		}
	}
	for _, call := range s.sent {
		if call.call == root+"managedZones/narrow/rrsets" {
			t.Error("the records of a zone were read, and nobody asks for them")
		}
	}
}
