package observe

import (
	"context"
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"testing"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/events/reach"
	"github.com/culvertnet/culvert/workers"
)

// to asks for another destination.
func to(in *ReachIn, cidr string) {
	in.Asks[0].Dest.CIDR = cidr
	in.Effects[0].Filter.Allow[0].CIDR = cidr
	in.Asks[1].Except[0].CIDR = cidr
}

// answeredByAll is the answer by all facts of the world.
func answeredByAll(t *testing.T, d Drivers, in ReachIn) (ReachOut, error) {
	t.Helper()
	w, err := d.World(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	after, err := w.After(in.Effects...)
	if err != nil {
		t.Fatal(err)
	}
	var claims []reach.Finding
	for _, a := range in.Asks {
		f, err := after.Ask(a)
		if err != nil {
			t.Fatal(err)
		}
		claims = append(claims, f)
	}
	harms, _, err := reach.Harms(w, in.Effects, in.Own...)
	if err != nil {
		t.Fatal(err)
	}
	return decide(in, claims, harms)
}

// seen are changes for those who are there. What is told of addresses that nobody has counts every way that was not
// asked for as one that packets may pass.
func seen(harms []reach.Harm) []reach.Harm {
	return slices.DeleteFunc(slices.Clone(harms), reach.Harm.Vacant)
}

// leads adds names that will lead to an endpoint.
func leads(in *ReachIn, host string) {
	in.Effects = append(in.Effects, reach.Effect{Step: "create-endpoint", Network: home, Consented: true,
		Endpoint: &reach.EndpointEffect{Object: "e", IP: "10.9.9.9", Bundle: true}},
		reach.Effect{Step: "map-names", Network: home,
			Names: &reach.NamesEffect{Hostnames: []string{host}, Endpoint: "e"}})
}

// A network that no packet in question enters, and a controller none of whose gateways is on a way, are not read; and
// the answer is the one that all facts give.
func TestOnlyWhatAnAnswerDependsOnIsRead(t *testing.T) {
	begun := []string{home, "hidden " + peer}
	for _, c := range []struct {
		name  string
		world func(*shown, *reach.Network)
		in    func(*ReachIn)
		want  []string
	}{
		{name: "to the internet", want: begun},
		{name: "to a peer", in: func(in *ReachIn) { to(in, "10.5.0.9/32") }, want: append(slices.Clone(begun), peer)},
		{name: "by a gateway", in: func(in *ReachIn) { to(in, "192.168.1.1/32") },
			want: append(slices.Clone(begun), "through 10.0.0.9/32")},
		{name: "by a machine that is no gateway of the controller", world: func(s *shown, _ *reach.Network) {
			s.fabric.Gateways[0].Address = ranges(t, "10.0.0.77")
		}, in: func(in *ReachIn) { to(in, "192.168.1.1/32") },
			want: append(slices.Clone(begun), "through 10.0.0.9/32")},
		{name: "by a gateway that no line in question led to", world: func(s *shown, n *reach.Network) {
			n.Firewall.Rules = reach.WholeList(reach.Rule{Object: "in", In: true, Priority: 1, Act: reach.Allow,
				Src: reach.Peer{Ranges: reach.EveryAddress()}, Dst: reach.Peer{Ranges: reach.EveryAddress()},
				Layer4: []reach.Layer4{reach.EveryProtocol()}, Target: reach.Target{All: true}})
			s.fabric.Gateways[0].Table = reach.WholeList(reach.GatewayRoute{Object: "on",
				Dst:  netip.MustParsePrefix("192.168.0.0/16"),
				Next: reach.NextHop{Kind: reach.ToGateway, Name: "transit", State: reach.Up}})
			s.fabric.Beyond = []string{"transit"}
		}, in: func(in *ReachIn) { to(in, "192.168.1.1/32") },
			want: append(slices.Clone(begun), "through 10.0.0.9/32", peer, "fabric")},
		{name: "by a machine that no list shows", world: func(_ *shown, n *reach.Network) {
			n.Interfaces = reach.WholeList(n.Interfaces.Items[0])
		}, in: func(in *ReachIn) { to(in, "192.168.1.1/32") }, want: append(slices.Clone(begun), peer, "fabric")},
		{name: "somebody would be harmed", world: func(_ *shown, n *reach.Network) {
			n.Tenants = reach.WholeList(reach.Interface{Addresses: ranges(t, "10.0.1.0/26"),
				Who: reach.Identity{Kind: reach.DirectEgress, Name: "billing", Region: "r"}})
		}, want: append(slices.Clone(begun), peer, "fabric")},
		{name: "an effect for others", in: func(in *ReachIn) {
			in.Effects = append(in.Effects, reach.Effect{Step: "create-endpoint", Network: home,
				Endpoint: &reach.EndpointEffect{Object: "e", IP: "10.9.9.9", Bundle: true}})
		}, want: append(slices.Clone(begun), peer, "fabric")},
		{name: "names that lead to where all is known", in: func(in *ReachIn) { leads(in, "fn.r.run.app") },
			want: begun},
		{name: "names that led to a peer", world: func(_ *shown, n *reach.Network) {
			n.Names.Zones = reach.WholeList(reach.Zone{Object: "corp", Domain: "db.corp", Kind: reach.PrivateZone,
				Records: []reach.Record{{Name: "db.corp", Addresses: ranges(t, "10.5.0.9")}}})
		}, in: func(in *ReachIn) { leads(in, "db.corp") }, want: append(slices.Clone(begun), peer, "fabric")},
		{name: "the answer is no already", world: func(_ *shown, n *reach.Network) {
			n.Routes.Items = n.Routes.Items[:1]
		}, in: func(in *ReachIn) { to(in, "192.168.1.1/32") }, want: begun},
		{name: "a claim about all destinations", in: func(in *ReachIn) {
			in.Asks = append(in.Asks, reach.Ask{About: "answered", From: in.Asks[0].From, Want: reach.Answered})
		}, want: append(slices.Clone(begun), peer, "fabric")},
		{name: "a hidden range of the peer", world: func(s *shown, _ *reach.Network) {
			p := s.networks[peer]
			p.Hidden = reach.WholeList(reach.Subnet{Object: "connector", Region: "r", Ranges: ranges(t, "10.7.0.0/28")})
			s.networks[peer] = p
		}, in: func(in *ReachIn) { to(in, "10.7.0.3/32") }, want: append(slices.Clone(begun), peer)},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, in := scene(t), question()
			n := s.networks[home]
			if c.world != nil {
				c.world(s, &n)
				s.networks[home] = n
			}
			if c.in != nil {
				c.in(&in)
			}
			d := Drivers{Networks: s, Gateways: s}
			got, gotErr := d.judge(t.Context(), in, nil)
			if !slices.Equal(s.asked, c.want) {
				t.Errorf("read %q, want %q", s.asked, c.want)
			}
			all, allErr := answeredByAll(t, d, in)
			got.Sources, got.Accepted, all.Accepted = nil, seen(got.Accepted), seen(all.Accepted)
			if fmt.Sprint(gotErr) != fmt.Sprint(allErr) ||
				!reflect.DeepEqual(got, all) {
				t.Errorf("the answer is %+v %v, by all facts %+v %v", got, gotErr, all, allErr)
			}
		})
	}
}

// late is a port that gives no answer before the command's time is over.
type late struct {
	Networks
	end context.CancelFunc
}

func (l late) Network(ctx context.Context, _ Scope) (reach.Network, error) {
	l.end()
	return reach.Network{}, ctx.Err()
}

// A read that ends with the deadline has changed nothing: it is made again, and no saga goes back for it at once.
func TestAReadThatIsTooLateIsMadeAgain(t *testing.T) {
	_, p, run, in := standing(t)
	for step, do := range map[string]func(context.Context) error{
		"check": func(ctx context.Context) error { _, err := check(p).Do(ctx, run, in, nil); return err },
		"prove": func(ctx context.Context) error { _, err := p.Do(ctx, run, in, nil); return err },
	} {
		ctx, cancel := context.WithCancel(t.Context())
		p.Networks = late{end: cancel}
		err := do(ctx)
		if o := workers.Outcome(err, events.Unsure); o.Class != events.Retry || o.Reason != "deadline" {
			t.Errorf("%s: %s (%s), want a retry for the deadline", step, o.Class, o.Message)
		}
	}
}
