package observe

import (
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/culvertnet/culvert/events/reach"
)

// A question about filters alone reads senders and firewall; everything else only for somebody who is there. The answer
// is the one that all facts give, what is told of addresses that nobody has included.
func TestWhoSendsAnswersForAFilter(t *testing.T) {
	whole := []string{"senders " + home, home, "hidden " + peer, peer, "fabric"}
	for _, c := range []struct {
		name  string
		world func(*reach.Network)
		in    func(*ReachIn)
		want  []string
	}{
		{name: "nobody is there", want: whole[:1]},
		{name: "the connection's own sender is there", world: func(n *reach.Network) {
			n.Tenants = tenant(t, "svc")
		}, want: whole[:1]},
		{name: "somebody is there", world: func(n *reach.Network) { n.Tenants = tenant(t, "billing") }, want: whole},
		{name: "nobody is seen in a list that is not whole", world: func(n *reach.Network) {
			n.Tenants.Whole = false
		}, want: whole[:1]},
		{name: "a firewall that is not whole", world: func(n *reach.Network) { n.Firewall.Global.Whole = false },
			want: whole[:1]},
		{name: "another effect beside it", in: func(in *ReachIn) {
			in.Effects = append(in.Effects, reach.Effect{Step: "create-endpoint", Network: home,
				Endpoint: &reach.EndpointEffect{Object: "e", IP: "10.9.9.9", Bundle: true}})
		}, want: whole[1:]},
		{name: "a claim of its own", in: func(in *ReachIn) { in.Asks = question().Asks }, want: whole[1:3]},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, in := scene(t), question()
			in.Asks = nil
			n := s.networks[home]
			if c.world != nil {
				c.world(&n)
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
			if len(c.want) > 1 {
				got.Accepted, all.Accepted = seen(got.Accepted), seen(all.Accepted)
			}
			if got.Sources = nil; len(got.Own) == 0 {
				got.Own, all.Own = nil, nil
			}
			if fmt.Sprint(gotErr) != fmt.Sprint(allErr) || !reflect.DeepEqual(got, all) {
				t.Errorf("the answer is %+v %v, by all facts %+v %v", got, gotErr, all, allErr)
			}
		})
	}
}

// tenant is somebody who may send from the range of the question.
func tenant(t *testing.T, name string) reach.Listing[reach.Interface] {
	t.Helper()
	return reach.WholeList(reach.Interface{Addresses: ranges(t, "10.0.1.0/26"), Who: reach.Identity{
		Kind: reach.DirectEgress, Name: name, Region: "r"}})
}
