package privateservice

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/culvertnet/culvert/saga"
	"github.com/culvertnet/culvert/workers/egress"
	"github.com/culvertnet/culvert/workers/network"
	"github.com/culvertnet/culvert/workers/policy"
	"github.com/culvertnet/culvert/workers/routing"
)

const (
	ip   = "10.200.0.9"
	peer = "site-1"
)

// seen is what the Looks at a whole path saw.
type seen struct {
	address   network.ReserveAddressOut
	endpoint  network.CreateEndpointOut
	announced []routing.AnnounceOut
	names     network.MapNamesOut
	connector egress.AttachConnectorOut
	filter    policy.FilterEgressOut
	bound     egress.BindServiceOut
	granted   egress.GrantInvokerOut
}

// good is a path that works.
func good() *seen {
	return &seen{
		address:  network.ReserveAddressOut{IP: ip, Prefix: ip + "/32"},
		endpoint: network.CreateEndpointOut{IP: ip, Target: "all-apis"},
		announced: []routing.AnnounceOut{
			{Prefix: ip + "/32", Sight: routing.Sight{Peers: []string{peer}, Seen: []string{peer, "another"}}},
			{Prefix: "10.200.0.0/20"}, // an aggregate that nobody is expected to have learned
		},
		names: network.MapNamesOut{Zones: []network.MappedName{
			{Host: "a.run.app", Zone: "zone1", IP: ip, Answers: "zone1"}, {Host: "b.run.app", Zone: "zone2", IP: ip},
		}},
		connector: egress.AttachConnectorOut{CIDR: "10.8.0.0/28", State: "READY"},
		filter:    policy.FilterEgressOut{Source: "10.8.0.0/28"},
		bound:     egress.BindServiceOut{Serving: true},
		granted: egress.GrantInvokerOut{
			Added: []string{"user:a@acme.example"}, Have: []string{"user:a@acme.example", "user:b@acme.example"},
		},
	}
}

// outputs is the path as the engine hands it over; steps that are left out were not part of the plan.
func (s *seen) outputs(t *testing.T, leftOut ...string) saga.Outputs {
	t.Helper()
	all, kinds := map[string]json.RawMessage{}, map[string]string{}
	add := func(step, kind string, out any) {
		if slices.Contains(leftOut, step) {
			return
		}
		raw, err := json.Marshal(out)
		if err != nil {
			t.Fatal(err)
		}
		all[step], kinds[step] = raw, kind
	}
	add("reserve-address", network.KindReserveAddress, s.address)
	add("create-endpoint", network.KindCreateEndpoint, s.endpoint)
	for i, a := range s.announced {
		add("announce-"+string(rune('0'+i)), routing.KindAnnounce, a)
	}
	add("map-names", network.KindMapNames, s.names)
	add("attach-connector", egress.KindAttachConnector, s.connector)
	add("filter-egress", policy.KindFilterEgress, s.filter)
	add("bind-service", egress.KindBindService, s.bound)
	add("grant-invoker", egress.KindGrantInvoker, s.granted)
	return saga.NewOutputs(apply("{}"), all, kinds)
}

func TestAWorkingPathHoldsEveryPostcondition(t *testing.T) {
	for name, leftOut := range map[string][]string{
		"whole":        nil,
		"ingress only": {"attach-connector", "filter-egress", "bind-service"},
		"egress only": {
			"reserve-address", "create-endpoint", "announce-0", "announce-1", "map-names", "grant-invoker",
		},
		"direct interface": {"attach-connector"},
		"nothing": {"reserve-address", "create-endpoint", "announce-0", "announce-1", "map-names",
			"grant-invoker", "attach-connector", "filter-egress", "bind-service"},
	} {
		if failing := Postconditions(good().outputs(t, leftOut...)); len(failing) > 0 {
			t.Errorf("%s: %v", name, failing)
		}
	}
	attached := good()
	attached.endpoint.Target, attached.endpoint.Connection = "projects/p/regions/r/serviceAttachments/a", "ACCEPTED"
	if failing := Postconditions(attached.outputs(t)); len(failing) > 0 {
		t.Errorf("attachment: %v", failing)
	}
}

// Each condition, violated once: one complaint, which names the step and what is wrong.
func TestEveryPostconditionIsJudged(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(*seen)
		want  []string // parts of the one complaint
	}{
		"the endpoint has another address": {
			func(s *seen) { s.endpoint.IP = "10.200.0.8" }, []string{"create-endpoint", "10.200.0.8", ip},
		},
		"the producer has not accepted": {func(s *seen) {
			s.endpoint.Target, s.endpoint.Connection = "projects/p/regions/r/serviceAttachments/a", "PENDING"
		}, []string{"create-endpoint", "PENDING"}},
		"the producer's side is not known": {func(s *seen) {
			s.endpoint.Target = "projects/p/regions/r/serviceAttachments/a"
		}, []string{"create-endpoint", "ACCEPTED"}},
		"another prefix is announced": {
			func(s *seen) { s.announced[0].Prefix = "10.200.0.8/32" }, []string{"announce-0", "10.200.0.8/32", ip},
		},
		"an aggregate does not hold it": {
			func(s *seen) { s.announced[1].Prefix = "10.201.0.0/20" }, []string{"announce-1", "10.201.0.0/20"},
		},
		"no prefix is announced": {
			func(s *seen) { s.announced[0].Prefix = "" }, []string{"announce-0", ip},
		},
		"a peer has not learned it": {func(s *seen) { s.announced[0].Sight.Seen = []string{"another"} },
			[]string{"announce-0", peer, "10.200.0.9/32"}},
		"a name answers with another address": {
			func(s *seen) { s.names.Zones[1].IP = "10.200.0.8" }, []string{"map-names", "b.run.app", "10.200.0.8"},
		},
		"another zone answers before ours": {
			func(s *seen) { s.names.Zones[0].Answers = "corp" }, []string{"map-names", "a.run.app", "corp"},
		},
		"a bound service checks no invoker": {func(s *seen) { s.bound.Unchecked = "p/r/s" },
			[]string{"grant-invoker", "p/r/s"}},
		"the connector is in error": {
			func(s *seen) { s.connector.State = "ERROR" }, []string{"attach-connector", "ERROR"},
		},
		"the filter binds another range": {func(s *seen) { s.filter.Source = "10.8.0.16/28" },
			[]string{"filter-egress", "10.8.0.16/28", "10.8.0.0/28"}},
		"the filter is void": {func(s *seen) { s.filter.Void = "rule 900 allows first" },
			[]string{"filter-egress", "does not decide", "rule 900"}},
		"the service does not serve with it": {
			func(s *seen) { s.bound.Serving = false }, []string{"bind-service", "serve"},
		},
		"an invoker has lost the role": {
			func(s *seen) { s.granted.Have = nil }, []string{"grant-invoker", "user:a@acme.example"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := good()
			c.spoil(s)
			failing := Postconditions(s.outputs(t))
			if len(failing) != 1 {
				t.Fatalf("%d complaints, want one: %v", len(failing), failing)
			}
			for _, part := range c.want {
				if !strings.Contains(failing[0], part) {
					t.Errorf("complaint %q does not name %q", failing[0], part)
				}
			}
		})
	}
}

func TestWhatCannotBeReadDoesNotHold(t *testing.T) {
	o := saga.NewOutputs(apply("{}"), map[string]json.RawMessage{"bind-service": []byte(`[]`)}, map[string]string{
		"bind-service": egress.KindBindService, "grant-invoker": egress.KindGrantInvoker,
	})
	if failing := Postconditions(o); len(failing) != 2 {
		t.Errorf("a step that was not looked at, and one whose output is no object: %v", failing)
	}
}

// A withdrawn or unannounced path must not be judged by what its plan has not got.
func TestTwoComplaintsAreTwo(t *testing.T) {
	s := good()
	s.connector.State, s.bound.Serving = "CREATING", false
	if failing := Postconditions(s.outputs(t)); len(failing) != 2 || failing[0] == failing[1] {
		t.Errorf("complaints %v", failing)
	}
}
