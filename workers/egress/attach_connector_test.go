package egress_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers/egress"
	"github.com/culvertnet/culvert/workers/steptest"
)

func own(in egress.AttachConnectorIn) step {
	in.Network, in.CIDR = vpc, "10.8.0.0/28"
	return attach(in)
}

// sized is own with other limits.
func sized(lowest, most int, machine string) step {
	s := own(egress.AttachConnectorIn{})
	in := s.In.(egress.AttachConnectorIn)
	in.Min, in.Max, in.MachineType = lowest, most, machine
	s.In = in
	return s
}

func (b *bench) connectorName(s step) string {
	return "projects/acme-prod/locations/europe-west3/connectors/" + b.Command(s, ask{}).Name
}

func TestConnectorOutput(t *testing.T) {
	b := newBench(t)
	s := own(egress.AttachConnectorIn{})
	out := steptest.Output[egress.AttachConnectorOut](t, b.Must("do", b.Do(s), events.Done))
	id := b.Command(s, ask{}).Name
	want := egress.AttachConnectorOut{
		Name: b.connectorName(s), ID: id, CIDR: "10.8.0.0/28", Tag: "vpc-connector-europe-west3-" + id, State: "READY",
	}
	if out != want {
		t.Errorf("output %+v, want %+v", out, want)
	}
	bySubnet := attach(egress.AttachConnectorIn{
		Subnet: "projects/acme-net/regions/europe-west3/subnetworks/serverless-28",
	}).As("bills")
	out = steptest.Output[egress.AttachConnectorOut](t, b.Must("do by subnet", b.Do(bySubnet), events.Done))
	if out.CIDR != "10.8.1.0/28" {
		t.Errorf("range %q, want the subnet's", out.CIDR)
	}
	if have, _ := b.world.Connector(b.connectorName(bySubnet)); have.SubnetProject != "acme-net" ||
		have.Subnet != "serverless-28" || have.Max == 0 {
		t.Errorf("made %+v, want the subnet by name and project, and both limits", have)
	}
}

func TestFailedConnectorIsClearedAndMadeAgain(t *testing.T) {
	b := newBench(t)
	b.world.Slow(2)
	s := own(egress.AttachConnectorIn{})
	b.world.PutConnector(
		egress.Connector{Name: b.connectorName(s), Network: vpc, CIDR: "10.8.0.0/28", Min: 2, Max: 3, State: "ERROR"},
	)
	b.Sees(s, events.Different)
	b.Must("do", b.Do(s), events.Done)
	calls := steptest.Calls(b.world.Effects())
	if want := []string{"connectors.delete", "connectors.create"}; !slices.Equal(calls, want) {
		t.Errorf("calls %q, want %q", calls, want)
	}
	b.Sees(s, events.Present)
}

func TestFailedConnectorIsTakenAwayByUndo(t *testing.T) {
	b := newBench(t)
	before := b.world.Snapshot()
	s := own(egress.AttachConnectorIn{})
	b.world.PutConnector(egress.Connector{Name: b.connectorName(s), Network: vpc, CIDR: "10.8.0.0/28", State: "ERROR"})
	b.Must("undo", b.Compensate(s), events.Done)
	b.Unchanged(before)
}

func TestConnectorGrowsInPlaceAndNeverShrinks(t *testing.T) {
	b := newBench(t)
	b.Must("do", b.Do(sized(2, 3, "e2-micro")), events.Done)
	larger := sized(3, 6, "e2-standard-4")
	b.Sees(larger, events.Different)
	b.Must("grow", b.Do(larger), events.Done)
	have, _ := b.world.Connector(b.connectorName(larger))
	if have.Min != 3 || have.Max != 6 || have.MachineType != "e2-standard-4" {
		t.Errorf("have %+v, want 3 to 6 of e2-standard-4", have)
	}
	back := sized(2, 3, "e2-micro")
	b.Must("take the change back", b.Do(back), events.Done)
	if have, _ = b.world.Connector(b.connectorName(back)); have.Min != 3 || have.Max != 6 ||
		have.MachineType != "e2-micro" {
		t.Errorf("have %+v, want the larger limits and the earlier machine type", have)
	}
	b.Sees(back, events.Present)
	for _, e := range b.world.Effects() {
		if strings.HasPrefix(e, "connectors.delete") {
			t.Error("a connector in use was deleted to change it")
		}
	}
}

func TestConnectorThatIsNotYetReady(t *testing.T) {
	b := newBench(t)
	s := own(egress.AttachConnectorIn{})
	c := egress.Connector{Name: b.connectorName(s), Network: vpc, CIDR: "10.8.0.0/28", Min: 2, Max: 3,
		MachineType: "e2-micro", State: "CREATING"}
	b.world.PutConnector(c) // its operation is done, and reads lag behind it
	b.Must("do", b.Once(b.Command(s, ask{Verb: events.Do})), events.Wait)
	b.Must("undo", b.Once(b.Command(s, ask{Verb: events.Undo, Purpose: events.ToCompensate})), events.Wait)
	c.State = "READY"
	b.world.PutConnector(c)
	b.Must("do", b.Do(s), events.Done)
}

func TestConnectorInUseIsNotDeleted(t *testing.T) {
	b := newBench(t)
	s := own(egress.AttachConnectorIn{})
	b.Must("do", b.Do(s), events.Done)
	b.world.PutService(egress.Service{Ref: bills, Binding: egress.Binding{Connector: b.connectorName(s)}})
	o := b.Withdraw(s)
	b.Refused("undo", o, "in-use")
	if !strings.Contains(o.Message, "services/bills") {
		t.Errorf("the refusal %q does not name the user", o.Message)
	}
	b.Sees(s, events.Present)
	b.world.PutService(egress.Service{Ref: bills})
	b.Must("undo", b.Withdraw(s), events.Done)
	b.Sees(s, events.Absent)
}

func TestForeignConnectorUnderOurName(t *testing.T) {
	b := newBench(t)
	s := own(egress.AttachConnectorIn{})
	b.world.PutConnector(
		egress.Connector{Name: b.connectorName(s), Network: vpc, CIDR: "10.99.0.0/28", Min: 2, Max: 3, State: "READY"},
	)
	before := b.world.Snapshot()
	b.Sees(s, events.Foreign)
	b.Refused("do", b.Do(s), "foreign")
	b.Must("undo", b.Compensate(s), events.Done)
	b.Unchanged(before)
	b.Sees(s, events.Foreign)
}

func TestExistingConnectorHasToBeReady(t *testing.T) {
	for state, want := range map[string]events.Class{"CREATING": events.Wait, "ERROR": events.Refuse,
		"DELETING": events.Refuse, "READY": events.Done} {
		b := newBench(t)
		b.world.PutConnector(egress.Connector{Name: foreign, Network: vpc, CIDR: "10.9.0.0/28", State: state})
		b.Must(state, b.Once(b.Command(attach(egress.AttachConnectorIn{Existing: foreign}), ask{Verb: events.Do})),
			want)
	}
	b := newBench(t)
	b.Refused("missing", b.Do(attach(egress.AttachConnectorIn{Existing: foreign + "x"})), "not-found")
}
