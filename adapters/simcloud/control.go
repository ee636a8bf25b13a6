package simcloud

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/culvertnet/culvert/adapters/simcloud/aviatrix"
	"github.com/culvertnet/culvert/adapters/simcloud/bgp"
	"github.com/culvertnet/culvert/adapters/simcloud/google"
	"github.com/culvertnet/culvert/adapters/simcloud/world"
)

// faultBody is a fault as the control door speaks it: the delay is text ("250ms").
type faultBody struct {
	ID     int    `json:"id"`
	Vendor string `json:"vendor"`
	Call   string `json:"call"`
	Mode   string `json:"mode"`
	Times  int    `json:"times"`
	Status string `json:"status,omitempty"`
	Delay  string `json:"delay,omitempty"`
	Match  string `json:"match,omitempty"`
	Hits   int    `json:"hits"`
}

func shown(f world.Fault) faultBody {
	b := faultBody{f.ID, f.Vendor, f.Call, f.Mode, f.Times, f.Status, "", f.Match, f.Hits}
	if f.Delay > 0 {
		b.Delay = f.Delay.String()
	}
	return b
}

// control is the door for the command line and for tests. Problems are {"error":"…"} with a 4xx status.
func (s *Server) control() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /sim/world", func(rw http.ResponseWriter, _ *http.Request) {
		controllers := map[string]string{}
		for _, name := range s.controllers {
			controllers[name] = s.URL() + "/controllers/" + name
		}
		say(rw, http.StatusOK, map[string]any{"speed": s.world.Speed(), "google": s.URL(), "controllers": controllers, "bgp": s.BGPAddr()})
	})
	mux.HandleFunc("GET /sim/resources", func(rw http.ResponseWriter, _ *http.Request) { say(rw, http.StatusOK, s.world.Resources()) })
	mux.HandleFunc("GET /sim/effects", func(rw http.ResponseWriter, _ *http.Request) { say(rw, http.StatusOK, s.world.Effects()) })
	mux.HandleFunc("GET /sim/diff", s.diff)
	mux.HandleFunc("GET /sim/faults", func(rw http.ResponseWriter, _ *http.Request) {
		out := []faultBody{}
		for _, f := range s.world.Faults() {
			out = append(out, shown(f))
		}
		say(rw, http.StatusOK, out)
	})
	mux.HandleFunc("POST /sim/faults", s.addFault)
	mux.HandleFunc("POST /sim/faults/take", s.takeFault)
	mux.HandleFunc("POST /sim/reset", s.reset)
	mux.HandleFunc("/sim/", func(rw http.ResponseWriter, r *http.Request) {
		problem(rw, http.StatusNotFound, "no such page: "+r.Method+" "+r.URL.Path)
	})
	return mux
}

// diff shows every difference from the baseline as a pair of lines.
func (s *Server) diff(rw http.ResponseWriter, _ *http.Request) {
	var b strings.Builder
	for _, d := range s.world.Resources() {
		fmt.Fprintf(&b, "%s %s %s (%s)\n", d.Vendor, d.Kind, d.Name, d.Change)
		if d.Before != "" {
			fmt.Fprintf(&b, "- %s\n", d.Before)
		}
		if d.After != "" {
			fmt.Fprintf(&b, "+ %s\n", d.After)
		}
	}
	rw.Header().Set("Content-Type", "text/plain; charset=UTF-8")
	_, _ = rw.Write([]byte(b.String())) // the caller may be gone
}

func (s *Server) addFault(rw http.ResponseWriter, r *http.Request) {
	var b faultBody
	if !read(rw, r, &b) {
		return
	}
	if !slices.Contains([]string{google.Vendor, aviatrix.Vendor, bgp.Vendor}, b.Vendor) {
		problem(rw, http.StatusBadRequest, fmt.Sprintf("add fault: no vendor %q in this world", b.Vendor))
		return
	}
	f := world.Fault{Vendor: b.Vendor, Call: b.Call, Mode: b.Mode, Times: b.Times, Status: b.Status, Match: b.Match}
	if b.Delay != "" {
		d, err := time.ParseDuration(b.Delay)
		if err != nil {
			problem(rw, http.StatusBadRequest, "read delay: "+err.Error())
			return
		}
		f.Delay = d
	}
	f, err := s.world.AddFault(f)
	if err != nil {
		problem(rw, http.StatusBadRequest, err.Error())
		return
	}
	say(rw, http.StatusOK, shown(f))
}

// takeFault lets a door in another process (the BGP speakers) ask for its next fault: 204 means none.
func (s *Server) takeFault(rw http.ResponseWriter, r *http.Request) {
	var call struct {
		Vendor   string `json:"vendor"`
		Call     string `json:"call"`
		Resource string `json:"resource"`
	}
	if !read(rw, r, &call) {
		return
	}
	f, hit := s.world.Fault(call.Vendor, call.Call, call.Resource)
	if !hit {
		rw.WriteHeader(http.StatusNoContent)
		return
	}
	say(rw, http.StatusOK, shown(f))
}

func (s *Server) reset(rw http.ResponseWriter, r *http.Request) {
	var what struct {
		Faults bool `json:"faults"`
		World  bool `json:"world"`
	}
	if !read(rw, r, &what) {
		return
	}
	if !what.Faults && !what.World {
		problem(rw, http.StatusBadRequest, "reset: neither faults nor world is named")
		return
	}
	if what.Faults {
		s.world.ClearFaults()
	}
	if what.World {
		if err := s.world.Reset(); err != nil {
			problem(rw, http.StatusInternalServerError, err.Error())
			return
		}
	}
	say(rw, http.StatusOK, map[string]any{})
}

func read(rw http.ResponseWriter, r *http.Request, into any) bool {
	decoder := json.NewDecoder(http.MaxBytesReader(rw, r.Body, 1<<20))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		problem(rw, http.StatusBadRequest, "read body: "+err.Error())
		return false
	}
	return true
}

func say(rw http.ResponseWriter, status int, body any) {
	rw.Header().Set("Content-Type", "application/json")
	rw.WriteHeader(status)
	_ = json.NewEncoder(rw).Encode(body) // the caller may be gone
}

func problem(rw http.ResponseWriter, status int, message string) {
	say(rw, status, map[string]string{"error": message})
}
