package gcp

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"cloud.google.com/go/compute/apiv1/computepb"
	"google.golang.org/api/dns/v1"

	"github.com/culvertnet/culvert/events"
	"github.com/culvertnet/culvert/workers"
)

// A gate is Google with its token servers: it gives tokens, and notes as whom each call came.
type gate struct {
	*testing.T
	url string

	mu sync.Mutex
	// came are the calls past the token servers, as "METHOD path as token for quota project".
	came []string
	// delegates are those of the calls for tokens of an account.
	delegates map[string][]string
	// closed are accounts of which nobody may create tokens; cut cuts every call off without an answer.
	closed map[string]bool
	cut    bool
}

// newGate starts it and gives the process an account there.
func newGate(t *testing.T) *gate {
	t.Helper()
	g := &gate{T: t, delegates: map[string][]string{}, closed: map[string]bool{}}
	server := httptest.NewServer(g)
	t.Cleanup(server.Close)
	g.url = server.URL
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	account, err := json.Marshal(map[string]string{"type": "service_account", "client_email": "own@x",
		"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
		"token_uri":   g.url + "/token"})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "account.json")
	if err := os.WriteFile(file, account, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", file)
	return g
}

// client is one whose APIs are all behind the gate.
func (g *gate) client(o Options) *Client {
	g.Helper()
	o.Endpoints = map[string]string{}
	for _, api := range apis {
		o.Endpoints[api] = g.url
	}
	c, err := New(g.Context(), o)
	if err != nil {
		g.Fatal(err)
	}
	return c
}

// ServeHTTP gives tokens, and answers everything else with nothing in it.
func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	as := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	account, isToken := strings.CutPrefix(r.URL.Path, "/v1/projects/-/serviceAccounts/")
	switch {
	case r.URL.Path == "/token":
		fmt.Fprint(w, `{"access_token":"own","token_type":"Bearer","expires_in":3600}`)
	case isToken:
		account = strings.TrimSuffix(account, ":generateAccessToken")
		var asked struct {
			Delegates, Scope []string
		}
		if err := json.NewDecoder(r.Body).Decode(&asked); err != nil || as != "own" || len(asked.Scope) != 1 {
			g.Errorf("a token of %s was asked for as %q: %+v, %v", account, as, asked, err)
		}
		g.delegates[account] = asked.Delegates
		if g.closed[account] {
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, `{"error":{"code":403,"message":"iam.serviceAccounts.getAccessToken denied"}}`)
			return
		}
		fmt.Fprintf(w, `{"accessToken":%q,"expireTime":"2999-01-01T00:00:00Z"}`, "of "+account)
	default:
		g.came = append(g.came, fmt.Sprintf("%s %s as %s for %s", r.Method, r.URL.Path, as,
			r.Header.Get("X-Goog-User-Project")))
		if g.cut {
			panic(http.ErrAbortHandler)
		}
		fmt.Fprint(w, g.answer(r))
	}
}

func (g *gate) answer(r *http.Request) string {
	if r.URL.Path == "/compute/v1/projects/123456" {
		return `{"name":"team-blue"}`
	}
	if strings.HasSuffix(r.URL.Path, ":testIamPermissions") {
		_, _ = io.Copy(io.Discard, r.Body)
		return `{"permissions":[]}`
	}
	return `{}`
}

// calls are those that came, and none from now on.
func (g *gate) calls() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	all := g.came
	g.came = nil
	return all
}

const (
	prodAccount = "prod@acme.iam.gserviceaccount.com"
	teamAccount = "team@acme.iam.gserviceaccount.com"
	hopAccount  = "hop@acme.iam.gserviceaccount.com"
)

func identities() Options {
	return Options{Identity: Identity{QuotaProject: "acme-ops"}, Identities: []ProjectIdentity{
		{Identity: Identity{ServiceAccount: prodAccount, Delegates: []string{hopAccount}, QuotaProject: "acme-bill"},
			Projects: []string{"acme-prod"}},
		{Identity: Identity{ServiceAccount: teamAccount}, Projects: []string{"acme-prod", "team-*"}},
		{Projects: []string{"plain"}},
	}}
}

// Every call is made as the identity of the project that its resource is in, whichever library makes it; a project
// without an entry has the standard one, and one that is named by its number has that of its id.
func TestEachProjectHasItsIdentity(t *testing.T) {
	g := newGate(t)
	c := g.client(identities())
	for project, want := range map[string][]string{
		"acme-prod": {"of " + prodAccount + " for acme-bill"},
		"team-red":  {"of " + teamAccount + " for "},
		"123456":    {"own for acme-ops", "of " + teamAccount + " for "},
		"other":     {"own for acme-ops"},
		"plain":     {"own for "},
	} {
		if _, err := c.dns.ManagedZones.Get(project, "z").Context(t.Context()).Do(); err != nil {
			t.Errorf("zone of %s: %v", project, err)
		}
		req := &computepb.GetNetworkRequest{Project: project, Network: "n"}
		if _, err := c.networks.Get(t.Context(), req, once()); err != nil {
			t.Errorf("network of %s: %v", project, err)
		}
		var got []string
		for _, call := range g.calls() {
			_, as, _ := strings.Cut(call, " as ")
			got = append(got, as)
		}
		if last := want[len(want)-1]; !slices.Equal(got, append(want, last)) {
			t.Errorf("calls for %s were made as %q, want %q and %q", project, got, want, last)
		}
	}
	if got := g.delegates[prodAccount]; !slices.Equal(got, []string{"projects/-/serviceAccounts/" + hopAccount}) {
		t.Errorf("delegates %v", got)
	}
}

// writing are two changing calls, one of each kind of library.
func writing(t *testing.T, c *Client) map[string]error {
	_, zone := c.dns.ManagedZones.Create("acme-prod", &dns.ManagedZone{Name: "z"}).Context(t.Context()).Do()
	insert := &computepb.InsertGlobalAddressRequest{Project: "acme-prod", AddressResource: &computepb.Address{}}
	_, address := c.globalAddresses.Insert(t.Context(), insert)
	return map[string]error{"managedZones.create": zone, "globalAddresses.insert": address}
}

// Without a token nothing was sent, so nothing is in doubt; a call that was cut off may have been carried out.
func TestNoTokenLeavesNoDoubt(t *testing.T) {
	g := newGate(t)
	g.closed[prodAccount] = true
	c := g.client(identities())
	for name, err := range writing(t, c) {
		o := workers.Outcome(c.fail(call{name: name, kind: writes}, err), events.Unsure)
		if o.Class != events.Retry || o.Reason != reasonCredentials || !strings.Contains(o.Message, "getAccessToken") {
			t.Errorf("%s without a token is %s %s: %s", name, o.Class, o.Reason, o.Message)
		}
	}
	if calls := g.calls(); len(calls) != 0 {
		t.Errorf("without a token came %q", calls)
	}
	g.mu.Lock()
	g.closed, g.cut = nil, true
	g.mu.Unlock()
	for name, err := range writing(t, c) {
		o := workers.Outcome(c.fail(call{name: name, kind: writes}, err), events.Unsure)
		if o.Class != events.Unsure {
			t.Errorf("%s that was cut off is %s %s: %s", name, o.Class, o.Reason, o.Message)
		}
	}
	if calls := g.calls(); len(calls) < 2 {
		t.Errorf("with a token came only %q", calls)
	}
}

// The preflight asks as the identity that the calls will have, names it, and says how to get a token.
func TestPreflightAsEachIdentity(t *testing.T) {
	g := newGate(t)
	g.closed[prodAccount] = true
	p, err := g.client(identities()).Preflight(map[string][]string{"network": {"team-red"}, "service": {"acme-prod"}})
	if err != nil {
		t.Fatal(err)
	}
	got, err := p.Ask(t.Context(), nil, []string{"routing.announce", "egress.bind-service"})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"team-red": teamAccount,
		"acme-prod": prodAccount + " by way of " + hopAccount + " (quota project acme-bill)"}
	if !maps.Equal(got.Identities, want) {
		t.Errorf("asked as %v, want %v", got.Identities, want)
	}
	token := "gcloud iam service-accounts add-iam-policy-binding " + prodAccount + " --member=serviceAccount:" +
		hopAccount + " --role=roles/iam.serviceAccountTokenCreator"
	asked := 0
	for _, l := range got.Lacks {
		switch {
		case l.Project == "acme-prod" && (l.State != workers.Unknown || l.Remedy != token):
			t.Errorf("without a token: %+v", l)
		case l.What == workers.LackPermission && l.Project == "team-red":
			asked++
			if !strings.Contains(l.Remedy, "serviceAccount:"+teamAccount+" ") {
				t.Errorf("a role is to be given by %q", l.Remedy)
			}
		}
	}
	if calls := g.calls(); asked == 0 || slices.ContainsFunc(calls, func(c string) bool {
		return !strings.Contains(c, " as of "+teamAccount)
	}) {
		t.Errorf("%d permissions are missing; calls %q", asked, calls)
	}
}

// Tokens are asked for where that API is: at its endpoint, in the universe, or at Google's own host.
func TestTokensComeFromTheirEndpoint(t *testing.T) {
	const private = "https://iamcredentials-x.p.googleapis.com"
	for want, o := range map[string]Options{
		"https://iamcredentials.googleapis.com": {},
		"https://iamcredentials.example.goog":   {UniverseDomain: "example.goog"},

		private: {UniverseDomain: "example.goog", Endpoints: map[string]string{apiIAMCredentials: private}},
	} {
		r := &recorder{hosts: map[string]bool{}}
		req := httptest.NewRequest(http.MethodPost, "https://iamcredentials.googleapis.com/v1/x", http.NoBody)
		if _, err := (elsewhere{r, o}).RoundTrip(req); err != nil || !r.hosts[want] || len(r.hosts) != 1 {
			t.Errorf("tokens came from %v (%v), want %s", r.hosts, err, want)
		}
	}
}

// Identities that cannot be meant make no client.
func TestIdentitiesAreChecked(t *testing.T) {
	for want, o := range map[string]Options{
		"know no identities": {Endpoint: "http://127.0.0.1:9", Identity: Identity{QuotaProject: "p"}},
		"delegates without":  {Identity: Identity{Delegates: []string{hopAccount}}},
		"without projects":   {Identities: []ProjectIdentity{{}}},
		"syntax error":       {Identities: []ProjectIdentity{{Projects: []string{"[a"}}}},
	} {
		if _, err := New(t.Context(), o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}
