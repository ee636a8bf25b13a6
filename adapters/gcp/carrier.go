package gcp

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"google.golang.org/api/impersonate"
	"google.golang.org/api/option"
	htransport "google.golang.org/api/transport/http"
)

// scope is what every call of this package needs.
const scope = "https://www.googleapis.com/auth/cloud-platform"

// tokenWait bounds one call for a token of an impersonated account: the library's makes it without a context.
const tokenWait = 10 * time.Second

// A sender makes the calls of one identity.
type sender struct {
	ProjectIdentity
	by http.RoundTripper
}

// senders make every call as the identity of the project that its resource is in.
type senders struct {
	client   *Client
	standard sender
	projects []sender
}

// of is the sender of a project: the first entry that fits, or the standard one.
func (s senders) of(project string) sender {
	for _, one := range s.projects {
		if one.ProjectIdentity.of(project) {
			return one
		}
	}
	return s.standard
}

// RoundTrip makes the call.
func (s senders) RoundTrip(req *http.Request) (*http.Response, error) {
	return s.of(s.project(req)).by.RoundTrip(req)
}

// project is the id of the project whose resource a call is about; "" when there is none. A project that is named by
// its number is looked up once, as nobody in particular, because entries are by id.
func (s senders) project(req *http.Request) string {
	project := projectIn(req.URL.Path)
	if len(s.projects) == 0 || !isNumber(project) || strings.HasSuffix(req.URL.Path, "/projects/"+project) {
		return project
	}
	return s.client.project(req.Context(), project)
}

// projectIn is the project in the path of a call, by its id or number.
func projectIn(path string) string {
	project, _, _ := strings.Cut(segment(path, "projects"), ":")
	return project
}

// dial makes what carries the calls: every API shares its connections.
func (o Options) dial(ctx context.Context, c *Client) (senders, error) {
	switch {
	case o.HTTPClient != nil:
		by := o.HTTPClient.Transport
		if by == nil {
			by = http.DefaultTransport
		}
		return senders{client: c, standard: sender{by: by}}, nil
	case o.Endpoint != "":
		t := http.DefaultTransport.(*http.Transport).Clone()
		t.MaxIdleConnsPerHost = 256 // one host serves all workers; the default of 2 would open a connection a call
		return senders{client: c, standard: sender{by: t}}, nil
	}
	line, _, err := htransport.NewClient(ctx, option.WithoutAuthentication())
	if err != nil {
		return senders{}, err
	}
	all := senders{client: c}
	if all.standard.by, err = o.authenticated(ctx, line.Transport, o.Identity); err != nil {
		return senders{}, err
	}
	all.standard.Identity = o.Identity
	for _, p := range o.Identities {
		by, err := o.authenticated(ctx, line.Transport, p.Identity)
		if err != nil {
			return senders{}, err
		}
		all.projects = append(all.projects, sender{p, by})
	}
	return all, nil
}

// authenticated makes calls on a line as an identity.
func (o Options) authenticated(ctx context.Context, line http.RoundTripper, as Identity) (http.RoundTripper, error) {
	after := time.Duration(float64(tokenPause) / max(o.Pace, 1))
	opts := []option.ClientOption{option.WithScopes(scope), option.WithTelemetryDisabled()}
	if as.ServiceAccount != "" {
		own, err := htransport.NewTransport(ctx, elsewhere{line, o}, opts...)
		if err != nil {
			return nil, err
		}
		tokens, err := impersonate.CredentialsTokenSource(ctx, impersonate.CredentialsConfig{
			TargetPrincipal: as.ServiceAccount, Delegates: as.Delegates, Scopes: []string{scope},
		}, option.WithHTTPClient(&http.Client{Transport: own, Timeout: tokenWait}))
		if err != nil {
			return nil, fmt.Errorf("impersonate %s: %w", as.ServiceAccount, err)
		}
		opts = append(opts, option.WithTokenSource(tokens))
	}
	if as.QuotaProject != "" {
		opts = append(opts, option.WithQuotaProject(as.QuotaProject))
	}
	by, err := htransport.NewTransport(ctx, departures{line}, opts...)
	if err != nil {
		return nil, err
	}
	return departing{by, after}, nil
}

// elsewhere sends the library's calls for tokens, which know one host only, to where that API is.
type elsewhere struct {
	next http.RoundTripper
	o    Options
}

// RoundTrip makes the call.
func (e elsewhere) RoundTrip(req *http.Request) (*http.Response, error) {
	at := e.o.Endpoints[apiIAMCredentials]
	if at == "" && e.o.UniverseDomain != "" {
		at = "https://" + apiIAMCredentials + "." + e.o.UniverseDomain
	}
	if at == "" {
		return e.next.RoundTrip(req)
	}
	root, err := url.Parse(at)
	if err != nil {
		return nil, err
	}
	own := req.Clone(req.Context())
	own.URL.Scheme, own.URL.Host, own.Host = root.Scheme, root.Host, ""
	return e.next.RoundTrip(own)
}
