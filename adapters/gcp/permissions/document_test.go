package permissions_test

import (
	"flag"
	"os"
	"testing"

	"github.com/culvertnet/culvert/adapters/gcp/permissions"
)

var update = flag.Bool("update", false, "rewrite what is rendered from the list; review its diff like code")

func load(t *testing.T) permissions.List {
	t.Helper()
	l, err := permissions.Load()
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// What operators read and grant is what the list says.
func TestRendered(t *testing.T) {
	l := load(t)
	files := map[string]string{"../../../docs/google-permissions.md": l.Document()}
	for _, place := range permissions.RolePlaces() {
		files["../../../deployments/google/"+place+"-role.yaml"] = l.CustomRole(place)
	}
	for file, want := range files {
		if *update {
			if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		got, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != want {
			t.Errorf("%s is not what the list says: go test ./adapters/gcp/permissions -update", file)
		}
	}
}
