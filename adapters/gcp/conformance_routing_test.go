package gcp_test

import (
	"testing"

	"github.com/culvertnet/culvert/workers/routing"
	"github.com/culvertnet/culvert/workers/routing/routingtest"
)

func TestAnnouncements(t *testing.T) {
	elsewhere := router("edge-1")
	elsewhere.Network = "projects/acme-net/global/networks/plain-vpc"
	for _, name := range []string{"edge-1", "edge-default"} {
		t.Run(name, func(t *testing.T) {
			routingtest.RunAnnouncements(t, func(t *testing.T) routingtest.Lists {
				c := simulated(t)
				return routingtest.Lists{
					Announcements: c.Routers(), Operations: c.Operations(), Target: router(name),
					Missing:  router("nobody"),
					Refused:  []routing.Target{router("edge-own"), elsewhere},
					Prefixes: [2]string{"10.200.0.1/32", "10.200.0.2/32"}, Limit: 200,
				}
			})
		})
	}
}

func TestRoutes(t *testing.T) {
	routingtest.RunRoutes(t, func(t *testing.T) routingtest.Table {
		c := simulated(t)
		return routingtest.Table{
			Routes: c.Routes(), Operations: c.Operations(), Project: hostProject, Network: spoke,
			NextHopIP: "10.10.0.2",
		}
	})
}
