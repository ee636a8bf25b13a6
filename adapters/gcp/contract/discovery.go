package contract

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// A document is one API's discovery document, as far as it is used.
type document struct {
	Name        string               `json:"name"`
	ServicePath string               `json:"servicePath"`
	Parameters  map[string]*property `json:"parameters"`
	Schemas     map[string]*property `json:"schemas"`
	Resources   map[string]*resource `json:"resources"`
}

type resource struct {
	Methods   map[string]*method   `json:"methods"`
	Resources map[string]*resource `json:"resources"`
}

// A method is one call of an API.
type method struct {
	ID         string               `json:"id"`
	HTTPMethod string               `json:"httpMethod"`
	Path       string               `json:"path"`
	FlatPath   string               `json:"flatPath"`
	Parameters map[string]*property `json:"parameters"`
	Request    *property            `json:"request"`
	Response   *property            `json:"response"`

	doc      *document
	segments []string
	verb     string // the custom verb after the last colon
}

// A property is a schema, a parameter, or a reference to a schema.
type property struct {
	Ref                  string               `json:"$ref"`
	Type                 string               `json:"type"`
	Format               string               `json:"format"`
	Pattern              string               `json:"pattern"`
	Enum                 []string             `json:"enum"`
	Description          string               `json:"description"`
	Location             string               `json:"location"`
	Required             bool                 `json:"required"`
	Repeated             bool                 `json:"repeated"`
	ReadOnly             bool                 `json:"readOnly"`
	Items                *property            `json:"items"`
	Properties           map[string]*property `json:"properties"`
	AdditionalProperties *property            `json:"additionalProperties"`
	Annotations          struct {
		Required []string `json:"required"`
	} `json:"annotations"`
}

// outputOnly: older documents say it in words.
func (p *property) outputOnly() bool {
	return p.ReadOnly || strings.HasPrefix(p.Description, "[Output Only]") || strings.HasPrefix(p.Description,
		"Output only.")
}

// apis are the documents that the driver's libraries speak, by their place in the module.
func apis() []string {
	return []string{
		"compute/v1/compute-api.json", "vpcaccess/v1/vpcaccess-api.json", "dns/v1/dns-api.json", "run/v2/run-api.json",
		"cloudfunctions/v2/cloudfunctions-api.json", "monitoring/v3/monitoring-api.json",
		"networkconnectivity/v1/networkconnectivity-api.json", "cloudresourcemanager/v3/cloudresourcemanager-api.json",
		"serviceusage/v1/serviceusage-api.json", "orgpolicy/v2/orgpolicy-api.json",
	}
}

// Documents are the discovery documents, read once for any number of recorders. They do not change.
type Documents struct{ methods []*method }

// Load reads all documents, 8 MB of JSON; it runs the go command to find them.
func Load() (*Documents, error) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "google.golang.org/api").Output()
	if err != nil {
		return nil, fmt.Errorf("locate module google.golang.org/api: %w", err)
	}
	var all []*method
	for _, api := range apis() {
		raw, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(out)), api))
		if err != nil {
			return nil, fmt.Errorf("read discovery document: %w", err)
		}
		d := new(document)
		if err := json.Unmarshal(raw, d); err != nil {
			return nil, fmt.Errorf("read discovery document %s: %w", api, err)
		}
		all = append(all, d.methods(d.Resources)...)
	}
	return &Documents{methods: all}, nil
}

func (d *document) methods(of map[string]*resource) []*method {
	var all []*method
	for _, r := range of {
		for _, m := range r.Methods {
			m.doc = d
			path := m.FlatPath
			if path == "" {
				path = m.Path
			}
			path, m.verb = cutVerb(d.ServicePath + path)
			m.segments = strings.Split(path, "/")
			all = append(all, m)
		}
		all = append(all, d.methods(r.Resources)...)
	}
	return all
}

// cutVerb splits a custom verb from a path: "…/services/s:setIamPolicy".
func cutVerb(path string) (before, verb string) {
	slash, colon := strings.LastIndexByte(path, '/'), strings.LastIndexByte(path, ':')
	if colon < slash {
		return path, ""
	}
	return path[:colon], path[colon+1:]
}

// find gives the methods that a call can be: of two APIs on one path (operations) both.
func find(all []*method, verb string, u *url.URL) []*method {
	path, custom := cutVerb(strings.TrimPrefix(u.Path, "/"))
	segments := strings.Split(path, "/")
	var best []*method
	most := -1
	for _, m := range all {
		if m.HTTPMethod != verb || m.verb != custom || len(m.segments) != len(segments) {
			continue
		}
		if fixed := m.fixed(segments); fixed > most {
			best, most = []*method{m}, fixed
		} else if fixed >= 0 && fixed == most {
			best = append(best, m)
		}
	}
	return best
}

// fixed counts the literal segments that a path meets, -1 when it is another path.
func (m *method) fixed(path []string) int {
	n := 0
	for i, s := range m.segments {
		switch {
		case strings.HasPrefix(s, "{"):
			if path[i] == "" {
				return -1
			}
		case s != path[i]:
			return -1
		default:
			n++
		}
	}
	return n
}

// param gives a path segment by its parameter's name; newer documents flatten names and have none.
func (m *method) param(path []string, name string) (string, bool) {
	for i, s := range m.segments {
		if s == "{"+name+"}" && i < len(path) {
			return path[i], true
		}
	}
	return "", false
}

// Method names the method of an API that a request calls ("compute.routers.patch"); of two APIs on one path the first.
func (d *Documents) Method(req *http.Request) string {
	return name(find(d.methods, req.Method, req.URL))
}
