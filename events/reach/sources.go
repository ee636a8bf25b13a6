package reach

import (
	"cmp"
	"slices"
	"time"
)

// A Source is one list that was read: by which call, of what, when, and whether it was whole.
type Source struct {
	Call  string    `json:"call"`
	Scope string    `json:"scope,omitempty"`
	At    time.Time `json:"at"`
	Whole bool      `json:"whole"`
}

// Sources are the lists that a world is made of, by call and scope. Lists that no call told are left out.
func (w World) Sources() []Source {
	var out []Source
	for _, n := range w.Networks {
		out = append(out, said(n.Subnets), said(n.Hidden), said(n.Routes), said(n.Dynamic), said(n.Policies),
			said(n.Endpoints), said(n.NATs), said(n.Interfaces), said(n.Tenants), said(n.Names.Servers),
			said(n.Names.Responses), said(n.Names.Zones), said(n.Firewall.Hierarchical), said(n.Firewall.System),
			said(n.Firewall.Global), said(n.Firewall.Regional), said(n.Firewall.Rules))
	}
	for _, c := range w.Controllers {
		out = append(out, said(c.Sets))
	}
	for _, g := range w.Gateways {
		out = append(out, said(g.Table), said(g.Tags))
	}
	for _, s := range w.Sites {
		out = append(out, said(s.Table))
	}
	out = slices.DeleteFunc(out, func(s Source) bool { return s.Call == "" })
	slices.SortFunc(out, func(a, b Source) int {
		return cmp.Or(cmp.Compare(a.Call, b.Call), cmp.Compare(a.Scope, b.Scope), a.At.Compare(b.At))
	})
	return slices.CompactFunc(out, func(a, b Source) bool { return a.Call == b.Call && a.Scope == b.Scope })
}

func said[T any](l Listing[T]) Source { return Source{l.Call, l.Scope, l.At, l.Whole} }
