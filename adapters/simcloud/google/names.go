package google

import (
	"cmp"
	"regexp"
	"strings"
)

const (
	vendor   = "gcp"
	linkRoot = "https://www.googleapis.com/compute/v1/"
)

var (
	computeName = regexp.MustCompile(`^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$`)
	// forwarding rules for Google APIs: discovery document, ForwardingRule.name
	bundleName = regexp.MustCompile(`^[a-z][a-z0-9]{0,19}$`)
)

// link is the selfLink of a relative Compute name.
func link(name string) string { return linkRoot + name }

// relative turns any form of a Compute reference (full URL on any host, "projects/…", "global/…", "regions/…") into a
// name relative to the API's root; project fills a partial reference.
func relative(ref, project string) string {
	if i := strings.Index(ref, "/compute/"); i >= 0 {
		rest := ref[i+len("/compute/"):]
		if _, after, ok := strings.Cut(rest, "/"); ok {
			ref = after
		}
	}
	ref = strings.TrimPrefix(ref, "/")
	for _, partial := range []string{"global/", "regions/", "zones/"} {
		if strings.HasPrefix(ref, partial) {
			return "projects/" + project + "/" + ref
		}
	}
	return ref
}

// base is the last segment of a name.
func base(name string) string { return name[strings.LastIndex(name, "/")+1:] }

// segment returns the path segment after the named one: segment("projects/p/regions/r/…", "regions") is "r".
func segment(name, after string) string {
	parts := strings.Split(name, "/")
	for i := 0; i+1 < len(parts); i++ {
		if parts[i] == after {
			return parts[i+1]
		}
	}
	return ""
}

// projectID is the id of a project that is called by its number or its id: the APIs take either.
func (d *api) projectID(called string) string { return cmp.Or(d.numbers[called], called) }

// byID is a name with its project's id instead of its number.
func (d *api) byID(name string) string {
	number := segment(name, "projects")
	if id, ok := d.numbers[number]; ok && number != "" {
		return strings.Replace(name, "projects/"+number, "projects/"+id, 1)
	}
	return name
}

// withIDs is a document whose references call projects by their ids.
func (d *api) withIDs(v any) any {
	switch v := v.(type) {
	case string:
		return d.byID(v)
	case []any:
		for i := range v {
			v[i] = d.withIDs(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = d.withIDs(v[k])
		}
	}
	return v
}
