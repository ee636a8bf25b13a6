package egress_test

import (
	"errors"
	"time"

	"github.com/culvertnet/culvert/adapters/memory"
	"github.com/culvertnet/culvert/workers"
	"github.com/culvertnet/culvert/workers/egress"
	"github.com/culvertnet/culvert/workers/egress/egresstest"
	"github.com/culvertnet/culvert/workers/steptest"
)

const (
	vpc      = "projects/acme-net/global/networks/spoke-vpc"
	foreign  = "projects/acme-prod/locations/europe-west3/connectors/theirs"
	member   = "serviceAccount:partner@acme-prod.iam.gserviceaccount.com"
	insider  = "user:owner@example.com"
	hostname = "orders-abc-ey.a.run.app"
)

// orders and bills are services without a binding; bound is bound by somebody else.
var (
	orders = egress.ServiceRef{
		Platform: "cloud-functions", Project: "acme-prod", Region: "europe-west3", Name: "orders",
	}
	bills = egress.ServiceRef{Platform: "cloud-run", Project: "acme-prod", Region: "europe-west3", Name: "bills"}
	bound = egress.ServiceRef{Platform: "cloud-run", Project: "acme-prod", Region: "europe-west3", Name: "bound"}
)

type (
	step = steptest.Step
	ask  = steptest.Ask
)

// A bench is one of steptest over a fake world whose things the tests can reach.
type bench struct {
	*steptest.Bench
	world *egresstest.World
}

func newBench(t steptest.Tester) *bench {
	t.Helper()
	w := egresstest.NewWorld()
	theirs := egress.Binding{Connector: foreign, Egress: "private-ranges-only"}
	w.PutService(egress.Service{Ref: orders, Hostnames: []string{hostname, "orders.example"}, Ingress: "all"}, insider)
	w.PutService(egress.Service{Ref: bills, Hostnames: []string{"bills-abc-ey.a.run.app"}, Ingress: "all"})
	w.PutService(egress.Service{Ref: bound, Ingress: "internal", Binding: theirs})
	w.PutConnector(egress.Connector{
		Name: foreign, Network: vpc, CIDR: "10.9.0.0/28", Min: 2, Max: 3, MachineType: "e2-micro", State: "READY",
	})
	claims := memory.NewClaims()
	steps := egress.Steps(egress.Drivers{
		Connectors: w, Services: w.Services(), Claims: claims,
		Times: workers.ClaimTimes{
			Quiet: time.Second, Skew: time.Second, Lease: 10 * time.Second, Linger: 15 * time.Minute,
		},
	})
	return &bench{world: w, Bench: steptest.NewBench(t, steptest.Setting{
		Fake: w.Fake, Snapshot: w.Snapshot, Claims: claims, Handlers: steps,
	})}
}

// errCut is what a broken connection says.
var errCut = errors.New("connection reset")

// fresh is the bench of a scene that needs nothing before it.
func fresh(t steptest.Tester) *steptest.Bench { return newBench(t).Bench }
