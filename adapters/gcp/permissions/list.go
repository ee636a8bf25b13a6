package permissions

import (
	"bytes"
	"fmt"
	"strings"

	_ "embed"

	"go.yaml.in/yaml/v4"
)

// raw is the list as it is written.
//
//go:embed permissions.yaml
var raw []byte

// A List is everything that Culvert needs in Google Cloud, as permissions.yaml says it.
type List struct {
	// Places are the parts that projects play, by their short names; APIs those of Google by theirs.
	Places map[string]Place `yaml:"places"`
	APIs   map[string]API   `yaml:"apis"`
	Roles  []Role           `yaml:"roles"`
	// Calls are the driver's, by the name that it gives them.
	Calls map[string]Call `yaml:"calls"`
	// Elsewhere tells where a permission may be granted so that the project does not show it.
	Elsewhere map[string]string `yaml:"elsewhere"`
	Uses      []Use             `yaml:"uses"`
	// Preflight are the calls by which all this is asked.
	Preflight map[string]Call `yaml:"preflight"`
	Policies  []Policy        `yaml:"policies"`
	Agents    []Agent         `yaml:"agents"`
}

// A Place is a part that a project plays.
type Place struct {
	Title string `yaml:"title"`
	About string `yaml:"about"`
}

// An API is one of Google's, with the name by which it is enabled.
type API struct {
	Service string `yaml:"service"`
	Title   string `yaml:"title"`
}

// A Role is a predefined one that holds the permissions which begin so.
type Role struct {
	Begins string `yaml:"begins"`
	Role   string `yaml:"role"`
}

// A Call is one call with its API, the APIs that it makes Google use besides, and its permissions.
type Call struct {
	API   string   `yaml:"api"`
	Also  []string `yaml:"also"`
	Needs []string `yaml:"needs"`
	// Optional says what is lost without it; only calls of the preflight say it here.
	Optional string `yaml:"optional"`
}

// A Use is some steps with calls that they may make in the projects of one place.
type Use struct {
	Steps []string `yaml:"steps"`
	Where string   `yaml:"where"`
	// Project are JSON pointers into the step's input, where "*" is every item, to projects or to names that hold one.
	Project []string `yaml:"project"`
	// When are places in the input that must have one of the values; "*" is any but none, "" is none.
	When map[string][]string `yaml:"when"`
	// Field is what of an intent asks for the step.
	Field string   `yaml:"field"`
	Calls []string `yaml:"calls"`
	// Peered limits it to networks with peerings.
	Peered bool `yaml:"peered"`
	// Optional says what is lost without it; empty: the step cannot do without.
	Optional string `yaml:"optional"`
}

// A Policy is a constraint of the organisation that may refuse what a step does.
type Policy struct {
	Constraint string      `yaml:"constraint"`
	Where      string      `yaml:"where"`
	Uses       []PolicyUse `yaml:"uses"`
	// Bites says what is refused; Unjudged why nobody can tell whether it is.
	Bites    string `yaml:"bites"`
	Unjudged string `yaml:"unjudged"`
}

// A PolicyUse is a step with the values that the policy has to allow: Values, or those at From in the input, in the
// vendor's Words. Without either the policy bites when it is enforced.
type PolicyUse struct {
	Steps   []string            `yaml:"steps"`
	Project string              `yaml:"project"`
	When    map[string][]string `yaml:"when"`
	Values  []string            `yaml:"values"`
	From    string              `yaml:"from"`
	Words   map[string]string   `yaml:"words"`
}

// An Agent is one of Google's own accounts that needs a role.
type Agent struct {
	Account string `yaml:"account"`
	Title   string `yaml:"title"`
	Role    string `yaml:"role"`
	On      string `yaml:"on"`
	When    string `yaml:"when"`
}

// Load reads the list that is built in.
func Load() (List, error) {
	var l List
	d := yaml.NewDecoder(bytes.NewReader(raw))
	d.KnownFields(true)
	if err := d.Decode(&l); err != nil {
		return List{}, fmt.Errorf("read permissions: %w", err)
	}
	return l, nil
}

// RoleOf is a predefined role that holds a permission; "" when the list knows none.
func (l List) RoleOf(permission string) string {
	for _, r := range l.Roles {
		if strings.HasPrefix(permission, r.Begins) {
			return r.Role
		}
	}
	return ""
}
