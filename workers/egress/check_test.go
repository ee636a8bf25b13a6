package egress_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers/egress"
	"github.com/culvertnet/culvert/workers/steptest"
)

func checks(in egress.CheckIn) step {
	if in.Service.Name == "" {
		in.Service = orders
	}
	return step{Kind: egress.KindCheck, In: in}
}

func TestCheckRefuses(t *testing.T) {
	nobody := orders
	nobody.Name = "nobody"
	for _, c := range []struct {
		name   string
		reason events.Reason
		in     egress.CheckIn
		change func(*bench)
	}{
		{name: "no such service", reason: "not-found", in: egress.CheckIn{Service: nobody}},
		{name: "host name of another", reason: "hostname", in: egress.CheckIn{
			Hostnames: []string{hostname, "bills-abc-ey.a.run.app"},
		}},
		{name: "bound by somebody else", reason: "foreign", in: egress.CheckIn{Service: bound, Binds: true}},
		{
			name: "bound by another connection", reason: "foreign", in: egress.CheckIn{Binds: true, Takeover: true},
			change: func(b *bench) { b.Must("bills", b.Do(bind(orders, ours, false).As("bills")), events.Done) },
		},
		{
			name: "traffic pinned", reason: "pinned", in: egress.CheckIn{Binds: true},
			change: func(b *bench) { b.world.PutService(egress.Service{Ref: orders, Pinned: "orders-00001"}) },
		},
		{
			name: "a function deploys it", reason: "deployer", in: egress.CheckIn{
				Binds: true, Takeover: true, FollowTraffic: true,
			},
			change: func(b *bench) { b.world.PutService(egress.Service{Ref: orders, Deployer: "cloudfunctions"}) },
		},
		{name: "no such connector", reason: "not-found", in: egress.CheckIn{Existing: foreign + "x"}},
		{name: "connector of another region", reason: "invalid", in: egress.CheckIn{
			Existing: strings.Replace(foreign, "europe-west3", "us-east1", 1),
		}},
		{
			name: "connector that failed", reason: "not-ready", in: egress.CheckIn{Existing: foreign},
			change: func(b *bench) { b.world.PutConnector(egress.Connector{Name: foreign, State: "ERROR"}) },
		},
		{
			name: "withdrawal of a connector that others use", reason: "in-use",
			in: egress.CheckIn{Withdrawing: true, Connector: ours},
			change: func(b *bench) {
				b.world.PutService(egress.Service{Ref: bills, Binding: egress.Binding{Connector: ours}})
				b.world.PutService(egress.Service{Ref: orders, Binding: egress.Binding{Connector: ours}})
			},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			if c.change != nil {
				c.change(b)
			}
			before, claims := b.world.Snapshot(), b.Live("")
			b.Refused("check", b.Do(checks(c.in)), c.reason)
			b.Unchanged(before)
			if b.Live("") != claims {
				t.Error("a check has made a claim")
			}
		})
	}
}

func TestCheckPasses(t *testing.T) {
	for _, c := range []struct {
		name   string
		in     egress.CheckIn
		change func(*bench)
	}{
		{name: "unbound", in: egress.CheckIn{Binds: true, Hostnames: []string{hostname}}},
		{name: "takeover", in: egress.CheckIn{Service: bound, Binds: true, Takeover: true}},
		{name: "bound to the existing connector already", in: egress.CheckIn{
			Service: bound, Binds: true, Existing: foreign,
		}},
		{name: "somebody else's binding, and none is asked for", in: egress.CheckIn{Service: bound}},
		{
			name: "bound by this connection", in: egress.CheckIn{Binds: true},
			change: func(b *bench) { b.Must("bind", b.Do(bind(orders, ours, false)), events.Done) },
		},
		{
			name: "traffic pinned, and followed", in: egress.CheckIn{Binds: true, FollowTraffic: true},
			change: func(b *bench) {
				b.world.PutService(egress.Service{Ref: orders, Pinned: "orders-00001", Hostnames: []string{hostname}})
			},
		},
		{
			name: "withdrawal of a connector that only our service uses", in: egress.CheckIn{
				Withdrawing: true, Connector: ours,
			},
			change: func(b *bench) {
				b.world.PutService(egress.Service{Ref: orders, Binding: egress.Binding{Connector: ours}})
			},
		},
		{name: "withdrawal of a connector that is gone", in: egress.CheckIn{Withdrawing: true, Connector: ours}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			if c.change != nil {
				c.change(b)
			}
			b.Must("check", b.Do(checks(c.in)), events.Done)
		})
	}
}

func TestCheckResolvesHostNames(t *testing.T) {
	b := newBench(t)
	for _, asked := range [][]string{nil, {"auto"}} {
		out := steptest.Output[egress.CheckOut](
			t, b.Must("check", b.Do(checks(egress.CheckIn{Hostnames: asked})), events.Done),
		)
		if want := []string{hostname, "orders.example"}; !slices.Equal(out.Hostnames, want) {
			t.Errorf("host names %q for %q, want all of the service", out.Hostnames, asked)
		}
	}
	const everybodys = "europe-west3-acme-prod.cloudfunctions.net"
	b.world.PutService(egress.Service{Ref: orders, Hostnames: []string{everybodys, hostname}})
	for _, asked := range []string{"auto", hostname, everybodys} {
		want := []string{asked}
		if asked == "auto" {
			want = []string{hostname}
		}
		out := steptest.Output[egress.CheckOut](
			t, b.Must("check", b.Do(checks(egress.CheckIn{Hostnames: []string{asked}})), events.Done),
		)
		if !slices.Equal(out.Hostnames, want) {
			t.Errorf("host names %q for %q, want %q: every function of the project has the other name", out.Hostnames,
				asked, want)
		}
	}
	out := steptest.Output[egress.CheckOut](
		t, b.Must("check", b.Do(checks(egress.CheckIn{Hostnames: []string{hostname}})), events.Done),
	)
	if want := []string{hostname}; !slices.Equal(out.Hostnames, want) {
		t.Errorf("host names %q, want those asked for", out.Hostnames)
	}
}

func TestCheckWaitsForAServiceThatReconciles(t *testing.T) {
	b := newBench(t)
	b.world.PutService(egress.Service{Ref: orders, Reconciling: true})
	b.Must("check", b.Once(b.Command(checks(egress.CheckIn{}), ask{Verb: events.Do})), events.Wait)
}

// A withdrawal that goes on after the unbinding plans its check without a service: nobody uses the connector, so
// nothing is asked of a service; and whoever does use it is another.
func TestARemovalAfterTheUnbindingNeedsNoService(t *testing.T) {
	b := newBench(t)
	s := step{Kind: egress.KindCheck, In: egress.CheckIn{Withdrawing: true, Connector: foreign}}
	b.world.PutService(egress.Service{Ref: bound, Ingress: "internal"})
	b.Must("nobody uses it", b.Do(s), events.Done)
	b.world.PutService(egress.Service{Ref: bills, Binding: egress.Binding{Connector: foreign}})
	b.Refused("somebody uses it", b.Do(s), "in-use")
}

func TestAConnectorThatCannotBeReplacedIsRefused(t *testing.T) {
	b := newBench(t)
	before := b.world.Snapshot()
	s := step{Kind: egress.KindCheck, In: egress.CheckIn{Service: orders, Binds: true, Holds: "it cannot shrink"}}
	b.Refused("shrink", b.Do(s), "immutable")
	b.Unchanged(before)
}

// What the service lets in is told as it was read. A connection that binds it decides itself where it sends to.
func TestCheckTellsWhomTheServiceLetsIn(t *testing.T) {
	for _, c := range []struct {
		name string
		have egress.Service
		in   egress.CheckIn
		want egress.Admits
	}{
		{"bound to a network", egress.Service{Ingress: "internal", Binding: egress.Binding{Network: "n", Subnet: "s"}},
			egress.CheckIn{}, egress.Admits{Ingress: "internal", SendsTo: "n"}},
		{"bound by a connector", egress.Service{Ingress: "all", OpenInvoker: true,
			Binding: egress.Binding{Connector: foreign}}, egress.CheckIn{},
			egress.Admits{Ingress: "all", OpenInvoker: true, SendsTo: "net"}},
		{"bound by a connector that is gone", egress.Service{Binding: egress.Binding{Connector: ours}},
			egress.CheckIn{}, egress.Admits{Unsure: true}},
		{"about to be bound", egress.Service{Ingress: "all", Binding: egress.Binding{Connector: ours}},
			egress.CheckIn{Binds: true, Takeover: true}, egress.Admits{Ingress: "all"}},
		{"bound to nothing", egress.Service{Ingress: "none"}, egress.CheckIn{}, egress.Admits{Ingress: "none"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			c.have.Ref, c.in.Service = orders, orders
			b.world.PutService(c.have)
			b.world.PutConnector(egress.Connector{Name: foreign, Network: "net", State: "READY"})
			out := steptest.Output[egress.CheckOut](t, b.Must("check", b.Do(checks(c.in)), events.Done))
			if out.Admits != c.want {
				t.Errorf("admits %+v, want %+v", out.Admits, c.want)
			}
		})
	}
}
