package aviatrix

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/culvertnet/culvert/workers"
)

// Options tell where the controllers are.
type Options struct {
	// Controllers by the name that targets and filters use.
	Controllers map[string]Controller
	// HTTPClient, when set, carries every request (tests); CAFile is not read then. Redirects are never followed.
	HTTPClient *http.Client
	// Now is the clock that ends the pause after a refused login; nil is time.Now.
	Now func() time.Time
	// Pace divides the waits this package proposes; 1 (or 0) is real time. Deadlines of calls are not divided.
	Pace float64
	// Parallel bounds the calls under way to one controller; 0 is 4. The vendor announces no rate limit (A.4).
	Parallel int
}

// A Controller is one Aviatrix controller.
type Controller struct {
	// URL is the controller's root, https://host. Plain http is taken for loopback addresses only.
	URL      string
	Username string
	// Password is asked at each login, so that a rotated secret is found. It is neither kept nor logged.
	Password func(ctx context.Context) (string, error)
	// CAFile holds the PEM roots that sign the controller's certificate; empty means the system's.
	CAFile string
	// AttachmentPoint is where the distributed firewall's shared rule set sits; empty is TERRAFORM_BEFORE_UI_MANAGED.
	AttachmentPoint string
}

// defaultPoint is a system attachment point for rule sets that are kept by machines, before those kept by hand (A.5).
const defaultPoint = "TERRAFORM_BEFORE_UI_MANAGED"

// Client holds one session per controller. Safe for concurrent use.
type Client struct {
	controllers map[string]*controller
	now         func() time.Time
	pace        float64
}

// New checks the options and reads the CA files; it makes no call.
func New(o Options) (*Client, error) {
	c := &Client{controllers: map[string]*controller{}, now: o.Now, pace: o.Pace}
	if c.now == nil {
		c.now = time.Now
	}
	if c.pace <= 0 {
		c.pace = 1
	}
	if o.Parallel <= 0 {
		o.Parallel = 4
	}
	for name, conf := range o.Controllers {
		ctl, err := newController(name, conf, o)
		if err != nil {
			return nil, fmt.Errorf("configure controller %q: %w", name, err)
		}
		ctl.client = c
		c.controllers[name] = ctl
	}
	return c, nil
}

// controller is the client of one controller.
type controller struct {
	client *Client
	name   string
	root   string
	point  string
	http   *http.Client
	slots  chan struct{}
	session
}

func newController(name string, conf Controller, o Options) (*controller, error) {
	u, err := url.Parse(conf.URL)
	if err != nil {
		return nil, fmt.Errorf("read url: %w", err)
	}
	if u.Scheme != "https" && !(u.Scheme == "http" && loopback(u.Hostname())) {
		return nil, fmt.Errorf("read url %q: https is required but for loopback addresses", conf.URL)
	}
	if conf.Username == "" || conf.Password == nil {
		return nil, errors.New("read credentials: username and password are required")
	}
	ctl := &controller{
		name: name, root: strings.TrimRight(conf.URL, "/"), point: conf.AttachmentPoint,
		slots:   make(chan struct{}, o.Parallel),
		session: session{username: conf.Username, password: conf.Password},
	}
	if ctl.point == "" {
		ctl.point = defaultPoint
	}
	if ctl.http, err = httpClient(conf, o.HTTPClient); err != nil {
		return nil, err
	}
	return ctl, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}

// httpClient never follows redirects: they would carry the session elsewhere.
func httpClient(conf Controller, given *http.Client) (*http.Client, error) {
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	if given != nil {
		own := *given
		own.CheckRedirect = stay
		return &own, nil
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	if conf.CAFile != "" {
		pem, err := os.ReadFile(conf.CAFile)
		if err != nil {
			return nil, fmt.Errorf("read CA file: %w", err)
		}
		roots := x509.NewCertPool()
		if !roots.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("read CA file %s: no certificate in it", conf.CAFile)
		}
		transport.TLSClientConfig.RootCAs = roots
	}
	return &http.Client{Transport: transport, CheckRedirect: stay}, nil
}

// controller finds a controller by the operator's name for it.
func (c *Client) controller(name string) (*controller, error) {
	ctl, ok := c.controllers[name]
	if !ok {
		return nil, workers.Refuse("unknown-controller", "find controller %q: not configured", name)
	}
	return ctl, nil
}

// paced is a vendor's waiting time at this client's pace.
func (c *Client) paced(d time.Duration) time.Duration {
	return time.Duration(float64(d) / c.pace)
}
