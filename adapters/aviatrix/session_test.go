package aviatrix_test

import (
	"context"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/culvertnet/culvert/adapters/aviatrix"
	"github.com/culvertnet/culvert/workers/policy"
	"github.com/culvertnet/culvert/workers/routing"
)

// read makes one v2 read through the client.
func read(c *aviatrix.Client) error {
	_, err := c.Announcements().Read(context.Background(), routing.Target{Controller: "c", Gateway: "g"})
	return err
}

const oneSpoke = `[{"vpc_name":"g","vpc_state":"UP","spoke_vpc":"yes","include_cidr_list":[],"advertise_cidr_list":["10.0.0.0/24"]}]`

func TestLoginWithToken(t *testing.T) {
	var header string
	s := &stub{answers: map[string]func(*http.Request) (int, string){
		"list_vpcs_summary": ok(oneSpoke),
		"login": func(r *http.Request) (int, string) {
			header = r.Header.Get("X-Access-Key")
			if r.FormValue("username") != "admin" || r.FormValue("password") != "hunter2" || r.URL.RawQuery != "" {
				return 200, `{"return":false,"reason":"bad"}`
			}
			return 200, `{"return":true,"CID":"abc"}`
		},
	}}
	must(t, read(s.client(t)))
	if header != "token-1" {
		t.Errorf("X-Access-Key: got %q", header)
	}
}

func TestLoginWithoutTokenWhereItIsRefused(t *testing.T) {
	s := &stub{answers: map[string]func(*http.Request) (int, string){
		"list_vpcs_summary": ok(oneSpoke),
		"get_api_token": func(*http.Request) (int, string) {
			return 200, `{"return":false,"reason":"Invalid action"}`
		},
		"login": func(r *http.Request) (int, string) {
			if _, sent := r.Header["X-Access-Key"]; sent {
				return 200, `{"return":false,"reason":"Invalid API token"}`
			}
			return 200, `{"return":true,"CID":"abc"}`
		},
	}}
	must(t, read(s.client(t)))
}

func TestLoginRefusedIsTriedAgainLater(t *testing.T) {
	fine := false
	s := &stub{answers: map[string]func(*http.Request) (int, string){
		"list_vpcs_summary": ok(oneSpoke),
		"login": func(*http.Request) (int, string) {
			if fine {
				return 200, `{"return":true,"CID":"abc"}`
			}
			return 200, `{"return":false,"reason":"User name/password does not match"}`
		},
	}}
	now := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	c := s.clientAt(t, func() time.Time { return now })
	for range 3 {
		err := read(c)
		wantClass(t, "read", err, "retry login")
		if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("the password is in the error: %v", err)
		}
	}
	if n := s.count("login"); n != 1 {
		t.Errorf("%d logins with wrong credentials within a minute", n)
	}
	fine, now = true, now.Add(2*time.Minute)
	must(t, read(c))
}

func TestASessionIsInNoError(t *testing.T) {
	s := &stub{answers: map[string]func(*http.Request) (int, string){
		"login": func(*http.Request) (int, string) { return 200, `{"return":true,"CID":"s3cr3t-cid"}` },
		"list_vpcs_summary": func(*http.Request) (int, string) {
			return 200, `{"return":false,"reason":"[AVXERR-X-0001] request of s3cr3t-cid is not allowed"}`
		},
	}}
	err := read(s.client(t))
	if err == nil || strings.Contains(err.Error(), "s3cr3t-cid") || !strings.Contains(err.Error(), "is not allowed") {
		t.Errorf("got %v, want the controller's words without the session", err)
	}
}

func TestOneLoginForAll(t *testing.T) {
	s := &stub{answers: map[string]func(*http.Request) (int, string){"list_vpcs_summary": ok(oneSpoke)}}
	c := s.client(t)
	var wg sync.WaitGroup
	for range 30 {
		wg.Go(func() {
			if err := read(c); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := s.count("login"); n != 1 {
		t.Errorf("%d logins for 30 calls at once", n)
	}
}

// TestExpiredSessions: each shape in which a path says that a session is dead, on every path.
func TestExpiredSessions(t *testing.T) {
	shapes := map[string]func(cid string) string{
		"form":      func(string) string { return "Invalid session. Please login again." },
		"old form":  func(string) string { return "CID is invalid or expired." },
		"JSON":      func(cid string) string { return "Session " + cid + " expired" },
		"REST text": func(string) string { return "Invalid CID" },
	}
	for name, reason := range shapes {
		t.Run(name, func(t *testing.T) {
			s := &stub{}
			old := func(r *http.Request, fine string) (int, string) {
				cid := r.FormValue("CID") + strings.TrimPrefix(r.Header.Get("Authorization"), "cid ")
				switch {
				case cid != "cid-1":
					return 200, fine
				case strings.HasPrefix(r.URL.Path, "/v2.5"):
					return 403, `{"message":"` + reason(cid) + `"}`
				}
				return 200, `{"return":false,"reason":"` + reason(cid) + `"}`
			}
			s.answers = map[string]func(*http.Request) (int, string){
				"list_vpcs_summary": func(r *http.Request) (int, string) {
					return old(r, `{"return":true,"results":`+oneSpoke+`}`)
				},
				"/v2.5/api/app-domains": func(r *http.Request) (int, string) { return old(r, `{"app_domains":[]}`) },
			}
			must(t, read(s.client(t)))
			if n := s.count("login"); n != 2 {
				t.Errorf("v2: %d logins", n)
			}
			s.mu.Lock()
			s.logins, s.seen = 0, nil
			s.mu.Unlock()
			must(t, s.client(t).WebGroups().Filters.Remove(
				t.Context(), uuid.Nil, policy.Filter{Controller: "c", Name: "x"},
			))
			if n := s.count("login"); n != 2 {
				t.Errorf("v2.5: %d logins", n)
			}
		})
	}
}

func TestSessionThatIsAlwaysDead(t *testing.T) {
	s := &stub{answers: map[string]func(*http.Request) (int, string){
		"list_vpcs_summary": func(*http.Request) (int, string) {
			return 200, `{"return":false,"reason":"CID is invalid or expired."}`
		},
	}}
	wantClass(t, "read", read(s.client(t)), "retry session")
	if n := s.count("list_vpcs_summary"); n != 2 {
		t.Errorf("asked %d times, want 2", n)
	}
}

func TestErrorsDoNotTellTheSession(t *testing.T) {
	var c *aviatrix.Client
	s := &stub{answers: map[string]func(*http.Request) (int, string){
		"list_vpcs_summary": func(*http.Request) (int, string) { panic(http.ErrAbortHandler) },
	}}
	c = s.client(t)
	err := read(c)
	wantClass(t, "read", err, "retry no-answer")
	if strings.Contains(err.Error(), "cid-") {
		t.Errorf("the session is in the error: %v", err)
	}
}

// tlsClient talks to a stub behind TLS with the roots of a file.
func tlsClient(t *testing.T, url string, roots []byte) *aviatrix.Client {
	t.Helper()
	conf := aviatrix.Controller{URL: url, Username: "admin", Password: secret("hunter2")}
	if roots != nil {
		conf.CAFile = filepath.Join(t.TempDir(), "ca.pem")
		must(t, os.WriteFile(conf.CAFile, roots, 0o600))
	}
	c, err := aviatrix.New(aviatrix.Options{Controllers: map[string]aviatrix.Controller{"c": conf}})
	must(t, err)
	return c
}

func TestCertificatesAreVerified(t *testing.T) {
	s := &stub{answers: map[string]func(*http.Request) (int, string){"list_vpcs_summary": ok(oneSpoke)}}
	server := httptest.NewUnstartedServer(s)
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // it complains of the client that hangs up
	server.StartTLS()
	t.Cleanup(server.Close)
	roots := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	must(t, read(tlsClient(t, server.URL, roots)))
	if err := read(tlsClient(t, server.URL, nil)); err == nil {
		t.Error("a certificate nobody vouches for was taken")
	}
}

func TestNewRefuses(t *testing.T) {
	good := aviatrix.Controller{URL: "https://controller.example", Username: "admin", Password: secret("x")}
	plain, nobody, noFile := good, good, good
	plain.URL = "http://controller.example"
	nobody.Password = nil
	noFile.CAFile = filepath.Join(t.TempDir(), "missing.pem")
	for name, c := range map[string]aviatrix.Controller{"plain http": plain, "no password": nobody,
		"no CA file": noFile} {
		if _, err := aviatrix.New(aviatrix.Options{Controllers: map[string]aviatrix.Controller{"c": c}}); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
	if _, err := aviatrix.New(aviatrix.Options{Controllers: map[string]aviatrix.Controller{"c": good}}); err != nil {
		t.Error(err)
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	elsewhere := make(chan struct{}, 10)
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere <- struct{}{} }))
	t.Cleanup(other.Close)
	redirecting := httptest.NewServer(http.RedirectHandler(other.URL, http.StatusTemporaryRedirect))
	t.Cleanup(redirecting.Close)
	c, err := aviatrix.New(aviatrix.Options{Controllers: map[string]aviatrix.Controller{
		"c": {URL: redirecting.URL, Username: "admin", Password: secret("hunter2")},
	}})
	must(t, err)
	wantClass(t, "read", read(c), "retry login")
	if len(elsewhere) > 0 {
		t.Error("credentials went where a redirect pointed")
	}
}

func TestTasks(t *testing.T) {
	reasons := []string{"REQUEST_IN_PROGRESS", ""}
	s := &stub{answers: map[string]func(*http.Request) (int, string){
		"list_fqdn_filter_tags":             ok(`{"x":{"wbmode":"white","state":"enabled"}}`),
		"list_fqdn_filter_tag_attached_gws": ok(`[]`),
		"del_fqdn_filter_tag":               ok(`{"request_id":"r-7"}`),
		"check_task_status": func(r *http.Request) (int, string) {
			if r.FormValue("request_id") != "r-7" || r.Method != http.MethodPost {
				return 200, `{"return":false,"reason":"Request ID does not exist."}`
			}
			if len(reasons) == 0 {
				return 200, `{"return":true,"results":"done"}`
			}
			defer func() { reasons = slices.Delete(reasons, 0, 1) }()
			return 200, `{"return":false,"reason":"` + reasons[0] + `"}`
		},
	}}
	c := s.client(t)
	err := c.FQDN().Remove(t.Context(), uuid.Nil, policy.Filter{Controller: "c", Name: "x"})
	wantClass(t, "remove", err, "wait operation")
	const handle = "aviatrix:c/r-7"
	for range 2 {
		wantClass(t, "poll", c.Operations().Poll(t.Context(), handle), "wait operation")
	}
	must(t, c.Operations().Poll(t.Context(), handle))
	if err := c.Operations().Poll(t.Context(), "aviatrix:c/other"); !errors.Is(err, errNotFound) {
		t.Errorf("a task the controller has forgotten: %v", err)
	}
	reasons = []string{"Gateway instance create broke"}
	wantClass(t, "a task that failed", c.Operations().Poll(t.Context(), handle), "refuse task")
	wantClass(t, "a broken handle", c.Operations().Poll(t.Context(), "aviatrix:c"), "refuse invalid")
}
