package gcp_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/culvertnet/culvert/workers"
	"github.com/culvertnet/culvert/workers/policy"
)

// another makes a call on the world as another person would make it.
func (c cloud) another(t *testing.T, method, path, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, c.url+path, strings.NewReader(body))
	must(t, "make request", err)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	must(t, path, err)
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("%s %s: %s", method, path, resp.Status)
	}
}

const policiesPath = "/compute/v1/projects/acme-net/global/firewallPolicies"

// swap puts another policy on the spoke network, in the place of the one that is there.
func (c cloud) swap(t *testing.T, from, association, to string) {
	t.Helper()
	settled := func() { // the world carries out one change of a policy at a time
		_ = settle(t, c.Client, func(ctx context.Context, id uuid.UUID) error {
			return c.Firewall().Remove(ctx, id, idle())
		})
	}
	settled()
	c.another(t, http.MethodPost, policiesPath+"/"+from+"/removeAssociation?name="+association, "")
	settled()
	c.another(t, http.MethodPost, policiesPath+"/"+to+"/addAssociation",
		`{"name":"`+to+`","attachmentTarget":"https://www.googleapis.com/compute/v1/`+spoke+`"}`)
	settled()
}

func idle() policy.Filter { f := filter(); f.Name = "nobody"; return f }

// What was made in one policy is found and removed there, whichever policy is on the network by then.
func TestAFilterIsRemovedWhereItWasMade(t *testing.T) {
	for name, written := range map[string]string{
		"written down": "projects/acme-net/global/firewallPolicies/spoke-policy", "found by its name": "",
	} {
		t.Run(name, func(t *testing.T) {
			c, f := start(t), filter()
			put(t, c.Client, f)
			c.another(t, http.MethodPost, policiesPath, `{"name":"next-policy"}`)
			c.swap(t, "spoke-policy", "spoke-vpc", "next-policy")
			f.Policy = written
			got, err := c.Firewall().Get(t.Context(), f)
			if err != nil || got.InForce || !strings.Contains(got.Void, "spoke-policy") {
				t.Errorf("get: in force %t, void %q (%v); want there, in a policy that is not on the network",
					got.InForce, got.Void, err)
			}
			must(t, "remove", settle(t, c.Client, func(ctx context.Context, id uuid.UUID) error {
				return c.Firewall().Remove(ctx, id, f)
			}))
			c.swap(t, "next-policy", "next-policy", "spoke-policy")
			if _, err := c.Firewall().Get(t.Context(), f); !errors.Is(err, workers.ErrNotFound) {
				t.Errorf("the first policy still has the filter: %v", err)
			}
		})
	}
}

// A filter that is made anew in the network's present policy leaves nothing in the one before.
func TestAFilterMovesToTheNetworksNewPolicy(t *testing.T) {
	c, f := start(t), filter()
	put(t, c.Client, f)
	c.another(t, http.MethodPost, policiesPath, `{"name":"next-policy"}`)
	c.swap(t, "spoke-policy", "spoke-vpc", "next-policy")
	f.Policy = "projects/acme-net/global/firewallPolicies/spoke-policy"
	put(t, c.Client, f)
	inForce(t, c.Client, f)
	c.swap(t, "next-policy", "next-policy", "spoke-policy")
	f.Policy = ""
	if got, err := c.Firewall().Get(t.Context(), f); err == nil && got.Void == "" {
		t.Errorf("the first policy still has the filter: %+v", got)
	}
}

// A list of policies that may not be read does not say that none has the rules.
func TestAFilterIsNotGoneWhileThePoliciesCannotBeListed(t *testing.T) {
	c := start(t)
	c.fault(t, "networkFirewallPolicies.list", "refuse", "403")
	_, err := c.Firewall().Get(t.Context(), filter())
	refusal(t, "get", err, "permission")
}
