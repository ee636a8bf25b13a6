package routing_test

import (
	"context"
	"testing"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers/routing"
)

func steer(t *testing.T, tag string) events.Command {
	return do(t, "orders", "steer", routing.KindSteerEgress,
		routing.SteerEgressIn{Project: "acme-net", Network: network, Tag: tag, NextHopIP: "10.11.0.2"})
}

func (s *stage) sees(c events.Command, want events.Presence) {
	s.t.Helper()
	if o := s.run(c, events.Look, "", events.Done, ""); o.Seen != want {
		s.t.Fatalf("look sees %s (%s), want %s", o.Seen, o.Message, want)
	}
}

func (s *stage) route(c events.Command) routing.Route {
	s.t.Helper()
	r, err := s.w.Routes().Get(context.Background(), "acme-net", c.Name)
	if err != nil {
		s.t.Fatal(err)
	}
	return r
}

func TestSteerEgressBeatsEveryRouteOfItsTag(t *testing.T) {
	s := newStage(t)
	c := steer(t, "vpc-connector-x")
	s.sees(c, events.Absent)
	s.do(c)
	if r := s.route(c); r.Priority != 800 || r.Tags[0] != "vpc-connector-x" || r.NextHopIP != "10.11.0.2" {
		t.Errorf("route %+v", r)
	}
	s.sees(c, events.Present)

	// Somebody outranks it: it is made again, in front.
	s.w.PutRoute(routing.Route{Project: "acme-net", Name: "other", Network: network, Dest: "0.0.0.0/0",
		Tags: []string{"vpc-connector-x"}, Priority: 500})
	s.w.PutRoute(routing.Route{Project: "acme-net", Name: "unrelated", Network: network, Dest: "0.0.0.0/0",
		Tags: []string{"else"}, Priority: 1})
	s.sees(c, events.Different)
	s.run(c, events.Do, "", events.Wait, "route-replaced")
	s.do(c)
	if r := s.route(c); r.Priority != 499 {
		t.Errorf("route %+v", r)
	}
	s.withdraw(c)
	s.sees(c, events.Absent)
	s.w.PutRoute(routing.Route{Project: "acme-net", Name: "first", Network: network, Dest: "0.0.0.0/0", Priority: 0})
	s.run(c, events.Do, "", events.Refuse, "outranked")
}

func TestSteerEgressLeavesAForeignRoute(t *testing.T) {
	s := newStage(t)
	c := steer(t, "vpc-connector-x")
	s.w.PutRoute(routing.Route{
		Project: "acme-net", Name: c.Name, Network: network, Dest: "0.0.0.0/0", Owner: "terraform", Priority: 900,
	})
	s.sees(c, events.Foreign)
	s.run(c, events.Do, "", events.Refuse, "foreign")
	if o := s.withdraw(c); o.Retained == "" || s.route(c).Owner != "terraform" {
		t.Errorf("undo: %+v", o)
	}
}

func TestSteerEgressByTheGatewaysOwnRoute(t *testing.T) {
	s := newStage(t)
	c := steer(t, "")
	s.sees(c, events.Absent)
	if o := s.do(c); string(o.Output) != `{"route":"avx-gw","priority":991,"made":false}` {
		t.Errorf("output %s", o.Output)
	}
	s.sees(c, events.Present)
	s.w.PutRoute(routing.Route{
		Project: "acme-net", Name: "wins", Network: network, Dest: "0.0.0.0/0", NextHopIP: "10.11.0.9", Priority: 100,
	})
	s.sees(c, events.Different)
	s.run(c, events.Do, "", events.Refuse, "void")
	s.withdraw(c)
	s.sees(c, events.Absent)
}
