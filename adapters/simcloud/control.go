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
	"github.com/culvertnet/culvert/adapters/simcloud/control"
	"github.com/culvertnet/culvert/adapters/simcloud/google"
	"github.com/culvertnet/culvert/adapters/simcloud/world"
)

// shown is a fault as the endpoint speaks it.
func shown(f world.Fault) control.Fault {
	return control.Fault{
		ID: f.ID, Vendor: f.Vendor, Call: f.Call, Mode: f.Mode, Times: f.Times, Status: f.Status,
		Delay: control.Delay(f.Delay), Match: f.Match, Behind: f.Behind, Hits: f.Hits,
	}
}

// control serves the control endpoint, for the command line, proofs and tests; package control is its client. Problems
// are {"error":"…"} with a 4xx status.
func (s *Server) control() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /sim/world", func(rw http.ResponseWriter, _ *http.Request) {
		controllers := map[string]string{}
		for _, name := range s.controllers {
			controllers[name] = s.URL() + "/controllers/" + name
		}
		say(rw, http.StatusOK, control.Endpoints{
			Speed: s.World.Speed(), Google: s.URL(), Controllers: controllers, BGP: s.BGPAddr(),
		})
	})
	mux.HandleFunc("GET /sim/resources", func(rw http.ResponseWriter, _ *http.Request) {
		say(rw, http.StatusOK, s.World.Resources())
	})
	mux.HandleFunc(
		"GET /sim/effects", func(rw http.ResponseWriter, _ *http.Request) { say(rw, http.StatusOK, s.World.Effects()) },
	)
	mux.HandleFunc(
		"GET /sim/calls", func(rw http.ResponseWriter, _ *http.Request) { say(rw, http.StatusOK, s.World.Calls()) },
	)
	mux.HandleFunc("GET /sim/grants", func(rw http.ResponseWriter, _ *http.Request) {
		say(rw, http.StatusOK, s.World.Grants())
	})
	mux.HandleFunc("GET /sim/diff", s.diff)
	mux.HandleFunc("GET /sim/faults", func(rw http.ResponseWriter, _ *http.Request) {
		out := []control.Fault{}
		for _, f := range s.World.Faults() {
			out = append(out, shown(f))
		}
		say(rw, http.StatusOK, out)
	})
	mux.HandleFunc("GET /sim/reach", s.reach)
	mux.HandleFunc("POST /sim/reach", s.reachAll)
	mux.HandleFunc("GET /sim/switches", s.switches)
	mux.HandleFunc("POST /sim/switches", s.setSwitch)
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
	for _, d := range s.World.Resources() {
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
	var b control.Fault
	if !read(rw, r, &b) {
		return
	}
	if !slices.Contains([]string{google.Vendor, aviatrix.Vendor, bgp.Vendor}, b.Vendor) {
		problem(rw, http.StatusBadRequest, fmt.Sprintf("add fault: no vendor %q in this world", b.Vendor))
		return
	}
	if err := google.CheckFault(b.Call, b.Status); err != nil {
		problem(rw, http.StatusBadRequest, err.Error())
		return
	}
	f, err := s.World.AddFault(world.Fault{
		Vendor: b.Vendor, Call: b.Call, Mode: b.Mode, Times: b.Times, Status: b.Status, Delay: time.Duration(b.Delay),
		Match: b.Match, Behind: b.Behind,
	})
	if err != nil {
		problem(rw, http.StatusBadRequest, err.Error())
		return
	}
	say(rw, http.StatusOK, shown(f))
}

// takeFault lets an API in another process (the BGP speakers) ask for its next fault: 204 means none.
func (s *Server) takeFault(rw http.ResponseWriter, r *http.Request) {
	var call struct {
		Vendor   string `json:"vendor"`
		Call     string `json:"call"`
		Resource string `json:"resource"`
	}
	if !read(rw, r, &call) {
		return
	}
	f, hit := s.World.Fault(call.Vendor, call.Call, call.Resource)
	if !hit {
		rw.WriteHeader(http.StatusNoContent)
		return
	}
	say(rw, http.StatusOK, shown(f))
}

func (s *Server) reset(rw http.ResponseWriter, r *http.Request) {
	var what control.Reset
	if !read(rw, r, &what) {
		return
	}
	if !what.Faults && !what.World {
		problem(rw, http.StatusBadRequest, "reset: neither faults nor world is named")
		return
	}
	if what.Faults {
		s.World.ClearFaults()
	}
	if what.World {
		if err := s.World.Reset(); err != nil {
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
