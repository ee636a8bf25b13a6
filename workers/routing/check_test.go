package routing_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers/routing"
)

// A list without room refuses who comes, and neither who is in it already nor who joins what is in it.
func TestCheckOfAFullList(t *testing.T) {
	s := newStage(t)
	small := router
	small.Router = "edge-small"
	s.w.PutTarget(small, routing.Announced{Custom: true, Entries: []string{"10.99.0.0/16"}}, 3, "peer-a")
	check := func(connection, shared string) events.Command {
		return do(s.t, connection, "check", routing.KindCheck, routing.CheckIn{
			Targets: []routing.Target{small}, Shared: shared,
		})
	}
	s.do(check("orders", ""))
	own := s.announce("orders", small, prefix)
	s.do(own)
	in := routing.AnnounceIn{Target: small, Prefix: "10.200.0.9/32", Shared: shared}
	part := do(t, "bills", "announce", routing.KindAnnounce, in)
	s.do(part)

	for connection, joins := range map[string]string{"orders": "", "bills": "", "stock": shared} {
		o := s.run(check(connection, joins), events.Do, "", events.Done, "")
		var out routing.CheckOut
		if err := json.Unmarshal(o.Output, &out); err != nil || !slices.Contains(out.Known, "10.99.0.0/16") {
			t.Errorf("%s: %+v (%v), want what is known", connection, out, err)
		}
	}
	s.run(check("stock", ""), events.Do, "", events.Refuse, "full")
	s.run(check("stock", "counted/psc/acme-net/spoke-vpc/vpc-sc"), events.Do, "", events.Refuse, "full")
	s.withdraw(own)
	s.do(check("stock", ""))
}
