package schemas

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strconv"
)

//go:embed envelope.v1.json intent/*.json
var files embed.FS

const envelopeFile = "envelope.v1.json"

// A Name says which schema: the intent kind ("private-service"), what is wanted ("apply" or "withdraw") and the version
// of its data.
type Name struct {
	Kind    string
	Want    string
	Version int
}

// String is the name of the schema: "private-service.apply.v1".
func (n Name) String() string { return fmt.Sprintf("%s.%s.v%d", n.Kind, n.Want, n.Version) }

// file is where the schema of that name is, or would be.
func (n Name) file() string { return "intent/" + n.String() + ".json" }

// Intent gives the schema of the data of one kind, want and version, as it is in its file.
func Intent(kind, want string, version int) ([]byte, bool) {
	return read(Name{Kind: kind, Want: want, Version: version}.file())
}

var fileName = regexp.MustCompile(`^([a-z][a-z0-9-]*)\.(apply|withdraw)\.v([1-9][0-9]?)\.json$`)

// List names every intent schema, sorted by kind, want and version.
func List() []Name {
	var names []Name
	entries, err := fs.ReadDir(files, "intent")
	if err != nil {
		panic(fmt.Sprintf("read embedded schemas: %v", err)) // they are in the binary: cannot be at run time
	}
	for _, e := range entries {
		m := fileName.FindStringSubmatch(path.Base(e.Name()))
		if m == nil {
			panic(fmt.Sprintf("schema file %q is not named <kind>.<want>.v<version>.json", e.Name()))
		}
		version, _ := strconv.Atoi(m[3]) // the expression lets only digits through
		names = append(names, Name{Kind: m[1], Want: m[2], Version: version})
	}
	return names
}

func read(file string) ([]byte, bool) {
	raw, err := files.ReadFile(file)
	return raw, err == nil
}
