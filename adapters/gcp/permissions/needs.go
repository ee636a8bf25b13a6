package permissions

import (
	"cmp"
	"maps"
	"slices"

	"github.com/culvertnet/culvert/workers"
)

// Wanted is what some steps need: permissions and enabled APIs by project, and what organisation policies must allow.
type Wanted struct {
	Permissions []Need
	APIs        []Need
	Policies    []Allowance
}

// A Need is one permission or API in one project.
type Need struct {
	Project string
	// Name is the permission, or the API's service name.
	Name string
	// Places are the parts that the project plays, Calls the calls and Fields the fields of an intent that need it.
	Places, Calls, Fields []string
	// Optional says what is lost without it; empty: something cannot do without.
	Optional string
}

// Peers tells the projects of the networks that a network (full name) is peered with.
type Peers func(network string) []string

// Of gives what steps need. A nil peers leaves out what only networks with peerings need.
func (l List) Of(steps []workers.PlannedStep, peers Peers) (Wanted, error) {
	b := builder{list: l, permissions: map[[2]string]*Need{}, apis: map[[2]string]*Need{}}
	for _, s := range steps {
		v, err := fields(s)
		if err != nil {
			return Wanted{}, err
		}
		for _, u := range l.Uses {
			if slices.Contains(u.Steps, s.Kind) && holds(s, v, u.When) {
				b.use(u, u.projects(v, peers))
			}
		}
		b.policies(s, v)
	}
	return b.wanted(), nil
}

// All gives what steps of some kinds can need, whatever is asked of them, in the projects that play each part.
func (l List) All(kinds []string, projects map[string][]string) Wanted {
	b := builder{list: l, permissions: map[[2]string]*Need{}, apis: map[[2]string]*Need{}}
	serves := func(steps []string) bool {
		return slices.ContainsFunc(steps, func(s string) bool { return slices.Contains(kinds, s) })
	}
	for _, u := range l.Uses {
		if serves(u.Steps) && (!u.Peered || len(projects[placePeer]) > 0) {
			b.use(u, projects[u.Where])
		}
	}
	for _, p := range l.Policies {
		for _, u := range p.Uses {
			if serves(u.Steps) {
				b.allowAny(p, u, projects[p.Where])
			}
		}
	}
	return b.wanted()
}

// placePeer is the part of projects whose networks are peered with the network.
const placePeer = "peer"

// projects are those in which a step makes the calls.
func (u Use) projects(v any, peers Peers) []string {
	var out []string
	for _, pointer := range u.Project {
		for _, name := range texts(v, pointer) {
			if !u.Peered {
				out = append(out, projectIn(name))
				continue
			}
			if peers == nil {
				continue
			}
			others := peers(name)
			if u.Where != placePeer && len(others) > 0 {
				others = []string{projectIn(name)}
			}
			out = append(out, others...)
		}
	}
	return slices.Compact(slices.Sorted(slices.Values(out)))
}

// A builder gathers needs, each once a project.
type builder struct {
	list              List
	permissions, apis map[[2]string]*Need
	allowances        []Allowance
}

// use adds what a use needs in some projects.
func (b *builder) use(u Use, projects []string) {
	for _, project := range projects {
		for _, name := range u.Calls {
			call := b.list.Calls[name]
			of := Need{Project: project, Places: []string{u.Where}, Calls: []string{name}, Fields: []string{u.Field},
				Optional: u.Optional}
			for _, permission := range call.Needs {
				of.Name = permission
				add(b.permissions, of)
			}
			for _, api := range append([]string{call.API}, call.Also...) {
				of.Name = b.list.APIs[api].Service
				add(b.apis, of)
			}
		}
	}
}

// add joins a need with what is known of it. What one use cannot do without is not optional.
func add(to map[[2]string]*Need, n Need) {
	key := [2]string{n.Project, n.Name}
	have := to[key]
	if have == nil {
		to[key] = &n
		return
	}
	if n.Optional == "" || have.Optional == "" {
		have.Optional = ""
	}
	have.Places, have.Calls, have.Fields = join(have.Places, n.Places), join(have.Calls, n.Calls),
		join(have.Fields, n.Fields)
}

func join(a, b []string) []string {
	return slices.Compact(slices.Sorted(slices.Values(slices.Concat(a, b))))
}

func (b *builder) wanted() Wanted {
	sorted := func(of map[[2]string]*Need) []Need {
		var out []Need
		for _, n := range of {
			out = append(out, *n)
		}
		slices.SortFunc(out, func(x, y Need) int {
			return cmp.Or(cmp.Compare(x.Project, y.Project), cmp.Compare(x.Name, y.Name))
		})
		return out
	}
	return Wanted{Permissions: sorted(b.permissions), APIs: sorted(b.apis), Policies: b.allowances}
}

// Projects are all projects in which something is needed, sorted.
func (w Wanted) Projects() []string {
	all := map[string]bool{}
	for _, n := range slices.Concat(w.Permissions, w.APIs) {
		all[n.Project] = true
	}
	for _, p := range w.Policies {
		all[p.Project] = true
	}
	return slices.Sorted(maps.Keys(all))
}
