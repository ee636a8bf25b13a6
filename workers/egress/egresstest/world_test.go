package egresstest_test

import (
	"testing"

	"github.com/culvertnet/culvert/workers/egress"
	"github.com/culvertnet/culvert/workers/egress/egresstest"
)

func TestWorld(t *testing.T) {
	for _, c := range []struct {
		name     string
		polls    int
		platform string
	}{
		{"at once", 0, "cloud-run"},
		{"with operations that take a while", 3, "cloud-functions"},
	} {
		t.Run(c.name, func(t *testing.T) {
			egresstest.Run(t, func(*testing.T) egresstest.Subject { return subject(c.polls, c.platform) })
		})
	}
}

func subject(polls int, platform string) egresstest.Subject {
	w := egresstest.NewWorld()
	w.Slow(polls)
	ref := egress.ServiceRef{Platform: platform, Project: "acme-prod", Region: "europe-west3", Name: "orders"}
	w.PutService(egress.Service{Ref: ref, Hostnames: []string{"orders-abc-ey.a.run.app"}, Ingress: "all"},
		"user:owner@example.com")
	missing := ref
	missing.Name = "nobody"
	return egresstest.Subject{
		Connectors: w, Services: w.Services(), Operations: w,
		Connector: egress.Connector{
			Name: "projects/acme-prod/locations/europe-west3/connectors/conabc", Network: "spoke-vpc",
			CIDR: "10.8.0.0/28",
			Min:  2, Max: 3, MachineType: "e2-micro",
		},
		Service: ref, Missing: missing,
		Members: [2]string{"serviceAccount:a@acme.iam.gserviceaccount.com", "user:b@example.com"},
		Direct: egress.Binding{
			Network: "spoke-vpc", Subnet: "direct-egress", Tags: []string{"a"}, Egress: "all-traffic",
		},
	}
}
