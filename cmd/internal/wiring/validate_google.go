package wiring

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/culvertnet/culvert/adapters/gcp"
)

// A ruling notes that a rule of a field is broken, with the field's path first.
type ruling func(good bool, format string, args ...any)

// validate tells every field of Google's part that cannot be meant.
func (g Google) validate() error {
	var errs []error
	need := func(good bool, format string, args ...any) {
		if !good {
			errs = append(errs, fmt.Errorf("configuration: google.%s", fmt.Sprintf(format, args...)))
		}
	}
	g.checkEndpoint(need)
	g.checkEndpoints(need)
	for _, id := range slices.Sorted(maps.Keys(g.Projects)) {
		parts := g.Projects[id].Plays
		need(len(parts) > 0, "projects.%s.plays is empty", id)
		for _, part := range parts {
			need(slices.Contains(plays, part), "projects.%s.plays: invalid %q: want some of %s", id, part,
				strings.Join(plays, ", "))
		}
	}
	return errors.Join(errs...)
}

// checkEndpoint judges the simulated world. What a real Google would get without credentials it refuses at best.
func (g Google) checkEndpoint(need ruling) {
	if g.Endpoint == "" {
		need(!g.EndpointIsSimulated, "endpointIsSimulated: there is no endpoint")
		return
	}
	is := IsURL(g.Endpoint, "https", "http")
	need(is, "endpoint: %q is not a URL", g.Endpoint)
	if !is {
		return
	}
	need(!isGoogles(g.Endpoint), "endpoint: %q is Google's, and calls to an endpoint carry no credentials; private "+
		"and regional endpoints go into google.endpoints, by API", g.Endpoint)
	need(onThisMachine(g.Endpoint) || g.EndpointIsSimulated || isGoogles(g.Endpoint), "endpoint: %q is not on this "+
		"machine; it is for a simulated world that speaks all of Google's APIs, and calls to it carry no credentials. "+
		"Say endpointIsSimulated: true if it is one", g.Endpoint)
	need(len(g.Endpoints) == 0, "endpoints: there is an endpoint for a simulated world; leave one of them out")
	need(g.UniverseDomain == "", "universeDomain: there is an endpoint for a simulated world; leave one of them out")
}

// isGoogles tells whether a URL's host is one of Google's API hosts.
func isGoogles(text string) bool {
	u, err := url.Parse(text)
	return err == nil && strings.HasSuffix("."+strings.ToLower(u.Hostname()), ".googleapis.com")
}

// domain is a DNS name of two labels or more, in lower case.
var domain = regexp.MustCompile(`^([a-z0-9]([-a-z0-9]*[a-z0-9])?\.)+[a-z]([-a-z0-9]*[a-z0-9])?$`)

// checkEndpoints judges the endpoints by API: calls to them carry a token, which must not go over a line in the clear.
func (g Google) checkEndpoints(need ruling) {
	for _, api := range slices.Sorted(maps.Keys(g.Endpoints)) {
		root := g.Endpoints[api]
		need(slices.Contains(gcp.APIs(), api), "endpoints.%s: no API of this name is called: want some of %s", api,
			strings.Join(gcp.APIs(), ", "))
		u, err := url.Parse(root)
		bare := err == nil && u.Host != "" && u.Path == "" && u.RawQuery == "" && u.Fragment == "" && u.User == nil
		need(bare && (u.Scheme == "https" || u.Scheme == "http" && onThisMachine(root)),
			"endpoints.%s: %q is not https://host without a path (http is for this machine)", api, root)
	}
	need(g.UniverseDomain == "" || domain.MatchString(g.UniverseDomain),
		"universeDomain: %q is not a domain such as googleapis.com", g.UniverseDomain)
}
