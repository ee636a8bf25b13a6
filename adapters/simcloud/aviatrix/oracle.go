package aviatrix

import (
	"net/http"
	"net/netip"
	"strconv"
	"strings"

	"github.com/culvertnet/culvert/adapters/simcloud/world"
)

// Oracle answers what would happen to a flow, for tests that only have the world's address: GET with the query
// controller, gateway, source (a CIDR or an address), fqdn, target (an address), protocol (default tcp), port, tags
// (comma separated). The answer is {"verdict": "allow|deny|unfiltered", "steered": true|false}; see [Judge] and
// [Steered]. No caller of a real controller has this.
func Oracle(w *world.World) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		f, err := flowOf(r.URL.Query().Get)
		if err != nil {
			rw.Header().Set("Content-Type", "application/json")
			rw.WriteHeader(http.StatusBadRequest)
			_, _ = rw.Write(marshal(map[string]string{"error": err.Error()}))
			return
		}
		var answer struct {
			Verdict Verdict `json:"verdict"`
			Steered bool    `json:"steered"`
		}
		err = w.Do(func(tx *world.Tx) error {
			answer.Verdict = Judge(tx, f)
			answer.Steered = Steered(tx, f.Controller, f.Gateway, strings.Split(r.URL.Query().Get("tags"), ","))
			return nil
		})
		if err != nil {
			http.Error(rw, err.Error(), http.StatusInternalServerError)
			return
		}
		rw.Header().Set("Content-Type", "application/json")
		_, _ = rw.Write(marshal(answer)) // the caller may be gone
	})
}

func flowOf(get func(string) string) (Flow, error) {
	f := Flow{Controller: get("controller"), Gateway: get("gateway"), FQDN: get("fqdn"), Protocol: get("protocol")}
	if f.Protocol == "" {
		f.Protocol = "tcp"
	}
	source := get("source")
	if !strings.Contains(source, "/") {
		source += "/32"
	}
	var err error
	if f.Source, err = netip.ParsePrefix(source); err != nil {
		return f, refuse("read source: %s", err)
	}
	if text := get("target"); text != "" {
		if f.Target, err = netip.ParseAddr(text); err != nil {
			return f, refuse("read target: %s", err)
		}
	}
	if text := get("port"); text != "" {
		if f.Port, err = strconv.Atoi(text); err != nil {
			return f, refuse("read port: %s", err)
		}
	}
	return f, nil
}
