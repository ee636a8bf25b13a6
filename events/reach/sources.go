package reach

import (
	"cmp"
	"slices"
	"time"
)

// A Source is what one call has told: how many lists, when the first of them was read, and whether they were whole. Of
// a list that is not whole, the scope is told.
type Source struct {
	Call  string    `json:"call"`
	Scope string    `json:"scope,omitempty"`
	Lists int       `json:"lists"`
	At    time.Time `json:"at"`
	Whole bool      `json:"whole"`
}

// Sources are the calls that a world was read by, with each list that is not whole by itself. They are for journals,
// which have no room for a line a list. Lists that no call told are left out.
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
	out = slices.CompactFunc(out, func(a, b Source) bool { return a.Call == b.Call && a.Scope == b.Scope })
	return byCall(out)
}

// byCall makes one of all whole lists of a call. They come sorted by call.
func byCall(lists []Source) []Source {
	var out []Source
	of := map[string]int{}
	for _, s := range lists {
		i, known := of[s.Call]
		switch {
		case !s.Whole:
			out = append(out, s)
		case known:
			out[i].Lists++
			if s.At.Before(out[i].At) {
				out[i].At = s.At
			}
		default:
			of[s.Call], s.Scope = len(out), ""
			out = append(out, s)
		}
	}
	return out
}

func said[T any](l Listing[T]) Source {
	return Source{Call: l.Call, Scope: l.Scope, Lists: 1, At: l.At, Whole: l.Whole}
}
