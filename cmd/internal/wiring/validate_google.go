package wiring

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"path"
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
	g.checkIdentities(need)
	checkRates(need, "ratePerMinute", g.RatePerMinute)
	for _, id := range slices.Sorted(maps.Keys(g.Projects)) {
		checkRates(need, "projects."+id+".ratePerMinute", g.Projects[id].RatePerMinute)
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
	none := g.Identity.empty() && len(g.Identities) == 0
	need(none, "identity, identities: there is an endpoint for a simulated world, which knows none; "+
		"leave one of them out")
	need(g.UniverseDomain == "", "universeDomain: there is an endpoint for a simulated world; leave one of them out")
}

// leastRate is the smallest number of calls a minute that is taken: with less a saga of many reads takes hours.
const leastRate = 10

// checkRates judges how many calls a minute there may be.
func checkRates(need ruling, at string, rates map[string]int) {
	groups := gcp.Groups()
	for _, group := range slices.Sorted(maps.Keys(rates)) {
		_, known := groups[group]
		need(known, "%s.%s: no calls are counted so: want some of %s", at, group,
			strings.Join(slices.Sorted(maps.Keys(groups)), ", "))
		need(rates[group] >= leastRate, "%s.%s: %d is less than %d calls a minute", at, group, rates[group], leastRate)
	}
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

// The forms of names: a service account's address, a project's id, and a pattern of ids.
var (
	accountForm = regexp.MustCompile(`^[^@/\s]+@[^@/\s]+\.gserviceaccount\.com$`)
	projectForm = regexp.MustCompile(`^([a-z0-9.-]+:)?[a-z][-a-z0-9]*[a-z0-9]$`)
	patternForm = regexp.MustCompile(`^[-a-z0-9.:*]+$`)
)

// checkIdentities judges as whom calls are made.
func (g Google) checkIdentities(need ruling) {
	g.Identity.check(need, "identity")
	type known struct{ at, pattern string }
	var before []known
	for i, entry := range g.Identities {
		at := fmt.Sprintf("identities[%d]", i)
		entry.check(need, at)
		need(len(entry.Projects) > 0, "%s.projects is empty", at)
		for _, pattern := range entry.Projects {
			need(patternForm.MatchString(pattern) && !isNumber(pattern),
				"%s.projects: %q is not a project's id, nor a pattern of ids with *", at, pattern)
			for _, b := range before {
				fits, err := path.Match(b.pattern, pattern)
				need(err != nil || !fits, "%s.projects: %s belongs to %s already, by %s; the first entry counts", at,
					pattern, b.at, b.pattern)
			}
			before = append(before, known{at, pattern})
		}
	}
}

// isNumber tells a project's number from its id: entries are by id.
func isNumber(project string) bool { return strings.Trim(project, "0123456789") == "" }

func (i GoogleIdentity) empty() bool {
	return i.ImpersonateServiceAccount == "" && len(i.Delegates) == 0 && i.QuotaProject == ""
}

func (i GoogleIdentity) check(need ruling, at string) {
	account := i.ImpersonateServiceAccount
	need(account == "" || accountForm.MatchString(account),
		"%s.impersonateServiceAccount: %q is not the address of a service account", at, account)
	need(account != "" || len(i.Delegates) == 0, "%s.delegates: there is no impersonateServiceAccount", at)
	for _, d := range i.Delegates {
		need(accountForm.MatchString(d), "%s.delegates: %q is not the address of a service account", at, d)
	}
	need(i.QuotaProject == "" || projectForm.MatchString(i.QuotaProject), "%s.quotaProject: %q is not a project's id",
		at, i.QuotaProject)
}
