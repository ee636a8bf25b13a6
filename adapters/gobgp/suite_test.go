package gobgp_test

import (
	"testing"

	"github.com/culvertnet/culvert/workers/routing"
	"github.com/culvertnet/culvert/workers/routing/routingtest"
)

func TestAnnouncementsSuite(t *testing.T) {
	routingtest.RunAnnouncements(t, func(t *testing.T) routingtest.Lists {
		_, _, c := startWorld(t)
		missing, noHop := target(), target()
		missing.Speaker, noHop.NextHop = "nobody", ""
		return routingtest.Lists{
			Announcements: c, Target: target(), Missing: missing, Refused: []routing.Target{noHop},
			Prefixes: [2]string{"10.200.0.5/32", "10.200.0.6/32"},
		}
	})
}
