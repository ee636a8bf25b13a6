package permissions

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// places is the order in which the document has them.
func places() []string { return []string{"network", "connector", "service", placePeer} }

// Document is the page for operators: docs/google-permissions.md.
func (l List) Document() string {
	var d document
	d.line("%s", strings.TrimSpace(intro))
	for _, place := range places() {
		d.line("## %s", upper(l.Places[place].Title))
		d.wrapped(l.Places[place].About)
		d.permissions(l, place)
	}
	d.apis(l)
	d.policies(l)
	d.agents(l)
	d.preflight(l)
	return strings.TrimRight(d.String(), "\n") + "\n"
}

// intro is what stands before the tables.
const intro = `# Permissions in Google Cloud

<!-- Rendered from adapters/gcp/permissions/permissions.yaml by go test ./adapters/gcp/permissions -update. -->

Culvert's workers need the permissions, APIs and organisation policies on this page, and nothing else in Google Cloud.
Pub/Sub and PostgreSQL of the [Google backend](google-backend.md) come on top.

` + "```sh" + `
culvert doctor --preflight -f intent.yaml   # what this intent needs and what is missing, with a remedy for each
culvert doctor --preflight                  # what any intent can need in the projects of the configuration
` + "```" + `

The workers ask Google as the [identity](operating.md#identities) that their calls have in each project, and name it.
The exit code is 1 when something is missing that is not optional; every line says what needs it. An intent needs
nothing for what it does not ask for: without ` + "`announce`" + ` no router is changed.

**Not verified.** The list follows the vendor's pages, and a test holds it against every call of the driver. Nobody has
tried it on a cloud account. In the simulated world, which has a list of its own, every example runs with exactly what
the preflight names for it (` + "`make proof-preflight`" + `).

A permission that is granted on one resource alone (a subnetwork, a service account) does not show on the project: the
preflight then tells it as missing and says where else it may be granted.
`

// A document is a page in the making.
type document struct{ strings.Builder }

func (d *document) line(format string, args ...any) { fmt.Fprintf(d, format+"\n\n", args...) }

// wrapped writes prose in lines of at most width columns.
func (d *document) wrapped(text string) {
	const width = 118
	at := 0
	for i, word := range strings.Fields(text) {
		switch {
		case i > 0 && at+1+len(word) > width:
			d.WriteString("\n")
			at = 0
		case i > 0:
			d.WriteString(" ")
			at++
		}
		d.WriteString(word)
		at += len(word)
	}
	d.WriteString("\n\n")
}

func (d *document) table(header ...string) {
	d.row(header...)
	d.WriteString(strings.Repeat("| --- ", len(header)) + "|\n")
}

func (d *document) row(cells ...string) { d.WriteString("| " + strings.Join(cells, " | ") + " |\n") }

// permissions is the table of one place.
func (d *document) permissions(l List, place string) {
	all := slices.DeleteFunc(l.inPlace(place).Permissions, func(n Need) bool { return n.Project != "PROJECT" })
	var losses []string
	for _, n := range all {
		losses = append(losses, n.Optional)
	}
	losses = slices.Compact(slices.Sorted(slices.Values(losses)))
	allOptional := len(losses) > 0 && losses[0] != ""
	if allOptional {
		d.wrapped("All of these are optional: without them " + strings.Join(losses, "; ") + ".")
	}
	d.table("permission", "predefined role", "needed by", "for")
	for _, n := range all {
		text := strings.Join(n.Fields, "; ")
		if n.Optional != "" && !allOptional {
			text += ". Optional: without it " + n.Optional
		}
		d.row("`"+n.Name+"`", "`"+l.RoleOf(n.Name)+"`", list(n.Calls), text)
	}
	d.WriteString("\n")
	if place != placePeer {
		d.line("[deployments/google/%s-role.yaml](../deployments/google/%s-role.yaml) is a custom role with exactly "+
			"these:", place, place)
		d.line("```sh\ngcloud iam roles create culvert_%s --project=PROJECT --file=deployments/google/%s-role.yaml\n"+
			"gcloud projects add-iam-policy-binding PROJECT --member=serviceAccount:WORKER "+
			"--role=projects/PROJECT/roles/culvert_%s\n```", place, place, place)
	}
}

// inPlace is everything that steps can need in one place.
func (l List) inPlace(place string) Wanted {
	return l.All(l.Kinds(), map[string][]string{place: {"PROJECT"}, placePeer: peerOf(place)})
}

// peerOf lets the other places have peers, which their list is not about.
func peerOf(place string) []string {
	if place == placePeer {
		return []string{"PROJECT"}
	}
	return []string{"PEER"}
}

// Kinds are the step kinds that need something, sorted.
func (l List) Kinds() []string {
	all := map[string]bool{}
	for _, u := range l.Uses {
		for _, kind := range u.Steps {
			all[kind] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}

func (d *document) apis(l List) {
	d.line("## APIs")
	d.table("API", "enabled in")
	for _, name := range slices.Sorted(maps.Keys(l.APIs)) {
		if in := l.whereEnabled(l.APIs[name].Service); len(in) > 0 {
			d.row(fmt.Sprintf("%s (`%s`)", l.APIs[name].Title, l.APIs[name].Service), list(in))
		}
	}
	d.WriteString("\n")
	d.wrapped("A call to an API that is not enabled is refused as a whole, whatever the caller may do: " +
		"the preflight tells it as an API and not as a permission.")
	d.line("```sh\ngcloud services enable NAME --project=PROJECT\n```")
}

// whereEnabled are the places in which an API has to be enabled.
func (l List) whereEnabled(service string) (in []string) {
	for _, place := range places() {
		has := slices.ContainsFunc(l.inPlace(place).APIs, func(n Need) bool {
			return n.Name == service && n.Project == "PROJECT" && n.Optional == ""
		})
		if has {
			in = append(in, l.Places[place].Title)
		}
	}
	return in
}

func (d *document) policies(l List) {
	d.line("## Organisation policies")
	d.wrapped("The preflight reads the policy that is in force where the worker's role allows it, and tells one that " +
		"forbids what the intent asks for.")
	d.table("constraint", "read in", "must allow", "otherwise")
	for _, p := range l.Policies {
		var values []string
		for _, u := range p.Uses {
			values = append(values, u.Values...)
			if u.From != "" {
				values = append(values, "what the intent asks for")
			}
		}
		must := list(slices.Compact(slices.Sorted(slices.Values(values))))
		if len(values) == 0 {
			must = "not enforced"
		}
		if p.Unjudged != "" {
			must += " (not judged: " + p.Unjudged + ")"
		}
		d.row("`"+p.Constraint+"`", l.Places[p.Where].Title, must, p.Bites)
	}
	d.WriteString("\n")
	d.wrapped("Perimeters of VPC Service Controls are not read: no call of the driver reads them.")
}

func (d *document) agents(l List) {
	d.line("## Google's own accounts")
	d.wrapped("Where projects differ (Shared VPC), accounts of Google's make connectors and run services, and need " +
		"roles of their own. The preflight does not ask for these: a missing one shows as an operation that ends " +
		"with `permission`.")
	d.table("account", "role", "on", "when")
	for _, a := range l.Agents {
		d.row(fmt.Sprintf("%s: `%s`", a.Title, a.Account), "`"+a.Role+"`", a.On, a.When)
	}
	d.WriteString("\n")
}

func (d *document) preflight(l List) {
	d.line("## What the preflight needs")
	d.wrapped("In every project in question. Without one of these nothing is told as missing: it could not be asked.")
	d.table("call", "API", "permission", "without it")
	for _, name := range slices.Sorted(maps.Keys(l.Preflight)) {
		c := l.Preflight[name]
		d.row("`"+name+"`", "`"+l.APIs[c.API].Service+"`", ticked(c.Needs), c.Optional)
	}
}

func ticked(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return "`" + strings.Join(names, "`, `") + "`"
}

func list(items []string) string { return strings.Join(items, ", ") }

func upper(text string) string { return strings.ToUpper(text[:1]) + text[1:] }
