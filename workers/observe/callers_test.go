package observe

import (
	"errors"
	"strings"
	"testing"

	"github.com/culvertnet/culvert/events/reach"
	"github.com/culvertnet/culvert/workers"
)

// TestWhomAServiceLetsIn: a plan whose callers would be shut out, or whose invokers say nothing, is refused before
// anything is read; what nobody can tell is said.
func TestWhomAServiceLetsIn(t *testing.T) {
	whole := Callers{Service: "service p/r/s", Project: "p", Network: home, Home: "host", Ingress: "all"}
	for _, c := range []struct {
		name   string
		change func(*Callers)
		says   string
		doubt  string
	}{
		{name: "everybody", change: func(*Callers) {}},
		{name: "nobody", change: func(c *Callers) { c.Ingress = "none" }, says: "ingress none"},
		{name: "nobody, and it would be opened", change: func(c *Callers) { c.Ingress, c.Becomes = "none", "internal" },
			says: "ingress none"},
		{name: "inside", change: func(c *Callers) { c.Ingress = "internal" },
			says: "service p/r/s lets in nobody of " + home},
		{name: "inside from now on", change: func(c *Callers) { c.Becomes = "internal" }, says: "lets in nobody"},
		{name: "inside and load balancers", change: func(c *Callers) { c.Ingress = loadBalancers },
			says: "lets in nobody"},
		{name: "inside, of its own project", change: func(c *Callers) { c.Ingress, c.Home = "internal", "p" }},
		{name: "inside, where it sends to", change: func(c *Callers) { c.Becomes, c.SendsTo = "internal", home }},
		{name: "inside, of a connector that nobody can read",
			change: func(c *Callers) { c.Becomes, c.Unsure = "internal", true }, doubt: "could not be read"},
		{name: "unchecked without invokers", change: func(c *Callers) { c.OpenInvoker = true }},
		{name: "unchecked", change: func(c *Callers) { c.OpenInvoker, c.Invokers = true, []string{"user:a@b"} },
			says: "the invoker check of service p/r/s is off"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, callers := scene(t), whole
			c.change(&callers)
			out, err := check{Drivers{Networks: s, Gateways: s}}.Do(t.Context(), workers.Run{},
				ReachIn{Asks: []reach.Ask{}, Callers: &callers}, nil)
			if (err != nil) != (c.says != "") || err != nil && !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v, want %q", err, c.says)
			}
			told := len(out.Unverified) == 1 && strings.Contains(out.Unverified[0].Why, c.doubt)
			if c.doubt != "" && !told {
				t.Errorf("unverified %+v, want %q", out.Unverified, c.doubt)
			}
			if len(s.asked) > 0 {
				t.Errorf("%v was read", s.asked)
			}
		})
	}
}

// TestTheRouteToAGateway: what is sent to the internet has to go by the machine of the gateway with the filter.
func TestTheRouteToAGateway(t *testing.T) {
	byGateway := func(n *reach.Network, priority int64) {
		one := route("0.0.0.0/0", reach.StaticRoute, reach.NextHop{Kind: reach.ToGateway, Name: "av-gw-spoke"})
		one.Object, one.Priority = "theirs", priority
		n.Routes.Items = append(n.Routes.Items, one)
		n.Routes.Items[3].Object, n.Routes.Items[3].Priority = "default-internet", 1000
	}
	for _, c := range []struct {
		name   string
		change func(*reach.Network)
		says   string
	}{
		{"it has the route", func(n *reach.Network) { byGateway(n, 991) }, ""},
		{"another route is first", func(n *reach.Network) { byGateway(n, 1001) }, "default-internet"},
		{"two share", func(n *reach.Network) { byGateway(n, 1000) }, "default-internet"},
		{"its machine is stopped", func(n *reach.Network) {
			byGateway(n, 991)
			n.Routes.Items[len(n.Routes.Items)-1].Next.State = reach.Down
		}, "default-internet"},
		{"there is none", func(n *reach.Network) { n.Routes.Items = n.Routes.Items[:3] }, "no route"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := scene(t)
			n := s.networks[home]
			c.change(&n)
			s.networks[home] = n
			_, err := check{Drivers{Networks: s, Gateways: s}}.Do(t.Context(), workers.Run{}, ReachIn{
				Networks: question().Networks, Controllers: []string{"c"}, Asks: []reach.Ask{},
				Steers: &Steer{From: question().Asks[0].From, Gateway: "spoke", Address: "10.0.0.9"}}, nil)
			var f *workers.Failure
			if errors.As(err, &f); (f == nil) != (c.says == "") || f != nil && (f.Reason != "void" ||
				!strings.Contains(err.Error(), c.says)) {
				t.Errorf("%v, want %q", err, c.says)
			}
		})
	}
}
