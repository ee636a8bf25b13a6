package permissions

import (
	"fmt"
	"slices"
	"strings"
)

// RolePlaces are the places for which there is a custom role.
func RolePlaces() []string {
	return slices.DeleteFunc(places(), func(p string) bool { return p == placePeer })
}

// CustomRole is the file of a custom role with exactly the permissions that steps can need in a place, and those that
// the preflight asks with, as `gcloud iam roles create --file` reads it.
func (l List) CustomRole(place string) string {
	var all []string
	for _, n := range l.inPlace(place).Permissions {
		if n.Project == "PROJECT" {
			all = append(all, n.Name)
		}
	}
	for _, c := range l.Preflight {
		all = append(all, c.Needs...)
	}
	slices.Sort(all)
	var b strings.Builder
	b.WriteString("# Rendered from adapters/gcp/permissions/permissions.yaml: what a worker of Culvert needs in\n")
	fmt.Fprintf(&b, "# %s. docs/google-permissions.md says what for.\n", l.Places[place].Title)
	fmt.Fprintf(&b, "title: Culvert, %s\nstage: GA\nincludedPermissions:\n", l.Places[place].Title)
	for _, permission := range slices.Compact(all) {
		b.WriteString("- " + permission + "\n")
	}
	return b.String()
}
