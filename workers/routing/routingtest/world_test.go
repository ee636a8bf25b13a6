package routingtest_test

import (
	"testing"

	"github.com/culvertnet/culvert/workers/routing"
	"github.com/culvertnet/culvert/workers/routing/routingtest"
)

func TestWorldAnnounces(t *testing.T) {
	router := routing.Target{Via: routing.ViaCloudRouter, Project: "p", Region: "r", Router: "edge-1"}
	spoke := routing.Target{Via: routing.ViaAviatrix, Controller: "c", Gateway: "spoke"}
	speaker := routing.Target{Via: routing.ViaBGP, Speaker: "edge", NextHop: "10.9.0.1"}
	for _, c := range []struct {
		name   string
		target routing.Target
		list   routing.Announced
		limit  int
		slow   int
	}{
		{"router with its default", router, routing.Announced{Defaults: []string{"ALL_SUBNETS"}}, 20, 2},
		{"router with a list", router, routing.Announced{
			Custom: true, Defaults: []string{"ALL_SUBNETS"}, Entries: []string{"10.1.0.0/16"},
		}, 20, 0},
		{"spoke with its default", spoke, routing.Announced{Defaults: []string{"10.2.0.0/24"}}, 0, 0},
		{"speaker", speaker, routing.Announced{Custom: true, Entries: []string{"10.3.0.0/24@10.9.0.9"}}, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			routingtest.RunAnnouncements(t, func(*testing.T) routingtest.Lists {
				w := routingtest.NewWorld()
				w.PutTarget(c.target, c.list, c.limit, "peer-1", "peer-2")
				missing, refused := c.target, c.target
				missing.Router, missing.Gateway, missing.Speaker = "nobody", "nobody", "nobody"
				refused.Router, refused.Gateway, refused.Speaker = "bad", "bad", "bad"
				w.RefuseTarget(refused, "it is a transit")
				w.Slow(c.slow)
				return routingtest.Lists{
					Announcements: w.Announcements(), Operations: w, Target: c.target, Missing: missing,
					Refused: []routing.Target{refused}, Prefixes: [2]string{"10.200.0.5/32", "10.200.0.6/32"},
					Limit: c.limit,
				}
			})
		})
	}
}

func TestWorldRoutes(t *testing.T) {
	for _, slow := range []int{0, 2} {
		routingtest.RunRoutes(t, func(*testing.T) routingtest.Table {
			w := routingtest.NewWorld()
			w.PutRoute(routing.Route{Project: "p", Name: "internet", Network: "n", Dest: "0.0.0.0/0", Priority: 1000})
			w.Slow(slow)
			return routingtest.Table{
				Routes: w.Routes(), Operations: w, Project: "p", Network: "n", NextHopIP: "10.0.0.9",
			}
		})
	}
}
