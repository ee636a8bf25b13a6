package egress_test

import (
	"testing"

	"github.com/culvertnet/culvert/workers/egress"
	"github.com/culvertnet/culvert/workers/steptest"
)

func TestScenes(t *testing.T) {
	scenes := []steptest.Scene{
		{Name: "check", Step: checks(egress.CheckIn{Binds: true}), Bench: fresh},
		{Name: "connector by range", Step: attach(egress.AttachConnectorIn{Network: vpc, CIDR: "10.8.0.0/28"}),
			Bench: fresh},
		{Name: "connector by subnet", Step: attach(
			egress.AttachConnectorIn{Subnet: "projects/acme-net/regions/europe-west3/subnetworks/serverless-28"},
		), Bench: fresh},
		{Name: "existing connector", Step: attach(egress.AttachConnectorIn{Existing: foreign}), Bench: fresh},
		{Name: "binding", Step: bind(orders, ours, false), Bench: fresh},
		{Name: "binding taken over", Step: bind(bound, ours, true), Bench: fresh},
		{Name: "invokers", Step: grant(insider, member), Bench: fresh},
		{Name: "ingress", Step: restrict(orders, false), Bench: fresh},
		{Name: "ingress as it is", Step: restrict(bound, false), Bench: fresh},
	}
	steptest.Covers(t, egress.Steps(egress.Drivers{}), scenes)
	steptest.RunScenes(t, scenes)
}

// ours is a connector that an earlier step would have made.
const ours = "projects/acme-prod/locations/europe-west3/connectors/conours"

func attach(in egress.AttachConnectorIn) step {
	if in.Existing == "" {
		in.Project, in.Region, in.Min, in.Max, in.MachineType = "acme-prod", "europe-west3", 2, 3, "e2-micro"
	}
	return step{Kind: egress.KindAttachConnector, In: in}
}

func bind(ref egress.ServiceRef, connector string, takeover bool) step {
	to := egress.Binding{Connector: connector, Egress: "all-traffic"}
	return step{Kind: egress.KindBindService, In: egress.BindServiceIn{Service: ref, To: to, Takeover: takeover}}
}

func grant(members ...string) step {
	return step{Kind: egress.KindGrantInvoker, In: egress.GrantInvokerIn{Service: orders, Members: members}}
}

func restrict(ref egress.ServiceRef, restore bool) step {
	return step{Kind: egress.KindRestrictIngress, In: egress.RestrictIngressIn{
		Service: ref, Ingress: "internal", Restore: restore,
	}}
}
