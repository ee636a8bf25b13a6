package plans

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/culvertnet/culvert/adapters/gcp/permissions"
	"github.com/culvertnet/culvert/adapters/simcloud"
	"github.com/culvertnet/culvert/adapters/simcloud/world"
	"github.com/culvertnet/culvert/examples"
)

// worldWith is the default scenario with some more lines about Google Cloud, and a few of its thousand services.
func worldWith(lines string) []byte {
	small := bytes.Replace(examples.World, []byte("count: 1000"), []byte("count: 10"), 1)
	return bytes.Replace(small, []byte("\ngoogle:\n"), []byte("\ngoogle:\n"+lines), 1)
}

// accessOnly grants everybody some permissions and nothing else, in a project or in all.
func accessOnly(project string, only []string) string {
	of := ""
	if project != "" {
		of = "project: " + project + ", "
	}
	return "  access: [" + grantOf(of, only) + "]\n"
}

func grantOf(of string, only []string) string {
	if len(only) == 0 {
		only = []string{"nothing.at.all"}
	}
	return fmt.Sprintf("{identity: \"*\", %sonly: [%s]}", of, strings.Join(only, ", "))
}

// allOff switches every API of the list off in every project, but for those by which the preflight asks.
func allOff(l permissions.List) string {
	asks := map[string]bool{}
	for _, c := range l.Preflight {
		asks[c.API] = true
	}
	var off []string
	for _, name := range slices.Sorted(maps.Keys(l.APIs)) {
		if !asks[name] {
			off = append(off, l.APIs[name].Service)
		}
	}
	var lines []string
	for _, project := range worldProjects {
		lines = append(lines, fmt.Sprintf("{project: %s, apis: [%s]}", project, strings.Join(off, ", ")))
	}
	return "  disabledApis: [" + strings.Join(lines, ", ") + "]\n"
}

// worldProjects are the projects of the default scenario.
var worldProjects = []string{"acme-net", "acme-prod", "acme-shared", "acme-producers"}

// A worldSwitch is an address at which one world after the other is served.
type worldSwitch struct {
	at     string
	target atomic.Pointer[url.URL]
	server *http.Server
	// first is the world that the daemon finds when it starts; its controllers and its site stay.
	first, now *simcloud.Server
}

func newWorldSwitch(ctx context.Context) (*worldSwitch, error) {
	s := &worldSwitch{}
	var err error
	if s.first, err = simcloud.Start(ctx, simcloud.Options{World: world.Config{Speed: 200},
		Scenario: worldWith("")}); err != nil {
		return nil, err
	}
	if err := s.show(s.first); err != nil {
		return nil, errors.Join(err, s.first.Close())
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, errors.Join(err, s.first.Close())
	}
	s.at = "http://" + listener.Addr().String()
	s.server = &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: &httputil.ReverseProxy{
		Transport: &http.Transport{MaxIdleConnsPerHost: 64},
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(s.target.Load())
			r.Out.URL.RawQuery = r.In.URL.RawQuery
		},
	}}
	go func() { _ = s.server.Serve(listener) }() // it ends with close
	return s, nil
}

func (s *worldSwitch) show(w *simcloud.Server) error {
	at, err := url.Parse(w.URL())
	if err == nil {
		s.target.Store(at)
	}
	return err
}

// turnTo serves a fresh world with some more lines about Google Cloud, and ends the one before.
func (s *worldSwitch) turnTo(ctx context.Context, lines string) error {
	next, err := simcloud.Start(ctx, simcloud.Options{World: world.Config{Speed: 200}, Scenario: worldWith(lines),
		BGP: simcloud.BGP{Off: true}})
	if err != nil {
		return err
	}
	before := s.now
	s.now = next
	if err := s.show(next); err != nil || before == nil {
		return err
	}
	return before.Close()
}

func (s *worldSwitch) close() error {
	err := errors.Join(s.server.Close(), s.first.Close())
	if s.now != nil {
		err = errors.Join(err, s.now.Close())
	}
	return err
}
