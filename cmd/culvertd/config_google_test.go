package main

import (
	"reflect"
	"strings"
	"testing"

	"github.com/culvertnet/culvert/cmd/internal/wiring"
)

// A world on another machine needs the word; endpoints by API need none, nor does another universe.
func TestWaysToGoogle(t *testing.T) {
	for text, want := range map[string]wiring.Google{
		"google: {endpoint: \"http://[::1]:80\"}": {Endpoint: "http://[::1]:80"},
		"google: {endpoint: \"http://w.example\", endpointIsSimulated: true}": {Endpoint: "http://w.example",
			EndpointIsSimulated: true},
		"google: {endpoints: {run: \"https://run-x.p.googleapis.com\"}, universeDomain: apis.example}": {
			Endpoints:      map[string]string{"run": "https://run-x.p.googleapis.com"},
			UniverseDomain: "apis.example"},
	} {
		if c, err := withFile(t, text); err != nil || !reflect.DeepEqual(c.File.Google, want) {
			t.Errorf("%s: read as %+v, %v", text, c.File.Google, err)
		}
	}
}

const account = "a@p.iam.gserviceaccount.com"

// Identities are read whole.
func TestIdentitiesInTheFile(t *testing.T) {
	c, err := withFile(t, `google:
  identity: {quotaProject: acme-ops}
  identities: [{projects: [acme-prod, "team-*"], impersonateServiceAccount: `+account+`, delegates: [`+account+`]}]`)
	want := wiring.Google{Identity: wiring.GoogleIdentity{QuotaProject: "acme-ops"},
		Identities: []wiring.GoogleProjectIdentity{{Projects: []string{"acme-prod", "team-*"},
			GoogleIdentity: wiring.GoogleIdentity{ImpersonateServiceAccount: account, Delegates: []string{account}}}}}
	if err != nil || !reflect.DeepEqual(c.File.Google, want) {
		t.Errorf("read as %+v, %v", c.File.Google, err)
	}
}

// Every identity that cannot be meant is refused with its field and its rule.
func TestABadIdentityIsRefusedByItsField(t *testing.T) {
	const acts = "impersonateServiceAccount: "
	for _, c := range []struct{ text, want string }{
		{"identity: {" + acts + "me@example.com}", `google.identity.impersonateServiceAccount: "me@`},
		{"identity: {delegates: [" + account + "]}", "google.identity.delegates: there is no"},
		{"identity: {" + acts + account + ", delegates: [x]}", `google.identity.delegates: "x"`},
		{`identity: {quotaProject: "42"}`, `google.identity.quotaProject: "42" is not`},
		{"identity: {account: x}", "account"},
		{"identities: [{quotaProject: acme-ops}]", "google.identities[0].projects is empty"},
		{`identities: [{projects: ["a/b"]}]`, `google.identities[0].projects: "a/b"`},
		{`identities: [{projects: ["123456"]}]`, `google.identities[0].projects: "123456"`},
		{`identities: [{projects: ["a-*"]}, {projects: [a-b]}]`, "a-b belongs to identities[0] already, by a-*"},
		{"identities: [{projects: [a, a]}]", "google.identities[0].projects: a belongs to"},
		{`endpoint: "http://127.0.0.1:1", identity: {quotaProject: ops}`, "google.identity, identities: there is"},
	} {
		if _, err := withFile(t, "google: {"+c.text+"}"); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", c.text, err, c.want)
		}
	}
}

// Numbers of calls are read, for all projects and for one; a wrong one is refused by its field.
func TestRatesInTheFile(t *testing.T) {
	c, err := withFile(t, `google:
  ratePerMinute: {dns.read: 100}
  projects: {acme-net: {plays: [network], ratePerMinute: {compute.write: 50}}}`)
	if g := c.File.Google; err != nil || g.RatePerMinute["dns.read"] != 100 ||
		g.Projects["acme-net"].RatePerMinute["compute.write"] != 50 {
		t.Errorf("read as %+v, %v", g, err)
	}
	for _, c := range []struct{ text, want string }{
		{"ratePerMinute: {dns: 100}", "google.ratePerMinute.dns: no calls are counted so: want some of cloudf"},
		{"ratePerMinute: {dns.read: 9}", "google.ratePerMinute.dns.read: 9 is less than 10"},
		{"projects: {p: {plays: [peer], ratePerMinute: {run.write: 0}}}", "google.projects.p.ratePerMinute.run.write"},
	} {
		if _, err := withFile(t, "google: {"+c.text+"}"); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", c.text, err, c.want)
		}
	}
}
