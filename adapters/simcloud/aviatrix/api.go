package aviatrix

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/culvertnet/culvert/adapters/simcloud/world"
)

// Vendor is this API's name in faults, ledger and resources.
const Vendor = "aviatrix"

const (
	defaultSessionLifetime = time.Hour
	defaultRouteReport     = 50 * time.Second
)

// New loads the scenario into the world (call it before World.Baseline), registers the projector and returns one
// handler a controller, by name. Each serves /v1/api, /v2/api and /v2.5/api/... relative to its root. Handlers are safe
// for concurrent use; sessions live in the handler's memory only, so a world opened again has none, as a restored
// controller has.
func New(w *world.World, s Scenario) (map[string]http.Handler, error) {
	handlers := make(map[string]http.Handler, len(s.Controllers))
	for _, conf := range s.Controllers {
		if _, twice := handlers[conf.Name]; twice || conf.Name == "" {
			return nil, fmt.Errorf("build controller %q: names must be unique and not empty", conf.Name)
		}
		ctl, err := newController(w, conf)
		if err != nil {
			return nil, fmt.Errorf("build controller %q: %w", conf.Name, err)
		}
		handlers[conf.Name] = ctl
	}
	w.Register(Vendor, project)
	return handlers, nil
}

// controller is one controller's API.
type controller struct {
	w     *world.World
	conf  Controller
	major int
	// enforcement tells whether rules have the field: from 10.1 on (provider: the field is not in v10.0.1).
	enforcement bool

	sessions *sessions
	actions  map[string]action
	rest     *http.ServeMux
}

func newController(w *world.World, conf Controller) (*controller, error) {
	numbers := strings.SplitN(conf.Version, ".", 3)
	major, err := strconv.Atoi(numbers[0])
	minor := 0
	if err == nil && len(numbers) > 1 {
		minor, err = strconv.Atoi(numbers[1])
	}
	if err != nil {
		return nil, fmt.Errorf("read version %q: %w", conf.Version, err)
	}
	if conf.SessionLifetime == 0 {
		conf.SessionLifetime = defaultSessionLifetime
	}
	if conf.RouteReport == 0 {
		conf.RouteReport = defaultRouteReport
	}
	c := &controller{w: w, conf: conf, major: major, sessions: newSessions(), actions: actions(major),
		enforcement: major > 10 || major == 10 && minor >= 1}
	c.rest = c.restRoutes()
	return c, w.Do(c.seed)
}

// ServeHTTP implements http.Handler.
func (c *controller) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	switch path := strings.TrimSuffix(r.URL.Path, "/"); {
	case path == "/v1/api" || path == "/v2/api":
		c.serveAction(rw, r)
	case strings.HasPrefix(path, "/v2.5/api/"):
		c.rest.ServeHTTP(rw, r)
	default:
		http.NotFound(rw, r)
	}
}

// call is one request on its way through a handler. It is used inside one transaction only.
type call struct {
	tx   *world.Tx
	ctl  *controller
	name string // the action, or the REST call's name: what faults and ledger know it by
	in   fields
	took time.Duration // vendor time the answer takes; the effect is there before it
	// known keeps what was read, where nobody writes meanwhile; nil: everything is read anew
	known map[string]any
}

// key names a document: everything a controller has carries its name, so that two controllers never meet.
func (c *call) key(parts ...string) string { return c.ctl.conf.Name + "/" + strings.Join(parts, "/") }

// refusal is a reason the vendor gives for return:false, or for a 4xx of the REST API.
type refusal struct {
	status int // REST only; 0 means 400
	text   string
}

func (r refusal) Error() string { return r.text }

func refuse(format string, args ...any) error { return refusal{text: fmt.Sprintf(format, args...)} }

func missing(format string, args ...any) error {
	return refusal{status: http.StatusNotFound, text: fmt.Sprintf(format, args...)}
}

// slowWriter holds an answer back until the vendor's time has passed. The effect happened before: a caller whose
// deadline is shorter sees a failure of something that was done.
type slowWriter struct {
	http.ResponseWriter
	wait func()
}

func (s *slowWriter) WriteHeader(status int) {
	s.wait()
	s.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController reach the connection.
func (s *slowWriter) Unwrap() http.ResponseWriter { return s.ResponseWriter }

// serve runs one guarded call and, where the handler asked for it, answers later.
func (c *controller) serve(rw http.ResponseWriter, r *http.Request, g world.Guard, took *time.Duration) {
	slow := &slowWriter{ResponseWriter: rw, wait: func() {
		if *took == 0 {
			return
		}
		select {
		case <-c.w.After(*took):
		case <-r.Context().Done():
		}
	}}
	c.w.Serve(slow, r, g)
}
